-- state: 0 to be processed, 1 held until what comes before it in its stream is here, 2 done, 3 dead.
-- rank orders the messages of a key; due_at is the lease's end while the message is in work. Times are Unix microseconds.
create table if not exists inbox_message (
    seq bigint generated always as identity primary key,
    source text collate "C" not null,
    dedupe text collate "C" not null,
    key text collate "C" not null,
    kind text not null,
    rank bigint not null,
    stream text collate "C",
    number bigint,
    headers text not null,
    body bytea not null,
    received_at bigint not null,
    state bigint not null,
    attempts bigint not null,
    due_at bigint not null,
    lease bigint,
    error text,
    finished_at bigint,
    unique (source, dedupe)
);
create index if not exists inbox_message_todo on inbox_message (source, key, rank, seq) where state = 0;
create index if not exists inbox_message_held on inbox_message (source, stream, number) where state = 1;
create index if not exists inbox_message_dead on inbox_message (source, seq) where state = 3;

-- Up to which number everything of a stream is here; since when a later one waits for an earlier one.
create table if not exists inbox_position (
    source text collate "C" not null,
    stream text collate "C" not null,
    upto bigint not null,
    gap_since bigint,
    missed bigint not null,
    primary key (source, stream)
);

-- Requests that were not believed, the last few of each source.
create table if not exists inbox_refused (
    seq bigint generated always as identity primary key,
    source text collate "C" not null,
    reason text not null,
    query text not null,
    headers text not null,
    body bytea not null,
    received_at bigint not null
);
create index if not exists inbox_refused_source on inbox_refused (source, seq);
