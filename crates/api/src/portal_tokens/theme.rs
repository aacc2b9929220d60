//! How the portal looks: a few values, each of which can be nothing but what it says.

use scrip_core::limits::SHORT_TEXT_MAX;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::fields;
use crate::json::{Members, Number, Text};
use crate::openapi::schema::{choice, closed, described, integer, nullable, optional};

/// Which of light and dark it is; without one it follows the browser.
const SCHEMES: [(&str, &str); 2] = [("LIGHT", "LIGHT"), ("DARK", "DARK")];
const CORNERS_MAX: i64 = 32;

/// The values that were given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Theme {
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub accent_color: Option<String>,
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub background_color: Option<String>,
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub text_color: Option<String>,
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub corner_radius_pixels: Option<i64>,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub color_scheme: Option<String>,
}

/// As a request gives it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Request<'a> {
    #[serde(borrow)]
    accent_color: Option<Text<'a>>,
    background_color: Option<Text<'a>>,
    text_color: Option<Text<'a>>,
    corner_radius_pixels: Option<Number<'a>>,
    color_scheme: Option<Text<'a>>,
}

impl Theme {
    /// Nothing was given.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    pub fn of(request: &Request<'_>) -> Result<Self, ApiError> {
        let color = |field: &str, text: &Option<Text<'_>>| {
            text.as_ref().map(|text| color(field, text)).transpose()
        };
        let corners = request.corner_radius_pixels.as_ref().map(|number| {
            fields::integer_in("theme.cornerRadiusPixels", number.0.get(), 0..=CORNERS_MAX)
        });
        let scheme = request.color_scheme.as_ref();
        let scheme = scheme
            .map(|Text(name)| fields::choice("theme.colorScheme", name, &SCHEMES))
            .transpose()?;
        Ok(Self {
            accent_color: color("theme.accentColor", &request.accent_color)?,
            background_color: color("theme.backgroundColor", &request.background_color)?,
            text_color: color("theme.textColor", &request.text_color)?,
            corner_radius_pixels: corners.transpose()?,
            color_scheme: scheme.map(str::to_owned),
        })
    }

    pub fn write(&self, members: &mut Members<'_>) {
        members.text_or_null("accentColor", self.accent_color.as_deref());
        members.text_or_null("backgroundColor", self.background_color.as_deref());
        members.text_or_null("textColor", self.text_color.as_deref());
        match self.corner_radius_pixels {
            Some(pixels) => members.integer("cornerRadiusPixels", pixels),
            None => members.null("cornerRadiusPixels"),
        }
        members.text_or_null("colorScheme", self.color_scheme.as_deref());
    }
}

/// `#` and six hexadecimal digits: it goes into a stylesheet, where anything else could say more.
fn color(field: &str, text: &Text<'_>) -> Result<String, ApiError> {
    let text = fields::text_up_to(field, text, SHORT_TEXT_MAX)?;
    let digits = text.strip_prefix('#').filter(|digits| {
        digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    });
    let wrong = || ApiError::bad_input(format!("{field} must be a color like #0055aa"));
    digits.map(|digits| format!("#{}", digits.to_ascii_lowercase())).ok_or_else(wrong)
}

/// What a theme may say.
pub(super) fn schema() -> Value {
    let color = || nullable(json!({"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"}));
    let scheme = nullable(choice(SCHEMES.map(|(name, _)| name)));
    closed([
        optional("accentColor", described(color(), "Of bars, charts and links")),
        optional("backgroundColor", color()),
        optional("textColor", color()),
        optional("cornerRadiusPixels", nullable(integer(0, CORNERS_MAX))),
        optional("colorScheme", described(scheme, "As the browser prefers, if absent")),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_color_is_a_color() {
        let read = |text: &str| color("theme.textColor", &Text(text.into())).ok();
        assert_eq!(read("#00AAff").as_deref(), Some("#00aaff"));
        for other in
            ["", "#", "#fff", "red", "#00aaff;}", "#00aaf", "#00aafg", "0000aaff", "#é0aaf"]
        {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
