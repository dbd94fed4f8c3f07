-- mapping: the one by which every record of the entity that is there was made of the row that raw_hash is of; null: not known.
-- mapping_next: the one by which a complete listing that goes on reads them all again.
alter table sync_plan add column mapping integer;
alter table sync_plan add column mapping_next integer;
