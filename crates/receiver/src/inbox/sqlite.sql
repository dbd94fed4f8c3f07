-- state: 0 to be processed, 1 held until what comes before it in its stream is here, 2 done, 3 dead.
-- rank orders the messages of a key; due_at is the lease's end while the message is in work. Times are Unix microseconds.
create table if not exists inbox_message (
    seq integer primary key autoincrement,
    source text not null,
    dedupe text not null,
    key text not null,
    kind text not null,
    rank integer not null,
    stream text,
    number integer,
    headers text not null,
    body blob not null,
    received_at integer not null,
    state integer not null,
    attempts integer not null,
    due_at integer not null,
    lease integer,
    error text,
    finished_at integer,
    unique (source, dedupe)
) strict;
create index if not exists inbox_message_todo on inbox_message (source, key, rank, seq) where state = 0;
create index if not exists inbox_message_held on inbox_message (source, stream, number) where state = 1;
create index if not exists inbox_message_dead on inbox_message (source, seq) where state = 3;

-- Up to which number everything of a stream is here; since when a later one waits for an earlier one.
create table if not exists inbox_position (
    source text not null,
    stream text not null,
    upto integer not null,
    gap_since integer,
    missed integer not null,
    primary key (source, stream)
) strict;

-- Requests that were not believed, the last few of each source.
create table if not exists inbox_refused (
    seq integer primary key autoincrement,
    source text not null,
    reason text not null,
    query text not null,
    headers text not null,
    body blob not null,
    received_at integer not null
) strict;
create index if not exists inbox_refused_source on inbox_refused (source, seq);
