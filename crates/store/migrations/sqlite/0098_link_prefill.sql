-- What the connection will be tagged with, and what of the form is filled in already (a JSON object without secrets).
alter table link_session add column tags text not null default '';
alter table link_session add column prefill text not null default '{}';
