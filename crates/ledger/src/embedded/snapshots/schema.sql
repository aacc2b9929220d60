-- Rebuildable: every wallet as some durable position of the ledger left it, written behind. A
-- record carries its own position; `meta` says up to which position every row is in some record.

create table meta (
    name text primary key,
    value blob not null
) without rowid;

create table wallets (
    key blob primary key,
    environment integer not null,
    due_at integer,
    record blob not null
) without rowid;
create index wallets_by_due on wallets (environment, due_at) where due_at is not null;

-- What was used of a wallet on a day, UTC, by the hour, each piece with its seal: of all rows up to
-- that of `usage` in `meta`. With rowids: a search compares keys, not the long pieces beside them.
create table usage_days (
    wallet integer not null,
    day integer not null,
    hours blob not null,
    hour_rows blob not null,
    sets blob,
    set_hours blob,
    primary key (wallet, day)
);
