-- The tables of the product on SQLite. migrations/postgres says the same; a test compares the two.
-- Ids are 16 bytes, instants are microseconds since 1970 (UTC), JSON is text.

create table application (
    id blob not null primary key,
    name text not null,
    created_at integer not null
) strict;

create table application_key (
    id blob not null primary key,
    application_id blob not null references application (id),
    name text not null,
    scopes text not null,
    token_hash blob not null unique,
    created_at integer not null,
    last_used_at integer,
    revoked_at integer
) strict;
create index application_key_by_application on application_key (application_id, id);

create table connection (
    id blob not null primary key,
    application_id blob not null references application (id),
    system text not null,
    customer_id text not null,
    customer_name text not null,
    metadata text not null,
    settings text not null,
    account text,
    status text not null,
    status_code text,
    status_message text,
    status_since integer not null,
    token_hash blob unique,
    last_sequence integer not null,
    created_at integer not null,
    modified_at integer not null
) strict;
create index connection_by_application on connection (application_id, id);

create table credential (
    connection_id blob not null primary key,
    data_key blob not null,
    sealed blob not null,
    modified_at integer not null
) strict;

-- The small columns come first, so that a probe does not read past them.
create table record (
    id blob not null primary key,
    hash blob not null,
    raw_hash integer not null,
    version integer not null,
    created_at integer not null,
    modified_at integer not null,
    deleted_at integer,
    connection_id blob not null,
    entity text not null,
    remote_id text not null,
    display text not null,
    natural_key text,
    remote_url text,
    remote_created_at integer,
    remote_modified_at integer,
    data text not null,
    raw text not null
) strict;
create index record_by_modified on record (connection_id, entity, modified_at, id);
create index record_by_natural_key on record (connection_id, entity, natural_key) where natural_key is not null;

create table event (
    connection_id blob not null,
    sequence integer not null,
    id blob not null unique,
    type text not null,
    at integer not null,
    record_id blob,
    entity text,
    cause text,
    data text not null,
    previous text,
    primary key (connection_id, sequence)
) strict;

-- due_at: when a worker may take the plan up. While it runs, that is when its lease runs out.
create table sync_plan (
    connection_id blob not null,
    entity text not null,
    interval_seconds integer,
    history_days integer,
    priority integer not null,
    state text not null,
    paused integer not null,
    mode text not null,
    due_at integer,
    run_id blob,
    lease_id blob,
    lease_node text,
    attempt integer not null,
    cursor text,
    cursor_at integer,
    initial_done integer not null,
    last_success_at integer,
    last_error_code text,
    last_error_message text,
    records integer not null,
    primary key (connection_id, entity)
) strict;
create index sync_plan_due on sync_plan (due_at, priority) where due_at is not null;

create table run (
    id blob not null primary key,
    connection_id blob not null,
    entity text not null,
    mode text not null,
    cause text not null,
    state text not null,
    created_at integer not null,
    started_at integer,
    finished_at integer,
    pages integer not null,
    seen integer not null,
    created integer not null,
    updated integer not null,
    deleted integer not null,
    unchanged integer not null,
    total_known integer,
    error_code text,
    error_message text
) strict;
create index run_by_connection on run (connection_id, id);

create table operation (
    id blob not null primary key,
    connection_id blob not null,
    idempotency_key text,
    body_hash blob not null,
    entity text not null,
    action text not null,
    state text not null,
    remote_id text,
    record_id blob,
    request text not null,
    outcome_status integer,
    outcome_body text,
    created_at integer not null,
    updated_at integer not null,
    lease_id blob,
    lease_until integer,
    unique (connection_id, idempotency_key)
) strict;
create index operation_unsettled on operation (lease_until) where state in ('accepted', 'sending', 'unknown');
create index operation_by_connection on operation (connection_id, created_at);
