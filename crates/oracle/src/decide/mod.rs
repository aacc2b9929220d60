//! What is accepted, and what is answered.
//!
//! Every decision goes through the refusals in the order of decision 55: what is unknown, what is
//! archived, the key, the times, the state. A refused or repeated request keeps no fact.

mod burns;
mod grants;
mod holds;
mod money_back;
mod own_grants;
mod refunds;

use crate::{Answer, Denied, Instant, Oracle, Request};

const MILLISECONDS_A_MINUTE: Instant = 60 * 1_000;
const MILLISECONDS_A_DAY: Instant = 24 * 60 * MILLISECONDS_A_MINUTE;

/// The farthest a test clock goes in one move.
const LONGEST_MOVE: Instant = 365 * MILLISECONDS_A_DAY;

impl Oracle {
    /// Decides a request while the environment's clock shows `now`.
    ///
    /// # Errors
    ///
    /// The first reason to refuse it, in the order of decision 55.
    pub fn ask(&mut self, request: &Request, now: Instant) -> Result<Answer, Denied> {
        let answer = self.decide(request, now);
        self.note_standings(now);
        answer
    }

    fn decide(&mut self, request: &Request, now: Instant) -> Result<Answer, Denied> {
        let limits = self.settings;
        match request {
            Request::CreateCustomer(id) => done(self.places.create_customer(id)),
            Request::ArchiveCustomer(id) => done(self.places.archive_customer(id, true)),
            Request::UnarchiveCustomer(id) => done(self.places.archive_customer(id, false)),
            Request::CreateCurrency(id) => done(self.places.create_currency(id, &limits)),
            Request::ArchiveCurrency(id) => done(self.places.archive_currency(id)),
            Request::UnarchiveCurrency(id) => done(self.places.unarchive_currency(id, &limits)),
            Request::SetOverdraft(id, says) => done(self.places.set_overdraft(id, *says)),
            Request::SetPrice(id, price) => done(self.places.set_price(id, price.clone())),
            Request::Grant(asked) => self.grant(asked, now),
            Request::Void(id) => self.void(id, now),
            Request::Edit(asked) => self.edit(asked, now),
            Request::Consume(asked) => self.consume(&self.said(asked), now).map(Answer::Consumed),
            Request::Batch(items) => {
                let items: Vec<_> = items.iter().map(|item| self.said(item)).collect();
                self.batch(&items, now)
            }
            Request::Reserve(asked) => self.reserve(asked, now),
            Request::Extend(asked) => self.extend(asked, now),
            Request::Release(asked) => self.release(asked, now),
            Request::Refund(asked) => self.refund(asked, now),
            Request::RefundInvoice(asked) => self.refund_invoice(asked, now),
            Request::SetRecharge(asked) => self.set_recharge(asked, now),
            Request::PutRecurring(asked) => self.put_recurring(asked, now),
            Request::RemoveRecurring(wallet, id) => self.remove_recurring(wallet, id, now),
            Request::MoveClock(to) => done(self.move_clock(*to, now)),
        }
    }

    /// The first setting goes any distance ahead, later ones a year at most (decisions 40 and
    /// 66). All that is due by then is written before the answer.
    fn move_clock(&mut self, to: Instant, now: Instant) -> Result<(), Denied> {
        if to < now {
            return Err(Denied::ClockBackward);
        }
        if self.clock_was_set && to - now > LONGEST_MOVE {
            return Err(Denied::ClockTooFar);
        }
        self.clock_was_set = true;
        for wallet in self.wallets() {
            self.touch(&wallet, to);
        }
        Ok(())
    }
}

fn done(result: Result<(), Denied>) -> Result<Answer, Denied> {
    result.map(|()| Answer::Done)
}
