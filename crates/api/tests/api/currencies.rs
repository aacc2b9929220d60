//! Custom currencies.

use insta::assert_json_snapshot;
use serde_json::json;

use crate::support::World;

const PATH: &str = "/api/v1/credits/custom-currencies";

#[tokio::test]
async fn a_life() {
    let world = World::new().await;
    let body = json!({
        "id": "tokens", "displayName": "Tokens", "symbol": "T", "description": "for models",
        "units": {"singular": "token", "plural": "tokens"}, "metadata": {"team": "ml"},
    });
    assert_json_snapshot!("created", world.post(PATH, body.clone()).await.is(201).json());
    world.post(PATH, body).await.refuses(409, "DuplicatedEntityNotAllowed", "id");
    let one = format!("{PATH}/tokens");
    let change = json!({"displayName": "Renamed", "symbol": "", "units": null, "metadata": null});
    world.pass(5);
    assert_json_snapshot!("changed", world.patch(&one, change).await.is(200).json());
    let told = world.get(&format!("{one}/associated-entities")).await.is(200);
    assert_eq!(told.text, "{\"data\":[]}");
    for _ in 0..2 {
        let archived = world.send("POST", &format!("{one}/archive"), &[], "").await.is(200);
        assert_eq!(archived.data()["archivedAt"], "2026-01-02T03:04:05.005Z");
    }
    world.get(&format!("{one}/associated-entities")).await.is(200);
    assert_eq!(world.get(PATH).await.ids().len(), 0);
    assert_eq!(world.get(&format!("{PATH}?status=ARCHIVED")).await.ids(), ["tokens"]);
    let again = json!({"id": "tokens", "displayName": "Second"});
    world.post(PATH, again).await.is(201);
    let both = format!("{PATH}?status=ACTIVE%2CARCHIVED");
    assert_eq!(world.get(&both).await.ids(), ["tokens", "tokens"]);
    let back = world.send("POST", &format!("{one}/unarchive"), &[], "").await;
    back.refuses(409, "DuplicatedEntityNotAllowed", "id");
}

/// A currency shows `overdraft` only where it was set (decision 67).
#[tokio::test]
async fn whether_it_may_be_overdrawn() {
    let world = World::new().await;
    let body = json!({"id": "tokens", "displayName": "Tokens", "overdraft": "DENY"});
    assert_eq!(world.post(PATH, body).await.is(201).data()["overdraft"], "DENY");
    let one = format!("{PATH}/tokens");
    let changes = [
        (json!({"displayName": "T"}), json!("DENY")),
        (json!({"overdraft": "ALLOW"}), json!("ALLOW")),
        (json!({"overdraft": "DENY"}), json!("DENY")),
    ];
    for (change, shown) in changes {
        assert_eq!(world.patch(&one, change).await.is(200).data()["overdraft"], shown);
    }
    let shown = world.patch(&one, json!({"overdraft": null})).await.is(200).data();
    assert!(!shown.as_object().unwrap().contains_key("overdraft"), "{shown}");
    for wrong in [json!("deny"), json!(""), json!(true), json!(["DENY"])] {
        let told = world.patch(&one, json!({"overdraft": wrong})).await;
        told.refuses(400, "BadUserInput", "overdraft");
    }
}

#[tokio::test]
async fn refused() {
    let world = World::new().await;
    let rows = [
        json!({"id": "a@b"}),
        json!({"id": null}),
        json!({"displayName": "x".repeat(65)}),
        json!({"displayName": null}),
        json!({"symbol": "x".repeat(65)}),
        json!({"description": "x".repeat(256)}),
        json!({"units": {"singular": "a"}}),
        json!({"units": ["a", "b"]}),
        json!({"units": {"singular": "a", "plural": "b", "dual": "c"}}),
        json!({"metadata": {"a": 1}}),
        json!({"overdraft": "NEVER"}),
        json!({"overdraft": 1}),
        json!({"unknown": 1}),
    ];
    for members in rows {
        let field = members.as_object().unwrap().keys().next().unwrap().clone();
        let body = crate::support::but(json!({"id": "c", "displayName": "C"}), members);
        world.post(PATH, body).await.refuses(400, "BadUserInput", &field);
    }
    for path in ["nothing", "a%2Fb", "%00"] {
        let one = format!("{PATH}/{path}");
        let code = "CustomCurrencyNotFound";
        world.patch(&one, json!({})).await.refuses(404, code, "");
        world.post(&format!("{one}/archive"), json!({})).await.refuses(404, code, "");
        world.post(&format!("{one}/unarchive"), json!({})).await.refuses(404, code, "");
        world.get(&format!("{one}/associated-entities")).await.refuses(404, code, "");
    }
    world.get(&format!("{PATH}?status=DELETED")).await.refuses(400, "BadUserInput", "status");
    for number in 0..100 {
        let body = json!({"id": format!("c{number}"), "displayName": "C"});
        world.post(PATH, body).await.is(201);
    }
    let body = json!({"id": "one-more", "displayName": "C"});
    world.post(PATH, body).await.refuses(400, "TooManyCustomCurrencies", "100");
}
