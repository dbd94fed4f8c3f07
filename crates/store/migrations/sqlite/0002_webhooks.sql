-- Webhooks: endpoints, how far each has followed each connection's log, deliveries and their attempts.
-- migrations/postgres says the same; a test compares the two.

-- held_until: nothing is sent before, because the receiver asked so.
-- failing_since: when the first attempt failed after the last one that succeeded.
create table webhook_endpoint (
    id blob not null primary key,
    application_id blob not null references application (id),
    url text not null,
    description text not null,
    types text not null,
    connections text,
    disabled_at integer,
    disabled_reason text,
    failing_since integer,
    held_until integer,
    created_at integer not null,
    modified_at integer not null
) strict;
create index webhook_endpoint_by_application on webhook_endpoint (application_id, id);

-- The newest signs first; one with expires_at signs beside it until then.
create table webhook_secret (
    id blob not null primary key,
    endpoint_id blob not null,
    data_key blob not null,
    sealed blob not null,
    created_at integer not null,
    expires_at integer
) strict;
create index webhook_secret_by_endpoint on webhook_secret (endpoint_id, id);

-- No row: from the connection's first event on.
create table webhook_cursor (
    endpoint_id blob not null,
    connection_id blob not null,
    last_sequence integer not null,
    primary key (endpoint_id, connection_id)
) strict;

-- due_at: when it may be sent. While it is being sent, that is when its lease runs out; null: nothing is left to do.
-- attempts: all of them; tries: since it was last scheduled, which the pauses are counted by.
create table delivery (
    id blob not null primary key,
    endpoint_id blob not null,
    connection_id blob not null,
    sequence integer not null,
    event_id blob not null,
    type text not null,
    state text not null,
    attempts integer not null,
    tries integer not null,
    due_at integer,
    lease_id blob,
    last_status integer,
    last_error text,
    created_at integer not null,
    modified_at integer not null,
    unique (endpoint_id, connection_id, sequence)
) strict;
create index delivery_due on delivery (endpoint_id, due_at) where due_at is not null;
create index delivery_by_endpoint on delivery (endpoint_id, id);
create index delivery_by_connection on delivery (connection_id);

create table delivery_attempt (
    delivery_id blob not null,
    number integer not null,
    at integer not null,
    micros integer not null,
    url text not null,
    request_headers text not null,
    status integer,
    response_headers text not null,
    response_body text not null,
    error text,
    primary key (delivery_id, number)
) strict;
