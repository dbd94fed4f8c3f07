-- Addresses to which systems send their hooks. migrations/sqlite says the same; a test compares the two.

-- The address's secret is hashed, what proves the sender is sealed. One with expires_at is good beside its successor until then.
create table inbound_hook (
    id uuid not null primary key,
    connection_id uuid not null,
    path_hash bytea not null,
    data_key bytea not null,
    sealed bytea not null,
    created_at bigint not null,
    expires_at bigint
);
create index inbound_hook_by_connection on inbound_hook (connection_id, id);
