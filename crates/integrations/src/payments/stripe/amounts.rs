//! Amounts as Stripe counts them: whole numbers of a currency's minor unit, or of what Stripe takes
//! for one (docs.stripe.com/currencies).

use scrip_core::{Credits, Money, MoneyAmount, MoneyCurrency};

/// Without a minor unit.
const WHOLE: [&str; 15] = [
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf",
    "xof", "xpf",
];
/// Without a minor unit, but counted in hundredths, of which there are always whole hundreds.
const WHOLE_IN_HUNDREDTHS: [&str; 2] = ["isk", "ugx"];
/// Counted in thousandths, of which there are always whole tens.
const THOUSANDTHS: [&str; 5] = ["bhd", "jod", "kwd", "omr", "tnd"];

/// How a currency is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counting {
    /// Fraction digits of what is counted.
    digits: u32,
    /// An amount is a multiple of so many.
    multiple: i64,
}

fn counting(currency: &str) -> Counting {
    let (digits, multiple) = if WHOLE.contains(&currency) {
        (0, 1)
    } else if WHOLE_IN_HUNDREDTHS.contains(&currency) {
        (2, 100)
    } else if THOUSANDTHS.contains(&currency) {
        (3, 10)
    } else {
        (2, 1)
    };
    Counting { digits, multiple }
}

/// An amount as Stripe counts it, or why it cannot be one.
pub(super) fn to_minor(money: Money) -> Result<i64, String> {
    let currency = money.currency.as_str();
    let shown = || format!("{} {}", money.amount, currency.to_uppercase());
    let Counting { digits, multiple } = counting(currency);
    let unit = Credits::whole(1).billionths() / 10_i128.pow(digits) * i128::from(multiple);
    let billionths = money.amount.billionths();
    if billionths % unit != 0 {
        return Err(format!("Stripe cannot take {}: it has too many fraction digits", shown()));
    }
    let minor = (billionths / unit).checked_mul(i128::from(multiple));
    let minor = minor.and_then(|minor| i64::try_from(minor).ok());
    minor.ok_or_else(|| format!("Stripe cannot take {}: it is too much", shown()))
}

/// What Stripe counted, in full units; none if it is negative.
pub(super) fn from_minor(minor: i64, currency: &str) -> Option<MoneyAmount> {
    let Counting { digits, .. } = counting(currency);
    let unit = 10_i64.pow(digits);
    let (whole, rest) = (minor / unit, minor % unit);
    let width = usize::try_from(digits).ok()?;
    let text = if width == 0 { whole.to_string() } else { format!("{whole}.{rest:0width$}") };
    MoneyAmount::parse(&text).ok()
}

/// What Stripe counted, if it can have counted so: not below zero, and a multiple of what the currency
/// is counted in.
#[must_use]
pub fn counted(minor: i64, currency: MoneyCurrency) -> Option<Money> {
    let money = Money { amount: from_minor(minor, currency.as_str())?, currency };
    (to_minor(money) == Ok(minor)).then_some(money)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: &str, currency: &str) -> Money {
        let currency = MoneyCurrency::parse(currency).unwrap();
        Money { amount: MoneyAmount::parse(amount).unwrap(), currency }
    }

    #[test]
    fn amounts_that_stripe_takes() {
        let rows = [
            ("49", "usd", 4_900),
            ("0.01", "usd", 1),
            ("19.99", "eur", 1_999),
            ("500", "jpy", 500),
            ("7", "mga", 7),
            ("7", "xpf", 7),
            ("5", "isk", 500),
            ("1200", "ugx", 120_000),
            ("0", "usd", 0),
        ];
        for (amount, currency, minor) in rows {
            assert_eq!(to_minor(money(amount, currency)), Ok(minor), "{amount} {currency}");
            let back = from_minor(minor, currency).unwrap();
            assert_eq!(back, money(amount, currency).amount, "{amount} {currency}");
        }
    }

    #[test]
    fn amounts_that_stripe_cannot_take_are_named() {
        let rows = [
            ("0.005", "usd", "0.005 USD"),
            ("1.5", "jpy", "1.5 JPY"),
            ("5.5", "isk", "5.5 ISK"),
            ("999999999999999999", "usd", "999999999999999999 USD"),
        ];
        for (amount, currency, named) in rows {
            let refused = to_minor(money(amount, currency)).unwrap_err();
            assert!(refused.contains(named), "{refused}");
        }
    }

    #[test]
    fn thousandths_end_with_a_zero() {
        assert_eq!(counting("kwd"), Counting { digits: 3, multiple: 10 });
        assert_eq!(from_minor(5_120, "kwd"), MoneyAmount::parse("5.12").ok());
        assert_eq!(from_minor(-1, "usd"), None);
        assert_eq!(from_minor(-100, "jpy"), None);
    }

    #[test]
    fn what_stripe_cannot_have_counted_is_nothing() {
        for (minor, currency, amount) in [
            (1_999, "usd", Some("19.99")),
            (500, "jpy", Some("500")),
            (500, "isk", Some("5")),
            (550, "isk", None),
            (-1, "usd", None),
        ] {
            let currency = MoneyCurrency::parse(currency).unwrap();
            let found = counted(minor, currency).map(|money| money.amount.to_string());
            assert_eq!(found.as_deref(), amount, "{minor} {currency:?}");
        }
    }
}
