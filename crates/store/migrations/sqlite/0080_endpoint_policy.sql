-- Which connections an endpoint follows by their tags, and how long and how often it is tried.
-- migrations/postgres says the same; a test compares the two.

-- tags, connection_tags: words apart by spaces.
alter table connection add column tags text not null default '';
alter table webhook_endpoint add column connection_tags text not null default '';

-- The pause before the second try, doubled before each further one up to the longest, until the tries took so long.
alter table webhook_endpoint add column retry_first_seconds integer not null default 30;
alter table webhook_endpoint add column retry_longest_seconds integer not null default 14400;
alter table webhook_endpoint add column retry_for_seconds integer not null default 86400;
