-- Alert rules of applications, and where each of them fires.

-- rule and channel: JSON. data_key and sealed: what signs messages to a webhook. checked_at: when a node last looked.
create table alert (
    id blob not null primary key,
    application_id blob not null references application (id),
    name text not null,
    rule text not null,
    channel text not null,
    data_key blob not null,
    sealed blob not null,
    silenced_until integer,
    checked_at integer not null,
    created_at integer not null,
    modified_at integer not null
) strict;
create index alert_by_application on alert (application_id, id);

-- subject: a connection, or the application itself. told: a message said that it fires.
-- over_at: it is over, and that is still to be told. due_at: when a message may be sent.
create table alert_firing (
    alert_id blob not null,
    subject blob not null,
    name text not null,
    message text not null,
    since integer not null,
    told integer not null,
    over_at integer,
    tries integer not null,
    due_at integer not null,
    last_error text,
    primary key (alert_id, subject)
) strict;
