-- Subscriptions that we make at systems, so that they send their hooks to one of our addresses. migrations/postgres says the
-- same; a test compares the two.

-- id: the address's. sealed: the secret part of the address. wanted: false until it is removed there. remake: the address's
-- secret is another than the one that was told. generation: counts what was wanted, so that who is late changes nothing.
create table subscription (
    id blob not null primary key,
    connection_id blob not null,
    data_key blob not null,
    sealed blob not null,
    wanted integer not null,
    remake integer not null,
    state text not null,
    since integer not null,
    remote_id text,
    expires_at integer,
    checked_at integer,
    tries integer not null,
    error_code text,
    error text,
    generation integer not null,
    due_at integer not null,
    lease_until integer,
    created_at integer not null
) strict;
create index subscription_due on subscription (due_at);
create index subscription_by_connection on subscription (connection_id, created_at);
