//! What becomes of the money of one grant, told as stories.

use super::*;

fn paid(amount: &str, money: &str) -> Paid {
    Paid {
        amount: Credits::parse(amount).unwrap(),
        money: MoneyAmount::parse(money).unwrap(),
        is_restored: false,
    }
}

/// A story in words: `grant`, `use 1`, `back 1`, `lose 1`, `end`, `return 4 40` (money, credits).
fn gone(story: &str, of: &Paid) -> Gone {
    let mut gone = Gone::default();
    for deed in story.split(", ").filter(|deed| !deed.is_empty()) {
        let mut words = deed.split(' ');
        let verb = words.next().unwrap();
        let mut credits = || Credits::parse(words.next().unwrap()).unwrap();
        let deed = match verb {
            "grant" => Deed::Granted,
            "use" => Deed::Consumed(credits()),
            "back" => Deed::Consumed(negative(credits())),
            "lose" => Deed::Lost(credits()),
            "end" => Deed::EndedEarly,
            "return" => {
                let money = MoneyAmount::parse(&credits().to_string()).unwrap();
                Deed::Returned(money, credits())
            }
            other => panic!("{other}"),
        };
        gone.add(deed, of);
    }
    gone
}

#[test]
fn what_becomes_of_the_money_of_a_hundred_credits_for_ten() {
    // Story; recognised, breakage, refunded, deferred.
    let rows = [
        ("use 10", "0 0 0 0"),
        ("grant", "0 0 0 10"),
        ("grant, use 25", "2.5 0 0 7.5"),
        ("grant, use 25, lose 75", "2.5 7.5 0 0"),
        ("grant, use 25, back 25", "0 0 0 10"),
        ("grant, end", "0 10 0 0"),
        // Four of ten went back: forty credits are to be gone for it, and are not breakage.
        ("grant, return 4 40", "0 0 4 6"),
        ("grant, return 4 40, lose 40", "0 0 4 6"),
        ("grant, use 30, return 4 40, lose 40", "3 0 4 3"),
        ("grant, use 60, return 4 40, lose 40", "6 0 4 0"),
        ("grant, use 100, return 4 40, back 40, lose 40", "6 0 4 0"),
        ("grant, lose 100, return 4 40", "0 6 4 0"),
        ("grant, return 10 100, lose 100", "0 0 10 0"),
        // Late rows: more than there was cannot be earned.
        ("grant, use 250", "10 0 0 0"),
    ];
    for (story, expected) in rows {
        let of = paid("100", "10");
        let found = gone(story, &of).revenue(&of);
        let figures = [found.recognised, found.breakage, found.refunded, found.deferred()];
        assert_eq!(figures.map(|it| it.to_string()).join(" "), expected, "{story}");
    }
}

#[test]
fn thirds_add_up_to_the_whole() {
    let of = paid("3", "10");
    let at = |story: &str| gone(story, &of).revenue(&of).recognised;
    assert_eq!(at("grant, use 1").to_string(), "3.333333333");
    assert_eq!(at("grant, use 1, use 1").to_string(), "6.666666666");
    assert_eq!(at("grant, use 1, use 1, use 1").to_string(), "10");
}

#[test]
fn the_largest_grant_is_counted_exactly() {
    let most = "1000000000000000000";
    let of = paid(most, most);
    let found = gone("grant, use 333333333333333333.333333333", &of).revenue(&of);
    assert_eq!(found.recognised.to_string(), "333333333333333333.333333333");
    let of = paid("7", most);
    assert!(gone("grant, use 1, lose 6", &of).revenue(&of).deferred().is_zero());
}

#[test]
fn what_a_dispute_gave_back_is_money_of_its_own() {
    let of = Paid { is_restored: true, ..paid("40", "4") };
    let found = gone("grant, use 10", &of).revenue(&of);
    assert_eq!((found.granted.to_string(), found.restored.to_string()), ("0".into(), "4".into()));
    assert_eq!(found.deferred().to_string(), "3");
}
