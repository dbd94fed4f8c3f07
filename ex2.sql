set enable_bitmapscan=off;
prepare a(bigint,bigint,bigint,bigint) as select p.connection_id, p.entity,p.due_at,p.run_id,p.cursor, p.application_id,
                 (select c.system from connection c where c.id = p.connection_id) as system,
                 (select c.status from connection c where c.id = p.connection_id) as connection_status,
                 (select count(*) from sync_plan r
                  where r.connection_id = p.connection_id and r.state = 'running' and r.due_at > $1) as running
             from sync_plan p where not p.resting and p.lane = $4 and p.due_at <= $1
         and (select count(*) from sync_plan r
              where r.connection_id = p.connection_id and r.state = 'running' and r.due_at > $1) < $2 order by p.due_at, p.priority, p.connection_id, p.entity limit $3;
prepare o(bigint,bigint,bigint,bigint,uuid) as select p.connection_id, p.entity,p.due_at,p.run_id,p.cursor, p.application_id,
                 (select c.system from connection c where c.id = p.connection_id) as system,
                 (select c.status from connection c where c.id = p.connection_id) as connection_status,
                 (select count(*) from sync_plan r
                  where r.connection_id = p.connection_id and r.state = 'running' and r.due_at > $1) as running
             from sync_plan p where p.application_id = $5 and p.resting is not true and p.lane = $4 and p.due_at <= $1
         and (select count(*) from sync_plan r
              where r.connection_id = p.connection_id and r.state = 'running' and r.due_at > $1) < $2 order by p.due_at, p.priority, p.connection_id, p.entity limit $3;
prepare w(bigint,bigint,bigint,bigint,uuid) as select id from
         (select a.id, (select p.due_at from sync_plan p
                        where p.application_id = a.id and p.resting is not true and p.lane = $4 and p.due_at <= $1
         and (select count(*) from sync_plan r
              where r.connection_id = p.connection_id and r.state = 'running' and r.due_at > $1) < $2 order by p.due_at limit 1) as since
          from application a where a.id <> $5) waiting
     where since is not null order by since limit $3;
set plan_cache_mode=force_custom_plan;
explain (analyze,costs off) execute a(40000,2,1,0);explain (analyze, costs off) execute o(40000,2,1,0,'00000000-0000-0000-0000-000000000000');explain (analyze, costs off) execute w(40000,2,1,0,'00000000-0000-0000-0000-000000000000');
set plan_cache_mode=force_generic_plan;
explain (analyze,costs off) execute a(40000,2,1,0);explain (analyze, costs off) execute o(40000,2,1,0,'00000000-0000-0000-0000-000000000000');explain (analyze, costs off) execute w(40000,2,1,0,'00000000-0000-0000-0000-000000000000');
