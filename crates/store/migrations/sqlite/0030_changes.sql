-- Changes of records that are there: how far each got, and one writer per record.

-- steps: what the operation did so far, as JSON, so that one of several calls is not made twice.
alter table operation add column steps text;

-- Held by the operation that writes the record now; free again when `until` has passed.
create table record_lock (
    connection_id blob not null,
    entity text not null,
    remote_id text not null,
    operation_id blob not null,
    until integer not null,
    primary key (connection_id, entity, remote_id)
) strict, without rowid;
