//! Valid inputs, and the changes that are made to them.

/// Valid inputs of a reader, and pieces that mean something to it.
#[derive(Clone, Debug, Default)]
pub struct Examples {
    whole: Vec<Vec<u8>>,
    pieces: Vec<Vec<u8>>,
}

/// How many changes an input gets: mostly one, for after more little is left of the example.
const CHANGES: [u8; 8] = [1, 1, 1, 1, 1, 2, 3, 6];

impl Examples {
    /// These inputs.
    pub fn new(whole: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        Self { whole: whole.into_iter().map(Into::into).collect(), pieces: Vec::new() }
    }

    /// Pieces that are put into the examples.
    #[must_use]
    pub fn with_pieces(mut self, pieces: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        self.pieces.extend(pieces.into_iter().map(Into::into));
        self
    }

    /// The examples as they are.
    #[must_use]
    pub fn whole(&self) -> &[Vec<u8>] {
        &self.whole
    }

    /// The input that some bytes stand for: the bytes themselves, or an example with changes. The
    /// same bytes always stand for the same input.
    #[must_use]
    pub fn input(&self, bytes: &[u8]) -> Vec<u8> {
        let mut plan = Plan(bytes);
        let kind = plan.byte();
        if kind.is_multiple_of(8) || self.whole.is_empty() {
            return plan.0.to_vec();
        }
        let mut input = self.example(&mut plan).to_vec();
        for _ in 0..CHANGES[usize::from(plan.byte()) % CHANGES.len()] {
            self.change(&mut input, &mut plan);
        }
        input
    }

    fn example(&self, plan: &mut Plan<'_>) -> &[u8] {
        let number = plan.below(self.whole.len());
        self.whole.get(number).map_or(&[], Vec::as_slice)
    }

    fn change(&self, input: &mut Vec<u8>, plan: &mut Plan<'_>) {
        let kind = plan.byte();
        // Both ends more often than other places.
        let at = match plan.byte() % 16 {
            0 => 0,
            1 => input.len(),
            _ => plan.below(input.len() + 1),
        };
        let byte = plan.byte();
        match kind % 12 {
            0 => replace(input, at, |old| old ^ 1 << (byte % 8)),
            1 => replace(input, at, |_| byte),
            2 => replace(input, at, |_| [0, 1, 0x7f, 0x80, 0xfe, 0xff][usize::from(byte) % 6]),
            3 => replace(input, at, |old| old.wrapping_add(byte % 5).wrapping_sub(2)),
            4 => input.insert(at, byte),
            5 => input.truncate(at),
            6 => drop(input.drain(at..input.len().min(at + usize::from(byte % 32)))),
            7 => {
                // A piece a second time: a member, a leg, a page.
                let end = input.len().min(at + usize::from(byte));
                let piece = input[at..end].to_vec();
                let to = plan.below(input.len() + 1);
                input.splice(to..to, piece);
            }
            8 => {
                // The end of another example.
                let other = self.example(plan);
                let from = plan.below(other.len() + 1);
                input.truncate(at);
                input.extend(&other[from..]);
            }
            9 => {
                // Lengths and counts at their bounds.
                let number = [0, 1, 255, 1 << 31, 1 << 40, 1 << 63, u64::MAX - 1, u64::MAX]
                    [usize::from(byte) % 8];
                for (place, new) in input.iter_mut().skip(at).zip(number.to_le_bytes()) {
                    *place = new;
                }
            }
            _ => {
                let piece = self.pieces.get(usize::from(byte) % self.pieces.len().max(1));
                let one = [byte];
                let piece = piece.map_or(&one[..], Vec::as_slice);
                // Behind a mark that texts have between their parts, or anywhere.
                let is_mark = |byte: &u8| b"{[,:&?=\n".contains(byte);
                let mark = input[at..].iter().position(is_mark).filter(|_| kind & 1 == 0);
                let at = mark.map_or(at, |before| at + before + 1);
                let end = if kind < 128 { at } else { input.len().min(at + piece.len()) };
                input.splice(at..end, piece.iter().copied());
            }
        }
    }
}

fn replace(input: &mut [u8], at: usize, new: impl FnOnce(u8) -> u8) {
    if let Some(place) = input.get_mut(at) {
        *place = new(*place);
    }
}

/// Bytes that say what to do. Where they end, they go on as zeros.
struct Plan<'a>(&'a [u8]);

impl Plan<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below this one; 0 if there is none.
    fn below(&mut self, end: usize) -> usize {
        let number = usize::from(self.byte()) << 8 | usize::from(self.byte());
        number.checked_rem(end).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples() -> Examples {
        Examples::new(["one example", "another"]).with_pieces(["<piece>"])
    }

    #[test]
    fn changes_are_small_and_repeat() {
        let examples = examples();
        let mut seen = std::collections::BTreeSet::new();
        let mut with_piece = 0;
        for seed in 0..20_000_u32 {
            let number = u64::from(seed).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let bytes = [number.to_le_bytes(), number.rotate_left(23).to_be_bytes()].concat();
            let input = examples.input(&bytes);
            assert_eq!(input, examples.input(&bytes));
            with_piece += usize::from(input.windows(7).any(|part| part == b"<piece>"));
            seen.insert(input);
        }
        assert!(seen.len() > 5_000, "{} inputs", seen.len());
        assert!(with_piece > 500, "{with_piece} with a piece");
    }

    #[test]
    fn bytes_that_say_nothing_are_taken_as_they_are() {
        assert_eq!(examples().input(b"\0raw"), b"raw");
        assert_eq!(examples().input(b""), b"");
        assert_eq!(Examples::default().input(b"\x01raw"), b"raw");
    }
}
