-- Many writes in one call: each item is a write of its own, with its own idempotency key and operation.

-- A bulk is worked on by the node that has its lease; `finished_at` says that every item was begun or refused.
create table bulk (
    id blob not null primary key,
    connection_id blob not null,
    entity text not null,
    total integer not null,
    created_at integer not null,
    finished_at integer,
    lease_id blob,
    lease_until integer not null
) strict;
create index bulk_unfinished on bulk (lease_until) where finished_at is null;
create index bulk_by_connection on bulk (connection_id, id);

-- operation_id: of the write that was begun. outcome_status, outcome_body: of an item for which none was.
create table bulk_item (
    bulk_id blob not null,
    place integer not null,
    idempotency_key text not null,
    request text not null,
    operation_id blob,
    outcome_status integer,
    outcome_body text,
    primary key (bulk_id, place)
) strict, without rowid;
