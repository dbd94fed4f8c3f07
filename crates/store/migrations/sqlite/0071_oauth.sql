-- OAuth 2.0: an application's client at a system, what waits for a customer's consent, and the grants of connections.

create table oauth_client (
    id blob not null primary key,
    application_id blob not null references application (id),
    system text not null,
    client_id text not null,
    data_key blob not null,
    sealed blob not null,
    modified_at integer not null,
    unique (application_id, system)
) strict;

-- One consent at a time for a link session. sealed: the verifier, the form's values and the session's address.
create table oauth_pending (
    link_id blob not null primary key,
    state_hash blob not null unique,
    browser_hash blob not null,
    data_key blob not null,
    sealed blob not null,
    expires_at integer not null
) strict;

-- generation counts renewals: whoever renews says which one it has seen. renewing_until: one renews at a time, and when its
-- process died, the next one may then. sealed: the access token and the refresh token.
create table oauth_grant (
    connection_id blob not null primary key,
    generation integer not null,
    expires_at integer not null,
    renewing_until integer,
    data_key blob not null,
    sealed blob not null
) strict;
