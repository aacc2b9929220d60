//! The ledger in a PostgreSQL database.

mod added_up;
mod citus;
mod cut_off;
mod damage;
mod erasing;
mod migrating;
mod nodes;
mod plans;
mod proxy;
mod retired;
mod scrubbing;
mod server;
mod tls;
mod upward;

use std::sync::Arc;

use scrip_ledger::conformance::{Given, Made};
use scrip_ledger::postgres::{Options, Postgres};
use tokio::runtime::Handle;

pub use server::Database;

/// A ledger in a database of its own.
pub async fn make(given: Given) -> Made {
    make_in(Arc::new(Database::make().await), given).await
}

/// A ledger in a database that others use too.
pub async fn make_in(database: Arc<Database>, given: Given) -> Made {
    let options = Options {
        settings: given.settings,
        clock: Some(given.clock),
        lanes: 2,
        ..Options::on(Handle::current())
    };
    let ledger = open(&database, options).await;
    Made { ledger, follows_given_clock: true, keep: Box::new(database) }
}

/// A node on a database.
pub async fn open(database: &Database, options: Options) -> Arc<Postgres> {
    let url = database.url.clone();
    tokio::task::spawn_blocking(move || Postgres::open(&url, options).unwrap()).await.unwrap()
}

scrip_ledger::conformance!(crate::postgres::make);
