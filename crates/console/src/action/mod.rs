//! Everything that changes something goes the same way: a form, what will change, then what changed.
//!
//! The page that says what will change mints the request's name, which becomes the
//! `Idempotency-Key`: however often its button is pressed, it happens once. Each step is a page of
//! its own, so that all of it works without a script.

mod changes;
mod pages;

use std::future::Future;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::routing::{MethodRouter, get};
use maud::Markup;
use serde_json::Value;

pub use self::changes::Changes;
use crate::Console;
use crate::api::{ApiFailure, Done, Refusal, STILL_RUNNING};
use crate::component::Field;
use crate::failure::{Failure, Shown};
use crate::form::{Form, Sent};
use crate::layout::Heading;
use crate::visit::Visit;

/// Something that can be done: found by its address, asked for by a form.
pub trait Deed: Send + Sync + Sized + 'static {
    /// What it is about, of the address.
    fn find(visit: &Visit) -> impl Future<Output = Result<Self, Failure>> + Send;

    /// What its pages are called.
    fn heading<'a>(&'a self, visit: &Visit) -> Heading<'a>;

    /// What is filled in; without fields the first page says at once what will change.
    fn fields(&self, _form: &Form) -> Vec<Field> {
        Vec::new()
    }

    /// How the form is filled in at first.
    fn prefilled(&self, _visit: &Visit) -> Form {
        Form::default()
    }

    /// What will change.
    fn plan(
        &self,
        visit: &Visit,
        form: &Form,
    ) -> impl Future<Output = Result<Plan, Failure>> + Send;

    /// Which operation of the API does it.
    fn operation(&self, form: &Form, request_id: &str) -> Operation;

    /// How the same things are afterwards, in the order of the plan's lines.
    fn state(
        &self,
        visit: &Visit,
        form: &Form,
    ) -> impl Future<Output = Result<Vec<String>, Failure>> + Send;

    /// What was done, in a sentence, and what else there is to say of it.
    fn told(&self, visit: &Visit, done: &Done) -> (String, Option<Markup>);

    /// Where to go on.
    fn back(&self, visit: &Visit) -> (String, String);
}

/// What an action will change.
pub struct Plan {
    /// Thing by thing.
    pub lines: Vec<Line>,
    /// What else to know before.
    pub notes: Option<Markup>,
    /// What the button says.
    pub verb: &'static str,
    /// It takes something away.
    pub is_dangerous: bool,
}

/// One thing before and after.
pub struct Line {
    /// What it is.
    pub what: String,
    /// How it is.
    pub before: String,
    /// How it is expected to be.
    pub after: String,
}

impl Line {
    /// A thing before and after.
    pub fn of(
        what: impl Into<String>,
        before: impl Into<String>,
        after: impl Into<String>,
    ) -> Self {
        Self { what: what.into(), before: before.into(), after: after.into() }
    }

    /// Things that are known by name, each as it is, and how they will be in the same order.
    pub fn each(
        before: impl IntoIterator<Item = (&'static str, String)>,
        after: impl IntoIterator<Item = impl Into<String>>,
    ) -> Vec<Self> {
        let lines = before.into_iter().zip(after);
        lines.map(|((what, before), after)| Self::of(what, before, after)).collect()
    }
}

/// An operation of the API.
pub struct Operation {
    /// Its method.
    pub method: Method,
    /// Its path.
    pub target: String,
    /// Its body.
    pub body: Option<Value>,
}

impl Plan {
    /// A plan by which something is changed and nothing is taken away; refused where all is so already.
    pub fn of_changes(
        lines: Vec<Line>,
        notes: Option<Markup>,
        verb: &'static str,
    ) -> Result<Self, Failure> {
        if lines.iter().all(|line| line.before == line.after) {
            return Err(Failure::of_field("What is written here is how it is already."));
        }
        Ok(Self { lines, notes, verb, is_dangerous: false })
    }
}

impl Operation {
    /// A POST with a body.
    pub fn post(target: impl Into<String>, body: Value) -> Self {
        Self { method: Method::POST, target: target.into(), body: Some(body) }
    }

    /// A PATCH with a body.
    pub fn patch(target: impl Into<String>, body: Value) -> Self {
        Self { method: Method::PATCH, target: target.into(), body: Some(body) }
    }

    /// A PUT with a body.
    pub fn put(target: impl Into<String>, body: Value) -> Self {
        Self { method: Method::PUT, target: target.into(), body: Some(body) }
    }

    /// A DELETE.
    pub fn delete(target: impl Into<String>) -> Self {
        Self { method: Method::DELETE, target: target.into(), body: None }
    }

    /// A POST without one.
    pub fn post_nothing(target: impl Into<String>) -> Self {
        Self { method: Method::POST, target: target.into(), body: None }
    }
}

/// The field that says that the plan was seen.
const STEP: &str = "step";
const CONFIRMED: &str = "confirmed";
const CHANGED_MIND: &str = "edit";
/// The fields that carry how things were when the plan was made.
const BEFORE: &str = "before";
const WHAT: &str = "what";

/// The pages of an action, at one address.
pub fn pages_of<D: Deed>() -> MethodRouter<Console> {
    get(ask::<D>).post(act::<D>)
}

async fn ask<D: Deed>(visit: Visit) -> Shown {
    let deed = D::find(&visit).await?;
    let form = deed.prefilled(&visit);
    if deed.fields(&form).is_empty() {
        let plan = deed.plan(&visit, &form).await?;
        return visit.page(&deed.heading(&visit), pages::plan(&visit, &deed, &form, &plan));
    }
    visit.page(&deed.heading(&visit), pages::form(&visit, &deed, &form, None))
}

async fn act<D: Deed>(State(console): State<Console>, request: Request) -> Shown {
    let sent = crate::form::read(&console, request).await?;
    let Sent { visit, form } = sent;
    let deed = D::find(&visit).await?;
    match form.text(STEP) {
        Some(CONFIRMED) => carry_out(visit, deed, form).await,
        Some(CHANGED_MIND) => {
            visit.page(&deed.heading(&visit), pages::form(&visit, &deed, &form, None))
        }
        _ => match deed.plan(&visit, &form).await {
            Ok(plan) => visit.page(&deed.heading(&visit), pages::plan(&visit, &deed, &form, &plan)),
            Err(failure) => refused(&visit, &deed, &form, failure),
        },
    }
}

async fn carry_out<D: Deed>(visit: Visit, deed: D, form: Form) -> Shown {
    let request_id = form.request_id()?;
    let Operation { method, target, body } = deed.operation(&form, request_id);
    match visit.api.act(method, &target, request_id, body.as_ref()).await {
        Ok(done) => {
            let after = deed.state(&visit, &form).await?;
            visit.page(&deed.heading(&visit), pages::done(&visit, &deed, &form, &done, &after))
        }
        // Whether it was done is not known: the same request finds out, and does it once.
        Err(ApiFailure::Refused(refusal)) if is_unclear(&refusal) => {
            let page = pages::unclear(&visit, &deed, &form, &refusal);
            let mut response = visit.page(&deed.heading(&visit), page)?;
            *response.status_mut() = refusal.status;
            Ok(response)
        }
        Err(ApiFailure::Refused(refusal)) => {
            refused(&visit, &deed, &form, Failure::Refused(refusal))
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Whether a refusal leaves open what happened: the server failed, or another request of the same name
/// is not answered yet.
fn is_unclear(refusal: &Refusal) -> bool {
    refusal.status.is_server_error() || refusal.code == STILL_RUNNING
}

/// The form again, with the refusal beside the field that it names.
fn refused<D: Deed>(visit: &Visit, deed: &D, form: &Form, failure: Failure) -> Shown {
    let Failure::Refused(refusal) = failure else { return Err(failure) };
    let page = pages::form(visit, deed, form, Some(&refusal));
    let mut response = visit.page(&deed.heading(visit), page)?;
    *response.status_mut() = refusal.status;
    Ok(response)
}
