//! Every bound of the rules, in one place (decisions 5, 13, 29, 30, 32, 43).

use crate::Credits;

/// The largest amount that one request may name: 10^15 credits.
pub const AMOUNT_MAX: Credits = Credits::whole(1_000_000_000_000_000);
/// The largest sum that a wallet may hold, granted or overdrawn: 10^18 credits.
pub const SUM_MAX: Credits = Credits::whole(1_000_000_000_000_000_000);
/// Grants of a wallet that are neither ended nor used up.
pub const UNFINISHED_GRANTS_MAX: usize = 10_000;
/// Open holds of a wallet.
pub const OPEN_HOLDS_MAX: usize = 10_000;
/// Refunds of one consumption.
pub const REFUNDS_MAX: usize = 100;
/// Recurring grants of a wallet.
pub const RECURRING_GRANTS_MAX: usize = 100;
/// Custom currencies of an environment that are not archived, unless configured otherwise.
pub const CUSTOM_CURRENCIES_MAX: usize = 100;
/// Items of a batch: consumptions, or customers of an import.
pub const BATCH_MAX: usize = 1_000;
/// Integrations, or tax ids, of one customer.
pub const CUSTOMER_LIST_MAX: usize = 100;
/// Characters of an identifier, a display name, a comment, a metadata key.
pub const SHORT_TEXT_MAX: usize = 255;
/// Metadata entries of one object.
pub const METADATA_KEYS_MAX: usize = 50;
/// Characters of a metadata value.
pub const METADATA_VALUE_MAX: usize = 2_000;
/// Dimensions of one consumption.
pub const DIMENSIONS_MAX: usize = 20;
/// Characters of a dimension's key.
pub const DIMENSION_KEY_MAX: usize = 64;
/// Characters of a dimension's value.
pub const DIMENSION_VALUE_MAX: usize = 255;
/// How far ahead of now a consumption may be attributed: 5 minutes.
pub const ATTRIBUTION_AHEAD_MAX_MILLISECONDS: i64 = 5 * 60 * 1_000;
/// How far back a consumption may be attributed: 400 days.
pub const ATTRIBUTION_BACK_MAX_MILLISECONDS: i64 = 400 * 24 * 60 * 60 * 1_000;
/// The longest a hold may be open: 24 hours.
pub const HOLD_MAX_MILLISECONDS: i64 = 24 * 60 * 60 * 1_000;
