//! The facts of grants against whatever bytes there are.

use std::collections::BTreeMap;

use scrip_core::{
    Address, Credits, Dimensions, Grant, GrantId, GrantNumber, GrantRef, GrantState, GrantType,
    Money, MoneyAmount, MoneyBack, Priority, Words,
};
use scrip_fuzz::{Examples, target};

use super::*;
use crate::history::tests::story::{instant, key};
use crate::{
    CollectionMethod, CollectionState, GrantInvoice, InvoiceDetails, InvoiceStatus, MoneyReturns,
    ProviderInvoice, ProviderKind,
};

#[test]
fn facts_of_grants() {
    let packed = records().map(|record| pack(&record).unwrap());
    let pieces = [&[0x80, 0][..], &[0xff; 9], &[0xff; 10], b"\x03usd", b"\x01a\x01b", &[0], &[1]];
    target!(Examples::new(packed).with_pieces(pieces), |bytes: &[u8]| {
        if let Ok(record) = unpack(bytes) {
            assert_eq!(pack(&record).unwrap(), bytes, "{record:?}");
        }
    });
}

#[test]
fn facts_that_are_not_as_they_were_written() {
    for record in records() {
        let packed = pack(&record).unwrap();
        assert_eq!(unpack(&packed).as_ref(), Ok(&record));
        assert!(unpack(&[&packed[..], &[0]].concat()).is_err(), "something follows");
        let longer = [&[packed[0] | 0x80, 0], &packed[1..]].concat();
        assert!(unpack(&longer).is_err(), "the ordinal is spelt in two bytes");
    }
}

/// A grant with everything that can be said of one, and one with nothing.
pub fn records() -> impl Iterator<Item = GrantRecord> {
    let text = |text: &str| Some(text.to_owned());
    let full = Words {
        display_name: text("Welcome"),
        comment: Some(text("a gift")),
        metadata: Some(BTreeMap::from([("a".to_owned(), "1".to_owned())])),
        dimensions: Dimensions::default(),
        billing_address: Some(Address { city: text("Bern"), ..Address::default() }),
    };
    let states = [GrantState::Usable, GrantState::Expired { at: instant(9) }];
    let words = [full, Words::default()];
    states.into_iter().zip(words).zip(1..).map(|((state, words), number)| GrantRecord {
        ordinal: number.into(),
        wallet: key("gold", (number == 1).then_some("r")),
        grant: Grant {
            name: GrantRef { number: GrantNumber(number), id: GrantId::mint(1, number.into()) },
            grant_type: GrantType::Paid,
            priority: Priority::DEFAULT,
            amount: Credits::whole(100),
            consumed: Credits::whole(20),
            held: Credits::ZERO,
            lost: Credits::SMALLEST,
            effective_at: instant(1),
            expire_at: (number == 1).then(|| instant(9)),
            created_at: instant(1),
            updated_at: instant(1_767_225_600_000),
            state,
        },
        words,
        cost: Money::FREE,
        is_recharge: number % 2 == 0,
        invoice: if number == 1 { detailed(number) } else { kept() },
    })
}

fn kept() -> GrantInvoice {
    let status = InvoiceStatus::Canceled { at: instant(2) };
    GrantInvoice::Kept { due_at: None, status }
}

/// One that a provider collects, and of which money went back.
fn detailed(number: u32) -> GrantInvoice {
    let provider = ProviderInvoice {
        state: CollectionState::Failed { message: "declined".to_owned() },
        id: Some("in_1".to_owned()),
        payment_url: Some("https://pay".to_owned()),
        ..ProviderInvoice::new(ProviderKind::Stripe, CollectionMethod::Send { days_until_due: 9 })
    };
    let money = |text| MoneyAmount::parse(text).unwrap();
    let mut state =
        MoneyBack::new(GrantId::mint(1, number.into()), Credits::whole(100), money("30"));
    state.refunded_to(money("10")).unwrap();
    state.disputed("dispute", money("5"), instant(3)).unwrap();
    let money_back = Some(MoneyReturns { state, at: instant(7) });
    let (due_at, status) = (Some(instant(9)), InvoiceStatus::Open);
    let provider = Some(provider);
    GrantInvoice::Detailed(Box::new(InvoiceDetails { due_at, status, provider, money_back }))
}
