//! Who is let in, and what browsers are told.

use axum::body::Body;
use axum::http::Request;
use scrip_ledger::Role;

use crate::support::{CSRF, World};

#[tokio::test]
async fn nobody_sees_a_page_without_signing_in() {
    let world = World::furnished().await;
    for path in ["/console", "/console/production", "/console/production/customers/acme?x=1&y=2"] {
        let told = world.call(Request::get(path).body(Body::empty()).unwrap()).await.is(303);
        let next = form_urlencoded::byte_serialize(path.as_bytes()).collect::<String>();
        assert_eq!(told.headers["location"], format!("/console/sign-in?next={next}"));
    }
}

#[tokio::test]
async fn every_answer_says_what_may_run() {
    let world = World::furnished().await;
    let page = world.page("/customers").await.is(200);
    let (_, style) = page.text.split_once("<link rel=\"stylesheet\" href=\"").unwrap();
    let (style, _) = style.split_once('"').unwrap();
    let paths =
        ["/console/production", "/console/production/nothing", "/console/assets/none", style];
    for path in paths {
        let told = world.page_as(Role::Owner, path).await;
        let policy = told.headers["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self'"));
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(told.headers[name], value, "{path}");
        }
        let kept = if path == style { "public, max-age=31536000, immutable" } else { "no-store" };
        assert_eq!(told.headers["cache-control"], kept, "{path}");
    }
}

/// No page has a style or a script in it: the policy would not let it run.
#[tokio::test]
async fn nothing_is_inline_and_nothing_comes_from_elsewhere() {
    let world = World::furnished().await;
    for path in ["", "/customers", "/customers/acme", "/customers/acme/usage", "/settings"] {
        let text = world.page(path).await.is(200).text;
        for inline in [" style=", "<style", " onclick=", " onload=", "javascript:"] {
            assert!(!text.contains(inline), "{path}: {inline}");
        }
        let scripts: Vec<&str> = text.split("<script").skip(1).collect();
        assert_eq!(scripts.len(), 1, "{path}");
        assert!(scripts[0].starts_with(" src=\"/console/assets/console-"), "{path}");
        assert!(!text.contains("//fonts.") && !text.contains("src=\"http"), "{path}");
    }
}

#[tokio::test]
async fn a_form_of_somebody_else_does_nothing() {
    let world = World::furnished().await;
    let path = "/console/production/customers/acme/archive";
    let body = |csrf: &str| format!("csrf={csrf}&step=confirmed&request_id=r&before=Active");
    let rows: [(&str, &[(&str, &str)]); 5] = [
        ("", &[]),
        ("wrong", &[]),
        (CSRF, &[("sec-fetch-site", "cross-site")]),
        (CSRF, &[("origin", "https://evil.example"), ("host", "scrip.example")]),
        (CSRF, &[("sec-fetch-site", "same-site")]),
    ];
    for (csrf, headers) in rows {
        let mut request = Request::post(path).header("x-role", "OWNER");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let told = world.call(request.body(body(csrf).into()).unwrap()).await;
        told.is(403).says("Nothing was changed");
    }
    assert!(world.read("/customers/acme").await["archivedAt"].is_null());
    let request = Request::post(path).header("x-role", "OWNER");
    let request = request.header("origin", "https://scrip.example").header("host", "scrip.example");
    world.call(request.body(body(CSRF).into()).unwrap()).await.is(200);
    assert!(!world.read("/customers/acme").await["archivedAt"].is_null());
}
