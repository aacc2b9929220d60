-- Usage of wallets, added up by the day behind the rows. How far it is added up stands in `meta`.

create table usage_days (
    bucket smallint not null,
    wallet bigint not null,
    -- UTC, counted from 1970.
    day bigint not null,
    -- Pieces with a seal each; most questions need only the first.
    hours bytea not null,
    hour_rows bytea not null,
    sets bytea,
    set_hours bytea,
    primary key (bucket, wallet, day)
) with (fillfactor = 80);
