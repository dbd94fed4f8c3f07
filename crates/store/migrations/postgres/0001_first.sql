-- The tables of the product on PostgreSQL. migrations/sqlite says the same; a test compares the two.
-- Ids are uuid, instants are microseconds since 1970 (UTC), JSON is text.

create table application (
    id uuid not null primary key,
    name text not null,
    created_at bigint not null
);

create table application_key (
    id uuid not null primary key,
    application_id uuid not null references application (id),
    name text not null,
    scopes text not null,
    token_hash bytea not null unique,
    created_at bigint not null,
    last_used_at bigint,
    revoked_at bigint
);
create index application_key_by_application on application_key (application_id, id);

create table connection (
    id uuid not null primary key,
    application_id uuid not null references application (id),
    system text not null,
    customer_id text not null,
    customer_name text not null,
    metadata text not null,
    settings text not null,
    account text,
    status text not null,
    status_code text,
    status_message text,
    status_since bigint not null,
    token_hash bytea unique,
    last_sequence bigint not null,
    created_at bigint not null,
    modified_at bigint not null
);
create index connection_by_application on connection (application_id, id);

create table credential (
    connection_id uuid not null primary key,
    data_key bytea not null,
    sealed bytea not null,
    modified_at bigint not null
);

-- The small columns come first, so that a probe does not read past them.
create table record (
    id uuid not null primary key,
    hash bytea not null,
    raw_hash bigint not null,
    version bigint not null,
    created_at bigint not null,
    modified_at bigint not null,
    deleted_at bigint,
    connection_id uuid not null,
    entity text collate "C" not null,
    remote_id text not null,
    display text not null,
    natural_key text collate "C",
    remote_url text,
    remote_created_at bigint,
    remote_modified_at bigint,
    data text not null,
    raw text not null
);
create index record_by_modified on record (connection_id, entity, modified_at, id);
create index record_by_natural_key on record (connection_id, entity, natural_key) where natural_key is not null;

create table event (
    connection_id uuid not null,
    sequence bigint not null,
    id uuid not null unique,
    type text collate "C" not null,
    at bigint not null,
    record_id uuid,
    entity text collate "C",
    cause text,
    data text not null,
    previous text,
    primary key (connection_id, sequence)
);

-- due_at: when a worker may take the plan up. While it runs, that is when its lease runs out.
create table sync_plan (
    connection_id uuid not null,
    entity text collate "C" not null,
    interval_seconds bigint,
    history_days bigint,
    priority bigint not null,
    state text not null,
    paused boolean not null,
    mode text not null,
    due_at bigint,
    run_id uuid,
    lease_id uuid,
    lease_node text,
    attempt bigint not null,
    cursor text,
    cursor_at bigint,
    initial_done boolean not null,
    last_success_at bigint,
    last_error_code text,
    last_error_message text,
    records bigint not null,
    primary key (connection_id, entity)
);
create index sync_plan_due on sync_plan (due_at, priority) where due_at is not null;

create table run (
    id uuid not null primary key,
    connection_id uuid not null,
    entity text collate "C" not null,
    mode text not null,
    cause text not null,
    state text not null,
    created_at bigint not null,
    started_at bigint,
    finished_at bigint,
    pages bigint not null,
    seen bigint not null,
    created bigint not null,
    updated bigint not null,
    deleted bigint not null,
    unchanged bigint not null,
    total_known bigint,
    error_code text,
    error_message text
);
create index run_by_connection on run (connection_id, id);

create table operation (
    id uuid not null primary key,
    connection_id uuid not null,
    idempotency_key text,
    body_hash bytea not null,
    entity text collate "C" not null,
    action text not null,
    state text not null,
    remote_id text,
    record_id uuid,
    request text not null,
    outcome_status bigint,
    outcome_body text,
    created_at bigint not null,
    updated_at bigint not null,
    lease_id uuid,
    lease_until bigint,
    unique (connection_id, idempotency_key)
);
create index operation_unsettled on operation (lease_until) where state in ('accepted', 'sending', 'unknown');
create index operation_by_connection on operation (connection_id, created_at);
