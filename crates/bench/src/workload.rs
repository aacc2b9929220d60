//! What every load is made of: customers of twenty characters, one currency, wallets at random.

/// The key of all servers of our own.
pub const API_KEY: &str = "server-bench-0123456789abcdef";

/// The currency of all wallets; twenty characters.
pub const CURRENCY: &str = "bench-credits-000001";

/// What each grant gives, in credits: so much that no wallet is ever empty, not even if it is the
/// only one.
pub const GRANTED: u32 = 100_000_000;

/// An identifier of twenty characters.
pub fn customer_id(number: u32) -> String {
    format!("bench-{number:014}")
}

/// Some of the wallets, spread evenly over all.
#[derive(Clone, Copy, Debug)]
pub struct Among {
    count: u32,
    stride: u32,
}

impl Among {
    /// So many of so many.
    pub fn of(count: u32, all: u32) -> Self {
        Self { count, stride: (all / count.max(1)).max(1) }
    }

    /// All of so many.
    pub fn all(count: u32) -> Self {
        Self::of(count, count)
    }

    /// How many.
    pub fn count(self) -> u32 {
        self.count
    }

    /// The number of the wallet at this place.
    pub fn number(self, place: u32) -> u32 {
        place * self.stride
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_length_that_the_tables_speak_of() {
        assert_eq!(customer_id(0).len(), 20);
        assert_eq!(customer_id(u32::MAX).len(), 20);
        assert_eq!(CURRENCY.len(), 20);
    }

    #[test]
    fn some_wallets_lie_all_over() {
        let among = Among::of(10, 1_000);
        assert_eq!([0, 9].map(|place| among.number(place)), [0, 900]);
        assert_eq!(Among::of(3, 3).number(2), 2);
        assert_eq!(Among::all(3).number(2), 2);
    }
}
