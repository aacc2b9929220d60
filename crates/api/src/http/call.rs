//! A request as an endpoint sees it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::Method;
use axum::http::request::Parts;
use scrip_core::{CurrencyId, CustomerId, Entity, EnvironmentId, Origin, Timestamp, TraceId};
use scrip_ledger::{
    Answer, Executed, KeyHolder, LedgerError, Order, Remember, RememberBy, Render, SYSTEM, Work,
};

use super::{Query, Reply, Within};
use crate::access::Needs;
use crate::app::App;
use crate::error::ApiError;
use crate::lookup::not_found;
use crate::portal_tokens::CustomerAccess;
use crate::refusal;

/// Who asks.
pub(crate) type Caller = Arc<KeyHolder>;

/// How amounts are written (decision 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// As exact JSON numbers; strings are refused.
    AsNumbers,
    /// As strings, which are taken too.
    AsStrings,
}

/// A request, read but for its body.
pub(crate) struct Call {
    app: App,
    caller: Caller,
    trace_id: TraceId,
    numbers: Numbers,
    parameters: Vec<(Box<str>, Box<str>)>,
    query: Query,
    is_head: bool,
    customer_access: Option<CustomerAccess>,
}

/// A request that changes something.
pub(crate) struct Write {
    call: Call,
    body: Bytes,
    memory: Option<RememberBy>,
}

impl Call {
    /// Reads everything but the body, of a caller that may ask for it. Path ids are decoded.
    pub(super) async fn read(app: App, parts: &mut Parts, needs: Needs) -> Result<Self, ApiError> {
        let missing = || ApiError::internal("an endpoint was reached without authentication");
        let caller = parts.extensions.get::<Caller>().ok_or_else(missing)?.clone();
        // Others are not asked whether they brought one.
        let customer_access = if caller.is_customer() {
            let access = parts.extensions.get::<CustomerAccess>().cloned().ok_or_else(missing)?;
            needs.check_customer(&access)?;
            Some(access)
        } else {
            needs.check(&caller)?;
            None
        };
        let trace_id = parts.extensions.get::<TraceId>().copied().ok_or_else(missing)?;
        let numbers = numbers(parts)?;
        let query = Query::parse(parts.uri.query())?;
        if let (Some(access), Needs::Own(_)) = (&customer_access, needs) {
            access.check_customer(&query)?;
        }
        let parameters = RawPathParams::from_request_parts(parts, &())
            .await
            .map_err(|_| ApiError::bad_input("the path is not UTF-8"))?;
        let parameters =
            parameters.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let is_head = parts.method == Method::HEAD;
        Ok(Self { app, caller, trace_id, numbers, parameters, query, is_head, customer_access })
    }

    pub fn app(&self) -> &App {
        &self.app
    }

    /// The ledger within the caller's environment.
    pub fn ledger(&self) -> Within<'_> {
        self.app.within(self.environment())
    }

    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Whether it is a customer who asks, and not somebody of the team: what the team writes for itself is
    /// not shown.
    pub fn is_customer(&self) -> bool {
        self.customer_access.is_some()
    }

    /// What the caller's token opens.
    pub fn customer_access(&self) -> Result<&CustomerAccess, ApiError> {
        let missing = || ApiError::internal("a token's endpoint was reached without one");
        self.customer_access.as_ref().ok_or_else(missing)
    }

    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    pub fn environment(&self) -> EnvironmentId {
        self.caller.environment
    }

    pub fn numbers(&self) -> Numbers {
        self.numbers
    }

    pub fn query(&self) -> &Query {
        &self.query
    }

    /// The environment's clock.
    pub fn now(&self) -> Timestamp {
        self.ledger().now()
    }

    /// Real time, whatever test clocks say.
    pub fn real_now(&self) -> Timestamp {
        self.ledger().real_now()
    }

    /// A part of the path.
    pub fn path(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(known, _)| known.as_ref() == name);
        found.map_or("", |(_, value)| value)
    }

    /// The customer in the path. What no customer can be called, nobody is.
    pub fn path_customer(&self) -> Result<CustomerId, ApiError> {
        let id = self.path("id");
        CustomerId::parse(id).map_err(|_| not_found(Entity::Customer, id))
    }

    /// The currency in the path.
    pub fn path_currency(&self) -> Result<CurrencyId, ApiError> {
        let id = self.path("currencyId");
        CurrencyId::parse(id).map_err(|_| not_found(Entity::CustomCurrency, id))
    }

    /// It asks for the headers only, as whoever looks ahead does: nothing may happen.
    pub fn is_head(&self) -> bool {
        self.is_head
    }

    /// Has the ledger carry out an order that has a key of its own: its answer is not stored.
    pub async fn execute(&self, work: Work) -> Result<Answer, LedgerError> {
        let (environment, origin) = (self.environment(), self.origin());
        let order = Order { environment, origin, work, remember: None };
        match self.ledger().execute(order).await? {
            Executed::Fresh(answer) => Ok(answer),
            Executed::Replayed(_) => {
                Err(LedgerError::Internal("an answer was stored that must not be".to_owned()))
            }
        }
    }

    /// Erases what was written of a customer, but for noting that it is done: in which round that is. It goes
    /// on if nobody waits for it any more.
    pub async fn erase(&self, customer: CustomerId) -> Result<u64, LedgerError> {
        let (app, environment, origin) = (self.app.clone(), self.environment(), self.origin());
        let erase = async move { app.within(environment).erase(&customer, origin).await };
        let erased = tokio::spawn(erase).await;
        erased.unwrap_or_else(|error| Err(LedgerError::Internal(format!("erasing: {error}"))))
    }

    fn origin(&self) -> Origin {
        Origin {
            actor: self.caller.actor(),
            trace_id: self.trace_id,
            salt: self.app.ids().sixteen(),
        }
    }
}

impl Write {
    pub(super) fn new(call: Call, body: Bytes, memory: Option<RememberBy>) -> Self {
        Self { call, body, memory }
    }

    /// The request but for its body.
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// The body's bytes.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Has the ledger carry out an order, and renders its answer.
    pub async fn execute<F>(&self, work: Work, render: F) -> Result<Reply, ApiError>
    where
        F: Fn(&Answer) -> Result<Reply, ApiError> + Send + Sync + 'static,
    {
        self.execute_list("items", work, render).await
    }

    /// The same for an order over a list; its refusals name the item.
    pub async fn execute_list<F>(
        &self,
        list: &'static str,
        work: Work,
        render: F,
    ) -> Result<Reply, ApiError>
    where
        F: Fn(&Answer) -> Result<Reply, ApiError> + Send + Sync + 'static,
    {
        self.attempt(list, work, render).await?.map_err(|error| refusal::of_ledger(error, list))
    }

    /// The same, for a caller that can mend some of the ledger's errors.
    pub async fn attempt<F>(
        &self,
        list: &'static str,
        work: Work,
        render: F,
    ) -> Result<Result<Reply, LedgerError>, ApiError>
    where
        F: Fn(&Answer) -> Result<Reply, ApiError> + Send + Sync + 'static,
    {
        let (environment, origin) = (self.call.environment(), self.call.origin());
        let Some(by) = self.memory else {
            let order = Order { environment, origin, work, remember: None };
            return match self.call.ledger().execute(order).await {
                Ok(Executed::Fresh(answer)) => render(&answer).map(Ok),
                Ok(Executed::Replayed(stored)) => Ok(Ok(Reply::replayed(stored))),
                Err(error) => Ok(Err(error)),
            };
        };
        let render = Arc::new(render);
        let stored = Arc::clone(&render);
        let remember = Some(self.remember(by, list, move |answer| stored(answer)));
        let order = Order { environment, origin, work, remember };
        match self.call.ledger().execute(order).await {
            Ok(Executed::Fresh(answer)) => render(&answer).map(Ok),
            Ok(Executed::Replayed(stored)) => Ok(Ok(Reply::replayed(stored))),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Has the ledger carry out an order on what stands above the environments, and renders its answer,
    /// with something that is shown once: the answer that is stored for a repetition has it not.
    pub async fn execute_once_shown<F>(
        &self,
        work: Work,
        shown_once: Option<Box<str>>,
        render: F,
    ) -> Result<Reply, ApiError>
    where
        F: Fn(&Answer, Option<&str>) -> Result<Reply, ApiError> + Send + Sync + 'static,
    {
        let (order, render) = self.order_once_shown(SYSTEM, work, render);
        match self.call.app.whole_ledger().execute(order).await? {
            Executed::Fresh(answer) => render(&answer, shown_once.as_deref()),
            Executed::Replayed(stored) => Ok(Reply::replayed(stored)),
        }
    }

    /// The same on what is in the caller's environment.
    pub async fn execute_once_shown_here<F>(
        &self,
        work: Work,
        shown_once: Box<str>,
        render: F,
    ) -> Result<Reply, ApiError>
    where
        F: Fn(&Answer, Option<&str>) -> Result<Reply, ApiError> + Send + Sync + 'static,
    {
        let (order, render) = self.order_once_shown(self.call.environment(), work, render);
        match self.call.ledger().execute(order).await? {
            Executed::Fresh(answer) => render(&answer, Some(&shown_once)),
            Executed::Replayed(stored) => Ok(Reply::replayed(stored)),
        }
    }

    fn order_once_shown<F>(
        &self,
        environment: EnvironmentId,
        work: Work,
        render: F,
    ) -> (Order, Arc<F>)
    where
        F: Fn(&Answer, Option<&str>) -> Result<Reply, ApiError> + Send + Sync + 'static,
    {
        let render = Arc::new(render);
        let remember = self.memory.map(|by| {
            let stored = Arc::clone(&render);
            self.remember(by, "items", move |answer| stored(answer, None))
        });
        (Order { environment, origin: self.call.origin(), work, remember }, render)
    }

    fn remember(
        &self,
        by: RememberBy,
        list: &'static str,
        render: impl Fn(&Answer) -> Result<Reply, ApiError> + Send + Sync + 'static,
    ) -> Remember {
        let trace_id = self.call.trace_id;
        let render: Render = Arc::new(move |outcome| match outcome {
            Ok(answer) => render(answer).ok().map(|reply| reply.stored()),
            Err(refused) => refusal::of_order(refused, list).stored(trace_id),
        });
        Remember { by, render }
    }
}

fn numbers(parts: &Parts) -> Result<Numbers, ApiError> {
    match parts.headers.get("x-scrip-numbers").map(|value| value.as_bytes()) {
        None | Some(b"number") => Ok(Numbers::AsNumbers),
        Some(b"string") => Ok(Numbers::AsStrings),
        Some(_) => Err(ApiError::bad_input("x-scrip-numbers must be number or string")),
    }
}
