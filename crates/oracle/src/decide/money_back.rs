//! Money back (decision 47).

use crate::facts::What;
use crate::keys::is_earlier_money_back;
use crate::recompute::Wallet;
use crate::{Answer, Denied, Instant, Invoice, InvoiceRefund, Oracle};

impl Oracle {
    /// Goes on for archived customers and currencies, as refunds of consumptions do (decision 48).
    /// A repeat is answered with what the invoice was after the first time.
    pub(super) fn refund_invoice(
        &mut self,
        asked: &InvoiceRefund,
        now: Instant,
    ) -> Result<Answer, Denied> {
        let (name, grant) = self.find_grant(&asked.grant, now).ok_or(Denied::InvoiceNotFound)?;
        let wallet = self.wallet(&name, now);
        let invoice = wallet.grants[grant].invoice.ok_or(Denied::InvoiceNotFound)?;
        if is_earlier_money_back(self.facts(&name), asked)? {
            return Ok(answered(&wallet, &asked.key));
        }
        if invoice.refunded + asked.amount > invoice.total {
            return Err(Denied::InvoiceRefundExceeds);
        }
        let wallet_now = self.wallet_now(&name, now);
        let what = What::RefundInvoice { grant, refund: asked.clone() };
        let wallet = self.keep(&name, wallet_now, what)?;
        Ok(answered(&wallet, &asked.key))
    }
}

/// The invoice after the refund of this key.
fn answered(wallet: &Wallet, key: &str) -> Answer {
    let made = wallet.money_back.iter().find(|(known, _)| known == key);
    Answer::Invoice(made.map_or(Invoice { total: 0, refunded: 0 }, |(_, invoice)| *invoice))
}
