//! What the rows say of the grants' records.

use std::collections::{HashMap, HashSet};

use scrip_core::{
    EnvironmentId, Event, Grant, GrantId, GrantType, Money, MoneyAmount, Row, Texts, WalletKey,
    Words,
};

use super::{Collector, Finding, Followed};
use crate::GrantRecord;
use crate::slot::{Position, Slot, WalletNumber};
use crate::work::{StoreError, change_words, overdraft_words, recharge_words};

/// What was seen so far.
#[derive(Default)]
pub struct Grants {
    seen: HashMap<(EnvironmentId, GrantId), Seen>,
    /// What wallets were about to make by themselves: a recharge, or a recurring grant's period. The rows
    /// of other wallets may come between the one that says so and the grant's own.
    own: HashMap<(EnvironmentId, GrantId), OwnKind>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OwnKind {
    Recharge,
    Recurring,
}

/// A grant, as its rows tell it.
struct Seen {
    wallet: WalletNumber,
    made_at: Position,
    grant_number: scrip_core::GrantNumber,
    cost: Money,
    /// None once a person was erased, and of a recurring grant: it is called as its record said then.
    words: Option<Box<Words>>,
    is_recharge: bool,
    /// As it left its wallet.
    departed: Option<Grant>,
    /// What of its money went back.
    returned: MoneyAmount,
}

impl Grants {
    /// Follows a row that was folded into its wallet.
    pub fn follow(
        &mut self,
        position: Position,
        slot: &Slot,
        row: &Row,
        departed: Vec<Grant>,
    ) -> Result<(), Finding> {
        self.follow_row(position, slot, row)?;
        let environment = slot.wallet.key().environment;
        for grant in departed {
            if let Some(seen) = self.seen.get_mut(&(environment, grant.name.id)) {
                seen.departed = Some(grant);
            }
        }
        Ok(())
    }

    fn follow_row(&mut self, position: Position, slot: &Slot, row: &Row) -> Result<(), Finding> {
        let environment = slot.wallet.key().environment;
        match &row.event {
            Event::GrantCreated { grant, grant_type, cost, .. } => {
                let own = self.own.remove(&(environment, grant.id));
                let words = match (&row.texts, grant_type, own) {
                    (Texts::Erased { .. }, ..) | (_, _, Some(OwnKind::Recurring)) => None,
                    (_, _, Some(OwnKind::Recharge)) => Some(recharge_words()),
                    (_, GrantType::Overdraft, None) => Some(overdraft_words()),
                    (texts, _, None) => Some(texts.words().cloned().unwrap_or_default()),
                };
                let seen = Seen {
                    wallet: slot.number,
                    made_at: position,
                    grant_number: grant.number,
                    cost: *cost,
                    words: words.map(Box::new),
                    is_recharge: own == Some(OwnKind::Recharge),
                    departed: None,
                    returned: MoneyAmount::ZERO,
                };
                self.seen.insert((environment, grant.id), seen);
            }
            Event::Recharged { grant, .. } => {
                self.own.insert((environment, grant.id), OwnKind::Recharge);
            }
            Event::Renewed { grant, .. } => {
                self.own.insert((environment, grant.id), OwnKind::Recurring);
            }
            Event::Updated { grant, .. } => {
                let Some(seen) = self.seen.get_mut(&(environment, grant.id)) else {
                    return Ok(());
                };
                match (&row.texts, &mut seen.words) {
                    (Texts::Erased { .. }, words) => *words = None,
                    (texts, Some(words)) => change_words(words, texts.words()),
                    (_, None) => {}
                }
            }
            Event::MoneyReturned { grant, returned, .. } => {
                if let Some(seen) = self.seen.get_mut(&(environment, grant.id)) {
                    seen.returned = *returned;
                }
            }
            Event::GrantReopened { grant } => {
                let seen = self.seen.get_mut(&(environment, grant.name.id));
                if seen.and_then(|seen| seen.departed.take()).as_ref() != Some(&**grant) {
                    return Err(Finding::row(position, "its grant did not leave like that"));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// A grant's record, with what its columns say.
pub struct Listed {
    /// By these it is found.
    pub environment: EnvironmentId,
    pub id: String,
    /// The columns say what the record says.
    pub columns_fit: bool,
    /// It says what was written.
    pub is_sealed: bool,
    pub record: GrantRecord,
}

/// A grant's record that cannot be read.
pub struct UnreadableGrant {
    /// Of which grant it is, if that can be read.
    pub of: Option<(EnvironmentId, GrantId)>,
    pub error: StoreError,
}

/// Every grant of these wallets has one record, which says what its rows say. `each` shows the
/// records. How many there are. Words of a customer who is being erased are not compared.
pub fn check_grants(
    parts: &[impl Followed],
    findings: &Collector,
    is_being_erased: impl Fn(&WalletKey) -> bool,
    each: impl FnOnce(&mut dyn FnMut(Result<Listed, UnreadableGrant>)) -> Result<(), StoreError>,
) -> Result<usize, StoreError> {
    let whole = |number| parts.iter().find_map(|part| part.whole(number));
    let find = |name: &_| parts.iter().find_map(|part| part.grants().seen.get(name));
    let mut met = HashSet::new();
    let mut count = 0;
    each(&mut |grant| {
        count += 1;
        let listed = match grant {
            Ok(listed) => listed,
            Err(unreadable) => {
                met.extend(unreadable.of);
                return findings.add(unreadable.error);
            }
        };
        let name = (listed.environment, listed.record.grant.name.id);
        let wrong = |what: &str| {
            findings.add(Finding::Other(format!("grants: the record of {} {what}", listed.id)));
        };
        match find(&name) {
            // The rows of a broken wallet were not read to their end.
            None if parts.iter().any(Followed::has_broken) => {}
            Some(seen) if met.insert(name) => {
                let checked =
                    whole(seen.wallet).map(|slot| seen.check(&listed, slot, &is_being_erased));
                if let Some(Err(what)) = checked {
                    wrong(what);
                }
            }
            _ => wrong("is of no grant"),
        }
    })?;
    for ((environment, id), seen) in parts.iter().flat_map(|part| &part.grants().seen) {
        if !met.contains(&(*environment, *id)) && whole(seen.wallet).is_some() {
            findings.add(Finding::row(seen.made_at, format!("its grant {id} has no record")));
        }
    }
    Ok(count)
}

impl Seen {
    fn check(
        &self,
        listed: &Listed,
        slot: &Slot,
        is_being_erased: impl Fn(&WalletKey) -> bool,
    ) -> Result<(), &'static str> {
        let (key, record) = (slot.wallet.key(), &listed.record);
        let living = slot.wallet.grant(self.grant_number);
        let Some(grant) = living.or(self.departed.as_ref()) else {
            return Err("is of a grant that its wallet never had");
        };
        let rules = [
            (listed.columns_fit, "does not say what its columns say"),
            (record.wallet == *key, "is in another wallet"),
            (record.grant.name == grant.name, "is of another grant"),
            (
                record.grant.amount == grant.amount
                    && record.grant.grant_type == grant.grant_type
                    && record.grant.created_at == grant.created_at,
                "is not of this grant",
            ),
            (record.cost == self.cost, "has another cost"),
            (record.invoice.fits(grant.state), "has an invoice that does not fit its payment"),
            (
                record.latest_invoice().is_none() || record.money_returned() == self.returned,
                "says otherwise how much of its money went back",
            ),
            (record.is_recharge == self.is_recharge, "says otherwise whether a recharge made it"),
            (
                self.words.as_ref().is_none_or(|words| **words == record.words)
                    || is_being_erased(key),
                "has other words",
            ),
            (living.is_some() || record.grant == *grant, "does not say how the grant ended"),
            (listed.is_sealed, "has a seal that does not fit what it says"),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            None => Ok(()),
            Some((_, what)) => Err(what),
        }
    }
}
