-- How connections do: when each is looked at next, what is wrong with it, and how its calls went, hour by hour.

-- due_at: when the system is asked whether it still answers; null: not at all.
-- failures: looks in a row that found trouble, which the pauses are counted by.
create table probe (
    connection_id blob not null primary key,
    due_at integer,
    lease_until integer,
    failures integer not null,
    checked_at integer
) strict;
create index probe_due on probe (due_at) where due_at is not null;
insert into probe (connection_id, due_at, failures) select id, modified_at, 0 from connection;

-- scope: an entity's name; empty: the connection as a whole. status: what it makes of the connection.
-- passing: any call that succeeds is the end of it.
create table incident (
    id blob not null primary key,
    connection_id blob not null,
    cause text not null,
    scope text not null,
    status text not null,
    message text not null,
    passing integer not null,
    occurrences integer not null,
    opened_at integer not null,
    resolved_at integer
) strict;
create unique index incident_open on incident (connection_id, cause, scope) where resolved_at is null;
create index incident_by_connection on incident (connection_id, opened_at);

-- hour: hours since 1970. micros: of all calls together.
create table call_hour (
    connection_id blob not null,
    hour integer not null,
    succeeded integer not null,
    failed integer not null,
    micros integer not null,
    slowest integer not null,
    primary key (connection_id, hour)
) strict;
