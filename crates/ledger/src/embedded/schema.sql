-- The truth. `entries` is append-only and has no secondary index: one would make appends an order
-- of magnitude slower. Whatever is rare stands beside it in ordinary indexed tables and is written
-- in the same commit. A `seal` is a checksum over all other columns.

create table meta (
    name text primary key,
    value blob not null
) without rowid;

create table wallets (
    number integer primary key,
    environment integer not null,
    customer text not null,
    currency text not null,
    resource text
);

create table entries (
    position integer primary key,
    wallet integer not null,
    sequence integer not null,
    previous integer not null,
    previous_notable integer not null,
    skip integer not null,
    -- What the rows behind the skip position show as: a set of bits.
    types integer not null,
    -- The previous row of the same reservation; 0 if there is none.
    related integer not null,
    -- Under which name the row is found again; the key slices are made of these.
    name blob,
    row blob not null,
    seal integer not null
);

create table states (
    wallet integer not null,
    sequence integer not null,
    position integer not null,
    state blob not null,
    seal integer not null,
    primary key (wallet, sequence)
) without rowid;

-- What happened to the store itself: an accepted loss, a frozen wallet, a repair.
create table incidents (
    number integer primary key,
    happened_at integer not null,
    kind text not null,
    wallet integer,
    details text not null
);

-- Wallets that take no orders, because something about them is wrong.
create table frozen_wallets (
    wallet integer primary key,
    frozen_at integer not null,
    reason text not null
);

create table records (
    ordinal integer primary key,
    environment integer not null,
    kind integer not null,
    id text not null,
    created_at integer not null,
    updated_at integer not null,
    archived_at integer,
    body text not null,
    seal integer not null
);
create index records_by_id on records (environment, kind, id);
create index records_by_kind on records (environment, kind, ordinal);

create table record_keys (
    environment integer not null,
    kind integer not null,
    name text not null,
    value text not null,
    ordinal integer not null,
    primary key (environment, kind, name, value, ordinal)
) without rowid;

create table grants (
    ordinal integer primary key,
    environment integer not null,
    id text not null,
    customer text not null,
    resource text,
    currency text not null,
    created_at integer not null,
    facts blob not null,
    seal integer not null
);
create index grants_by_id on grants (environment, id);
create index grants_by_customer on grants (environment, customer, ordinal);

-- What happened, for whoever wants to be told: one order over the whole store, without gaps.
create table domain_events (
    position integer primary key,
    environment integer not null,
    kind integer not null,
    body blob not null,
    seal integer not null
);
create index domain_events_by_environment on domain_events (environment, position);

create table claims (
    scope blob primary key,
    body blob not null,
    stored_at integer not null,
    status integer not null,
    answer blob not null,
    seal integer not null
) without rowid;
create index claims_by_time on claims (stored_at);

create table attempts (
    number integer primary key,
    scope blob not null,
    stored_at integer not null,
    status integer not null,
    answer blob not null,
    seal integer not null
);
create index attempts_by_scope on attempts (scope, stored_at);
create index attempts_by_time on attempts (stored_at);
