-- When a key stops working by itself.
alter table application_key add column expires_at integer;
