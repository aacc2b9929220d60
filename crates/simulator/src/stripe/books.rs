//! All that the stand-in knows.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::keys::Keys;
use super::refusal::Refusal;

/// Everything, as it can be written to a file.
#[derive(Default, Serialize, Deserialize)]
pub struct Books {
    /// How many objects were made: the newest has the highest identifier.
    made: u64,
    /// How many of them a search finds: it is behind.
    indexed: u64,
    /// Now, in seconds since 1970: as it was when the request came.
    #[serde(skip)]
    pub now_seconds: i64,
    objects: BTreeMap<String, Value>,
    /// What happened, oldest first.
    pub events: Vec<Value>,
    /// How many of these were delivered.
    pub delivered: usize,
    /// What comes of the next payments of a customer.
    pub next_payments: BTreeMap<String, VecDeque<String>>,
    /// What was answered under which key.
    pub keys: Keys,
    /// The requests to the API that came, as `METHOD path`.
    pub requests: Vec<String>,
}

impl Books {
    /// An identifier that no object had.
    pub fn mint(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}_{:08}", self.made)
    }

    /// Keeps an object under its identifier.
    pub fn put(&mut self, object: Value) {
        self.objects.insert(text(&object, "id").to_owned(), object);
    }

    /// Forgets an object.
    pub fn remove(&mut self, id: &str) {
        self.objects.remove(id);
    }

    /// An object of a kind.
    pub fn get(&self, kind: &str, id: &str) -> Option<&Value> {
        self.objects.get(id).filter(|object| text(object, "object") == kind)
    }

    /// An object that a path names, or that it is none.
    pub fn at(&self, kind: &str, id: &str) -> Result<Value, Refusal> {
        let found = self.get(kind, id).cloned();
        found.ok_or_else(|| Refusal::no_such(kind, id, "id", 404))
    }

    /// An object that a parameter names, or that it is none.
    pub fn named(&self, kind: &str, id: &str, param: &str) -> Result<Value, Refusal> {
        let found = self.get(kind, id).cloned();
        found.ok_or_else(|| Refusal::no_such(kind, id, param, 400))
    }

    /// Sets members of an object, and answers it.
    pub fn change(&mut self, id: &str, members: Value) -> Value {
        let Some(object) = self.objects.get_mut(id) else { return Value::Null };
        if let (Value::Object(object), Value::Object(members)) = (&mut *object, members) {
            object.extend(members);
        }
        object.clone()
    }

    /// All objects of a kind, the newest first.
    pub fn all(&self, kind: &str) -> Vec<&Value> {
        let of_kind = |object: &&Value| text(object, "object") == kind;
        let mut all: Vec<_> = self.objects.values().filter(of_kind).collect();
        all.sort_by_key(|object| std::cmp::Reverse(number(text(object, "id"))));
        all
    }

    /// The objects of a kind that a search knows of by now, the newest first.
    pub fn searchable(&self, kind: &str) -> Vec<&Value> {
        let mut all = self.all(kind);
        all.retain(|object| number(text(object, "id")) <= self.indexed);
        all
    }

    /// Keys are forgotten, and searches find everything.
    pub fn a_day_later(&mut self) {
        self.keys.forget();
        self.indexed = self.made;
    }

    /// Notes that something happened with an object.
    pub fn happened(&mut self, kind: &str, id: &str) {
        let object = self.objects.get(id).cloned().unwrap_or(Value::Null);
        let id = self.mint("evt");
        self.events.push(json!({
            "id": id, "object": "event", "api_version": "2024-06-20", "type": kind,
            "created": self.now_seconds, "livemode": false, "pending_webhooks": 1,
            "data": {"object": object}, "request": {"id": null, "idempotency_key": null},
        }));
    }
}

/// The number of an identifier.
fn number(id: &str) -> u64 {
    id.rsplit('_').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// The text of a member; empty if there is none.
pub fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object[member].as_str().unwrap_or_default()
}
