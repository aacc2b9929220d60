//! A customer's own page: what it shows for which token, and what browsers are told.

use axum::body::Body;
use axum::http::Request;
use scrip_console::portal::Origins;
use scrip_ledger::Role;
use serde_json::{Value, json};

use crate::support::{Told, World};

/// `acme` with credits that expire, of two currencies, and notes that are not for it.
async fn furnished(ancestors: &[&str]) -> World {
    let ancestors = Origins::of(ancestors.iter().map(|&site| site.to_owned())).unwrap();
    let world = World::furnished().await.with_portal(&ancestors);
    let soon = json!({
        "displayName": "Trial", "amount": 20, "expireAt": "2026-01-20T00:00:00Z", "priority": 90,
        "comment": "gave in after the third mail",
    });
    world.grant(soon).await;
    let late = json!({"displayName": "Next year", "amount": 5, "expireAt": "2027-01-01T00:00:00Z"});
    world.grant(late).await;
    let currency = json!({
        "id": "seats", "displayName": "Seats", "units": {"singular": "seat", "plural": "seats"},
    });
    world.ask("/credits/custom-currencies", currency).await;
    world.grant(json!({"displayName": "Ten", "amount": 10, "currencyId": "seats"})).await;
    world.ask("/customers", json!({"id": "rival", "name": "Rival"})).await;
    world
}

async fn token(world: &World, body: Value) -> String {
    let made = world.ask("/customers/acme/portal-tokens", body).await;
    made["token"].as_str().unwrap().to_owned()
}

async fn get(world: &World, path: &str) -> Told {
    world.call(Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn the_page() {
    let world = furnished(&[]).await;
    let token = token(&world, json!({})).await;
    let told = get(&world, &format!("/portal?token={token}")).await.is(200);
    assert!(!told.text.contains("third mail") && !told.text.contains("<script"), "{}", told.text);
    insta::assert_snapshot!(told.words());
}

#[tokio::test]
async fn another_wallet_and_another_range() {
    let world = furnished(&[]).await;
    let token = token(&world, json!({})).await;
    let page = get(&world, &format!("/portal?token={token}")).await.is(200);
    let seats = page.text.split("href=\"").find(|link| link.contains("currencyId=seats")).unwrap();
    let address = seats.split('"').next().unwrap().replace("&amp;", "&");
    get(&world, &address).await.is(200).says("10 seats");
    let year = format!("/portal?token={token}&currencyId=tokens&timeRange=LAST_YEAR");
    let page = get(&world, &year).await.is(200).says("12.5 tokens in 1 consumptions");
    // The choice of a wallet keeps the range.
    assert!(page.text.contains("currencyId=seats&amp;timeRange=LAST_YEAR"), "{}", page.text);
    get(&world, &format!("/portal?token={token}&timeRange=EVER")).await.is(400).says("timeRange");
    get(&world, &format!("/portal?token={token}&currencyId=gold")).await.is(404);
}

#[tokio::test]
async fn only_what_the_token_opens() {
    let world = furnished(&[]).await;
    let parts = [
        ("balances", "of 175 consumed"),
        ("usage", "in 1 consumptions"),
        ("grants", "Starter pack"),
        ("auto-recharge", "not bought by themselves"),
    ];
    for (scope, _) in parts {
        let token = token(&world, json!({"scopes": [scope]})).await;
        let address = format!("/portal?token={token}&currencyId=tokens");
        let words = get(&world, &address).await.is(200).words();
        for (other, text) in parts {
            assert_eq!(words.contains(text), other == scope, "{scope}: {text} in {words}");
        }
    }
}

#[tokio::test]
async fn a_customer_without_anything() {
    let world = furnished(&[]).await;
    let made = world.ask("/customers/rival/portal-tokens", json!({})).await;
    let path = made["path"].as_str().unwrap().to_owned();
    let told = get(&world, &path).await.is(200).says("There are no credits here yet.");
    assert!(!told.text.contains("tokens") && !told.text.to_lowercase().contains("acme"));
}

#[tokio::test]
async fn a_link_that_has_ended() {
    let world = furnished(&[]).await;
    let token = token(&world, json!({})).await;
    for path in ["/portal", "/portal?token=", "/portal?token=portal_x.y", "/portal?token=a%0Ab"] {
        get(&world, path).await.is(401).says("This link has ended");
    }
    world.pass(60 * 60 * 1_000);
    get(&world, &format!("/portal?token={token}")).await.is(401).says("This link has ended");
    get(&world, &format!("/portal/theme.css?token={token}")).await.is(401);
    get(&world, "/portal/elsewhere").await.is(404).says("Nothing here");
}

#[tokio::test]
async fn a_theme_is_a_stylesheet_of_its_own() {
    let world = furnished(&[]).await;
    let theme = json!({"accentColor": "#AA0055", "colorScheme": "DARK", "cornerRadiusPixels": 2});
    let token = token(&world, json!({"theme": theme})).await;
    let page = get(&world, &format!("/portal?token={token}")).await.is(200);
    let address = format!("/portal/theme.css?token={token}");
    assert!(page.text.contains(&address) && !page.text.contains(" style="), "{}", page.text);
    let css = get(&world, &address).await.is(200);
    assert_eq!(css.headers["content-type"], "text/css; charset=utf-8");
    for line in ["color-scheme: dark;", "--accent: #aa0055;", "--radius: 2px;"] {
        assert!(css.text.contains(line), "{}", css.text);
    }
}

#[tokio::test]
async fn who_may_frame_it() {
    let framed = ["https://app.example.com", "https://*.example.org"];
    for (ancestors, policy, options) in [
        (&framed[..0], "frame-ancestors 'none'", Some("DENY")),
        (&framed[..], "frame-ancestors https://app.example.com https://*.example.org", None),
    ] {
        let world = furnished(ancestors).await;
        let token = token(&world, json!({})).await;
        for path in ["/portal", "/portal/nothing", &format!("/portal?token={token}")] {
            let told = get(&world, path).await;
            let told_policy = told.headers["content-security-policy"].to_str().unwrap();
            assert!(told_policy.starts_with("default-src 'none'; style-src 'self';"));
            assert!(told_policy.ends_with(policy), "{told_policy}");
            let frame_options = told.headers.get("x-frame-options");
            assert_eq!(frame_options.map(|value| value.to_str().unwrap()), options);
            assert_eq!(told.headers["referrer-policy"], "no-referrer");
            assert_eq!(told.headers["cache-control"], "no-store");
        }
        // The console is framed by nobody, whoever may frame the portal.
        let console = world.page_as(Role::Owner, "/console/production").await;
        assert_eq!(console.headers["x-frame-options"], "DENY");
    }
}
