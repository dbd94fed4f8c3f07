-- Subscriptions that we make at systems, so that they send their hooks to one of our addresses. migrations/sqlite says the
-- same; a test compares the two.

-- id: the address's. sealed: the secret part of the address. wanted: false until it is removed there. remake: the address's
-- secret is another than the one that was told. generation: counts what was wanted, so that who is late changes nothing.
create table subscription (
    id uuid not null primary key,
    connection_id uuid not null,
    data_key bytea not null,
    sealed bytea not null,
    wanted boolean not null,
    remake boolean not null,
    state text not null,
    since bigint not null,
    remote_id text,
    expires_at bigint,
    checked_at bigint,
    tries bigint not null,
    error_code text,
    error text,
    generation bigint not null,
    due_at bigint not null,
    lease_until bigint,
    created_at bigint not null
);
create index subscription_due on subscription (due_at);
create index subscription_by_connection on subscription (connection_id, created_at);
