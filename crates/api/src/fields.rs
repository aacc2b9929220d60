//! From what a request says to what the rules take: each reader refuses by the field's name.

use std::collections::BTreeMap;

use scrip_core::limits::{
    AMOUNT_MAX, DIMENSION_KEY_MAX, DIMENSION_VALUE_MAX, DIMENSIONS_MAX, METADATA_KEYS_MAX,
    METADATA_VALUE_MAX, SHORT_TEXT_MAX,
};
use scrip_core::{
    AmountError, Credits, CurrencyId, CustomerId, Dimension, IdempotencyKey, InvalidId,
    MoneyAmount, MoneyCurrency, ReservationId, ResourceId, Timestamp,
};

use crate::error::ApiError;
use crate::http::Numbers;
use crate::json::{Dimensions, Metadata, Number, Text, canonical_number, integer};

/// A customer's identifier.
pub(crate) fn customer(field: &str, text: &str) -> Result<CustomerId, ApiError> {
    CustomerId::parse(text).map_err(|error| invalid_id(field, error))
}

/// A currency's identifier.
pub(crate) fn currency(field: &str, text: &str) -> Result<CurrencyId, ApiError> {
    CurrencyId::parse(text).map_err(|error| invalid_id(field, error))
}

/// A resource's identifier.
pub(crate) fn resource(field: &str, text: &str) -> Result<ResourceId, ApiError> {
    ResourceId::parse(text).map_err(|error| invalid_id(field, error))
}

/// A consumption's key.
pub(crate) fn idempotency_key(field: &str, text: &str) -> Result<IdempotencyKey, ApiError> {
    IdempotencyKey::parse(text).map_err(|error| invalid_id(field, error))
}

/// A reservation's identifier.
pub(crate) fn reservation(field: &str, text: &str) -> Result<ReservationId, ApiError> {
    ReservationId::parse(text).map_err(|error| invalid_id(field, error))
}

fn invalid_id(field: &str, error: InvalidId) -> ApiError {
    ApiError::bad_input(format!("{field} {error}"))
}

/// An amount above zero. The sign is judged after rounding (decision 57).
pub(crate) fn positive_amount(
    field: &str,
    number: Number<'_>,
    numbers: Numbers,
) -> Result<Credits, ApiError> {
    positive(field, parse_amount(field, &digits(field, number, numbers)?)?)
}

/// The same, as a query spells it.
pub(crate) fn positive_amount_in_query(field: &str, text: &str) -> Result<Credits, ApiError> {
    positive(field, parse_amount(field, text)?)
}

/// An amount that may be zero.
pub(crate) fn amount(
    field: &str,
    number: Number<'_>,
    numbers: Numbers,
) -> Result<Credits, ApiError> {
    amount_in_query(field, &digits(field, number, numbers)?)
}

fn positive(field: &str, amount: Credits) -> Result<Credits, ApiError> {
    if !amount.is_positive() {
        return Err(ApiError::bad_input(format!("{field} must be greater than 0")));
    }
    within_limit(field, amount)
}

/// An amount that may be zero, as a query spells it.
pub(crate) fn amount_in_query(field: &str, text: &str) -> Result<Credits, ApiError> {
    let amount = parse_amount(field, text)?;
    if amount.is_negative() {
        return Err(ApiError::bad_input(format!("{field} must not be negative")));
    }
    within_limit(field, amount)
}

/// An amount of money, which may be zero.
pub(crate) fn money_amount(
    field: &str,
    number: Number<'_>,
    numbers: Numbers,
) -> Result<MoneyAmount, ApiError> {
    let text = digits(field, number, numbers)?;
    let amount = parse_amount(field, &text)?;
    if amount.is_negative() {
        return Err(ApiError::bad_input(format!("{field} must not be negative")));
    }
    within_limit(field, amount)?;
    MoneyAmount::parse(&text).map_err(|error| refused_amount(field, error))
}

/// A money currency's code.
pub(crate) fn money_currency(field: &str, code: &str) -> Result<MoneyCurrency, ApiError> {
    MoneyCurrency::parse(code).ok_or_else(|| {
        let message = format!("{field} must be an ISO 4217 code in lower case that is known");
        ApiError::bad_input(message)
    })
}

fn parse_amount(field: &str, text: &str) -> Result<Credits, ApiError> {
    Credits::parse(text).map_err(|error| refused_amount(field, error))
}

fn refused_amount(field: &str, error: AmountError) -> ApiError {
    match error {
        AmountError::Malformed => ApiError::bad_input(format!("{field} must be a number")),
        AmountError::TooLarge => too_large(field),
    }
}

fn within_limit(field: &str, amount: Credits) -> Result<Credits, ApiError> {
    if amount > AMOUNT_MAX { Err(too_large(field)) } else { Ok(amount) }
}

fn too_large(field: &str) -> ApiError {
    ApiError::bad("AmountTooLarge", format!("{field} must be at most {AMOUNT_MAX}"))
}

/// The digits of an amount: a JSON number's, or a string's where the client asked for strings.
fn digits<'a>(
    field: &str,
    number: Number<'a>,
    numbers: Numbers,
) -> Result<std::borrow::Cow<'a, str>, ApiError> {
    let text = number.0.get();
    if !text.starts_with('"') {
        return Ok(text.into());
    }
    match numbers {
        Numbers::AsStrings => serde_json::from_str::<Text<'a>>(text)
            .map(|Text(text)| text)
            .map_err(|_| ApiError::bad_input(format!("{field} must be a number"))),
        Numbers::AsNumbers => Err(ApiError::bad_input(format!(
            "{field} must be a number, not a string (x-scrip-numbers: string allows strings)"
        ))),
    }
}

/// A whole number of a range; 5.0 is one (decision 57).
pub(crate) fn integer_in(
    field: &str,
    text: &str,
    range: std::ops::RangeInclusive<i64>,
) -> Result<i64, ApiError> {
    integer(text).filter(|number| range.contains(number)).ok_or_else(|| {
        let (low, high) = range.into_inner();
        ApiError::bad_input(format!("{field} must be a whole number from {low} to {high}"))
    })
}

/// An instant.
pub(crate) fn instant(field: &str, text: &str) -> Result<Timestamp, ApiError> {
    Timestamp::parse(text).map_err(|error| ApiError::bad_input(format!("{field} {error}")))
}

/// A text of at most so many characters.
pub(crate) fn text_up_to(
    field: &str,
    Text(text): &Text<'_>,
    length_max: usize,
) -> Result<String, ApiError> {
    if text.len() > length_max && text.chars().count() > length_max {
        let message = format!("{field} must be at most {length_max} characters long");
        return Err(ApiError::bad_input(message));
    }
    Ok(text.clone().into_owned())
}

/// A text of at most 255 characters.
pub(crate) fn text(field: &str, value: &Text<'_>) -> Result<String, ApiError> {
    text_up_to(field, value, SHORT_TEXT_MAX)
}

/// A text of 1 to 255 characters.
pub(crate) fn filled_text(field: &str, value: &Text<'_>) -> Result<String, ApiError> {
    if value.0.is_empty() {
        return Err(ApiError::bad_input(format!("{field} must not be empty")));
    }
    text(field, value)
}

/// A text of 1 to 255 characters, of which one at least is seen.
pub(crate) fn visible_text(field: &str, value: &Text<'_>) -> Result<String, ApiError> {
    let text = text(field, value)?;
    if text.trim().is_empty() {
        return Err(ApiError::bad_input(format!("{field} must not be empty")));
    }
    Ok(text)
}

/// One of a few words.
pub(crate) fn choice<T: Copy>(field: &str, text: &str, words: &[(&str, T)]) -> Result<T, ApiError> {
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        ApiError::bad_input(format!("{field} must be one of {}", words.join(", ")))
    })
}

/// Metadata within its limits (decision 29).
pub(crate) fn metadata(
    field: &str,
    Metadata(metadata): Metadata,
) -> Result<BTreeMap<String, String>, ApiError> {
    let longer = |text: &str, length_max| text.chars().count() > length_max;
    let refused = if metadata.len() > METADATA_KEYS_MAX {
        format!("{field} must have at most {METADATA_KEYS_MAX} keys")
    } else if metadata.keys().any(|key| longer(key, SHORT_TEXT_MAX)) {
        format!("{field} must have keys of at most {SHORT_TEXT_MAX} characters")
    } else if metadata.values().any(|value| longer(value, METADATA_VALUE_MAX)) {
        format!("{field} must have values of at most {METADATA_VALUE_MAX} characters")
    } else {
        return Ok(metadata);
    };
    Err(ApiError::bad("InvalidMetadataError", refused))
}

/// Dimensions within their limits (decision 43).
pub(crate) fn dimensions(
    field: &str,
    Dimensions(dimensions): Dimensions<'_>,
) -> Result<scrip_core::Dimensions, ApiError> {
    if dimensions.len() > DIMENSIONS_MAX {
        let message = format!("{field} must have at most {DIMENSIONS_MAX} keys");
        return Err(ApiError::bad_input(message));
    }
    dimensions
        .into_iter()
        .map(|(key, value)| {
            if !is_dimension_key(&key) {
                return Err(ApiError::bad_input(format!(
                    "{field} must have keys of 1 to {DIMENSION_KEY_MAX} characters, \
                     letters, digits or any of _$-"
                )));
            }
            let value = dimension(value.get()).ok_or_else(|| {
                ApiError::bad_input(format!(
                    "{field}.{key} must be a string, a number or a boolean of at most \
                     {DIMENSION_VALUE_MAX} characters"
                ))
            })?;
            Ok((key, value))
        })
        .collect()
}

fn is_dimension_key(key: &str) -> bool {
    (1..=DIMENSION_KEY_MAX).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_$-".contains(&byte))
}

fn dimension(text: &str) -> Option<Dimension> {
    match text.as_bytes().first()? {
        b'"' => {
            let Text(text) = serde_json::from_str(text).ok()?;
            let fits = text.chars().count() <= DIMENSION_VALUE_MAX;
            fits.then(|| Dimension::Text(text.into()))
        }
        b't' => Some(Dimension::Flag(true)),
        b'f' => Some(Dimension::Flag(false)),
        _ => canonical_number(text, DIMENSION_VALUE_MAX).map(|text| Dimension::Number(text.into())),
    }
}
