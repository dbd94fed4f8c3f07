-- Many writes in one call: each item is a write of its own, with its own idempotency key and operation.

-- A bulk is worked on by the node that has its lease; `finished_at` says that every item was begun or refused.
create table bulk (
    id uuid not null primary key,
    connection_id uuid not null,
    entity text collate "C" not null,
    total bigint not null,
    created_at bigint not null,
    finished_at bigint,
    lease_id uuid,
    lease_until bigint not null
);
create index bulk_unfinished on bulk (lease_until) where finished_at is null;
create index bulk_by_connection on bulk (connection_id, id);

-- operation_id: of the write that was begun. outcome_status, outcome_body: of an item for which none was.
create table bulk_item (
    bulk_id uuid not null,
    place bigint not null,
    idempotency_key text collate "C" not null,
    request text not null,
    operation_id uuid,
    outcome_status bigint,
    outcome_body text,
    primary key (bulk_id, place)
);
