-- How often besides an interval, in which time zone, and when not by itself.
alter table sync_plan add column cron text;
alter table sync_plan add column time_zone text not null default 'UTC';
alter table sync_plan add column quiet_hours text not null default '';
alter table sync_plan add column real_time boolean not null default false;

-- resting: the connection may not sync, so that nobody looks at its plans. lane: what it stands in line with.
alter table sync_plan add column resting boolean not null default false;
alter table sync_plan add column lane bigint not null default 0;
update sync_plan set resting = true where connection_id in
    (select id from connection where status in ('reauthorization_required', 'paused', 'disconnected'));
update sync_plan set lane = case when not initial_done or mode = 'full' then 1 when state = 'failed' then 2 else 0 end;

drop index sync_plan_due;
create index sync_plan_due on sync_plan (lane, due_at, priority, connection_id, entity)
    where due_at is not null and not resting;
