-- What a complete listing saw is kept as one row per page, because a row per record that each listing writes again took longer
-- than all else that a listing does. What it did not see is found when it is over.

-- ids: of the records that were seen, one behind the other, 16 bytes each.
create table listing_page (
    connection_id uuid not null,
    entity text collate "C" not null,
    page bigint not null,
    ids bytea not null,
    primary key (connection_id, entity, page)
);
-- Ids cannot be compressed.
alter table listing_page alter column ids set storage external;

-- Records that a complete listing did not see, and nobody since. generation: the first listing that did not see it.
create table record_unseen (
    connection_id uuid not null,
    entity text collate "C" not null,
    record_id uuid not null,
    generation bigint not null,
    primary key (connection_id, entity, record_id)
);

-- listing_open: what is seen of the entity is noted. has_unseen: some of it may be in record_unseen.
alter table sync_plan add column listing_open boolean not null default false;
alter table sync_plan add column has_unseen boolean not null default false;

-- What is held can still be accepted. A listing that is not over counts for nothing, and another one follows.
insert into record_unseen (connection_id, entity, record_id, generation)
    select r.connection_id, r.entity, r.id, max(h.generation)
    from held_deletion h join record r on r.connection_id = h.connection_id and r.entity = h.entity
    where h.state in ('held', 'refused') and r.deleted_at is null
        and not exists (select 1 from record_mark m where m.record_id = r.id and m.generation >= h.generation)
    group by r.connection_id, r.entity, r.id;
update sync_plan set has_unseen = true where exists (select 1 from record_unseen u
    where u.connection_id = sync_plan.connection_id and u.entity = sync_plan.entity);

drop table record_mark;
