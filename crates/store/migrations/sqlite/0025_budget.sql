-- What a system taught about the rate at which it may be asked, and which node has how many of the requests at a time.
-- The key is a hash of the system and of whose limit it is.
create table rate_budget (
    key blob not null primary key,
    at_once integer not null,
    closed_until integer not null,
    modified_at integer not null
) strict;

create table rate_grant (
    key blob not null,
    node blob not null,
    places integer not null,
    lease_until integer not null,
    primary key (key, node)
) strict;
