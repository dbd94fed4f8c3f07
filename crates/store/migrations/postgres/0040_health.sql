-- How connections do: when each is looked at next, what is wrong with it, and how its calls went, hour by hour.

-- due_at: when the system is asked whether it still answers; null: not at all.
-- failures: looks in a row that found trouble, which the pauses are counted by.
create table probe (
    connection_id uuid not null primary key,
    due_at bigint,
    lease_until bigint,
    failures bigint not null,
    checked_at bigint
);
create index probe_due on probe (due_at) where due_at is not null;
insert into probe (connection_id, due_at, failures) select id, modified_at, 0 from connection;

-- scope: an entity's name; empty: the connection as a whole. status: what it makes of the connection.
-- passing: any call that succeeds is the end of it.
create table incident (
    id uuid not null primary key,
    connection_id uuid not null,
    cause text collate "C" not null,
    scope text collate "C" not null,
    status text not null,
    message text not null,
    passing boolean not null,
    occurrences bigint not null,
    opened_at bigint not null,
    resolved_at bigint
);
create unique index incident_open on incident (connection_id, cause, scope) where resolved_at is null;
create index incident_by_connection on incident (connection_id, opened_at);

-- hour: hours since 1970. micros: of all calls together.
create table call_hour (
    connection_id uuid not null,
    hour bigint not null,
    succeeded bigint not null,
    failed bigint not null,
    micros bigint not null,
    slowest bigint not null,
    primary key (connection_id, hour)
);
