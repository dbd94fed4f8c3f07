-- An application that has all the runs that it may have is passed over without reading what else it has due.
alter table sync_plan add column application_id uuid;
update sync_plan set application_id = (select c.application_id from connection c where c.id = sync_plan.connection_id);

-- Its condition is in other words than that of sync_plan_due, so that what is asked of one application in these words is read
-- off this index: the planner does not know which applications have much to do.
create index sync_plan_due_of_application on sync_plan (application_id, lane, due_at, priority, connection_id, entity)
    where due_at is not null and resting is not true;
