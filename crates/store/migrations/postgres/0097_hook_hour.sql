-- Of connections with an address for hooks: changes that a hook told of, and changes that a sync found before any hook did.
create table hook_hour (
    connection_id uuid not null,
    hour bigint not null,
    entity text collate "C" not null,
    told bigint not null,
    missed bigint not null,
    primary key (connection_id, hour, entity)
);
