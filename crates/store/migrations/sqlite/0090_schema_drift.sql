-- What the rows of an entity look like, as the last run left it.
create table row_shape (
    connection_id blob not null,
    entity text not null,
    known text not null,
    primary key (connection_id, entity)
) strict, without rowid;

-- What rows had, or lacked, that nobody expected. Found once, and then only counted.
create table schema_drift (
    id blob not null primary key,
    connection_id blob not null,
    entity text not null,
    kind text not null,
    field text not null,
    value text not null,
    type_before text not null,
    type_now text not null,
    remote_id text,
    records integer not null,
    state text not null,
    first_at integer not null,
    last_at integer not null,
    acknowledged_at integer,
    unique (connection_id, entity, kind, field, value)
) strict;
create index schema_drift_by_connection on schema_drift (connection_id, id);

-- strict: what nobody acknowledged is set aside, not stored.
alter table sync_plan add column strict integer not null default 0;
