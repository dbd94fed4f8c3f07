-- The ids of records are computed from the systems' own, since this version in another way. No version with the old way was
-- released; a database of a build in between is refused, because its records would be stored a second time.
create table record_ids (
    records integer not null,
    constraint "records of an earlier build: begin with an empty database" check (records = 0)
) strict;
insert into record_ids select count(*) from record;
drop table record_ids;
