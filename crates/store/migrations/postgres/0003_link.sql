-- Link sessions: a customer's way to connect a system on the hosted page, or to reconnect it.

create table redirect_uri (
    application_id uuid not null references application (id),
    uri text collate "C" not null,
    primary key (application_id, uri)
);

-- busy_until: one submit at a time; when its process died, the next one may begin then.
-- connection_id: the connection to reconnect, then the one that was made. The code is stored as its hash.
create table link_session (
    id uuid not null primary key,
    application_id uuid not null references application (id),
    secret_hash bytea not null unique,
    connection_id uuid,
    reconnects boolean not null,
    system text,
    customer_id text not null,
    customer_name text not null,
    metadata text not null,
    sync text not null,
    redirect_uri text not null,
    state text,
    code_challenge text,
    created_at bigint not null,
    expires_at bigint not null,
    attempts bigint not null,
    busy_until bigint,
    used_at bigint,
    code_hash bytea unique,
    code_expires_at bigint,
    code_used_at bigint
);
create index link_session_by_connection on link_session (connection_id) where connection_id is not null;
