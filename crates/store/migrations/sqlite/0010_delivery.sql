-- Webhooks at scale: one position per log, settings of endpoints, order, nodes that are alive, replays.
-- migrations/postgres says the same; a test compares the two.

-- How far a log was made into deliveries. Endpoints that are behind that have a row in webhook_cursor until they caught up.
-- The index holds the logs with news, and nothing else.
alter table connection add column dispatched_sequence integer not null default 0;
update connection set dispatched_sequence = last_sequence;
create index connection_with_news on connection (id) where last_sequence > dispatched_sequence;

-- An application has a log of its own, for what is about no connection: its rows in event and delivery have the
-- application's id in the place of the connection's.
alter table application add column last_sequence integer not null default 0;
alter table application add column dispatched_sequence integer not null default 0;
create index application_with_news on application (id) where last_sequence > dispatched_sequence;

-- catching_up: 1 while there may be rows in webhook_cursor. failures: in a row. told: the highest percentage of its time
-- until it is disabled that was told. version: grows whenever what signs or is sent along changes.
-- paced_until: the instant up to which the allowed rate is used up.
alter table webhook_endpoint add column ordering text not null default 'unordered';
alter table webhook_endpoint add column payload text not null default 'full';
alter table webhook_endpoint add column rate_per_second integer;
alter table webhook_endpoint add column timeout_seconds integer not null default 10;
alter table webhook_endpoint add column disable_after_seconds integer;
alter table webhook_endpoint add column header_names text not null default '';
alter table webhook_endpoint add column paced_until integer;
alter table webhook_endpoint add column failures integer not null default 0;
alter table webhook_endpoint add column told integer not null default 0;
alter table webhook_endpoint add column catching_up integer not null default 1;
alter table webhook_endpoint add column version integer not null default 0;
create index webhook_endpoint_catching_up on webhook_endpoint (id) where catching_up = 1;

insert into webhook_cursor (endpoint_id, connection_id, last_sequence)
    select e.id, c.id, 0 from webhook_endpoint e join connection c on c.application_id = e.application_id
    where not exists (select 1 from webhook_cursor w where w.endpoint_id = e.id and w.connection_id = c.id);
create index webhook_cursor_by_connection on webhook_cursor (connection_id);

-- kind: v1 and v1a sign, headers are sent along. public_key: of v1a.
alter table webhook_secret add column kind text not null default 'v1';
alter table webhook_secret add column public_key text;

-- lane: 0 for what is new, 1 for what is tried or sent again. order_key: whose turn it is; one of a key is under way, and
-- the others have no due_at until it is over.
alter table delivery add column lane integer not null default 0;
alter table delivery add column order_key blob;
update delivery set lane = 1 where tries > 0;
drop index delivery_due;
drop index delivery_by_connection;
create index delivery_due on delivery (endpoint_id, lane, due_at) where due_at is not null;
create index delivery_leased on delivery (lease_id) where lease_id is not null;
create index delivery_turn on delivery (endpoint_id, order_key, sequence) where state = 'pending' and order_key is not null;

-- A process that has deliveries in hand counts up here. One that stopped counting is dead, and what it had is free.
create table webhook_node (
    id blob not null primary key,
    name text not null,
    beats integer not null
) strict;

-- place_id and place_sequence: the log it is in, and the last event of it that was looked at.
create table webhook_replay (
    id blob not null primary key,
    endpoint_id blob not null,
    which text not null,
    since integer not null,
    until integer not null,
    types text not null,
    state text not null,
    place_id blob,
    place_sequence integer not null,
    looked_at integer not null,
    scheduled integer not null,
    created_at integer not null,
    modified_at integer not null
) strict;
create index webhook_replay_by_endpoint on webhook_replay (endpoint_id, id);
create index webhook_replay_open on webhook_replay (id) where state = 'running';
