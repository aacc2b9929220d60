//! Every endpoint against requests that are valid but for a few changes: never a failure, a refusal
//! names the field, and what is accepted means the same however it is spelt.

mod recorder;
mod requests;
mod spelling;

use std::collections::BTreeSet;
use std::sync::Arc;

use scrip_api::{AppConfig, openapi};
use scrip_fuzz::{Examples, target};
use serde_json::Value;

use crate::support::{Told, World};
use recorder::Recorder;
use requests::{PIECES, REQUESTS, Request};
use spelling::Tree;

#[test]
fn requests() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut recorder = None;
    let world = runtime.block_on(async {
        let wrap = |inner| {
            let made = Recorder::around(inner);
            recorder = Some(Arc::clone(&made));
            made as Arc<_>
        };
        let world = World::with(AppConfig::default(), wrap).await;
        world.furnish().await;
        world
    });
    let recorder = recorder.unwrap();
    recorder.refuse_everything();
    let names = names();
    let all = REQUESTS.iter().map(|request| request.trim_start());
    target!(Examples::new(all).with_pieces(PIECES), |bytes: &[u8]| {
        let Some(request) = Request::of(bytes) else { return };
        let Some(told) = runtime.block_on(request.send(&world)) else { return };
        let meant = recorder.take();
        check_told(&request, &told, !meant.is_empty(), &names);
        if let Some(again) = request.spelt_otherwise()
            && told.status.as_u16() != 413
        {
            let told_again = runtime.block_on(again.send(&world)).unwrap();
            assert_eq!(
                told_again.status, told.status,
                "{request:?}\n{again:?}\n{}",
                told_again.text
            );
            assert_eq!(recorder.take(), meant, "{request:?}\n{again:?}");
        }
    });
}

/// The examples are what they are taken for.
#[test]
fn examples_are_accepted() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let world = runtime.block_on(World::furnished());
    for text in REQUESTS {
        let request = Request::of(text.trim_start().as_bytes()).unwrap();
        let told = runtime.block_on(request.send(&world)).unwrap();
        assert!([200, 201, 202, 404, 409].contains(&told.status.as_u16()), "{text}\n{}", told.text);
        let is_write = request.method != "GET" && !request.body.is_empty();
        assert_eq!(request.spelt_otherwise().is_some(), is_write || request.has_query(), "{text}");
    }
}

fn check_told(request: &Request, told: &Told, is_meant: bool, names: &BTreeSet<String>) {
    let status = told.status.as_u16();
    // What the recorder refuses was understood.
    let expected: &[u16] =
        if is_meant { &[200, 404, 503] } else { &[200, 400, 403, 404, 405, 409, 413, 414, 501] };
    assert!(expected.contains(&status), "{status} {request:?}\n{}", told.text);
    if status != 400 {
        return;
    }
    let body: Value = serde_json::from_str(&told.text).unwrap();
    let message = body["message"].as_str().unwrap();
    let is_object = matches!(Tree::of(&request.body), Some(Tree::Object(_)));
    if request.method != "GET" && !is_object && message.contains(" was refused: ") {
        return;
    }
    let mut words = message.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let is_known = words.any(|word| names.contains(word));
    let is_sent = request.names().iter().any(|name| message.contains(name.as_str()));
    // Queries are decoded before their names are known, so that any name is refused by itself.
    let is_undecoded = message.ends_with(" is not UTF-8");
    assert!(is_known || is_sent || is_undecoded, "no field is named: {message}\n{request:?}");
}

/// The names of all members and parameters that the reference knows.
fn names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let document = openapi();
    let mut waiting = vec![&document];
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(members) => {
                if let Some(Value::Object(properties)) = members.get("properties") {
                    names.extend(properties.keys().cloned());
                }
                if let (Some(Value::String(name)), true) =
                    (members.get("name"), members.contains_key("in"))
                {
                    names.extend(name.split('[').map(str::to_owned));
                }
                waiting.extend(members.values());
            }
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
    assert!(names.len() > 50, "the reference is not understood");
    names
}
