"""Several Scrip processes that share one database, and the keys of its environments."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.server import Server


@contextlib.contextmanager
def nodes_running(
    directory: Path, database_url: str, count: int, *, arguments: tuple[str, ...] = ()
) -> Iterator[list[Server]]:
    """Nodes for the length of a block. They start at once, so that they also meet while the database is still empty."""
    nodes: list[Server] = []
    for n in range(count):
        place = directory / f"node-{n}"
        place.mkdir()
        nodes.append(Server(place, arguments=arguments, database_url=database_url))
    for node in nodes[1:]:
        node.production_key, node.sandbox_key = nodes[0].production_key, nodes[0].sandbox_key
    try:
        with ThreadPoolExecutor(count) as threads:
            list(threads.map(Server.start, nodes))
        yield nodes
        for node in nodes:
            if node.process is not None:
                node.end_and_verify()
    finally:
        for node in nodes:
            node.kill()
