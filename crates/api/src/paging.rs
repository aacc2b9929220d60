//! What all lists share: limit, cursors, creation ranges, and the envelope.

use scrip_ledger::{CreatedRange, Page, PageRequest, Point, Start};

use crate::cursor::CursorScope;
use crate::error::ApiError;
use crate::fields;
use crate::http::{Call, Numbers, Query};
use crate::json::{Members, Writer};
use crate::limits::{PAGE_DEFAULT, PAGE_MAX};

/// The cursors of a list in the caller's environment.
pub(crate) fn scope(call: &Call, list: &str) -> CursorScope {
    CursorScope::new(call.app().secret(), list, call.environment())
}

/// Which stretch of a list the query asks for.
pub(crate) fn page(query: &Query, scope: &CursorScope) -> Result<PageRequest, ApiError> {
    let limit = match query.one("limit")? {
        None => PAGE_DEFAULT,
        Some(text) => {
            let most = i64::try_from(PAGE_MAX).unwrap_or(i64::MAX);
            let limit = fields::integer_in("limit", text, 1..=most)?;
            usize::try_from(limit).unwrap_or(PAGE_DEFAULT)
        }
    };
    let point = |name: &str, text: &str| {
        scope.read(text).ok_or_else(|| {
            let message = format!("{name} is no cursor of this list with these filters");
            ApiError::bad_input(message)
        })
    };
    let start = match (query.one("after")?, query.one("before")?) {
        (None, None) => Start::Newest,
        (Some(after), None) => Start::After(point("after", after)?),
        (None, Some(before)) => Start::Before(point("before", before)?),
        (Some(_), Some(_)) => {
            return Err(ApiError::bad_input("after and before must not be given together"));
        }
    };
    Ok(PageRequest { start, limit })
}

/// The range of `createdAt[…]`, and its text for the cursor's scope.
pub(crate) fn created_range(query: &Query) -> Result<(CreatedRange, Option<String>), ApiError> {
    let mut text = String::new();
    let mut bound = |name: &str| -> Result<_, ApiError> {
        let field = format!("createdAt[{name}]");
        let Some(value) = query.one(&field)? else {
            return Ok(None);
        };
        let at = fields::instant(&field, value)?;
        text.push_str(&format!("{name} {at} "));
        Ok(Some(at))
    };
    let range =
        CreatedRange { gt: bound("gt")?, gte: bound("gte")?, lt: bound("lt")?, lte: bound("lte")? };
    Ok((range, (!text.is_empty()).then_some(text)))
}

/// The page of a list that is made of several, of a page of each that was asked for by the same
/// request. Nothing stands in two of them.
pub(crate) fn merged<T>(pages: Vec<Page<T>>, request: PageRequest) -> Page<T> {
    let (mut newer, mut older, mut items) = (false, false, Vec::new());
    for page in pages {
        newer |= page.newer;
        older |= page.older;
        items.extend(page.items);
    }
    items.sort_by_key(|(point, _)| std::cmp::Reverse((point.position, point.part)));
    let beyond = items.len().saturating_sub(request.limit);
    if let Start::Before(_) = request.start {
        items.drain(..beyond);
        newer |= beyond > 0;
    } else {
        items.truncate(request.limit);
        older |= beyond > 0;
    }
    Page { items, newer, older }
}

/// What a list that is newest first is asked for where one that is oldest first was asked for: the
/// same list, seen from its other end.
pub(crate) fn upward(request: PageRequest) -> PageRequest {
    let point = |point: Point| Point { position: point.upward_position(), part: 0 };
    let start = match request.start {
        Start::Newest => Start::Before(Point::END),
        Start::After(after) => Start::Before(point(after)),
        Start::Before(before) => Start::After(point(before)),
    };
    PageRequest { start, ..request }
}

/// What it answers, oldest first.
pub(crate) fn seen_upward<T>(page: Page<T>) -> Page<T> {
    let Page { mut items, newer, older } = page;
    items.reverse();
    for (point, _) in &mut items {
        *point = Point::of_upward(point.position);
    }
    Page { items, newer: older, older: newer }
}

/// `{"data": […], "pagination": {"next", "prev"}}`.
pub(crate) fn answer<T>(
    numbers: Numbers,
    page: &Page<T>,
    scope: &CursorScope,
    write: impl FnMut(&mut Writer, &T),
) -> Vec<u8> {
    answer_with(numbers, page, scope, write, |_| {})
}

/// The same with members beside them.
pub(crate) fn answer_with<T>(
    numbers: Numbers,
    page: &Page<T>,
    scope: &CursorScope,
    mut write: impl FnMut(&mut Writer, &T),
    more: impl FnOnce(&mut Members<'_>),
) -> Vec<u8> {
    let mut writer = Writer::new(numbers);
    writer.object(|members| {
        members.array("data", &page.items, |writer, (_, item)| write(writer, item));
        members.object("pagination", |members| {
            for (name, point) in [("next", page.older_cursor()), ("prev", page.newer_cursor())] {
                let cursor = point.map(|point| scope.write(point));
                members.text_or_null(name, cursor.as_deref());
            }
        });
        more(members);
    });
    writer.finish()
}
