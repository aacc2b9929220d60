//! What goes back, and what it takes, as numbers.

use super::*;

fn credits(text: &str) -> Credits {
    Credits::parse(text).unwrap()
}

fn money(text: &str) -> MoneyAmount {
    MoneyAmount::parse(text).unwrap()
}

fn at() -> Timestamp {
    Timestamp::parse("2026-01-02").unwrap()
}

fn grant(number: u64) -> GrantId {
    GrantId::mint(1, number)
}

/// 100 credits for 30 of some money.
fn bought() -> MoneyBack {
    MoneyBack::new(grant(1), credits("100"), money("30"))
}

/// Of which grants how many credits are to be gone.
fn targets(taken: &[Taken]) -> Vec<(GrantId, String)> {
    taken.iter().map(|taken| (taken.grant, taken.target.to_string())).collect()
}

#[test]
fn a_part_is_exact_and_rounded_down() {
    let largest = "1000000000000000";
    let rows = [
        ("100", "10", "30", "33.333333333"),
        ("100", "20", "30", "66.666666666"),
        ("100", "30", "30", "100"),
        ("100", "0", "30", "0"),
        ("0.000000001", "29.99", "30", "0"),
        (largest, "999999999999999.999999999", largest, "999999999999999.999999999"),
        (
            largest,
            "333333333333333.333333333",
            "999999999999999.999999999",
            "333333333333333.333333333",
        ),
        ("999999999999999.999999999", "0.000000001", "0.000000003", "333333333333333.333333333"),
    ];
    for (amount, of, all, expected) in rows {
        let found = part(credits(amount), money(of), money(all));
        assert_eq!(found, credits(expected), "{amount} x {of} / {all}");
    }
}

#[test]
fn small_refunds_take_what_one_of_their_sum_takes() {
    let mut back = bought();
    let mut last = Credits::ZERO;
    for cents in 1..=3_000 {
        let sum = MoneyAmount::parse(&format!("{}.{:02}", cents / 100, cents % 100)).unwrap();
        let taken = back.refunded_to(sum).unwrap();
        let [one] = taken[..] else { panic!("{taken:?}") };
        assert_eq!((one.before, one.returned), (last, sum));
        assert_eq!(one.target, part(credits("100"), sum, money("30")));
        last = one.target;
    }
    assert_eq!(last, credits("100"));
}

#[test]
fn old_news_takes_nothing() {
    let mut back = bought();
    assert_eq!(targets(&back.refunded_to(money("15")).unwrap()), [(grant(1), "50".into())]);
    for refunded in ["15", "10", "0"] {
        assert_eq!(back.refunded_to(money(refunded)).unwrap(), []);
    }
    assert_eq!(back.refunded(), money("15"));
    assert_eq!(targets(&back.disputed("d", money("6"), at()).unwrap()), [(grant(1), "70".into())]);
    assert_eq!(back.disputed("d", money("6"), at()).unwrap(), []);
    back.lost("d");
    assert_eq!((back.won("d"), back.won("other")), (None, None));
    assert_eq!(back.disputes()[0].state, DisputeState::Lost);
}

#[test]
fn a_dispute_that_is_won_gives_back_what_it_took_once() {
    let mut back = bought();
    back.disputed("d", money("12"), at()).unwrap();
    // Of the 40 credits, 10 had expired.
    back.note_taken("d", credits("30"));
    let restored = back.won("d").unwrap();
    let (of, credits, money_) = (grant(1), credits("30"), money("12"));
    let expected = Restored { of, credits, money: money_, since: at() };
    assert_eq!(restored, expected);
    back.lost("d");
    assert_eq!((back.won("d"), back.disputes()[0].state), (None, DisputeState::Won));
    assert_eq!(back.restored(grant(2), restored).unwrap(), []);
    // What goes back now takes from what was given back, and then from the first grant again.
    let rows = [("6", vec![(grant(2), "15")]), ("18", vec![(grant(2), "30"), (grant(1), "60")])];
    for (refunded, expected) in rows {
        let taken = back.refunded_to(money(refunded)).unwrap();
        let expected: Vec<_> = expected.into_iter().map(|(id, sum)| (id, sum.into())).collect();
        assert_eq!(targets(&taken), expected, "{refunded}");
    }
}

#[test]
fn what_went_back_during_a_dispute_takes_from_what_it_gives_back() {
    let mut back = bought();
    back.disputed("d", money("30"), at()).unwrap();
    back.note_taken("d", credits("100"));
    assert_eq!(back.refunded_to(money("3")).unwrap(), [], "everything is taken already");
    let restored = back.won("d").unwrap();
    let taken = back.restored(grant(2), restored).unwrap();
    assert_eq!(targets(&taken), [(grant(2), "10".into())]);
    // A second dispute of the rest.
    assert_eq!(
        targets(&back.disputed("e", money("27"), at()).unwrap()),
        [(grant(2), "100".into())]
    );
}

#[test]
fn a_dispute_that_took_nothing_gives_nothing_back() {
    let mut back = bought();
    back.refunded_to(money("30")).unwrap();
    assert_eq!(back.disputed("d", money("30"), at()).unwrap(), []);
    assert_eq!(back.won("d"), None);
}
