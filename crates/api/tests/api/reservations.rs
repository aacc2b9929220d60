//! Reservations: set aside by the check or on their own, settled, extended, read and listed.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{Told, World, but};

const PATH: &str = "/api/v1/credits/reservations";
const HOUR: i64 = 3_600_000;

fn check(customer: &str, rest: &str) -> String {
    format!("/api/v1/customers/{customer}/entitlements/check?currencyId=credits&{rest}")
}

fn wallet() -> Value {
    json!({"customerId": "c", "currencyId": "credits"})
}

fn body(id: &str, amount: i64) -> Value {
    but(wallet(), json!({"reservationId": id, "amount": amount}))
}

async fn reserve(world: &World, id: &str, amount: i64) -> Told {
    world.post(PATH, body(id, amount)).await
}

async fn release(world: &World, id: &str, consumed: impl Into<Value>) -> Told {
    let body = but(wallet(), json!({"consumedAmount": consumed.into()}));
    world.post(&format!("{PATH}/{id}/release"), body).await
}

async fn extend(world: &World, id: &str, members: Value) -> Told {
    world.post(&format!("{PATH}/{id}/extend"), but(wallet(), members)).await
}

#[tokio::test]
async fn the_answers() {
    let world = World::furnished().await;
    world.grant(100).await;
    let metadata = "reservationMetadata=%7B%22job%22%3A%22render%22%7D";
    let rest = format!("reserveAmount=30&reservationId=job%201&{metadata}&requestedUsage=x");
    let told = world.get(&check("c", &rest)).await.is(200);
    assert_eq!(told.header("cache-control"), "no-store");
    assert_json_snapshot!("check", told.data());
    assert_json_snapshot!("created", reserve(&world, "b", 20).await.is(200).data());
    let get = format!("{PATH}/job%201?customerId=c&currencyId=credits");
    assert_json_snapshot!("open", world.get(&get).await.is(200).data());
    let extended = extend(&world, "job%201", json!({"ttlSeconds": 60})).await.is(200);
    assert_json_snapshot!("extended", extended.data());
    assert_json_snapshot!("released", release(&world, "job%201", 45).await.is(200).data());
    assert_json_snapshot!("closed", world.get(&get).await.is(200).data());
    let rows = world.get("/api/v1/credits/ledger?customerId=c&reservationId=job%201").await;
    assert_json_snapshot!("rows", rows.is(200).data(), {"[].hash" => "…"});
}

#[tokio::test]
async fn denied_by_the_check() {
    let world = World::furnished().await;
    let reserve = "reserveAmount=11&reservationId=r";
    let told = world.get(&check("c", reserve)).await.is(200).data();
    assert_eq!((&told["isGranted"], &told["usageLimit"]), (&json!(false), &json!(0)));
    assert_eq!(told["accessDeniedReason"], "InsufficientCredits");
    world.grant(10).await;
    world.post("/api/v1/customers", json!({"id": "gone"})).await.is(201);
    world.post("/api/v1/customers/gone/archive", json!({})).await.is(200);
    let elsewhere = |customer: &str| {
        format!("/api/v1/customers/{customer}/entitlements/check?currencyId=nothing&{reserve}")
    };
    let rows = [
        (check("c", reserve), "InsufficientCredits", 10),
        (check("c", &format!("{reserve}&resourceId=site")), "CustomerResourceNotFound", 0),
        (check("nobody", reserve), "CustomerNotFound", 0),
        (check("a%20b", reserve), "CustomerNotFound", 0),
        (check("gone", reserve), "CustomerIsArchived", 0),
        (elsewhere("c"), "EntitlementNotFound", 0),
        (elsewhere("nobody"), "CustomerNotFound", 0),
    ];
    for (path, reason, limit) in rows {
        let told = world.get(&path).await.is(200);
        assert_eq!(told.header("cache-control"), "no-store");
        let data = told.data();
        let shown = json!([data["isGranted"], data["accessDeniedReason"], data["usageLimit"]]);
        assert_eq!(shown, json!([false, reason, limit]), "{path}");
        assert_eq!(data.get("reservation"), None, "{path}");
    }
    let list = world.get(&format!("{PATH}?customerId=c")).await.is(200);
    assert_eq!(list.data(), json!([]), "nothing is held");
}

#[tokio::test]
async fn refused_by_the_check() {
    let world = World::furnished().await;
    world.grant(100).await;
    let reserve = "reserveAmount=5&reservationId=r";
    let with = |rest: &str| format!("{reserve}&{rest}");
    let bad = "BadUserInput";
    let many: String = (0..51).map(|n| format!("%22k{n}%22%3A%22v%22,")).collect();
    let many = format!("reservationMetadata=%7B{}%7D", many.trim_end_matches(','));
    let rows = [
        ("reserveAmount=5".to_owned(), bad, "reservationId"),
        ("reserveAmount=5&reservationId=".to_owned(), bad, "reservationId"),
        ("reserveAmount=5&reservationId=a%0Ab".to_owned(), bad, "reservationId"),
        (format!("reserveAmount=5&reservationId={}", "x".repeat(256)), bad, "reservationId"),
        ("reserveAmount=0&reservationId=r".to_owned(), bad, "reserveAmount"),
        ("reserveAmount=-1&reservationId=r".to_owned(), bad, "reserveAmount"),
        ("reserveAmount=4e-10&reservationId=r".to_owned(), bad, "reserveAmount"),
        ("reserveAmount=x&reservationId=r".to_owned(), bad, "reserveAmount"),
        ("reserveAmount=1e16&reservationId=r".to_owned(), "AmountTooLarge", "reserveAmount"),
        (with("reserveAmount=6"), bad, "reserveAmount"),
        (with("reservationTtlSeconds=0"), bad, "reservationTtlSeconds"),
        (with("reservationTtlSeconds=86401"), bad, "reservationTtlSeconds"),
        (with("reservationTtlSeconds=1.5"), bad, "reservationTtlSeconds"),
        (with("reservationExpiresAt=soon"), bad, "reservationExpiresAt"),
        (with("reservationExpiresAt=2026-01-02T03:04:05Z"), bad, "reservationExpiresAt"),
        (with("reservationExpiresAt=2026-01-03T03:04:05.001Z"), bad, "reservationExpiresAt"),
        (
            with("reservationTtlSeconds=60&reservationExpiresAt=2026-01-02T04:04:05Z"),
            bad,
            "reservationTtlSeconds",
        ),
        (with("reservationMetadata=x"), bad, "reservationMetadata"),
        (with("reservationMetadata=%5B%5D"), bad, "reservationMetadata"),
        (with("reservationMetadata=%7B%22a%22%3A1%7D"), bad, "reservationMetadata"),
        (with(&many), "InvalidMetadataError", "reservationMetadata"),
        (with("featureId=seats"), bad, "featureId"),
        ("reservationId=r".to_owned(), bad, "reserveAmount"),
        ("reservationTtlSeconds=60".to_owned(), bad, "reserveAmount"),
    ];
    for (rest, code, naming) in rows {
        world.get(&check("c", &rest)).await.refuses(400, code, naming);
    }
    let head = world.send("HEAD", &check("c", reserve), &[], "").await;
    assert_eq!(head.status, 405);
    let list = world.get(&format!("{PATH}?customerId=c")).await.is(200);
    assert_eq!(list.data(), json!([]), "nothing is held");
}

/// One request has one spelling or another; anything else is a conflict, open or closed.
#[tokio::test]
async fn repeats() {
    let world = World::furnished().await;
    world.grant(100).await;
    let first = world.get(&check("c", "reserveAmount=30&reservationId=r")).await.is(200).data();
    world.pass(1_000);
    let same = "reserveAmount=3e1&reservationId=r&reservationTtlSeconds=3600";
    let again = world.get(&check("c", same)).await.is(200).data();
    assert_eq!(again["reservation"], first["reservation"]);
    assert_eq!(reserve(&world, "r", 30).await.is(200).data()["reservation"], first["reservation"]);
    let others = [
        "reserveAmount=31",
        "reserveAmount=30&reservationTtlSeconds=3599",
        "reserveAmount=30&reservationExpiresAt=2026-01-02T04:04:05Z",
        "reserveAmount=30&reservationMetadata=%7B%22a%22%3A%22b%22%7D",
    ];
    for round in ["open", "closed"] {
        for other in others {
            let told = world.get(&check("c", &format!("{other}&reservationId=r"))).await;
            told.refuses(409, "DuplicatedEntityNotAllowed", "reservationId");
        }
        let told = reserve(&world, "r", 31).await;
        told.refuses(409, "DuplicatedEntityNotAllowed", "reservationId");
        if round == "open" {
            release(&world, "r", 10).await.is(200);
        }
    }
    let closed = world.get(&check("c", same)).await.is(200).data();
    assert_eq!((&closed["isGranted"], &closed["currentUsage"]), (&json!(true), &json!(10)));
    assert_eq!(closed["reservation"]["status"], "RELEASED");
    let at = "reserveAmount=5&reservationId=at&reservationExpiresAt=2026-01-02T04:04:06Z";
    world.get(&check("c", at)).await.is(200);
    world.pass(HOUR);
    let passed = world.get(&check("c", at)).await.is(200).data();
    assert_eq!(passed["reservation"]["status"], "RELEASED");
    assert_eq!(release(&world, "r", 99).await.is(200).data()["reservation"]["consumedAmount"], 10);
}

#[tokio::test]
async fn refused_requests() {
    let world = World::furnished().await;
    world.grant(100).await;
    reserve(&world, "r", 10).await.is(200);
    let release = |members: Value| ("/r/release", but(json!({"consumedAmount": 1}), members));
    let create = |members: Value| ("", but(json!({"reservationId": "n", "amount": 1}), members));
    let extend = |members: Value| ("/r/extend", members);
    let (bad, long) = ("BadUserInput", "x".repeat(256));
    let rows = [
        (release(json!({"consumedAmount": -1})), 400, bad, "consumedAmount"),
        (release(json!({"consumedAmount": null})), 400, bad, "consumedAmount"),
        (release(json!({"consumedAmount": "1"})), 400, bad, "consumedAmount"),
        (release(json!({"consumedAmount": 1e16})), 400, "AmountTooLarge", "consumedAmount"),
        (release(json!({"customerId": "-"})), 400, bad, "customerId"),
        (release(json!({"currencyId": "a@b"})), 400, bad, "currencyId"),
        (release(json!({"resourceId": ""})), 400, bad, "resourceId"),
        (release(json!({"amount": 1})), 400, bad, "amount"),
        (release(json!({"customerId": "nobody"})), 404, "CustomerNotFound", "customerId"),
        (release(json!({"currencyId": "nothing"})), 404, "CustomCurrencyNotFound", "currencyId"),
        (release(json!({"resourceId": "s"})), 404, "CreditReservationNotFound", "reservationId"),
        (create(json!({"amount": 0})), 400, bad, "amount"),
        (create(json!({"amount": "1"})), 400, bad, "amount"),
        (create(json!({"reservationId": ""})), 400, bad, "reservationId"),
        (create(json!({"reservationId": long})), 400, bad, "reservationId"),
        (create(json!({"reservationId": null})), 400, bad, "reservationId"),
        (create(json!({"ttlSeconds": 0})), 400, bad, "ttlSeconds"),
        (create(json!({"ttlSeconds": "60"})), 400, bad, "ttlSeconds"),
        (create(json!({"expiresAt": "2026-01-04"})), 400, bad, "expiresAt"),
        (create(json!({"expiresAt": 5})), 400, bad, "expiresAt"),
        (create(json!({"metadata": {"a": 1}})), 400, bad, "metadata"),
        (create(json!({"reserveAmount": 1})), 400, bad, "reserveAmount"),
        (create(json!({"customerId": "nobody"})), 404, "CustomerNotFound", "customerId"),
        (create(json!({"currencyId": "nothing"})), 404, "CustomCurrencyNotFound", "currencyId"),
        (create(json!({"amount": 91})), 402, "InsufficientCredits", "91"),
        (extend(json!({"ttlSeconds": 86401})), 400, bad, "ttlSeconds"),
        (extend(json!({"expiresAt": "2026-01-02"})), 400, bad, "expiresAt"),
        (extend(json!({"ttlSeconds": 5, "expiresAt": "2026-01-03"})), 400, bad, "expiresAt"),
        (extend(json!({"amount": 5})), 400, bad, "amount"),
        (extend(json!({"customerId": "nobody"})), 404, "CustomerNotFound", "customerId"),
    ];
    for ((path, members), status, code, naming) in rows {
        let body = but(wallet(), members);
        let told = world.post(&format!("{PATH}{path}"), body.clone()).await;
        assert_eq!(told.status, status, "{path} {body}: {}", told.text);
        told.refuses(status, code, naming);
    }
    let unknown = "CreditReservationNotFound";
    for id in ["x", "x%0A"] {
        self::release(&world, id, 1).await.refuses(404, unknown, "reservationId");
        self::extend(&world, id, json!({})).await.refuses(404, unknown, "reservationId");
        let told = world.get(&format!("{PATH}/{id}?customerId=c&currencyId=credits")).await;
        told.refuses(404, unknown, "reservationId");
    }
    self::release(&world, "r", 1).await.is(200);
    let told = self::extend(&world, "r", json!({})).await;
    told.refuses(400, "InvalidArgumentError", "reservation");
    for (query, code, naming) in [
        ("", bad, "customerId"),
        ("customerId=c&status=RELEASED", bad, "status"),
        ("customerId=c&limit=101", bad, "limit"),
        ("customerId=c&after=x", bad, "after"),
    ] {
        world.get(&format!("{PATH}?{query}")).await.refuses(400, code, naming);
    }
    world.get(&format!("{PATH}?customerId=x")).await.refuses(404, "CustomerNotFound", "customerId");
    world.get(&format!("{PATH}/r?customerId=c")).await.refuses(400, bad, "currencyId");
}

/// Without either field an hour, later or sooner, counted from now.
#[tokio::test]
async fn extended() {
    let world = World::furnished().await;
    world.grant(100).await;
    reserve(&world, "r", 10).await.is(200);
    world.pass(60_000);
    let rows = [
        (json!({}), "2026-01-02T04:05:05.000Z"),
        (json!({"ttlSeconds": 1}), "2026-01-02T03:05:06.000Z"),
        (json!({"ttlSeconds": 86400}), "2026-01-03T03:05:05.000Z"),
        (json!({"expiresAt": "2026-01-02T06:00:00+02:00"}), "2026-01-02T04:00:00.000Z"),
    ];
    for (members, expires_at) in rows {
        for _ in 0..2 {
            let told = extend(&world, "r", members.clone()).await.is(200).data();
            assert_eq!(told["reservation"]["expiresAt"], expires_at, "{members}");
            assert_eq!(told["reservation"]["status"], "ACTIVE");
        }
    }
    let repeated = reserve(&world, "r", 10).await.is(200).data();
    assert_eq!(repeated["reservation"]["expiresAt"], "2026-01-02T04:00:00.000Z");
    let rows = world.get("/api/v1/credits/ledger?customerId=c").await.is(200).data();
    assert_eq!(rows.as_array().unwrap().len(), 2, "an extension is no row");
}

#[tokio::test]
async fn listed() {
    let world = World::furnished().await;
    world.grant(100).await;
    for n in 0..5 {
        world.pass(1);
        reserve(&world, &format!("r{n}"), 1).await.is(200);
    }
    release(&world, "r2", 0).await.is(200);
    let first = world.get(&format!("{PATH}?customerId=c&status=ACTIVE&limit=3")).await.is(200);
    assert_eq!(
        (first.ids(), first.cursor("prev")),
        (vec!["r4".into(), "r3".into(), "r1".into()], None)
    );
    let next = first.cursor("next").unwrap();
    let last = world.get(&format!("{PATH}?customerId=c&limit=3&after={next}")).await.is(200);
    assert_eq!((last.ids(), last.cursor("next")), (vec!["r0".into()], None));
    let other = world.get(&format!("{PATH}?customerId=c&currencyId=credits&after={next}")).await;
    other.refuses(400, "BadUserInput", "after");
}
