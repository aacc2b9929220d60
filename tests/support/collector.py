"""Somebody who takes traces: an HTTP server that reads OTLP with the official package, and may misbehave."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Sent

from support.receiver import Listener

PATIENCE_SECONDS = 30.0
# What is done with a request instead of answering it.
HANG = "hang"


@dataclass(frozen=True)
class Span:
    """One as it came, with what sent it."""

    name: str
    kind: str
    trace: str
    id: str
    parent: str
    state: str
    is_error: bool
    attributes: dict[str, Any]
    links: list[str]
    resource: dict[str, Any]
    nanoseconds: int


def values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


def spans_in(body: bytes) -> list[Span]:
    request = ExportTraceServiceRequest.FromString(body)
    return [
        Span(
            span.name, Sent.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"), span.trace_id.hex(),
            span.span_id.hex(), span.parent_span_id.hex(), span.trace_state, span.status.code == 2,
            values(span.attributes), [link.span_id.hex() for link in span.links], values(of.resource.attributes),
            span.end_time_unix_nano - span.start_time_unix_nano,
        )
        for of in request.resource_spans for scope in of.scope_spans for span in scope.spans
    ]


@dataclass
class Collector:
    """What came, in order, and what is done with what comes."""

    url: str
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    # The status to answer with, or `HANG`.
    behaviour: int | str = 200
    lock: threading.Lock = field(default_factory=threading.Lock)
    released: threading.Event = field(default_factory=threading.Event)

    def spans(self) -> list[Span]:
        with self.lock:
            return [span for body in self.bodies for span in spans_in(body)]

    def of(self, trace: str) -> list[Span]:
        return [span for span in self.spans() if span.trace == trace]

    def wait_for(self, trace: str, *names: str) -> dict[str, Span]:
        """The spans of a trace by their names, as soon as all of these came."""
        wait_until(lambda: set(names) <= {span.name for span in self.of(trace)}, f"{names} of {trace}", self.spans)
        return {span.name: span for span in self.of(trace)}


def wait_until(holds: Callable[[], bool], what: str, told: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"not {what}: {told()}"
        time.sleep(0.02)


@contextmanager
def collecting(behaviour: int | str = 200, *, certificate: tuple[Path, Path] | None = None) -> Iterator[Collector]:
    """A collector for the length of a block, with TLS if it is given a certificate and its key."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if collector.behaviour == HANG:
                self.close_connection = True
                collector.released.wait(PATIENCE_SECONDS)
                return
            status = int(collector.behaviour)
            if status == 200:
                with collector.lock:
                    collector.bodies.append(body)
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    collector.headers.append(headers | {"path": self.path})
            self.send_response(status)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = Listener(0, Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if certificate is None else "https"
    collector = Collector(f"{scheme}://127.0.0.1:{server.server_address[1]}", behaviour=behaviour)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield collector
    finally:
        collector.released.set()
        server.end()
