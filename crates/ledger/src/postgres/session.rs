//! One connection, used by one thread at a time, which may wait.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use futures_util::future::maybe_done;
use futures_util::poll;
use tokio::runtime::Handle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::shards::Shards;
use super::trouble::Trouble;
use crate::work::StoreError;

/// A value of a statement.
pub type Value<'a> = &'a (dyn ToSql + Sync);

/// A statement with its values.
pub struct Ask<'a> {
    sql: &'static str,
    values: Vec<Value<'a>>,
}

/// A statement with its values.
pub fn ask<'a>(sql: &'static str, values: &[Value<'a>]) -> Ask<'a> {
    Ask { sql, values: values.to_vec() }
}

impl Ask<'_> {
    /// The statement.
    pub const fn sql(&self) -> &'static str {
        self.sql
    }

    /// Its values.
    pub fn values(&self) -> &[Value<'_>] {
        &self.values
    }
}

/// One connection.
pub struct Session {
    client: Client,
    runtime: Handle,
    statements: RefCell<HashMap<&'static str, Statement>>,
    trouble: Cell<Option<Trouble>>,
    /// How long an answer may take; none is for ever.
    patience: Cell<Option<Duration>>,
    is_given_up: Cell<bool>,
    shards: Shards,
}

impl Session {
    /// A connection whose other half runs already.
    pub fn new(client: Client, runtime: Handle, patience: Duration, shards: Shards) -> Self {
        Self {
            client,
            runtime,
            statements: RefCell::default(),
            trouble: Cell::new(None),
            patience: Cell::new(Some(patience)),
            is_given_up: Cell::new(false),
            shards,
        }
    }

    /// Where the buckets lay when the connection was made.
    pub const fn shards(&self) -> &Shards {
        &self.shards
    }

    /// Waits as long as the server needs from now on.
    pub fn wait_for_ever(&self) -> Result<(), StoreError> {
        self.patience.set(None);
        self.run("set statement_timeout = 0; set idle_in_transaction_session_timeout = 0")
    }

    /// The connection still stands, as far as is known.
    pub fn is_open(&self) -> bool {
        !self.client.is_closed()
            && !self.is_given_up.get()
            && self.trouble.get() != Some(Trouble::Lost)
    }

    /// What went wrong since somebody asked last.
    pub fn take_trouble(&self) -> Option<Trouble> {
        self.trouble.take()
    }

    /// The rows of a statement.
    pub fn query(&self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepared(sql)?;
        self.told(self.wait(self.client.query(&statement, values))?)
    }

    /// The one row of a statement, if there is one.
    pub fn first(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, values)?.into_iter().next())
    }

    /// Several statements, sent together, each with its rows. The first error counts: what comes
    /// after it was not carried out.
    pub fn flight(&self, asks: &[Ask<'_>]) -> Result<Vec<Vec<Row>>, StoreError> {
        let prepare = |ask: &Ask<'_>| self.prepared(ask.sql);
        let statements = asks.iter().map(prepare).collect::<Result<Vec<_>, _>>()?;
        // They are sent in this order, because each is sent when it is polled first.
        let waiting = asks.iter().zip(&statements);
        let waiting = waiting.map(|(ask, statement)| self.client.query(statement, &ask.values));
        let answers = self.wait(in_order(waiting))?;
        answers.into_iter().map(|answer| self.told(answer)).collect()
    }

    /// Statements without values, one after the other.
    pub fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.told(self.wait(self.client.batch_execute(sql))?)
    }

    /// Whatever a transaction did so far is undone.
    pub fn roll_back(&self) -> Result<(), StoreError> {
        self.run("rollback")
    }

    fn prepared(&self, sql: &'static str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.statements.borrow().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.told(self.wait(self.client.prepare(&self.shards.worded(sql)))?)?;
        self.statements.borrow_mut().insert(sql, statement.clone());
        Ok(statement)
    }

    /// Waits for an answer. A server that stopped without ending its connections gives none, nor does
    /// a network that swallows it: then the connection is given up, whatever became of what was asked.
    fn wait<F: Future>(&self, answer: F) -> Result<F::Output, StoreError> {
        let Some(patience) = self.patience.get() else { return Ok(self.runtime.block_on(answer)) };
        // Once it was given up, nothing more is asked of it.
        if self.is_given_up.get() {
            self.trouble.set(Some(Trouble::Lost));
            return Err(silent());
        }
        self.runtime.block_on(async { tokio::time::timeout(patience, answer).await }).map_err(
            |_| {
                self.is_given_up.set(true);
                self.trouble.set(Some(Trouble::Lost));
                silent()
            },
        )
    }

    fn told<T>(&self, answer: Result<T, Error>) -> Result<T, StoreError> {
        answer.map_err(|error| {
            let trouble = Trouble::of(&error);
            if self.trouble.get().is_none() {
                self.trouble.set(Some(trouble));
            }
            trouble.error(&error)
        })
    }
}

/// Takes a lock until the transaction ends, or with the connection; whether nobody else held it.
pub fn lock_if_free(session: &Session, lock: i64) -> Result<bool, StoreError> {
    let row = session.first("select pg_try_advisory_xact_lock($1) as is_ours", &[&lock])?;
    Ok(row.is_some_and(|row| matches!(row.try_get("is_ours"), Ok(true))))
}

fn silent() -> StoreError {
    StoreError::Unavailable("the database does not answer".to_owned())
}

/// Waits for futures that are polled the first time one after the other.
async fn in_order<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.map(|future| Box::pin(maybe_done(future))).collect();
    for future in &mut waiting {
        let _ = poll!(future.as_mut());
    }
    let mut outputs = Vec::with_capacity(waiting.len());
    for mut future in waiting {
        future.as_mut().await;
        outputs.extend(future.as_mut().take_output());
    }
    outputs
}
