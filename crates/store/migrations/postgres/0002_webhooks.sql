-- Webhooks: endpoints, how far each has followed each connection's log, deliveries and their attempts.
-- migrations/sqlite says the same; a test compares the two.

-- held_until: nothing is sent before, because the receiver asked so.
-- failing_since: when the first attempt failed after the last one that succeeded.
create table webhook_endpoint (
    id uuid not null primary key,
    application_id uuid not null references application (id),
    url text not null,
    description text not null,
    types text not null,
    connections text,
    disabled_at bigint,
    disabled_reason text,
    failing_since bigint,
    held_until bigint,
    created_at bigint not null,
    modified_at bigint not null
);
create index webhook_endpoint_by_application on webhook_endpoint (application_id, id);

-- The newest signs first; one with expires_at signs beside it until then.
create table webhook_secret (
    id uuid not null primary key,
    endpoint_id uuid not null,
    data_key bytea not null,
    sealed bytea not null,
    created_at bigint not null,
    expires_at bigint
);
create index webhook_secret_by_endpoint on webhook_secret (endpoint_id, id);

-- No row: from the connection's first event on.
create table webhook_cursor (
    endpoint_id uuid not null,
    connection_id uuid not null,
    last_sequence bigint not null,
    primary key (endpoint_id, connection_id)
);

-- due_at: when it may be sent. While it is being sent, that is when its lease runs out; null: nothing is left to do.
-- attempts: all of them; tries: since it was last scheduled, which the pauses are counted by.
create table delivery (
    id uuid not null primary key,
    endpoint_id uuid not null,
    connection_id uuid not null,
    sequence bigint not null,
    event_id uuid not null,
    type text collate "C" not null,
    state text not null,
    attempts bigint not null,
    tries bigint not null,
    due_at bigint,
    lease_id uuid,
    last_status bigint,
    last_error text,
    created_at bigint not null,
    modified_at bigint not null,
    unique (endpoint_id, connection_id, sequence)
);
create index delivery_due on delivery (endpoint_id, due_at) where due_at is not null;
create index delivery_by_endpoint on delivery (endpoint_id, id);
create index delivery_by_connection on delivery (connection_id);

create table delivery_attempt (
    delivery_id uuid not null,
    number bigint not null,
    at bigint not null,
    micros bigint not null,
    url text not null,
    request_headers text not null,
    status bigint,
    response_headers text not null,
    response_body text not null,
    error text,
    primary key (delivery_id, number)
);
