//! A database that is copied to.

use std::collections::{BTreeMap, HashMap};

use scrip_core::WalletKey;
use tokio::runtime::Handle;

use super::super::database::Database;
use super::super::horizon;
use super::super::session::{Session, ask};
use super::super::tables::{
    answers, bucket_of, column, entries, events, grants, names, records, states, wallets,
};
use super::super::{OpenError, migrate};
use super::hold;
use crate::clock::SystemClock;
use crate::copying::{Chunk, Rows, Standing, Target};
use crate::event::DomainEvent;
use crate::slot::{Slot, WalletNumber};
use crate::work::StoreError;
use crate::{GrantRecord, Record};

/// A database that is copied to. As long as the copy is not finished, no node serves it.
pub struct CopyTarget {
    session: Session,
}

impl CopyTarget {
    /// Makes the tables where there are none.
    pub fn open(url: &str, runtime: Handle) -> Result<Self, OpenError> {
        let database = Database::of_url(url, runtime)?;
        migrate::migrate(&database)?;
        let session = database.connect()?;
        hold(&session)?;
        Ok(Self { session })
    }

    fn put(&self, chunk: &Chunk<'_>) -> Result<(), StoreError> {
        match chunk {
            Chunk::Records(records) => self.put_records(records),
            Chunk::Grants(grants) => self.put_grants(grants),
            Chunk::Rows(rows) => self.put_rows(rows),
            Chunk::Events(events) => self.put_events(events),
            Chunk::Claims(answers) | Chunk::Attempts(answers) => {
                answers::carry(&self.session, answers)
            }
        }
    }

    fn put_records(&self, records: &[Record]) -> Result<(), StoreError> {
        let mut changed = records::Changed::default();
        records.iter().try_for_each(|record| changed.push(record))?;
        self.session.flight(&changed.insert()).map(drop)
    }

    fn put_grants(&self, grants: &[GrantRecord]) -> Result<(), StoreError> {
        let mut changed = grants::Changed::default();
        grants.iter().try_for_each(|grant| changed.push(grant))?;
        self.session.flight(&[changed.insert()]).map(drop)
    }

    fn put_rows(&self, rows: &Rows) -> Result<(), StoreError> {
        let mut added = entries::Added::default();
        let (mut named, mut kept) = (names::Named::default(), states::Added::default());
        for entry in &rows.entries {
            let Some((slot, _)) = rows.wallets.get(&entry.wallet) else { continue };
            let key = slot.wallet.key();
            let bucket = bucket_of(key.environment, &key.customer);
            added.push(bucket, entry);
            if let Some(name) = entry.name {
                named.push(bucket, name, entry.position);
            }
        }
        for (number, position, wallet) in &rows.states {
            kept.push(*number, *position, wallet)?;
        }
        let (mut new, mut changed) = (wallets::Changed::default(), BTreeMap::new());
        for (slot, is_new) in rows.wallets.values() {
            let shard = self.session.shards().of_wallet(slot.wallet.key());
            let wallets: &mut wallets::Changed =
                if *is_new { &mut new } else { changed.entry(shard).or_default() };
            wallets.push(slot)?;
        }
        let now = SystemClock::of_machine().now().milliseconds();
        let mut asks = vec![added.insert(), named.upsert(&now), kept.insert(), new.insert()];
        asks.extend(changed.values().map(wallets::Changed::update));
        self.session.flight(&asks).map(drop)
    }

    fn put_events(&self, events: &[DomainEvent]) -> Result<(), StoreError> {
        let mut added = events::Added::default();
        events.iter().try_for_each(|event| added.push(event))?;
        self.session.flight(&[added.insert()]).map(drop)
    }

    fn in_transaction(
        &self,
        work: impl FnOnce(&Self) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.session.run("begin")?;
        let decide = || match self.session.shards().is_distributed() {
            true => self.session.flight(&[horizon::decide_here()]).map(drop),
            false => Ok(()),
        };
        let done = decide().and_then(|()| work(self)).and_then(|()| self.session.run("commit"));
        if done.is_err() {
            let _ = self.session.roll_back();
        }
        done
    }
}

impl Target for CopyTarget {
    const IS_WITHOUT_GAPS: bool = false;

    fn standing(&self) -> Result<Standing, StoreError> {
        if let Some(progress) = migrate::unfinished_copy(&self.session)? {
            return Ok(Standing::Unfinished(progress));
        }
        let sql = "
            select exists (select 1 from records) or exists (select 1 from entries)
                or exists (select 1 from wallets) as is_taken";
        let row = self.session.first(sql, &[])?;
        let is_taken = row.as_ref().map_or(Ok(true), |row| column(row, "is_taken"))?;
        Ok(if is_taken { Standing::Taken } else { Standing::Empty })
    }

    fn all_slots(&self) -> Result<Option<HashMap<WalletNumber, Slot>>, StoreError> {
        Ok(None)
    }

    fn slot(&self, key: &WalletKey) -> Result<Option<Slot>, StoreError> {
        Ok(wallets::slot(&self.session, key)?.map(|slot| slot.as_ref().clone()))
    }

    fn write(&mut self, chunk: &Chunk<'_>, progress: &[u8]) -> Result<(), StoreError> {
        self.in_transaction(|this| {
            this.put(chunk)?;
            let sql = "
                insert into meta (name, value) values ('copy', $1)
                on conflict (name) do update set value = excluded.value";
            this.session.query(sql, &[&progress]).map(drop)
        })
    }

    fn finish(
        &mut self,
        secret: Option<[u8; 32]>,
        frozen: &[(WalletNumber, String)],
    ) -> Result<(), StoreError> {
        self.in_transaction(|this| {
            for (number, reason) in frozen {
                wallets::freeze(&this.session, *number, reason)?;
            }
            if let Some(secret) = secret {
                let sql = "insert into meta (name, value) values ('secret', $1)";
                this.session.query(sql, &[&&secret[..]])?;
            }
            this.count_on()?;
            this.session.flight(&[ask("delete from meta where name = 'copy'", &[])]).map(drop)
        })?;
        // What was written in masses is planned for and summarised at once.
        self.session.run("analyze; select brin_summarize_new_values('entries_by_position')")
    }
}

impl CopyTarget {
    /// What comes next gets numbers behind all that were carried.
    fn count_on(&self) -> Result<(), StoreError> {
        let sql = "
            select setval('entry_position', greatest($1::bigint, 1), $1 > 0),
                   setval('event_position', greatest($2::bigint, 1), $2 > 0),
                   setval('wallet_number', greatest(n.wallet, 1), n.wallet > 0),
                   setval('record_ordinal', greatest(n.record, 1), n.record > 0),
                   setval('grant_ordinal', greatest(n.of_grant, 1), n.of_grant > 0)
            from (select (select coalesce(max(number), 0) from wallets) as wallet,
                         (select coalesce(max(ordinal), 0) from records) as record,
                         (select coalesce(max(ordinal), 0) from grants) as of_grant) n";
        let last = [entries::last(&self.session)?, events::last(&self.session)?];
        let [entry, event] = last.map(super::super::tables::integer);
        self.session.query(sql, &[&entry, &event]).map(drop)
    }
}
