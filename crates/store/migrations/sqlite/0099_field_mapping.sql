-- The fields that a customer added to the records of an entity, as the system told when it was asked last, and what was chosen of them.
create table field_mapping (
    connection_id blob not null,
    entity text not null,
    found text not null,
    chosen text not null,
    checked_at integer not null,
    primary key (connection_id, entity)
) strict, without rowid;
