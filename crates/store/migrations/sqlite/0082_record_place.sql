-- A list that asks for no order walks the records as they lie in the table: this index ends with their row ids. By id, each
-- record would be on a page of its own.
create index record_by_place on record (connection_id, entity);
