//! A wallet's balance as the API shows it (section 7 of the spec, decision 83).

use scrip_core::{Balance, Credits, Overflow, Timestamp, WalletKey};
use scrip_ledger::WalletAt;
use serde_json::json;

use crate::error::ApiError;
use crate::json::{Members, Writer};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, amount, described, instant, nullable, open, reference, required,
};

/// What a wallet held at an instant.
pub(super) struct WalletBalance {
    key: WalletKey,
    at: Timestamp,
    balance: Balance,
    consumed: Credits,
    deficit: Credits,
    next_expiry: Option<(Timestamp, Credits)>,
}

impl WalletBalance {
    pub fn of(then: &WalletAt) -> Result<Self, ApiError> {
        let WalletAt { at, wallet } = then;
        let balance = wallet.balance().map_err(overflow)?;
        Ok(Self {
            key: wallet.key().clone(),
            at: *at,
            balance,
            consumed: balance.used.minus(balance.reserved).map_err(overflow)?,
            deficit: wallet.deficit(),
            next_expiry: wallet.next_expiry().map_err(overflow)?,
        })
    }

    pub fn write(&self, writer: &mut Writer) {
        writer.object(|members| {
            write_wallet(members, &self.key);
            let sums = [self.balance.granted, self.consumed, self.balance.reserved];
            write_sums(members, sums, self.balance.available);
            members.credits("overdraft", self.deficit);
            match self.next_expiry {
                Some((at, amount)) => members.object("nextExpiry", |expiry| {
                    expiry.plain("at", at);
                    expiry.credits("amount", amount);
                }),
                None => members.null("nextExpiry"),
            }
            members.plain("at", self.at);
        });
    }
}

/// The members that name a wallet.
pub(super) fn write_wallet(members: &mut Members<'_>, key: &WalletKey) {
    members.text("customerId", key.customer.as_str());
    members.text("currencyId", key.currency.as_str());
    members.text_or_null("resourceId", key.resource.as_ref().map(|id| id.as_str()));
}

/// What was granted, consumed and reserved, and what is left of it.
pub(super) fn write_sums(
    members: &mut Members<'_>,
    [granted, consumed, reserved]: [Credits; 3],
    available: Credits,
) {
    members.credits("granted", granted);
    members.credits("consumed", consumed);
    members.credits("reserved", reserved);
    members.credits("available", available);
}

/// The sums of a stored wallet are in range, or something is wrong here.
pub(super) fn overflow(overflow: Overflow) -> ApiError {
    ApiError::internal(format!("a wallet's sums: {overflow}"))
}

pub(super) fn components() -> Vec<Component> {
    let expiry = open([
        required("at", instant()),
        required("amount", described(amount(), "If nothing is used of it before")),
    ]);
    let available = "`granted - consumed - reserved`; below 0 when overdrawn";
    let balance = open([
        required("customerId", schema::text()),
        required("currencyId", schema::text()),
        required("resourceId", nullable(schema::text())),
        required("granted", described(amount(), "All credits of the usable grants")),
        required("consumed", described(amount(), "What of them is consumed, and the deficit")),
        required("reserved", described(amount(), "What of them open reservations hold")),
        required("available", described(amount(), available)),
        required("overdraft", described(amount(), "The deficit, at least 0")),
        required("nextExpiry", json!({"oneOf": [expiry, {"type": "null"}]})),
        required("at", described(instant(), "The instant at which it was so")),
    ]);
    let list = json!({"type": "array", "items": reference("WalletBalance")});
    vec![("WalletBalance", balance), ("CreditBalanceList", schema::data(list))]
}
