-- What a complete listing saw, what is held back or set aside, and since when an entity fails.

-- observed_at: when the answer had arrived that the stored content is from, by our clock.
alter table record add column observed_at bigint not null default 0;

-- In which listing of its entity a record was seen last: what a later listing does not see is gone. A table of its own,
-- because a listing touches every record, and these rows are a hundredth of those.
create table record_mark (
    record_id uuid not null primary key,
    generation bigint not null
);

-- listing: the generation of the entity's newest listing; 0 before the first.
alter table sync_plan add column listing bigint not null default 0;
alter table sync_plan add column failing_since bigint;

alter table run add column held bigint not null default 0;
alter table run add column quarantined bigint not null default 0;
alter table run add column drift bigint;

-- Deletions that are not believed until somebody says so.
create table held_deletion (
    id uuid not null primary key,
    connection_id uuid not null,
    entity text collate "C" not null,
    run_id uuid,
    generation bigint not null,
    reason text not null,
    gone bigint not null,
    total bigint not null,
    state text not null,
    created_at bigint not null,
    modified_at bigint not null
);
create index held_deletion_by_connection on held_deletion (connection_id, id);

-- Rows that cannot be mapped, set aside so that the others go on.
create table quarantine (
    id uuid not null primary key,
    connection_id uuid not null,
    entity text collate "C" not null,
    remote_id text collate "C" not null,
    raw text not null,
    field text not null,
    problem text not null,
    tries bigint not null,
    first_at bigint not null,
    last_at bigint not null,
    unique (connection_id, entity, remote_id)
);

-- The history of a record. The first version that an initial sync brought needs no entry: it follows from the others.
create index event_by_record on event (record_id, sequence) where cause <> 'initial';
