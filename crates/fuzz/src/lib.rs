//! What fuzz targets share. Only tests depend on this.
//!
//! A target is a test whose name begins with `fuzz`. `cargo test` tries it for a moment with random
//! bytes; `scripts/fuzz` tries it for as long as wanted, guided by coverage. The bytes say which
//! [`Examples`] example is taken and how it is changed, so that both get past the first check of
//! whatever is read.

mod examples;

use std::time::Duration;

pub use bolero;
pub use examples::Examples;

/// How long `cargo test` tries a target, unless `BOLERO_RANDOM_TEST_TIME_MS` says.
pub const TIME: Duration = Duration::from_millis(300);

/// Bytes that say which example is taken and how it is changed; more than fill every change.
pub const BYTES_MAX: usize = 512;

/// Tries a check with the examples, changed in many ways. The check panics at a finding.
#[macro_export]
macro_rules! target {
    ($examples:expr, $check:expr) => {{
        let target = $crate::bolero::check!();
        let examples: $crate::Examples = $examples;
        for example in examples.whole() {
            $check(example.as_slice());
        }
        let check = ::std::panic::AssertUnwindSafe($check);
        target
            .with_test_time($crate::TIME)
            .with_iterations(usize::MAX)
            .with_max_len($crate::BYTES_MAX)
            .for_each(|bytes: &[u8]| {
                let check = &check;
                check.0(&examples.input(bytes));
            });
    }};
}
