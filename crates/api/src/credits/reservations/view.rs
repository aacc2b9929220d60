//! A reservation as the API shows it.

use scrip_core::{Balance, Credits, ReservationId, Timestamp, WalletKey};
use scrip_ledger::{Released, ReservationView, Reserved};

use crate::credits::consumption::write_credit;
use crate::http::Numbers;
use crate::json::{Members, Writer, document};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, Member, amount, choice, data, described, instant, nullable, open, optional, page,
    reference, required,
};

/// A reservation of a wallet, named by the request.
pub(super) struct Named {
    /// Its name.
    pub id: ReservationId,
    /// The wallet.
    pub wallet: WalletKey,
    /// How amounts are written.
    pub numbers: Numbers,
}

impl Named {
    /// The body that shows what is held.
    pub fn held(&self, reserved: &Reserved) -> Vec<u8> {
        self.body(&reserved.balance, |members| write_held(members, &self.id, reserved))
    }

    /// The body that shows what was settled.
    pub fn settled(&self, released: &Released) -> Vec<u8> {
        self.body(&released.balance, |members| {
            let Released { amount, consumed, expires_at, .. } = *released;
            write_short(members, &self.id, amount, expires_at, Some(consumed));
        })
    }

    fn body(&self, balance: &Balance, write: impl FnOnce(&mut Members<'_>)) -> Vec<u8> {
        document(self.numbers, |writer| {
            writer.object(|members| {
                members.object("reservation", write);
                members.object("credit", |credit| {
                    write_credit(credit, &self.wallet.currency, balance);
                });
            });
        })
    }
}

/// A reservation that was asked for: `{id, amount, expiresAt, status}`.
pub(crate) fn write_held(members: &mut Members<'_>, id: &ReservationId, reserved: &Reserved) {
    members.text("id", id.as_str());
    members.credits("amount", reserved.amount);
    members.plain("expiresAt", reserved.expires_at);
    members.plain("status", status(reserved.is_open));
}

/// The same; one that is closed says what it consumed.
fn write_short(
    members: &mut Members<'_>,
    id: &ReservationId,
    amount: Credits,
    expires_at: Timestamp,
    consumed: Option<Credits>,
) {
    members.text("id", id.as_str());
    members.credits("amount", amount);
    if let Some(consumed) = consumed {
        members.credits("consumedAmount", consumed);
    }
    members.plain("expiresAt", expires_at);
    members.plain("status", status(consumed.is_none()));
}

/// A reservation with everything that is known of it.
pub(super) fn write(writer: &mut Writer, view: &ReservationView) {
    let wallet = &view.wallet;
    writer.object(|members| {
        let consumed = (!view.is_open).then_some(view.consumed);
        write_short(members, &view.id, view.amount, view.expires_at, consumed);
        members.text("customerId", wallet.customer.as_str());
        members.text("currencyId", wallet.currency.as_str());
        members.text_or_null("resourceId", wallet.resource.as_ref().map(|id| id.as_str()));
        members.plain("createdAt", view.created_at);
        members.texts("metadata", &view.metadata);
    });
}

fn status(is_open: bool) -> &'static str {
    if is_open { "ACTIVE" } else { "RELEASED" }
}

pub(super) fn components() -> Vec<Component> {
    let shown = || reference("Reservation");
    let credit = || optional("credit", reference("CreditBalance"));
    let whole = short_members().into_iter().chain([
        required("customerId", schema::text()),
        required("currencyId", schema::text()),
        required("resourceId", nullable(schema::text())),
        required("createdAt", instant()),
        required("metadata", schema::metadata()),
    ]);
    vec![
        ("Reservation", open(short_members())),
        ("CreditReservation", open(whole)),
        ("ReservationResponse", data(open([required("reservation", shown()), credit()]))),
        ("CreditReservationResponse", data(reference("CreditReservation"))),
        ("CreditReservationList", page("CreditReservation")),
    ]
}

fn short_members() -> [Member; 5] {
    let ends = "When it ends by itself, or would have ended";
    let status = "`RELEASED` when it was settled or has ended by itself";
    [
        required("id", schema::text()),
        required("amount", described(amount(), "What was set aside")),
        optional("consumedAmount", described(amount(), "What its release consumed")),
        required("expiresAt", described(instant(), ends)),
        required("status", described(choice(["ACTIVE", "RELEASED"]), status)),
    ]
}
