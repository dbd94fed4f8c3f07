-- remap: some of the entity was read by a mapping that changed while it was read; everything is read again once that run is over.
alter table sync_plan add column remap boolean not null default false;
