"""Traces: what a collector is told, what it is never told, and that one that is dead or slow costs nobody anything."""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from support import databases
from support.collector import HANG, Collector, collecting, wait_until
from support.server import Server, free_port, running
from support.shop import Wallet, created, fresh, new_currency, new_customer
from support.wire import Wire

CONSUME = "/api/v1/credits/consumption"
# A batch is sent soon, so that nobody waits for it.
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "50"}
# A stop may wait so long for a collector, and what else a stop does is quick here.
STOP_SECONDS = 5.0
UNHURRIED_SECONDS = 5.0
LOST = "the collector of traces does not take them"


@contextmanager
def traced(directory: Path, url: str, variables: dict[str, str] | None = None, **options: Any) -> Iterator[Server]:
    """A server that sends traces there, and shows its figures."""
    directory.mkdir(exist_ok=True)
    server = Server(directory, **options)
    server.metrics_port = free_port()  # type: ignore[attr-defined]
    server.arguments = (
        "--otlp-endpoint", url, "--metrics-listen", f"127.0.0.1:{server.metrics_port}",  # type: ignore[attr-defined]
        "--log-format", "json",
    )
    server.additions |= SOON | (variables or {})
    try:
        yield server.start()
        if server.process is not None:
            server.end_and_verify()
    finally:
        server.kill()


def figures(server: Server) -> dict[str, int]:
    page = httpx.get(f"http://127.0.0.1:{server.metrics_port}/metrics").text  # type: ignore[attr-defined]
    lines = [line.split(" ") for line in page.splitlines() if line.startswith("scrip_spans_")]
    return {name: int(value) for name, value in lines}


def log_lines(server: Server) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log_path.read_text().splitlines() if line.startswith("{")]


def caller(*, sampled: bool = True) -> tuple[str, str, str]:
    """A trace, a span of it, and the header that says so."""
    trace, parent = secrets.token_hex(16), secrets.token_hex(8)
    return trace, parent, f"00-{trace}-{parent}-{'01' if sampled else '00'}"


def furnished(server: Server) -> tuple[Wire, Wallet]:
    wire = Wire(server.url, server.production_key)
    return wire, Wallet(new_customer(wire), new_currency(wire))


def check_a_consumption(server: Server, collector: Collector, *inner: str) -> None:
    """A consumption of a caller with a trace, and all that is told of it."""
    wire, wallet = furnished(server)
    dimension, key = fresh("dimension"), fresh("key")
    trace, parent, header = caller()
    body = wallet.consume_body(1) | {"dimensions": {"model": dimension}}
    answer = wire.post(CONSUME, body, traceparent=header, tracestate="vendor=1", Idempotency_Key=key)
    created(answer, 200 if answer.status_code == 200 else 201)
    assert answer.headers["x-trace-id"] == trace

    name = f"POST {CONSUME}"
    spans = collector.wait_for(trace, name, "idempotent", "ledger", *inner)
    request, under_its_key, ledger = spans[name], spans["idempotent"], spans["ledger"]
    assert (request.kind, request.parent, request.state) == ("SERVER", parent, "vendor=1")
    assert request.attributes == {
        "http.request.method": "POST", "http.route": CONSUME, "url.scheme": "http",
        "http.response.status_code": answer.status_code,
    }
    assert (under_its_key.kind, under_its_key.parent, under_its_key.attributes) == ("INTERNAL", request.id, {})
    assert (ledger.kind, ledger.parent, ledger.attributes) == ("INTERNAL", under_its_key.id, {})
    assert 0 < ledger.nanoseconds <= request.nanoseconds
    for each in inner:
        assert spans[each].parent == ledger.id
    assert request.resource["service.name"] == "credits-of-the-test"
    assert request.resource["deployment.environment.name"] == "here"
    assert "service.version" in request.resource

    # A line of the log leads to its span.
    trace, _, header = caller()
    missing = wire.get(f"/api/v1/customers/{fresh('nobody')}", headers={"traceparent": header})
    assert missing.status_code == 404
    name = "GET /api/v1/customers/{id}"
    request = collector.wait_for(trace, name)[name]
    assert not request.is_error
    line = next(line for line in log_lines(server) if line.get("trace_id") == trace)
    assert (line["span_id"], line["status"]) == (request.id, 404)

    told = b"".join(collector.bodies)
    everything = [
        wallet.customer, wallet.currency, dimension, key, body["idempotencyKey"], "nobody-",
        server.production_key, server.sandbox_key,
    ]
    for secret in everything:
        assert secret.encode() not in told, secret
    for headers in collector.headers:
        assert headers["path"] == "/v1/traces"
        assert headers["content-type"] == "application/x-protobuf"
        assert headers["x-tenant"] == "ours"
    wire.close()


NAMED = {
    "OTEL_SERVICE_NAME": "credits-of-the-test",
    "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=here",
    "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=ours",
}


def test_spans_arrive_and_tell_no_secrets(directory: Path) -> None:
    with collecting() as collector, traced(directory, collector.url, NAMED) as server:
        check_a_consumption(server, collector)
        wait_until(lambda: figures(server)["scrip_spans_exported_total"] > 0, "counted", lambda: figures(server))
        assert figures(server)["scrip_spans_failed_total"] == 0
        assert figures(server)["scrip_spans_dropped_total"] == 0


def test_a_transaction_of_the_database_is_a_span(directory: Path) -> None:
    url = databases.administration_url()
    database = databases.with_database(url, databases.create(url))
    with collecting() as collector, traced(directory, collector.url, NAMED, database_url=database) as server:
        check_a_consumption(server, collector, "postgresql")
        [span, *_] = [span for span in collector.spans() if span.name == "postgresql"]
        assert span.kind == "CLIENT"
        assert span.attributes["db.system.name"] == "postgresql"
        assert span.attributes["scrip.orders"] >= 1
        assert set(span.attributes) == {"db.system.name", "scrip.orders"}


def test_what_waits_when_it_stops_is_sent(directory: Path) -> None:
    with collecting() as collector, traced(directory, collector.url, {"OTEL_BSP_SCHEDULE_DELAY": "60000"}) as server:
        wire, _ = furnished(server)
        trace, _, header = caller()
        assert wire.get("/api/v1/customers", headers={"traceparent": header}).status_code == 200
        wire.close()
        server.end_and_verify()
        assert [span.name for span in collector.of(trace)] == ["GET /api/v1/customers"]


def test_a_caller_decides_and_others_by_the_sampler(directory: Path) -> None:
    never = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}
    with collecting() as collector, traced(directory, collector.url, never) as server:
        wire, _ = furnished(server)
        unrecorded, _, header = caller(sampled=False)
        assert wire.get("/api/v1/customers", headers={"traceparent": header}).headers["x-trace-id"] == unrecorded
        recorded, _, header = caller()
        assert wire.get("/api/v1/customers", headers={"traceparent": header}).headers["x-trace-id"] == recorded
        collector.wait_for(recorded, "GET /api/v1/customers")
        assert {span.trace for span in collector.spans()} == {recorded}
        wire.close()


def test_a_collector_with_tls(directory: Path) -> None:
    certificate, key = directory / "collector.pem", directory / "collector.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=collector", "-addext", "subjectAltName=IP:127.0.0.1", "-addext",
         "basicConstraints=critical,CA:FALSE", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )
    trusted = {"SSL_CERT_FILE": str(certificate)}
    with collecting(certificate=(certificate, key)) as collector:
        with traced(directory / "trusting", collector.url, trusted) as server:
            wire, _ = furnished(server)
            trace = wire.get("/api/v1/customers").headers["x-trace-id"]
            collector.wait_for(trace, "GET /api/v1/customers")
            wire.close()
        collector.bodies.clear()
        with traced(directory / "distrusting", collector.url) as server:
            wire, _ = furnished(server)
            wait_until(lambda: figures(server)["scrip_spans_failed_total"] > 0, "failed", lambda: figures(server))
            assert not collector.bodies
            wire.close()


def hurried(wire: Wire, times: int) -> None:
    """Requests that nobody holds up."""
    began = time.monotonic()
    for _ in range(times):
        assert wire.get("/api/v1/customers").status_code == 200
    assert time.monotonic() - began < UNHURRIED_SECONDS


def stop_in_time(server: Server) -> None:
    began = time.monotonic()
    assert server.stop() == 0
    took = time.monotonic() - began
    assert took < STOP_SECONDS + UNHURRIED_SECONDS, f"SIGTERM took {took:.1f} s"
    assert server.verify().returncode == 0


def test_a_dead_collector_costs_nobody_anything(directory: Path) -> None:
    with traced(directory, f"http://127.0.0.1:{free_port()}") as server:
        wire, _ = furnished(server)
        for batch in range(1, 4):
            hurried(wire, 20)
            wait_until(
                lambda least=batch * 20: figures(server)["scrip_spans_failed_total"] >= least, "failed",
                lambda: figures(server),
            )
        # It is said once, with its reason.
        said = [line for line in log_lines(server) if LOST in line["message"]]
        assert len(said) == 1, said
        assert "refused" in said[0]["error"]
        wire.close()
        stop_in_time(server)


def test_a_collector_that_says_nothing_costs_nobody_anything(directory: Path) -> None:
    small = {"OTEL_BSP_MAX_QUEUE_SIZE": "16", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "8"}
    with collecting(HANG) as collector, traced(directory, collector.url, small) as server:
        wire, _ = furnished(server)
        hurried(wire, 50)
        assert figures(server)["scrip_spans_dropped_total"] >= 50 - 16
        wire.close()
        stop_in_time(server)
        assert any("not sent before the stop" in line["message"] for line in log_lines(server))


def test_a_collector_that_comes_back_is_told_again(directory: Path) -> None:
    with collecting(500) as collector, traced(directory, collector.url) as server:
        wire, _ = furnished(server)
        wait_until(lambda: figures(server)["scrip_spans_failed_total"] > 0, "failed", lambda: figures(server))
        collector.behaviour = 200
        trace = wire.get("/api/v1/customers").headers["x-trace-id"]
        collector.wait_for(trace, "GET /api/v1/customers")
        wait_until(
            lambda: any("takes them again" in line["message"] for line in log_lines(server)), "said",
            lambda: log_lines(server),
        )
        wire.close()


@pytest.mark.embedded
def test_without_a_collector_nothing_is_traced(directory: Path) -> None:
    with running(directory) as server:
        wire, _ = furnished(server)
        trace, _, header = caller()
        answer = wire.get("/api/v1/customers", headers={"traceparent": header})
        assert answer.headers["x-trace-id"] != trace
        wire.close()
