-- One log over all connections of an application. Commits know nothing of it: ranges of each connection's events are put
-- one behind the other afterwards, by whoever holds the application's row here.
-- migrations/postgres says the same; a test compares the two.

-- last_position: how many events are in the log. first_position: no event before it is promised any more.
create table application_log (
    application_id blob not null primary key,
    last_position integer not null,
    first_position integer not null
) strict;

-- Events first_sequence, first_sequence + 1, … of the connection have the positions position, position + 1, …
create table log_range (
    application_id blob not null,
    position integer not null,
    connection_id blob not null,
    first_sequence integer not null,
    events integer not null,
    primary key (application_id, position)
) strict;
create index log_range_by_connection on log_range (connection_id, first_sequence);

-- ranged_sequence: up to where the connection's events are in the application's log. first_sequence: the oldest that is kept.
create table connection_log (
    connection_id blob not null primary key,
    ranged_sequence integer not null,
    first_sequence integer not null
) strict;
