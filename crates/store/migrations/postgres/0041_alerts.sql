-- Alert rules of applications, and where each of them fires.

-- rule and channel: JSON. data_key and sealed: what signs messages to a webhook. checked_at: when a node last looked.
create table alert (
    id uuid not null primary key,
    application_id uuid not null references application (id),
    name text not null,
    rule text not null,
    channel text not null,
    data_key bytea not null,
    sealed bytea not null,
    silenced_until bigint,
    checked_at bigint not null,
    created_at bigint not null,
    modified_at bigint not null
);
create index alert_by_application on alert (application_id, id);

-- subject: a connection, or the application itself. told: a message said that it fires.
-- over_at: it is over, and that is still to be told. due_at: when a message may be sent.
create table alert_firing (
    alert_id uuid not null,
    subject uuid not null,
    name text not null,
    message text not null,
    since bigint not null,
    told boolean not null,
    over_at bigint,
    tries bigint not null,
    due_at bigint not null,
    last_error text,
    primary key (alert_id, subject)
);
