//! `/api/v1/credits/reports/months`: months whose figures stand for ever.

pub(super) mod close;
pub(super) mod list;
