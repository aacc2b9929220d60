//! `GET /api/v1/people`: who belongs to the account, newest first.

use scrip_ledger::{
    CreatedRange, Page, PageRequest, Person, Point, Record, RecordKind, RecordQuery, SYSTEM, Start,
};

use super::{TAG, account, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::openapi::Operation;
use crate::paging;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let account = account(&call).await?;
    let scope = paging::scope(&call, "people").filter("account", Some(&account));
    let page = members(&call, &account, paging::page(call.query(), &scope)?).await?;
    Ok(Reply::ok(paging::answer(call.numbers(), &page, &scope, |writer, (record, person)| {
        view::write(writer, record, person, &account, None);
    })))
}

/// A page of those who belong to an account, of all people: a store has few enough to look through.
async fn members(
    call: &Call,
    account: &str,
    wanted: PageRequest,
) -> Result<Page<(Record, Person)>, ApiError> {
    let query = |page| RecordQuery {
        environment: SYSTEM,
        kind: RecordKind::Person,
        matching: Vec::new(),
        created: CreatedRange::default(),
        archived: Some(false),
        page,
    };
    let mut all: Vec<(Point, (Record, Person))> = Vec::new();
    let mut start = Start::Newest;
    loop {
        let page = call
            .app()
            .whole_ledger()
            .records(query(PageRequest { start, limit: LOOKED_THROUGH }))
            .await?;
        let older = page.older_cursor();
        for (point, record) in page.items {
            let person = Person::of(&record).filter(|it| it.membership(account).is_some());
            all.extend(person.map(|person| (point, (record, person))));
        }
        match older {
            Some(point) => start = Start::After(point),
            None => break,
        }
    }
    let place = |point: Point| (point.position, point.part);
    let (from, to) = match wanted.start {
        Start::Newest => (0, all.len().min(wanted.limit)),
        Start::After(after) => {
            let from = all.partition_point(|(point, _)| place(*point) >= place(after));
            (from, all.len().min(from.saturating_add(wanted.limit)))
        }
        Start::Before(before) => {
            let to = all.partition_point(|(point, _)| place(*point) > place(before));
            (to.saturating_sub(wanted.limit), to)
        }
    };
    let (newer, older) = (from > 0, to < all.len());
    let items = all.drain(from..to).collect();
    Ok(Page { items, newer, older })
}

/// People that are looked through at a time.
const LOOKED_THROUGH: usize = 200;

pub(super) fn operation() -> Operation {
    Operation::new("listPeople", TAG, "List people").paged().answers(
        200,
        "A page of those who belong to the account that the request is for, newest first",
        "PersonList",
    )
}
