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
