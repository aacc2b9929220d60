//! Amounts in and out, as exact texts.

use crate::support::{World, grant_body};

fn body(amount: &str) -> String {
    let body = grant_body(1).to_string();
    body.replace("\"amount\":1", &format!("\"amount\":{amount}"))
}

#[tokio::test]
async fn in_and_out() {
    let world = World::furnished().await;
    let rows = [
        ("1e3", "1000"),
        ("0.10", "0.1"),
        ("123456789012345.123456789", "123456789012345.123456789"),
        ("0.0000000005", "0.000000001"),
        ("1000000000000000.0000000004", "1000000000000000"),
        ("25E-1", "2.5"),
    ];
    for (written, told) in rows {
        let answer = world.send("POST", "/api/v1/credits/grants", &[], body(written)).await.is(201);
        assert!(answer.text.contains(&format!("\"amount\":{told},")), "{}", answer.text);
    }
}

#[tokio::test]
async fn refused() {
    let world = World::furnished().await;
    let digits = "9".repeat(400);
    let rows = [
        ("0", "BadUserInput"),
        ("-0", "BadUserInput"),
        ("-1", "BadUserInput"),
        ("0.0000000004", "BadUserInput"),
        ("\"1\"", "BadUserInput"),
        ("null", "BadUserInput"),
        ("true", "BadUserInput"),
        ("[1]", "BadUserInput"),
        ("{}", "BadUserInput"),
        ("NaN", "BadUserInput"),
        ("01", "BadUserInput"),
        ("1.", "BadUserInput"),
        ("1e16", "AmountTooLarge"),
        ("1000000000000000.000000001", "AmountTooLarge"),
        (digits.as_str(), "AmountTooLarge"),
        ("1e99999999999", "AmountTooLarge"),
    ];
    for (written, code) in rows {
        let told = world.send("POST", "/api/v1/credits/grants", &[], body(written)).await;
        told.refuses(400, code, "");
    }
}

#[tokio::test]
async fn as_strings() {
    let world = World::furnished().await;
    let text = [("x-scrip-numbers", "string")];
    let written = "\"123456789012345.123456789\"";
    for amount in [written, "1.5"] {
        let told = world.send("POST", "/api/v1/credits/grants", &text, body(amount)).await.is(201);
        assert!(told.data()["amount"].is_string(), "{}", told.text);
        assert!(told.data()["priority"].is_number(), "{}", told.text);
    }
    for amount in ["\"x\"", "\"\"", "\" 1\"", "\"-1\"", "\"1e400\""] {
        let told = world.send("POST", "/api/v1/credits/grants", &text, body(amount)).await.is(400);
        assert!(told.text.contains("amount"), "{}", told.text);
    }
    let path = "/api/v1/credits/ledger?customerId=c";
    let rows = world.send("GET", path, &text, "").await.data();
    assert!(rows[0]["amount"].is_string() && rows[0]["balanceAfter"].is_string(), "{rows}");
    let path = "/api/v1/customers/c/entitlements";
    let entry = world.send("GET", path, &text, "").await.data()["entitlements"][0].take();
    assert_eq!(entry["usageLimit"], "123456789012346.623456789");
    let other = [("x-scrip-numbers", "decimal")];
    let told = world.send("GET", path, &other, "").await;
    told.refuses(400, "BadUserInput", "x-scrip-numbers");
}
