-- Link sessions: a customer's way to connect a system on the hosted page, or to reconnect it.

create table redirect_uri (
    application_id blob not null references application (id),
    uri text not null,
    primary key (application_id, uri)
) strict;

-- busy_until: one submit at a time; when its process died, the next one may begin then.
-- connection_id: the connection to reconnect, then the one that was made. The code is stored as its hash.
create table link_session (
    id blob not null primary key,
    application_id blob not null references application (id),
    secret_hash blob not null unique,
    connection_id blob,
    reconnects integer not null,
    system text,
    customer_id text not null,
    customer_name text not null,
    metadata text not null,
    sync text not null,
    redirect_uri text not null,
    state text,
    code_challenge text,
    created_at integer not null,
    expires_at integer not null,
    attempts integer not null,
    busy_until integer,
    used_at integer,
    code_hash blob unique,
    code_expires_at integer,
    code_used_at integer
) strict;
create index link_session_by_connection on link_session (connection_id) where connection_id is not null;
