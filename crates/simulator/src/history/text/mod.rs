//! Histories as text, a step a line: what is printed, and what a test pastes.

mod reading;
mod telling;

pub use reading::Unreadable;
pub use telling::{amount_text, instant_text, wallet_text};

use scrip_oracle::EventKind;

/// Billionths of a credit.
const ONE: i128 = 1_000_000_000;

/// The kinds of rows, as a filter names them.
const KINDS: [(EventKind, &str); 10] = [
    (EventKind::Granted, "granted"),
    (EventKind::Expired, "expired"),
    (EventKind::Consumed, "consumed"),
    (EventKind::Voided, "voided"),
    (EventKind::Updated, "updated"),
    (EventKind::TransferSource, "source"),
    (EventKind::TransferTarget, "target"),
    (EventKind::Reserved, "reserved"),
    (EventKind::ReservationReleased, "released"),
    (EventKind::ReservationExpired, "timed-out"),
];

/// Kinds of rows by the bits of a number; all of them for most numbers.
pub(super) fn some_kinds(bits: u32) -> Vec<EventKind> {
    if bits >> 13 > 0 {
        return Vec::new();
    }
    let chosen = KINDS.iter().enumerate().filter(|(place, _)| bits >> place & 1 == 1);
    chosen.map(|(_, (kind, _))| *kind).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{History, generate};

    #[test]
    fn what_is_told_is_read_as_it_was() {
        for seed in 0..60 {
            let history = generate(seed, 80);
            let text = history.to_string();
            let read: History = text.parse().unwrap();
            assert_eq!(read, history, "seed {seed}");
        }
    }

    #[test]
    fn what_is_no_step_is_named() {
        for (text, why) in [
            ("dance", "line 1: dance: no such step"),
            ("restart\nvoid", "line 2: void: something is missing"),
            ("void g1 twice", "line 1: void g1 twice: \"twice\" is too much"),
            (
                "grant g1 in ann/gold paid x",
                "line 1: grant g1 in ann/gold paid x: \"x\" is no amount",
            ),
            ("clock 5", "line 1: clock 5: \"5\" is no instant"),
            ("- ann/gold k 1", "line 1: - ann/gold k 1: no such step"),
        ] {
            let error = text.parse::<History>().unwrap_err();
            assert_eq!(error.to_string(), why);
        }
    }
}
