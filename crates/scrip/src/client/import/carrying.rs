//! Makes what a plan holds. Each part has a key that the same export makes again, and is looked for
//! before it is made, so a run that was killed goes on, and a second one changes nothing.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::StatusCode;
use hyper::header::HeaderValue;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::earlier::{self, Consumed, Granted};
use super::plan::{Customer, Deficit, Piece, Plan};
use super::record::{Place, Remark};
use crate::client::asking::Asker;
use crate::client::connection::Request;
use crate::client::failure::{Failure, refused};
use crate::client::output::tell;
use crate::progress::Progress;

/// Where grants are made.
pub const GRANTS: &str = "/api/v1/credits/grants";
/// Keys under which a grant is asked for that was refused under those before.
const KEYS_MAX: u32 = 20;
/// How often it is told how far the work is, where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Currencies that are not there are made; those that are stay as they are.
pub async fn currencies(asker: &Asker, plan: &Plan) -> Result<(), Failure> {
    for body in plan.currencies.values() {
        make(asker, "/api/v1/credits/custom-currencies", body).await?;
    }
    Ok(())
}

/// Makes something, unless something with its id is there: whether it is new.
async fn make(asker: &Asker, path: &str, body: &Value) -> Result<bool, Failure> {
    let answer = asker.part(&Request::post(path, None, body)).await?;
    match answer.status {
        StatusCode::CONFLICT => Ok(false),
        status if status.is_success() => Ok(true),
        _ => Err(refused(&answer)),
    }
}

/// Makes customers, grants and deficits. Gives what the server refused, or what it has otherwise.
pub async fn carry(
    asker: &Arc<Asker>,
    plan: &Arc<Plan>,
    in_flight: u16,
) -> Result<Vec<Remark>, Failure> {
    let work = |asker: Arc<Asker>, plan: Arc<Plan>, id: String| async move {
        match plan.customers.get(&id) {
            Some(customer) => carry_one(&asker, &plan, &id, customer).await,
            None => Ok(Vec::new()),
        }
    };
    let refused = side_by_side("Importing customers", asker, plan, in_flight, work).await?;
    Ok(refused.into_values().flatten().collect())
}

/// Finds the grants that earlier runs made.
pub async fn look(
    asker: &Arc<Asker>,
    plan: &Arc<Plan>,
    in_flight: u16,
) -> Result<Granted, Failure> {
    let work = |asker: Arc<Asker>, plan: Arc<Plan>, id: String| async move {
        match plan.customers.get(&id) {
            Some(customer) => earlier::granted(&asker, &plan, &id, customer).await,
            None => Ok(Granted::new()),
        }
    };
    let found = side_by_side("Looking at customers", asker, plan, in_flight, work).await?;
    Ok(found.into_values().flatten().collect())
}

/// Does something for each customer, for so many at the same time, and says how far it is. What goes
/// wrong for one ends it for all that have not begun.
pub async fn side_by_side<W, F, T>(
    what: &'static str,
    asker: &Arc<Asker>,
    plan: &Arc<Plan>,
    in_flight: u16,
    work: W,
) -> Result<BTreeMap<String, T>, Failure>
where
    W: Fn(Arc<Asker>, Arc<Plan>, String) -> F,
    F: Future<Output = Result<T, Failure>> + Send + 'static,
    T: Send + 'static,
{
    let all = plan.customers.len();
    let mut progress = Progress::of(what);
    let mut told = Instant::now();
    let mut waiting = plan.customers.keys();
    let mut under_way = JoinSet::new();
    let mut done = BTreeMap::new();
    let mut failure = None;
    loop {
        while failure.is_none()
            && under_way.len() < usize::from(in_flight)
            && let Some(id) = waiting.next()
        {
            let one = work(Arc::clone(asker), Arc::clone(plan), id.clone());
            let id = id.clone();
            under_way.spawn(async move { (id, one.await) });
        }
        match under_way.join_next().await {
            None => break,
            Some(Ok((id, Ok(result)))) => {
                done.insert(id, result);
            }
            Some(Ok((_, Err(error)))) => failure = failure.or(Some(error)),
            Some(Err(error)) => failure = failure.or(Some(Failure::Other(error.into()))),
        }
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        progress.tell(count(done.len()), count(all));
        if told.elapsed() >= LINE_EVERY && !std::io::stderr().is_terminal() {
            told = Instant::now();
            tell(&format!("{what}: {} of {all}", done.len()));
        }
    }
    failure.map_or(Ok(done), Err)
}

async fn carry_one(
    asker: &Asker,
    plan: &Plan,
    id: &str,
    customer: &Customer,
) -> Result<Vec<Remark>, Failure> {
    let body = Value::Object(customer.body.clone());
    let is_new = match make(asker, "/api/v1/customers", &body).await {
        Ok(is_new) => is_new,
        // The others are made all the same.
        Err(Failure::Refused(words)) => return Ok(vec![remark(&of_customer(id), words)]),
        Err(failure) => return Err(failure),
    };
    let (granted, consumed) = match is_new {
        true => (Granted::new(), Consumed::new()),
        false => (
            earlier::granted(asker, plan, id, customer).await?,
            earlier::consumed(asker, plan, id, customer).await?,
        ),
    };
    let mut otherwise_here = Vec::new();
    for piece in &customer.pieces {
        match granted.get(&piece.id) {
            Some(amount) if *amount == piece.left.to_string() => {}
            Some(amount) => {
                let words = format!(
                    "was imported with {amount} before, and {} are left of it in these files: nothing \
                     was changed",
                    piece.left
                );
                otherwise_here.push(remark(&piece.place, words));
            }
            None => match grant(asker, plan, piece).await {
                Ok(()) => {}
                Err(Failure::Refused(words)) => otherwise_here.push(remark(&piece.place, words)),
                Err(failure) => return Err(failure),
            },
        }
    }
    for deficit in &customer.deficits {
        let place = Place { id: Some(deficit.id.clone()), ..of_customer(id) };
        match consumed.get(&deficit.id) {
            Some(amount) if *amount == deficit.amount => {}
            Some(amount) => {
                let words = format!(
                    "was imported with a deficit of {amount} before, and {} are owed in these files: \
                     nothing was changed",
                    deficit.amount
                );
                otherwise_here.push(remark(&place, words));
            }
            None => match consume(asker, plan, id, deficit).await {
                Ok(()) => {}
                Err(Failure::Refused(words)) => otherwise_here.push(remark(&place, words)),
                Err(failure) => return Err(failure),
            },
        }
    }
    Ok(otherwise_here)
}

/// Consumes what was consumed and not covered.
async fn consume(
    asker: &Asker,
    plan: &Plan,
    customer: &str,
    deficit: &Deficit,
) -> Result<(), Failure> {
    let mut body = json!({
        "customerId": customer,
        "currencyId": deficit.wallet.currency,
        "amount": deficit.amount.to_string(),
        "idempotencyKey": key(plan, &deficit.id),
        "onInsufficient": "OVERDRAFT",
    });
    if let Some(resource) = &deficit.wallet.resource {
        body["resourceId"] = json!(resource);
    }
    let answer = asker.part(&Request::post("/api/v1/credits/consumption", None, &body)).await?;
    if answer.status.is_success() { Ok(()) } else { Err(refused(&answer)) }
}

async fn grant(asker: &Asker, plan: &Plan, piece: &Piece) -> Result<(), Failure> {
    let body = piece.body(plan.source);
    for attempt in 1.. {
        let key = match attempt {
            1 => key(plan, &piece.id),
            // No id has a space in it, so this is no other's.
            _ => format!("{} try {attempt}", key(plan, &piece.id)),
        };
        // Ids were checked to be visible ASCII characters.
        let key = HeaderValue::from_str(&key).map_err(|error| Failure::Other(error.into()))?;
        let answer = asker.part(&Request::post(GRANTS, Some(key), &body)).await?;
        if answer.status.is_success() {
            break;
        }
        // The server remembers for a while what it refused. What refused then may be mended: the next key
        // asks anew, and since nothing was granted under this one, nothing is granted twice.
        let is_remembered = answer.headers.contains_key("idempotent-replayed");
        if !is_remembered || attempt >= KEYS_MAX {
            return Err(refused(&answer));
        }
    }
    Ok(())
}

/// The name of a part, the same in each run.
pub fn key(plan: &Plan, id: &str) -> String {
    format!("import-{}-{id}", plan.source.name())
}

/// Where something is that concerns a customer as a whole.
fn of_customer(id: &str) -> Place {
    Place { file: format!("customer {id}"), number: 0, id: None }
}

fn remark(place: &Place, words: String) -> Remark {
    Remark { place: place.clone(), field: String::new(), words }
}
