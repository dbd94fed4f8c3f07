-- OAuth 2.0: an application's client at a system, what waits for a customer's consent, and the grants of connections.

create table oauth_client (
    id uuid not null primary key,
    application_id uuid not null references application (id),
    system text not null,
    client_id text not null,
    data_key bytea not null,
    sealed bytea not null,
    modified_at bigint not null,
    unique (application_id, system)
);

-- One consent at a time for a link session. sealed: the verifier, the form's values and the session's address.
create table oauth_pending (
    link_id uuid not null primary key,
    state_hash bytea not null unique,
    browser_hash bytea not null,
    data_key bytea not null,
    sealed bytea not null,
    expires_at bigint not null
);

-- generation counts renewals: whoever renews says which one it has seen. renewing_until: one renews at a time, and when its
-- process died, the next one may then. sealed: the access token and the refresh token.
create table oauth_grant (
    connection_id uuid not null primary key,
    generation bigint not null,
    expires_at bigint not null,
    renewing_until bigint,
    data_key bytea not null,
    sealed bytea not null
);
