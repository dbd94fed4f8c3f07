-- Whether a row is new is told by the index alone: reading the record itself, which lies anywhere, took most of a sync in which
-- nothing is new. This builds the index again, which takes a second or two per million records.
alter table record drop constraint record_pkey, add primary key (id) include (hash, raw_hash);
