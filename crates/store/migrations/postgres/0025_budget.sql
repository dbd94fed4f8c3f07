-- What a system taught about the rate at which it may be asked, and which node has how many of the requests at a time.
-- The key is a hash of the system and of whose limit it is.
create table rate_budget (
    key bytea not null primary key,
    at_once bigint not null,
    closed_until bigint not null,
    modified_at bigint not null
);

create table rate_grant (
    key bytea not null,
    node bytea not null,
    places bigint not null,
    lease_until bigint not null,
    primary key (key, node)
);
