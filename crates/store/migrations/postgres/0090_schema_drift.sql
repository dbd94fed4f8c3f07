-- What the rows of an entity look like, as the last run left it.
create table row_shape (
    connection_id uuid not null,
    entity text collate "C" not null,
    known text not null,
    primary key (connection_id, entity)
);

-- What rows had, or lacked, that nobody expected. Found once, and then only counted.
create table schema_drift (
    id uuid not null primary key,
    connection_id uuid not null,
    entity text collate "C" not null,
    kind text not null,
    field text collate "C" not null,
    value text collate "C" not null,
    type_before text not null,
    type_now text not null,
    remote_id text,
    records bigint not null,
    state text not null,
    first_at bigint not null,
    last_at bigint not null,
    acknowledged_at bigint,
    unique (connection_id, entity, kind, field, value)
);
create index schema_drift_by_connection on schema_drift (connection_id, id);

-- strict: what nobody acknowledged is set aside, not stored.
alter table sync_plan add column strict boolean not null default false;
