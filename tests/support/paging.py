"""Walks a list through the SDK in every way that it offers and demands the exact same order from each."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from support.driver import Page

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)

Lister = Callable[..., Page]


def ids(items: Sequence[Any]) -> list[str]:
    return [item.id for item in items]


def check_paging(
    list_: Lister, expected: Sequence[str], *, key: Callable[[Sequence[Any]], list[str]] = ids
) -> None:
    """`list_(**paging)` holds exactly `expected`, newest first, however it is walked. Needs five items or more."""
    expected = list(expected)
    assert len(expected) >= 5, "too few for three pages"
    assert key(list_(limit=100).data) == expected
    for limit in {2, (len(expected) - 1) // 2}:
        check_walk(list_, expected, limit, key)
    # A length that is a multiple of the page: the last full page must already know that it is the last.
    whole = list_(limit=len(expected))
    assert (whole.next, whole.prev) == (None, None)


def check_walk(
    list_: Lister, expected: list[str], limit: int, key: Callable[[Sequence[Any]], list[str]]
) -> None:
    chunks = [expected[at : at + limit] for at in range(0, len(expected), limit)]
    assert len(chunks) >= 3

    # Forwards, item by item and page by page.
    assert key(list(list_(limit=limit))) == expected
    pages = list_(limit=limit).pages()
    assert [key(page.data) for page in pages] == chunks
    assert [page.next is None for page in pages] == [False] * (len(chunks) - 1) + [True]
    assert [page.prev is None for page in pages] == [True] + [False] * (len(chunks) - 1)
    for cursor in {page.next for page in pages} | {page.prev for page in pages}:
        assert cursor is None or UUID.fullmatch(cursor), cursor

    # Backwards from the last page: the pages before it, each in the same order within itself.
    backwards = list_(limit=limit, before=pages[-1].prev)
    assert [key(page.data) for page in backwards.pages()] == chunks[-2::-1]
    assert key(list(backwards)) == [item for chunk in chunks[-2::-1] for item in chunk]
    assert backwards.pages()[-1].prev is None
    assert all(page.next is not None for page in backwards.pages())

    # And forwards again from the first page that was reached backwards.
    again = list_(limit=limit, after=backwards.pages()[-1].next)
    assert [key(page.data) for page in again.pages()] == chunks[1:]
