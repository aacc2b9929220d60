//! What every list owes to whoever walks through it, in both directions.

use std::fmt::Debug;

use crate::{Page, PageRequest, Point, Start};

/// Walks through a list in all ways and compares with what it must hold, newest first.
pub(super) async fn check<T, S: PartialEq + Debug + Clone>(
    expected: &[S],
    limits: &[usize],
    fetch: impl AsyncFn(PageRequest) -> Page<T>,
    show: impl Fn(&T) -> S,
) {
    let fetch = async |start, limit| {
        let page = fetch(PageRequest { start, limit }).await;
        assert!(page.items.len() <= limit);
        let items: Vec<S> = page.items.iter().map(|(_, item)| show(item)).collect();
        (items, page)
    };
    for limit in limits {
        // Forward from the newest, cursor by cursor.
        let (mut start, mut seen) = (Start::Newest, Vec::new());
        let mut pages: Vec<Page<T>> = Vec::new();
        loop {
            let (items, page) = fetch(start, *limit).await;
            assert_eq!(page.newer_cursor().is_some(), !seen.is_empty(), "newer, after {seen:?}");
            seen.extend(items);
            let next = page.older_cursor();
            assert_eq!(next.is_some(), seen.len() < expected.len(), "older, after {seen:?}");
            pages.push(page);
            match next {
                Some(point) => start = Start::After(point),
                None => break,
            }
        }
        assert_eq!(seen, expected);
        assert_eq!(pages.len(), expected.len().div_ceil(*limit).max(1), "full pages");
        // Backward from the last page.
        let mut cursor = pages.last().and_then(Page::newer_cursor);
        let last = pages.last().map_or(0, |page| page.items.len());
        let mut left = expected.len() - last;
        while let Some(point) = cursor {
            let (items, page) = fetch(Start::Before(point), *limit).await;
            let from = left.saturating_sub(*limit);
            assert_eq!(items, expected[from..left]);
            assert_eq!((page.newer, page.older), (from > 0, left < expected.len()));
            left = from;
            cursor = page.newer_cursor();
        }
        assert_eq!(left, 0);
        // Backward from the very end.
        let (mut point, mut left) = (Point::END, expected.len());
        loop {
            let (items, page) = fetch(Start::Before(point), *limit).await;
            let from = left.saturating_sub(*limit);
            assert_eq!(items, expected[from..left]);
            assert_eq!((page.newer, page.older), (from > 0, left < expected.len()));
            left = from;
            match page.newer_cursor() {
                Some(next) => point = next,
                None => break,
            }
        }
    }
    check_places(expected, &fetch).await;
}

/// From each item's place, both ways; and at both ends.
async fn check_places<T, S: PartialEq + Debug + Clone>(
    expected: &[S],
    fetch: &impl AsyncFn(Start, usize) -> (Vec<S>, Page<T>),
) {
    let (_, all) = fetch(Start::Newest, expected.len() + 1).await;
    for (index, (point, _)) in all.items.iter().enumerate() {
        let (items, page) = fetch(Start::After(*point), expected.len() + 1).await;
        assert_eq!(items, expected[index + 1..]);
        assert_eq!((page.newer, page.older), (true, false));
        let (items, page) = fetch(Start::Before(*point), expected.len() + 1).await;
        assert_eq!(items, expected[..index]);
        assert_eq!((page.newer, page.older), (false, true));
    }
    let any = !expected.is_empty();
    for beyond in [Start::After(Point::END), Start::Before(Point::START)] {
        let (items, page) = fetch(beyond, 5).await;
        assert_eq!(items, []);
        let is_end = beyond == Start::After(Point::END);
        assert_eq!((page.newer, page.older), (any && is_end, any && !is_end), "{beyond:?}");
    }
    let (items, _) = fetch(Start::After(Point::START), expected.len() + 1).await;
    assert_eq!(items, expected);
    // An empty page in the middle of nowhere still leads back.
    if let (Some((newest, _)), Some((oldest, _))) = (all.items.first(), all.items.last()) {
        let (_, page) = fetch(Start::Before(*newest), 1).await;
        let (items, _) = fetch(Start::After(page.older_cursor().unwrap()), 1).await;
        assert_eq!(items, expected[..1]);
        let (_, page) = fetch(Start::After(*oldest), 1).await;
        let (items, _) = fetch(Start::Before(page.newer_cursor().unwrap()), 1).await;
        assert_eq!(items, expected[expected.len() - 1..]);
    }
}
