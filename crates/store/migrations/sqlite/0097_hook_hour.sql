-- Of connections with an address for hooks: changes that a hook told of, and changes that a sync found before any hook did.
create table hook_hour (
    connection_id blob not null,
    hour integer not null,
    entity text not null,
    told integer not null,
    missed integer not null,
    primary key (connection_id, hour, entity)
) strict;
