-- Nothing to do: records are listed by id, which the index of the primary key gives.
select 1;
