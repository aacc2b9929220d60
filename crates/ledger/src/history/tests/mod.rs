//! What a page costs, and that it shows what a filter of all rows would.

mod agreement;
mod reads;
pub(crate) mod story;

use super::Head;

/// How many reads may lead to any row of a wallet: on each level of its trees one to the side, and
/// two down.
fn steps_max(head: &Head) -> usize {
    let levels = u64::BITS - head.sequence.leading_zeros();
    3 * (levels as usize + 1)
}

/// How many reads a page may take: the way to each row that is shown, or is seen to be no more
/// than the next, from each wallet and on both sides of the cursor.
fn reads_max(heads: &[Head], limit: usize) -> usize {
    let steps = heads.iter().map(steps_max).max().unwrap_or(0);
    let notable = 8;
    1 + (limit + 2 + 4 * heads.len()) * (steps + notable)
}
