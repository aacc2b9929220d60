//! `/portal/theme.css`: the variables that the token's theme sets.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::failure::Failure;
use super::visit::{PortalVisit, Theme};
use crate::assets::{DARK, LIGHT};

/// The stylesheet.
pub(super) async fn stylesheet(visit: PortalVisit) -> Result<Response, Failure> {
    let mut response = css_of(&visit.opened.theme).into_response();
    let media_type = HeaderValue::from_static("text/css; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    Ok(response)
}

/// The API lets in nothing but colours, a number and a word.
fn css_of(theme: &Theme) -> String {
    let mut lines = Vec::new();
    match theme.color_scheme.as_deref() {
        Some("DARK") => lines.push(format!("color-scheme: dark;\n{DARK}")),
        Some("LIGHT") => lines.push(format!("color-scheme: light;\n{LIGHT}")),
        _ => {}
    }
    if let Some(ground) = &theme.background_color {
        lines.push(format!("--ground: {ground}; --paper: {ground};"));
    }
    if let Some(ink) = &theme.text_color {
        lines.push(format!("--ink: {ink};"));
        lines.push("--quiet: color-mix(in srgb, var(--ink) 78%, var(--paper));".to_owned());
        lines.push("--line: color-mix(in srgb, var(--ink) 18%, var(--paper));".to_owned());
        lines.push("--track: color-mix(in srgb, var(--ink) 14%, var(--paper));".to_owned());
    }
    if let Some(accent) = &theme.accent_color {
        lines.push(format!("--accent: {accent}; --c0: {accent};"));
        lines
            .push("--accent-soft: color-mix(in srgb, var(--accent) 14%, var(--paper));".to_owned());
    }
    if let Some(pixels) = theme.corner_radius_pixels {
        lines.push(format!("--radius: {pixels}px;"));
    }
    format!(":root {{\n{}\n}}\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_set() {
        let theme = Theme {
            accent_color: Some("#0055aa".to_owned()),
            corner_radius_pixels: Some(0),
            ..Theme::default()
        };
        let css = css_of(&theme);
        assert!(css.contains("--accent: #0055aa;") && css.contains("--radius: 0px;"), "{css}");
        assert!(!css.contains("--ground"), "{css}");
        let dark = Theme { color_scheme: Some("DARK".to_owned()), ..Theme::default() };
        assert!(css_of(&dark).contains("color-scheme: dark;\n--ground: #121514;"));
    }
}
