-- How an application shows itself to its customers on the connect page. What is null is as usual.

create table branding (
    application_id uuid not null primary key references application (id),
    name text,
    accent text,
    privacy_url text,
    modified_at bigint not null
);

-- hash: of the image, in hexadecimal; it is the image's address.
create table logo (
    application_id uuid not null primary key references application (id),
    hash text not null,
    media_type text not null,
    image bytea not null
);
create index logo_by_hash on logo (hash);
