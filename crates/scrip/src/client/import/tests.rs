//! What exports come to: those that are well, and those that are hostile.

use std::collections::HashMap;
use std::fmt::Write as _;

use clap::Parser;
use scrip_core::Timestamp;

use super::options::{ImportOptions, Source};
use super::plan::Plan;
use super::source::Mapping;
use super::{reading, source};

#[derive(Parser)]
struct Words {
    #[command(flatten)]
    options: ImportOptions,
}

/// What the text comes to at an instant, in words.
fn told(options: &str, text: &str) -> String {
    told_of(options, &[], text)
}

/// The same, where some customers have other ids here.
fn told_of(options: &str, renamed: &[(&str, &str)], text: &str) -> String {
    let words = format!("import --api-key server-of-the-test f.json {options}");
    let options = Words::try_parse_from(words.split_whitespace()).unwrap().options;
    let now = Timestamp::parse("2026-06-01T00:00:00Z").unwrap();
    let renamed: HashMap<_, _> =
        renamed.iter().map(|(id, here)| ((*id).to_owned(), (*here).to_owned())).collect();
    let mut plan = Plan::new(options.from, now, renamed);
    let (records, problems) = reading::records(options.from, "f.json", text);
    plan.problems.extend(problems);
    source::plan(&mut plan, &records, &Mapping::new(&options));
    shown(&plan, now)
}

fn shown(plan: &Plan, now: Timestamp) -> String {
    let mut text = String::new();
    for problem in &plan.problems {
        writeln!(text, "problem {problem}").unwrap();
    }
    for note in &plan.notes {
        writeln!(text, "note    {note}").unwrap();
    }
    for body in plan.currencies.values().filter(|_| plan.problems.is_empty()) {
        writeln!(text, "money   {body}").unwrap();
    }
    for (id, customer) in plan.customers.iter().filter(|_| plan.problems.is_empty()) {
        writeln!(text, "who     {}", serde_json::to_string(&customer.body).unwrap()).unwrap();
        for piece in &customer.pieces {
            writeln!(text, "grant   {}", piece.body(plan.source)).unwrap();
        }
        for deficit in &customer.deficits {
            writeln!(text, "owes    {} {} {}", deficit.id, deficit.amount, deficit.wallet.currency)
                .unwrap();
        }
        for wallet in &customer.wallets {
            let balance = customer.balance(wallet, now);
            writeln!(text, "has     {id} {} {:?} {balance}", wallet.currency, wallet.resource)
                .unwrap();
        }
    }
    text
}

/// Cases with what they come to, one after the other.
fn table(options: &str, cases: &[(&str, &str)]) -> String {
    cases.iter().map(|(name, text)| format!("# {name}\n{}\n", told(options, text))).collect()
}

/// A grant of Stigg: the members that most cases share, and more.
fn stigg(more: &str) -> String {
    format!(
        r#"{{"id": "g1", "customerId": "acme", "currencyId": "tokens", "displayName": "Pack", "amount": 100,
        "consumedAmount": 0, "grantType": "PAID", "createdAt": "2026-01-01T00:00:00Z"{more}}}"#
    )
}

/// The same text with other members.
fn but(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from} in {text}");
        text.replace(from, to)
    })
}

#[test]
fn grants_of_stigg() {
    let grant = stigg("");
    let paid = r#", "cost": {"amount": 10, "currency": "USD"}, "priority": 7, "metadata": {"order": "1"},
        "effectiveAt": "2026-01-01T00:00:00+02:00", "expireAt": "2027-01-01", "comment": "c", "resourceId": "r""#;
    let promotional = but(&stigg(paid), &[("PAID", "PROMOTIONAL")]);
    let third =
        but(&stigg(paid), &[("\"consumedAmount\": 0", "\"consumedAmount\": \"66.666666667\"")]);
    let overdraft = [
        ("\"amount\": 100", "\"amount\": 0"),
        ("\"consumedAmount\": 0", "\"consumedAmount\": 7.5"),
    ];
    let overdraft = but(&but(&grant, &overdraft), &[("PAID", "OVERDRAFT")]);
    let rest = but(&grant, &[("\"consumedAmount\": 0", "\"consumedAmount\": 12.299999999999999")]);
    let later = stigg(r#", "effectiveAt": "2026-07-01T00:00:00Z", "status": "SCHEDULED""#);
    let customer = r#"{"id": "acme", "name": "Acme", "email": null, "couponId": "c", "createdAt": "2026-01-01"}"#;
    let currency =
        r#"{"id": "tokens", "displayName": "T", "units": {"singular": "t", "plural": "ts"}}"#;
    let all = table(
        "--from stigg",
        &[
            ("whole", &grant),
            ("with all members", &stigg(paid)),
            ("a cost is shared out", &third),
            ("given, and yet with a cost", &promotional),
            ("rounded at the ninth fraction digit", &rest),
            ("yet to begin", &later),
            ("owes", &overdraft),
            ("recurring", &but(&grant, &[("PAID", "RECURRING")])),
            ("voided", &stigg(r#", "status": "VOIDED", "voidedAt": "2026-02-01T00:00:00Z""#)),
            ("voided, without a status", &stigg(r#", "voidedAt": "2026-02-01T00:00:00Z""#)),
            ("expired", &stigg(r#", "status": "EXPIRED", "expireAt": "2026-02-01T00:00:00Z""#)),
            (
                "expired since",
                &stigg(r#", "status": "ACTIVE", "expireAt": "2026-06-01T00:00:00Z""#),
            ),
            ("not paid", &stigg(r#", "status": "PAYMENT_PENDING""#)),
            ("used up", &but(&grant, &[("\"consumedAmount\": 0", "\"consumedAmount\": 100")])),
            (
                "of another import",
                &stigg(r#", "metadata": {"import.from": "lago", "kept": "yes"}"#),
            ),
            (
                "the same twice, and what is with it",
                &format!("{grant}{grant}{customer}{currency}{customer}"),
            ),
            ("pages", &format!("{{\"data\": [{grant}], \"pagination\": {{}}}} {{\"data\": []}}")),
        ],
    );
    insta::assert_snapshot!(all);
}

#[test]
fn hostile_exports_of_stigg() {
    let grant = stigg("");
    let amount = |text: &str| but(&grant, &[("\"amount\": 100", &format!("\"amount\": {text}"))]);
    let id = |text: &str| but(&grant, &[("\"g1\"", text)]);
    let long = format!("\"{}\"", "x".repeat(300));
    let many: Vec<_> = (0..47).map(|n| format!("\"k{n}\": \"\"")).collect();
    let cases = [
        ("huge", amount("1e400")),
        ("beyond the limit", amount("1000000000000001")),
        ("below 0", amount("-5")),
        ("no number", amount("\"NaN\"")),
        ("missing", but(&grant, &[("\"amount\": 100,", "")])),
        ("null", amount("null")),
        (
            "more consumed than there was",
            but(&grant, &[("\"consumedAmount\": 0", "\"consumedAmount\": 101")]),
        ),
        ("another with the same id", format!("{grant}{}", amount("99"))),
        ("an id that no header takes", id("\"g\\u0000\"")),
        ("a long id", id(&long)),
        ("an id that is a number", id("7")),
        ("a customer that cannot be", but(&grant, &[("acme", "ac me\\u001b[2J")])),
        ("a currency that cannot be", but(&grant, &[("tokens", "to/kens")])),
        ("a resource that cannot be", stigg(r#", "resourceId": " ""#)),
        ("a type that is not known", but(&grant, &[("PAID", "GIFT")])),
        ("a status that is not known", stigg(r#", "status": "DEPLETED""#)),
        ("a priority that is none", stigg(r#", "priority": 101"#)),
        ("a fraction of a priority", stigg(r#", "priority": 1.5"#)),
        ("an instant that is none", stigg(r#", "expireAt": "tomorrow""#)),
        (
            "it ends before it begins",
            stigg(r#", "effectiveAt": "2027-01-02", "expireAt": "2027-01-01""#),
        ),
        ("a long comment", stigg(&format!(", \"comment\": {long}"))),
        ("money that is none", stigg(r#", "cost": {"amount": 1, "currency": "zzz"}"#)),
        ("money below 0", stigg(r#", "cost": {"amount": -1, "currency": "usd"}"#)),
        ("too much metadata", stigg(&format!(", \"metadata\": {{{}}}", many.join(",")))),
        ("metadata of numbers", stigg(r#", "metadata": {"a": 1}"#)),
        ("cut off", grant.get(..50).unwrap_or_default().to_owned()),
        ("another file", r#"{"id": "x", "object": "charge"}"#.to_owned()),
        ("nothing", String::new()),
    ];
    let cases: Vec<_> = cases.iter().map(|(name, text)| (*name, text.as_str())).collect();
    insta::assert_snapshot!(table("--from stigg", &cases));
    insta::assert_snapshot!(
        "an_option_of_nothing",
        told("--from stigg --currency other=x", &grant)
    );
}

const WALLET: &str = r#"{"lago_id": "w1", "external_customer_id": "acme", "status": "active", "currency": "EUR",
    "name": "Prepaid", "rate_amount": "0.1", "credits_balance": "30.0", "created_at": "2026-01-01T00:00:00Z"}"#;
const TOP_UP: &str = r#"{"lago_id": "t1", "lago_wallet_id": "w1", "status": "settled", "transaction_type": "inbound",
    "transaction_status": "purchased", "credit_amount": "50", "remaining_credit_amount": "30",
    "settled_at": "2026-02-01T00:00:00Z", "created_at": "2026-01-31T00:00:00Z",
    "metadata": [{"key": "k", "value": "v"}]}"#;

#[test]
fn wallets_of_lago() {
    let both = format!("{WALLET}{TOP_UP}");
    let granted =
        but(TOP_UP, &[("\"t1\"", "\"t2\""), ("purchased", "granted"), ("\"30\"", "\"0.5\"")]);
    let whole = but(WALLET, &[("30.0", "30.5")]);
    let second = but(&whole, &[("\"w1\"", "\"w2\""), ("Prepaid", "Second"), ("30.5", "0.5")]);
    let of_second = but(&granted, &[("\"w1\"", "\"w2\"")]);
    let ranked = but(&second, &[("\"name\"", "\"priority\": 3, \"name\"")]);
    let dearer = but(&second, &[("\"0.1\"", "\"0.2\"")]);
    let without = but(TOP_UP, &[("\"remaining_credit_amount\": \"30\",", "")]);
    let limits = but(WALLET, &[("\"name\"", r#""applies_to": {"fee_types": ["charge"]}, "name""#)]);
    let limits = but(&limits, &[("\"name\"", r#""recurring_transaction_rules": [{}], "name""#)]);
    let limits = but(&limits, &[("\"name\"", r#""credits_ongoing_usage_balance": "2.5", "name""#)]);
    let ending = but(WALLET, &[("\"name\"", r#""expiration_at": "2026-05-31T00:00:00Z", "name""#)]);
    let pending = but(&but(TOP_UP, &[("\"t1\"", "\"t3\"")]), &[("settled\"", "pending\"")]);
    let outbound =
        but(TOP_UP, &[("\"t1\"", "\"t4\""), ("inbound", "outbound"), ("purchased", "invoiced")]);
    let cases = [
        ("sold", both.clone()),
        (
            "sold and given",
            format!("{{\"wallets\": [{whole}]}}{{\"wallet_transactions\": [{TOP_UP}, {granted}]}}"),
        ),
        ("two wallets", format!("{WALLET}{second}{TOP_UP}{of_second}")),
        ("two wallets of different priority", format!("{WALLET}{ranked}{TOP_UP}{of_second}")),
        ("two wallets of different worth", format!("{WALLET}{dearer}{TOP_UP}{of_second}")),
        ("what is pending, and what went", format!("{both}{pending}{outbound}")),
        ("what is not carried", format!("{limits}{TOP_UP}")),
        ("terminated", but(WALLET, &[("active", "terminated")])),
        ("expired", format!("{ending}{TOP_UP}")),
        ("top-ups of no wallet", format!("{WALLET}{}", but(TOP_UP, &[("\"w1\"", "\"w9\"")]))),
        ("empty", but(WALLET, &[("30.0", "0.0")])),
        ("top-ups that do not add up", format!("{WALLET}{granted}")),
        ("more left than there was", format!("{WALLET}{}", but(TOP_UP, &[("\"50\"", "\"29\"")]))),
        ("it is not said what is left", format!("{WALLET}{without}")),
        ("no top-up", WALLET.to_owned()),
        ("below 0", but(WALLET, &[("30.0", "-1")])),
        ("money that is none", but(WALLET, &[("EUR", "QQQ")])),
        (
            "a customer",
            format!(
                "{both}{}",
                r#"{"lago_id": "c", "external_id": "acme", "name": "Acme", "currency": "EUR"}"#
            ),
        ),
    ];
    let cases: Vec<_> = cases.iter().map(|(name, text)| (*name, text.as_str())).collect();
    insta::assert_snapshot!(table("--from lago --currency eur=credits", &cases));
    let taken = told("--from lago --currency EUR=credits --unattributed promotional", WALLET);
    insta::assert_snapshot!("the_whole_wallet_as_one_grant", taken);
    insta::assert_snapshot!("a_currency_that_is_not_said", told("--from lago", &both));
}

const CREDIT: &str = r#"{"object": "billing.credit_grant", "id": "credgr_1", "customer": "cus_1", "livemode": true,
    "amount": {"type": "monetary", "monetary": {"currency": "usd", "value": 1999}}, "category": "paid",
    "created": 1767225600,
    "effective_at": 1767225600, "expires_at": 1893456000, "priority": 10, "name": "Pack", "metadata": {"k": "v"}}"#;

fn moved(id: &str, kind: &str, why: &str, value: &str) -> String {
    format!(
        r#"{{"object": "billing.credit_balance_transaction", "id": "{id}", "credit_grant": "credgr_1", "type": "{kind}",
        "{kind}": {{"type": "{why}", "amount": {{"monetary": {{"currency": "usd", "value": {value}}}}}}}}}"#
    )
}

#[test]
fn grants_of_stripe() {
    let begun = format!("{CREDIT}{}", moved("a", "credit", "credits_granted", "1999"));
    let applied = format!("{begun}{}", moved("b", "debit", "credits_applied", "500"));
    let summary = |value: &str| {
        format!(
            r#"{{"object": "billing.credit_balance_summary", "customer": {{"id": "cus_1"}}, "balances":
            [{{"available_balance":
            {{"monetary": {{"currency": "usd", "value": {value}}}}}}}]}}"#
        )
    };
    let later = but(CREDIT, &[("\"effective_at\": 1767225600", "\"effective_at\": 1798761600")]);
    let voided = but(CREDIT, &[("\"name\"", "\"voided_at\": 1767225700, \"name\"")]);
    let scope = but(
        &begun,
        &[("\"name\"", r#""applicability_config": {"scope": {"prices": [{"id": "p"}]}}, "name""#)],
    );
    let person =
        r#"{"object": "customer", "id": "cus_1", "name": "Acme", "email": "a@example.com"}"#;
    let list = format!("{{\"object\": \"list\", \"data\": [{CREDIT}]}}");
    let of_test = |text: &str| but(text, &[("{\"object\"", "{\"livemode\": false, \"object\"")]);
    let test_person = of_test(person);
    let test_move = of_test(&moved("a", "credit", "credits_granted", "1999"));
    let test_summary = of_test(&summary("1999"));
    let cases = [
        ("all of it left", begun.clone()),
        ("a part applied", applied.clone()),
        (
            "given back",
            format!(
                "{applied}{}",
                moved("c", "credit", "credits_application_invoice_voided", "100")
            ),
        ),
        ("a summary that is equal", format!("{applied}{}", summary("1499"))),
        ("a summary that is not", format!("{applied}{}", summary("1500"))),
        ("a summary and nothing taken", format!("{list}{}", summary("1999"))),
        ("a summary and something taken", format!("{CREDIT}{}", summary("1998"))),
        ("nothing says what is left", CREDIT.to_owned()),
        (
            "transactions that are not all",
            format!("{CREDIT}{}", moved("b", "debit", "credits_applied", "500")),
        ),
        ("yet to begin", later),
        ("voided", voided),
        ("expired", but(&begun, &[("1893456000", "1767225601")])),
        ("for some prices only", scope),
        ("with its customer", format!("{begun}{person}")),
        ("promotional", but(&begun, &[("\"paid\"", "\"promotional\"")])),
        ("a fraction of a minor unit", but(CREDIT, &[("1999", "19.99")])),
        ("a huge number", but(CREDIT, &[("1999", "99999999999999999999")])),
        ("below 0", but(CREDIT, &[("1999", "-1")])),
        ("seconds that are none", but(&begun, &[("1893456000", "999999999999999999")])),
        (
            "live and test",
            format!("{begun}{}", but(CREDIT, &[("true", "false"), ("credgr_1", "credgr_2")])),
        ),
        ("live grants, test customer", format!("{begun}{test_person}")),
        ("live grants, test transactions", format!("{CREDIT}{test_move}")),
        ("live grants, test summary", format!("{begun}{test_summary}")),
        ("transactions of no grant", moved("a", "credit", "credits_granted", "1999")),
        ("a summary of no grant", summary("1")),
        ("another object", r#"{"object": "charge", "id": "ch_1"}"#.to_owned()),
    ];
    let cases: Vec<_> = cases.iter().map(|(name, text)| (*name, text.as_str())).collect();
    insta::assert_snapshot!(table("--from stripe --currency usd=credits", &cases));
}

#[test]
fn monies_of_a_customer_that_become_one() {
    let other = |money: &str, value: &str| {
        let changes = [("credgr_1", "credgr_2"), ("usd", money), ("1999", value)];
        let text = format!("{}{}", CREDIT, moved("b", "credit", "credits_granted", "1999"));
        but(&text, &changes)
    };
    let begun = format!("{CREDIT}{}", moved("a", "credit", "credits_granted", "1999"));
    let spent = but(
        &moved("c", "debit", "credits_applied", "700"),
        &[("credgr_1", "credgr_2"), ("usd", "eur")],
    );
    let second = other("eur", "700");
    let theirs = but(&second, &[("cus_1", "cus_2")]);
    let all = table(
        "--from stripe --currency usd=credits --currency eur=credits",
        &[
            ("of one customer", &format!("{begun}{second}")),
            ("of two customers", &format!("{begun}{theirs}")),
            ("of one customer, and one is spent", &format!("{begun}{second}{spent}")),
        ],
    );
    insta::assert_snapshot!(all);
}

#[test]
fn currencies_of_a_customer_that_become_one() {
    let tokens = stigg("");
    let coins = but(&tokens, &[("\"g1\"", "\"g2\""), ("tokens", "coins")]);
    let theirs = but(&coins, &[("acme", "birch")]);
    let used = but(&coins, &[("\"consumedAmount\": 0", "\"consumedAmount\": 100")]);
    let owed = but(&used, &[("\"amount\": 100", "\"amount\": 0"), ("PAID", "OVERDRAFT")]);
    let all = table(
        "--from stigg --currency tokens=credits --currency coins=credits",
        &[
            ("of one customer", &format!("{tokens}{coins}")),
            ("of two customers", &format!("{tokens}{theirs}")),
            ("of one customer, and one is used up", &format!("{tokens}{used}")),
            ("of one customer, and one is owed", &format!("{tokens}{owed}")),
        ],
    );
    insta::assert_snapshot!(all);
}

#[test]
fn customers_with_other_ids_here() {
    let begun = format!("{CREDIT}{}", moved("a", "credit", "credits_granted", "1999"));
    let second = but(&begun, &[("credgr_1", "credgr_2"), ("cus_1", "cus_2"), ("\"a\"", "\"b\"")]);
    let both = format!("{begun}{second}");
    let summary =
        r#"{"object": "billing.credit_balance_summary", "customer": "cus_3", "balances": []}"#;
    let summed = format!("{begun}{summary}");
    let case = |name: &str, renamed: &[(&str, &str)], text: &str| {
        let told = told_of("--from stripe --currency usd=credits", renamed, text);
        format!("# {name}\n{told}\n")
    };
    let all = [
        case("another id", &[("cus_1", "acme")], &begun),
        case("two that become one", &[("cus_1", "acme"), ("cus_2", "acme")], &both),
        case("one that becomes another of the source", &[("cus_1", "cus_2")], &both),
        case("two that change their ids", &[("cus_1", "cus_2"), ("cus_2", "cus_1")], &both),
        case("names of nobody", &[("cus_1", "acme"), ("cus_8", "x"), ("cus_9", "y")], &begun),
        case("of whom there is only a summary", &[("cus_3", "z")], &summed),
    ];
    insta::assert_snapshot!(all.concat());
}

#[test]
fn what_stripe_counts_otherwise() {
    let later = [("\"effective_at\": 1767225600", "\"effective_at\": 1798761600")];
    let told = |(money, value): &(&str, &str)| {
        let grant = but(&but(CREDIT, &later), &[("usd", money), ("1999", value)]);
        let told = told(&format!("--from stripe --currency {money}=credits"), &grant);
        format!("# {value} {money}\n{told}\n")
    };
    let all: String =
        [("isk", "500"), ("isk", "550"), ("jpy", "500"), ("usd", "500")].iter().map(told).collect();
    insta::assert_snapshot!(all);
}

#[test]
fn a_million_members_cost_no_more_than_their_text() {
    let text = format!("{{\"id\": \"g\", {}}}", vec!["\"a\": 1"; 100_000].join(","));
    assert!(told("--from stigg", &text).contains("neither a grant"));
    assert_eq!(Source::Stigg.name(), "stigg");
}
