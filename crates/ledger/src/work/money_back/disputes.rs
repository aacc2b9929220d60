//! What a payment provider says of an invoice's money: refunds and disputes, in all and as they stand.
//! Heard twice, late or in another order, it comes to the same.

use std::collections::BTreeMap;

use scrip_core::{
    Command, Credits, DisputeState, Fingerprint, GrantId, GrantType, Money, MoneyBack, NewGrant,
    PaymentState, Refusal, Restored, Taken, Timestamp, Words,
};

use super::{Name, keep, state_of, take_all};
use crate::work::repeats::{put_back, wallet_time};
use crate::work::{Extra, Failure, Place, State, command, grants, invoices, overflow};
use crate::{Answer, DisputeHandling, GrantRecord, InvoiceMoney, InvoiceStatus, ProviderDispute};

/// Credits that would have ended meanwhile last so long again at least.
const DAY_MILLISECONDS: i64 = 24 * 60 * 60 * 1000;

/// Takes and gives back what follows from how the invoice's money stands now.
pub(in crate::work) fn note(
    state: &mut dyn State,
    at: Place<'_>,
    money: &InvoiceMoney,
) -> Result<Answer, Failure> {
    let (grant, invoice) = invoices::find(state, at, money.invoice)?;
    // What expired by now is nothing that a dispute takes.
    loop {
        let ran = command(state, at, &grant.wallet, &Command::Advance, &Extra::default())?;
        if !ran.is_due || ran.rows == 0 {
            break;
        }
    }
    if !matches!(invoice.status, InvoiceStatus::Paid { .. }) {
        return Err(Refusal::InvoiceNotPaid { id: money.invoice.to_string() }.into());
    }
    let fingerprint = Fingerprint::of(&(money.invoice.grant(), money.refunded));
    let name = Name { key: money.event.clone(), fingerprint };
    let mut noted = Noted { state, at, grant: &grant, name, money: state_of(&grant), now: None };
    noted.refunds(money.refunded)?;
    for dispute in &money.disputes {
        noted.dispute(dispute, money.handling)?;
    }
    let Noted { state, money, now, .. } = noted;
    if money == state_of(&grant) {
        return Ok(invoices::answer(invoice));
    }
    keep(state, at, &grant, money, now).map(invoices::answer)
}

struct Noted<'a> {
    state: &'a mut dyn State,
    at: Place<'a>,
    grant: &'a GrantRecord,
    name: Name,
    money: MoneyBack,
    now: Option<Timestamp>,
}

impl Noted<'_> {
    fn refunds(&mut self, refunded: scrip_core::MoneyAmount) -> Result<(), Failure> {
        let taken = self.money.refunded_to(refunded).map_err(overflow)?;
        self.take(&taken)
    }

    fn take(&mut self, taken: &[Taken]) -> Result<(), Failure> {
        let now = take_all(self.state, self.at, self.grant, taken, &self.name)?;
        self.now = now.or(self.now);
        Ok(())
    }

    fn dispute(
        &mut self,
        heard: &ProviderDispute,
        handling: DisputeHandling,
    ) -> Result<(), Failure> {
        let is_known = self.money.disputes().iter().any(|known| *known.id == *heard.id);
        let takes = match (heard.state, handling) {
            (DisputeState::Lost, _) | (DisputeState::Open, DisputeHandling::AtOnce) => true,
            (DisputeState::Open, DisputeHandling::WhenLost) | (DisputeState::Won, _) => false,
        };
        if !is_known && takes {
            self.open(heard)?;
        }
        match heard.state {
            DisputeState::Open => {}
            DisputeState::Lost => self.money.lost(&heard.id),
            DisputeState::Won => {
                if let Some(restored) = self.money.won(&heard.id) {
                    self.restore(restored, &heard.id)?;
                }
            }
        }
        Ok(())
    }

    fn open(&mut self, heard: &ProviderDispute) -> Result<(), Failure> {
        let now = wallet_time(self.state, self.at, &self.grant.wallet)?;
        let taken = self.money.disputed(&heard.id, heard.amount, now).map_err(overflow)?;
        let mut credits = Credits::ZERO;
        for one in &taken {
            credits = credits.plus(self.will_take(one)?).map_err(overflow)?;
        }
        self.money.note_taken(&heard.id, credits);
        self.take(&taken)
    }

    /// What is there to be taken: not what left the grant unused before.
    fn will_take(&mut self, taken: &Taken) -> Result<Credits, Failure> {
        let record = grants::find(self.state, self.at, taken.grant)?;
        let number = record.grant.name.number;
        let slot = self.state.load(&record.wallet)?;
        let living = slot.as_ref().and_then(|slot| slot.wallet.grant(number)).copied();
        if let Some(slot) = slot {
            put_back(self.state, slot)?;
        }
        let gone = living.unwrap_or(record.grant).lost.max(taken.before);
        Ok(taken.target.minus(gone).map_err(overflow)?.max(Credits::ZERO))
    }

    /// Makes the grant of what a dispute took: of the same end and priority, for nothing.
    fn restore(&mut self, restored: Restored, dispute: &str) -> Result<(), Failure> {
        let first = grants::find(self.state, self.at, restored.of)?;
        let now = wallet_time(self.state, self.at, &first.wallet)?;
        let id = GrantId::restoring(&first.wallet, dispute);
        if self.state.grant(self.at.environment, id)?.is_some() {
            return Err(Failure::GrantIdTaken);
        }
        let new = NewGrant {
            id,
            grant_type: GrantType::Paid,
            amount: restored.credits,
            priority: first.grant.priority,
            effective_at: Some(first.grant.effective_at).filter(|from| *from > now),
            expire_at: first.grant.expire_at.map(|end| end_of(end, restored.since, now)),
            payment: PaymentState::Settled,
            cost: Money::FREE,
            words: Words {
                display_name: first.words.display_name,
                metadata: Some(BTreeMap::from([(
                    "restores".into(),
                    first.grant.name.id.to_string(),
                )])),
                ..Words::default()
            },
        };
        let ran =
            command(self.state, self.at, &first.wallet, &Command::Grant(new), &Extra::default())?;
        ran.own?;
        self.now = Some(ran.at);
        let taken = self.money.restored(id, restored).map_err(overflow)?;
        self.take(&taken)
    }
}

/// The same end if it lies ahead. Otherwise as much later as there was time when the credits were
/// taken: nobody loses them because a dispute took so long.
fn end_of(end: Timestamp, taken: Timestamp, now: Timestamp) -> Timestamp {
    if end > now {
        return end;
    }
    now.later(end.since(taken).max(DAY_MILLISECONDS))
}
