-- Addresses to which systems send their hooks. migrations/postgres says the same; a test compares the two.

-- The address's secret is hashed, what proves the sender is sealed. One with expires_at is good beside its successor until then.
create table inbound_hook (
    id blob not null primary key,
    connection_id blob not null,
    path_hash blob not null,
    data_key blob not null,
    sealed blob not null,
    created_at integer not null,
    expires_at integer
) strict;
create index inbound_hook_by_connection on inbound_hook (connection_id, id);
