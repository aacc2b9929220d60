-- What one customer's requests touch carries the customer's bucket first in its key, so that a
-- transaction of theirs can stay on one server when the tables are distributed.

create table meta (
    name text primary key,
    value bytea not null
);

-- Rows, events, wallets, records and grants in the order in which they were made. A number that was
-- taken by a transaction that did not commit is never used.
create sequence entry_position as bigint;
create sequence event_position as bigint;
create sequence wallet_number as bigint;
create sequence record_ordinal as bigint;
create sequence grant_ordinal as bigint;

-- Every wallet as its last row left it; the row that is locked while somebody decides about it.
create table wallets (
    bucket smallint not null,
    environment bigint not null,
    customer text collate "C" not null,
    currency text collate "C" not null,
    -- Empty without a resource.
    resource text collate "C" not null,
    number bigint not null,
    -- Rows that it has.
    sequence bigint not null,
    -- The next instant at which time changes it, in milliseconds.
    due_at bigint,
    -- Why it takes no orders.
    frozen text,
    -- Packed, with a checksum of its own.
    slot bytea not null,
    primary key (bucket, environment, customer, currency, resource)
) with (fillfactor = 70);
create index wallets_by_number on wallets (number);
create index wallets_by_due on wallets (environment, due_at) where due_at is not null;

-- The ledger: rows are only ever added.
create table entries (
    bucket smallint not null,
    position bigint not null,
    wallet bigint not null,
    sequence bigint not null,
    previous bigint not null,
    previous_notable bigint not null,
    skip bigint not null,
    types integer not null,
    related bigint not null,
    name bytea,
    row bytea not null,
    seal integer not null,
    primary key (bucket, position)
);
-- For whoever reads the rows of all wallets in order: they lie almost in this order.
create index entries_by_position on entries using brin (position)
    with (pages_per_range = 16, autosummarize = on);

-- The names under which rows are found again, each with its newest row.
create table names (
    bucket smallint not null,
    name bytea not null,
    position bigint not null,
    stored_at bigint not null,
    primary key (bucket, name)
);
create index names_by_age on names using brin (stored_at) with (autosummarize = on);

-- A wallet after every 4,096th row.
create table states (
    bucket smallint not null,
    wallet bigint not null,
    sequence bigint not null,
    position bigint not null,
    state bytea not null,
    seal integer not null,
    primary key (bucket, wallet, sequence)
);

-- Customers, currencies and the other records.
create table records (
    bucket smallint not null,
    ordinal bigint not null,
    environment bigint not null,
    kind smallint not null,
    id text collate "C" not null,
    created_at bigint not null,
    updated_at bigint not null,
    archived_at bigint,
    -- Kept as it was written: the order of members matters to whoever wrote them.
    body json not null,
    primary key (bucket, ordinal)
);
-- Currencies and recurring grants free their identifiers when they are archived; nothing else does.
create unique index records_by_id on records (bucket, environment, kind, id)
    where kind not in (5, 7);
create unique index records_by_living_id on records (bucket, environment, kind, id)
    where kind in (5, 7) and archived_at is null;
create index records_by_any_id on records (bucket, environment, kind, id)
    where kind in (5, 7);
create index records_by_ordinal on records (environment, kind, ordinal);

-- Members by which records can be listed. People may write what is no text to the server: a zero.
create table record_keys (
    bucket smallint not null,
    ordinal bigint not null,
    name text collate "C" not null,
    value bytea not null,
    environment bigint not null,
    kind smallint not null,
    primary key (bucket, ordinal, name)
);
create index record_keys_by_value on record_keys (environment, kind, name, value, ordinal);

-- The facts of grants that their wallets do not keep.
create table grants (
    bucket smallint not null,
    ordinal bigint not null,
    environment bigint not null,
    id text collate "C" not null,
    customer text collate "C" not null,
    resource text collate "C" not null,
    currency text collate "C" not null,
    created_at bigint not null,
    facts bytea not null,
    primary key (bucket, ordinal)
);
create unique index grants_by_id on grants (bucket, environment, id);
create index grants_by_customer on grants (bucket, environment, customer, resource, ordinal);

-- The outbox: what happened, written in the commit of what brought it.
create table domain_events (
    bucket smallint not null,
    position bigint not null,
    environment bigint not null,
    kind smallint not null,
    body bytea not null,
    primary key (bucket, position)
);
create index domain_events_by_position on domain_events (environment, position);

-- Answers under the Idempotency-Key header.
create table claims (
    bucket smallint not null,
    scope bytea not null,
    body bytea not null,
    stored_at bigint not null,
    status smallint not null,
    answer bytea not null,
    primary key (bucket, scope)
);
create index claims_by_age on claims (stored_at);

-- Answers that a retry of an official SDK asks for again.
create table attempts (
    bucket smallint not null,
    scope bytea not null,
    number bigint generated always as identity,
    stored_at bigint not null,
    status smallint not null,
    answer bytea not null,
    primary key (bucket, scope, number)
);
create index attempts_by_age on attempts (stored_at);
