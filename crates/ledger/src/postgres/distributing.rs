//! `scrip migrate --citus`: from one server to a coordinator with workers (decision 33).
//!
//! What belongs to wallets is distributed by bucket, all of a bucket in one place. What is asked for across
//! customers, or before anybody knows whose it is (records, answers, numbers), stays with the coordinator.

use std::time::{Duration, Instant};

use super::OpenError;
use super::database::Database;
use super::migrate::{self, Migrated};
use super::session::Session;
use super::tables::column;
use crate::work::StoreError;

/// The tables that are distributed. The first one has a row for each bucket, and the others lie where it does.
const TABLES: [&str; 8] =
    ["turns", "wallets", "entries", "names", "states", "grants", "usage_days", "domain_events"];

/// Every transaction that adds rows holds this shared; see `horizon`.
const LOCK: i64 = 0x7363_7269_7001;

/// How long connections may take to leave.
const LEFT_WITHIN: Duration = Duration::from_secs(2);

/// Why a database cannot be distributed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDistributed {
    /// The server does not offer the extension.
    #[error(
        "the server does not offer the extension citus: install Citus on the coordinator and on every \
         worker, with shared_preload_libraries = 'citus'"
    )]
    NotOffered,
    /// The database does not have it.
    #[error(
        "the database has no extension citus: run \"create extension citus\" in it, here and on every worker"
    )]
    NotCreated,
    /// Older ones show workers at other instants than they are asked for.
    #[error("the extension citus is older than 12: update it")]
    TooOld,
    /// Another server gives out the numbers.
    #[error("this server is a worker: name the coordinator")]
    Worker,
    /// The coordinator knows no address of its own.
    #[error(
        "the coordinator does not know itself: run \"select citus_set_coordinator_host('HOST', PORT)\""
    )]
    NoCoordinator,
    /// There is nothing to distribute to.
    #[error("there are no workers: run \"select citus_add_node('HOST', PORT)\" for each")]
    NoWorkers,
    /// Some workers cannot keep a transaction while the coordinator decides.
    #[error("max_prepared_transactions is 0 on a worker: set it to at least its max_connections")]
    NothingPrepared,
    /// Nodes would go on as if there were one server.
    #[error("{0} connections of nodes are open: stop them all first")]
    InUse(i64),
}

/// Makes the tables, or brings them up to this version, and distributes those that are not yet. No node may
/// serve meanwhile; what the tables hold is carried to the workers.
pub fn distribute(database: &Database) -> Result<Migrated, OpenError> {
    // Before anything is changed.
    check(&database.connect()?)?;
    let migrated = migrate::migrate(database)?;
    let session = database.connect()?;
    // What was connected a moment ago may still be about to leave.
    let begin = Instant::now();
    loop {
        match connected(&session)? {
            0 => break,
            nodes if begin.elapsed() > LEFT_WITHIN => {
                return Err(NotDistributed::InUse(nodes).into());
            }
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    session.wait_for_ever()?;
    let distributed = apply(&session);
    if distributed.is_err() {
        let _ = session.roll_back();
    }
    for table in distributed? {
        // What was carried is still where it was, unseen, and takes its room.
        session.run(&format!(
            "select truncate_local_data_after_distributing_table('scrip.{table}')"
        ))?;
        tracing::info!(table, "distributed by bucket");
    }
    Ok(migrated)
}

/// The database may be distributed, or why not.
fn check(session: &Session) -> Result<(), OpenError> {
    if !is_true(
        session,
        "select exists (select 1 from pg_extension where extname = 'citus') as yes",
    )? {
        let offered =
            "select exists (select 1 from pg_available_extensions where name = 'citus') as yes";
        let is_offered = is_true(session, offered)?;
        let why = if is_offered { NotDistributed::NotCreated } else { NotDistributed::NotOffered };
        return Err(why.into());
    }
    let wanted = [
        (
            "select split_part(extversion, '.', 1)::integer >= 12 as yes
             from pg_extension where extname = 'citus'",
            NotDistributed::TooOld,
        ),
        ("select citus_is_coordinator() as yes", NotDistributed::Worker),
        (
            "select exists (select 1 from pg_dist_node where groupid = 0) as yes",
            NotDistributed::NoCoordinator,
        ),
        (
            "select exists (select 1 from pg_dist_node
                            where groupid <> 0 and isactive and shouldhaveshards) as yes",
            NotDistributed::NoWorkers,
        ),
        (
            "select bool_and(success and result::integer > 0) as yes
             from run_command_on_workers('show max_prepared_transactions')",
            NotDistributed::NothingPrepared,
        ),
    ];
    for (sql, why) in wanted {
        if !is_true(session, sql)? {
            return Err(why.into());
        }
    }
    Ok(())
}

fn is_true(session: &Session, sql: &'static str) -> Result<bool, StoreError> {
    let row = session.first(sql, &[])?;
    let yes: Option<bool> = row.as_ref().map(|row| column(row, "yes")).transpose()?.flatten();
    Ok(yes == Some(true))
}

/// How many connections of nodes there are beside this one.
fn connected(session: &Session) -> Result<i64, StoreError> {
    let sql = "
        select count(*) as nodes from pg_stat_activity
        where datname = current_database() and application_name = 'scrip' and pid <> pg_backend_pid()";
    session.first(sql, &[])?.as_ref().map_or(Ok(0), |row| column(row, "nodes"))
}

/// Which tables were distributed just now.
fn apply(session: &Session) -> Result<Vec<&'static str>, StoreError> {
    session.run("begin; set local lock_timeout = '20s'")?;
    // Nodes that start meanwhile wait, and then find the tables distributed.
    session.query("select pg_advisory_xact_lock($1) is null as held", &[&LOCK])?;
    session.run(
        "set local citus.multi_shard_modify_mode = 'sequential';
         create table if not exists scrip.turns (bucket smallint primary key);
         create table if not exists scrip.decisions (never boolean not null)",
    )?;
    let mut distributed = Vec::new();
    for table in TABLES {
        let sql = "
            select not exists (select 1 from pg_dist_partition
                               where logicalrelid = ('scrip.' || $1)::regclass) as yes";
        let row = session.first(sql, &[&table])?;
        if !row.as_ref().map_or(Ok(false), |row| column(row, "yes"))? {
            continue;
        }
        let beside = if table == TABLES[0] { "none" } else { "scrip.turns" };
        session.run(&format!(
            "select create_distributed_table('scrip.{table}', 'bucket', colocate_with => '{beside}')"
        ))?;
        distributed.push(table);
    }
    session.run(
        "insert into scrip.turns select generate_series(0, 1023) on conflict do nothing;
         select citus_add_local_table_to_metadata('scrip.decisions')
         where not exists (select 1 from pg_dist_partition
                           where logicalrelid = 'scrip.decisions'::regclass);
         commit",
    )?;
    Ok(distributed)
}
