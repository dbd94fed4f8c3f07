-- Whose pages may show the connect page in a frame: origins, letter by letter.

create table frame_origin (
    application_id uuid not null references application (id),
    origin text not null,
    primary key (application_id, origin)
);
