-- Who did what with an application's settings and connections; the rows outlive what they are about.

-- actor: a key's, connection's or link session's id, as text. target: the id of what it was done to.
-- outcome: succeeded, or the code of the problem that was answered.
create table audit (
    id uuid not null primary key,
    application_id uuid not null references application (id),
    at bigint not null,
    actor_kind text not null,
    actor text,
    action text not null,
    target text,
    connection_id uuid,
    outcome text not null,
    request_id text
);
create index audit_by_application on audit (application_id, id);
create index audit_by_connection on audit (application_id, connection_id, id) where connection_id is not null;
create index audit_by_age on audit (at);
