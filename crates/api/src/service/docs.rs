//! `GET /docs`: Swagger UI over `/openapi.json`. Its files come out of this program; a policy in
//! the answers keeps the browser from asking anybody else.

use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use utoipa_swagger_ui::Config;

use crate::error::ApiError;

const POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The package's own page, with addresses that hold with and without a slash at the end.
const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="UTF-8">
    <title>Scrip API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="stylesheet" href="/docs/index.css">
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png" sizes="32x32">
  </head>
  <body>
    <div id="swagger-ui"><noscript>The reference needs scripts;
      the document is <a href="/openapi.json">openapi.json</a>.</noscript></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/swagger-ui-standalone-preset.js"></script>
    <script src="/docs/swagger-initializer.js"></script>
  </body>
</html>
"#;

static CONFIG: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    // Without this, Swagger UI sends the document's address to a validator on the web.
    Arc::new(Config::from("/openapi.json").validator_url("none").try_it_out_enabled(true))
});

/// The page of the reference.
pub(super) fn page() -> Response {
    with_policy("text/html; charset=utf-8", Body::from(PAGE))
}

/// A file that the page loads.
pub(super) fn file(name: &str) -> Response {
    match utoipa_swagger_ui::serve(name, Arc::clone(&CONFIG)) {
        Ok(Some(file)) => with_policy(&file.content_type, Body::from(file.bytes.into_owned())),
        Ok(None) => ApiError::no_such_path().into_response(),
        Err(error) => ApiError::internal(error.to_string()).into_response(),
    }
}

fn with_policy(media_type: &str, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    if let Ok(media_type) = HeaderValue::from_str(media_type) {
        headers.insert(header::CONTENT_TYPE, media_type);
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
