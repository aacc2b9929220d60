//! The stylesheet, the script and the icon: files of this program, named by what is in them.

use std::sync::LazyLock;

use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use scrip_ledger::anchors::to_hex;
use sha2::{Digest as _, Sha256};

use crate::failure::Failure;

/// A file that pages load.
pub struct Asset {
    /// Its name in addresses; another content has another name.
    pub name: String,
    media_type: &'static str,
    content: &'static str,
}

/// Colours on a light ground: declarations.
pub const LIGHT: &str = include_str!("light.css");
/// Colours on a dark ground.
pub const DARK: &str = include_str!("dark.css");

const CONSOLE: &str = concat!(
    ":root {\n",
    include_str!("light.css"),
    "}\n@media (prefers-color-scheme: dark) { :root {\n",
    include_str!("dark.css"),
    "} }\n",
    include_str!("console.css"),
);

/// How everything looks.
pub static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::of("console", "css", "text/css", CONSOLE));
/// What makes some things quicker; everything works without it.
pub static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::of("console", "js", "text/javascript", include_str!("console.js")));
/// What stands in a tab.
pub static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::of("icon", "svg", "image/svg+xml", include_str!("icon.svg")));

impl Asset {
    fn of(stem: &str, extension: &str, media_type: &'static str, content: &'static str) -> Self {
        let hash = Sha256::digest(content.as_bytes());
        let hash = to_hex(hash.get(..6).unwrap_or(&hash));
        Self { name: format!("{stem}-{hash}.{extension}"), media_type, content }
    }

    /// Where pages of the console find it.
    pub fn address(&self) -> String {
        format!("/console/assets/{}", self.name)
    }

    /// Where the portal finds it.
    pub fn portal_address(&self) -> String {
        format!("/portal/assets/{}", self.name)
    }
}

/// `GET /console/assets/{name}`, and under `/portal`.
pub async fn file(uri: Uri) -> Result<Response, Failure> {
    let name = uri.path().rsplit('/').next().unwrap_or_default();
    let known = [&STYLE, &SCRIPT, &ICON];
    let found = known.into_iter().find(|asset| asset.name == name).ok_or(Failure::NotFound)?;
    let mut response = found.content.into_response();
    let headers = response.headers_mut();
    if let Ok(media_type) = HeaderValue::from_str(&format!("{}; charset=utf-8", found.media_type)) {
        headers.insert(header::CONTENT_TYPE, media_type);
    }
    let for_ever = HeaderValue::from_static("public, max-age=31536000, immutable");
    headers.insert(header::CACHE_CONTROL, for_ever);
    Ok(response)
}
