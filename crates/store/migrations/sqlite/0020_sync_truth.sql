-- What a complete listing saw, what is held back or set aside, and since when an entity fails.

-- observed_at: when the answer had arrived that the stored content is from, by our clock.
alter table record add column observed_at integer not null default 0;

-- In which listing of its entity a record was seen last: what a later listing does not see is gone. A table of its own,
-- because a listing touches every record, and these rows are a hundredth of those.
create table record_mark (
    record_id blob not null primary key,
    generation integer not null
) strict, without rowid;

-- listing: the generation of the entity's newest listing; 0 before the first.
alter table sync_plan add column listing integer not null default 0;
alter table sync_plan add column failing_since integer;

alter table run add column held integer not null default 0;
alter table run add column quarantined integer not null default 0;
alter table run add column drift integer;

-- Deletions that are not believed until somebody says so.
create table held_deletion (
    id blob not null primary key,
    connection_id blob not null,
    entity text not null,
    run_id blob,
    generation integer not null,
    reason text not null,
    gone integer not null,
    total integer not null,
    state text not null,
    created_at integer not null,
    modified_at integer not null
) strict;
create index held_deletion_by_connection on held_deletion (connection_id, id);

-- Rows that cannot be mapped, set aside so that the others go on.
create table quarantine (
    id blob not null primary key,
    connection_id blob not null,
    entity text not null,
    remote_id text not null,
    raw text not null,
    field text not null,
    problem text not null,
    tries integer not null,
    first_at integer not null,
    last_at integer not null,
    unique (connection_id, entity, remote_id)
) strict;

-- The history of a record. The first version that an initial sync brought needs no entry: it follows from the others.
create index event_by_record on event (record_id, sequence) where cause <> 'initial';
