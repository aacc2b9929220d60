"""`scrip import`: exports of each source come to the same balances here, once, whatever breaks in between."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support.books import check_books
from support.proxy import FaultProxy
from support.server import REPOSITORY, Server, binary, running
from support.shop import created
from support.wire import Wire, exact

EXPORTS = REPOSITORY / "tests" / "docs" / "exports"
PATIENCE_SECONDS = 120.0
OPTIONS = {
    "stigg": [],
    "lago": ["--currency", "usd=credits"],
    "stripe": ["--currency", "usd=dollars", "--customers", str(EXPORTS / "customers.json")],
}
Lines = list[dict[str, Any]]


def command(source: str, files: list[Path], *more: str) -> list[str]:
    return [str(binary()), "import", "--from", source, *map(str, files), *more]


def run(server: Server, key: str, source: str, files: list[Path], *more: str, url: str | None = None) -> Any:
    variables = {"SCRIP_URL": url or server.url, "SCRIP_API_KEY": key}
    return subprocess.run(
        command(source, files, *more), env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=PATIENCE_SECONDS, check=False,
    )


def lines(done: Any) -> Lines:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def exported(source: str) -> list[Path]:
    return sorted((EXPORTS / source).glob("*.json"))


@pytest.fixture
def server(directory: Path) -> Iterator[Server]:
    with running(directory) as started:
        yield started


@pytest.fixture
def wire(server: Server) -> Iterator[Wire]:
    client = Wire(server.url, server.production_key)
    yield client
    client.close()


def rows(wire: Wire) -> list[str]:
    """Every row of the environment."""
    return wire.get("/api/v1/credits/ledger/export").text.splitlines()


def events(wire: Wire) -> Counter[str]:
    """How often each kind of event stands in the ledger."""
    read = [json.loads(line) for line in rows(wire)]
    return Counter(row["eventType"] for row in read if "eventType" in row)


@pytest.mark.parametrize("source", OPTIONS)
def test_balances_are_equal_and_a_second_run_changes_nothing(server: Server, wire: Wire, source: str) -> None:
    key, files = server.production_key, exported(source)
    dry = lines(run(server, key, source, files, "--dry-run", *OPTIONS[source]))
    assert wire.get("/api/v1/customers").json()["data"] == []
    assert {line["kind"] for line in dry} <= {"grant", "deficit", "note"}
    first = lines(run(server, key, source, files, *OPTIONS[source]))
    assert all(Decimal(line["difference"]) == 0 for line in first)
    balances = [line for line in first if line["kind"] == "balance"]
    for line in balances:
        found = exact(wire.get("/api/v1/credits/balances", customerId=line["customerId"]))["data"]
        here = [each for each in found if (each["currencyId"], each["resourceId"]) ==
                (line["currencyId"], line["resourceId"])]
        assert sum(each["available"] for each in here) == Decimal(line["source"]) == Decimal(line["scrip"])
        check_books(wire, line["customerId"])
    assert sum(Decimal(line["source"]) for line in balances) == Decimal(first[-1]["source"])
    before = rows(wire)
    assert lines(run(server, key, source, files, *OPTIONS[source])) == first
    assert lines(run(server, key, source, files, "--compare", *OPTIONS[source])) == first
    assert rows(wire) == before
    again = lines(run(server, key, source, files, "--dry-run", *OPTIONS[source]))
    assert {line["action"] for line in again if line["kind"] == "grant"} == {"none, is there"}


def test_what_is_left_keeps_its_times_and_its_cost(server: Server, wire: Wire) -> None:
    lines(run(server, server.production_key, "stigg", exported("stigg")))
    later, pack = exact(wire.get("/api/v1/credits/grants", customerId="acme"))["data"]
    assert (later["status"], later["priority"], later["amount"]) == ("SCHEDULED", 10, 30)
    assert (pack["amount"], pack["consumedAmount"]) == (Decimal("599.5"), 0)
    assert pack["cost"] == {"amount": Decimal("29.3755"), "currency": "usd"}
    assert (pack["expireAt"], pack["paymentCollection"]) == ("2099-01-01T00:00:00.000Z", "NOT_REQUIRED")
    assert pack["metadata"] == {
        "order": "4711", "import.from": "stigg", "import.id": "cred-grant-a2", "import.amount": "1000",
        "import.left": "599.5",
    }


def test_a_difference_is_told(server: Server, wire: Wire) -> None:
    lines(run(server, server.production_key, "stigg", exported("stigg")))
    body = {"customerId": "acme", "currencyId": "tokens", "amount": 0.25, "idempotencyKey": "work"}
    created(wire.post("/api/v1/credits/consumption", body), 200)
    done = run(server, server.production_key, "stigg", exported("stigg"), "--compare")
    assert done.returncode == 1
    assert "1 of 3 balances differ" in done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["difference"] for line in told] == ["-0.25", "0", "0", "-0.25"]


def test_a_later_export_is_not_merged(server: Server, wire: Wire, directory: Path) -> None:
    lines(run(server, server.production_key, "stigg", exported("stigg")))
    before = rows(wire)
    text = (EXPORTS / "stigg" / "grants-acme.json").read_text().replace("400.5", "401.5")
    (directory / "later.json").write_text(text)
    done = run(server, server.production_key, "stigg", [directory / "later.json"])
    assert done.returncode == 3
    assert "was imported with 599.5 before, and 598.5 are left of it in these files" in done.stderr
    assert rows(wire) == before


def test_a_clock_that_stands_elsewhere(server: Server) -> None:
    """What has ended by the environment's time is not carried; what has begun counts."""
    sandbox = Wire(server.url, server.sandbox_key)
    created(sandbox.post("/api/v1/test-clock", {"now": "2099-05-01T00:00:00Z"}), 200)
    done = run(server, server.sandbox_key, "stigg", exported("stigg"))
    told = {(line["customerId"], line["resourceId"]): line for line in lines(done) if line["kind"] == "balance"}
    assert told["acme", None]["source"] == told["acme", None]["scrip"] == "30"
    assert "599.5 credits have expired: not carried" in done.stderr
    sandbox.close()


def test_whatever_is_wrong_is_told_at_once_and_nothing_is_written(
    server: Server, wire: Wire, directory: Path
) -> None:
    good = (EXPORTS / "stigg" / "grants-acme.json").read_text()
    bad = good.replace("cred-grant-a3", "cred-grant-x3").replace('"amount": 1000', '"amount": 1e30')
    bad = bad.replace('"customerId": "acme",\n      "resourceId": null,\n      "currencyId": "tokens"', '"customerId": ""', 1)
    (directory / "good.json").write_text(good)
    (directory / "bad.json").write_text(bad)
    (directory / "cut.json").write_text(good[: len(good) // 2])
    done = run(server, server.production_key, "stigg", [directory / f"{name}.json" for name in ("good", "bad", "cut")])
    assert (done.returncode, done.stdout) == (2, "")
    for part in (
        'bad.json: record 1 "cred-grant-x3": customerId: must not be empty',
        'bad.json: record 2 "cred-grant-a2": id: another grant with this id stands in the files already',
        "cut.json: is not JSON",
    ):
        assert part in done.stderr
    assert wire.get("/api/v1/customers").json()["data"] == []
    missing = run(server, server.production_key, "stigg", [directory / "none.json"])
    assert (missing.returncode, missing.stdout) == (2, "")


def test_a_refusal_that_is_mended(server: Server, wire: Wire) -> None:
    """The server remembers a refusal under its key for a day; the next run asks under another."""
    created(wire.post("/api/v1/customers", {"id": "acme"}))
    created(wire.post("/api/v1/customers/acme/archive"), 200)
    for _ in range(2):
        done = run(server, server.production_key, "stigg", exported("stigg"))
        assert done.returncode == 3
        assert done.stderr.count("EntityIsArchivedError") == 3
        assert '"customerId":"birch","currencyId":"tokens","resourceId":null,"source":"-7.75","scrip":"-7.75"' in done.stdout
    created(wire.post("/api/v1/customers/acme/unarchive"), 200)
    assert lines(run(server, server.production_key, "stigg", exported("stigg")))
    assert len(exact(wire.get("/api/v1/credits/grants", customerId="acme"))["data"]) == 2


def large_export(path: Path, customers: int) -> None:
    """Grants of many customers, made with a seed: some expire, some cost, one in ten owes."""
    choice = random.Random(9)
    records = []
    for number in range(customers):
        for grant in range(3):
            consumed = choice.randrange(0, 90)
            records.append({
                "id": f"g-{number}-{grant}", "customerId": f"customer-{number}", "currencyId": "tokens",
                "displayName": "Pack", "amount": 100.125, "consumedAmount": consumed, "priority": choice.randrange(100),
                "grantType": choice.choice(["PAID", "PROMOTIONAL"]), "createdAt": f"2026-01-0{grant + 1}T00:00:00Z",
                "expireAt": choice.choice([None, "2099-01-01T00:00:00Z"]),
            })
        if number % 10 == 0:
            records.append({
                "id": f"o-{number}", "customerId": f"customer-{number}", "currencyId": "tokens", "grantType": "OVERDRAFT",
                "displayName": "Overdraft", "amount": 0, "consumedAmount": 3.5, "createdAt": "2026-01-09T00:00:00Z",
            })
    path.write_text("\n".join(map(json.dumps, records)))


def check_large(server: Server, wire: Wire, told: Lines, customers: int) -> None:
    """Everything is there once."""
    assert len(told) == customers + 1 and all(line["difference"] == "0" for line in told)
    events = [json.loads(line) for line in rows(wire)]
    granted = [event["creditGrantId"] for event in events if event.get("eventType") == "CREDITS_GRANTED"]
    assert len(granted) == len(set(granted)) == customers * 3
    owed = sum(1 for event in events if event.get("eventType") == "CREDITS_CONSUMED")
    assert owed >= customers // 10
    for number in random.Random(4).sample(range(customers), 10):
        check_books(wire, f"customer-{number}")


def test_killed_again_and_again(server: Server, wire: Wire, directory: Path) -> None:
    customers = 150
    file = directory / "large.json"
    large_export(file, customers)
    variables = {"SCRIP_URL": server.url, "SCRIP_API_KEY": server.production_key}
    kills = 0
    for wait in (0.25, 0.4, 0.3, 0.5, 0.2):
        process = subprocess.Popen(command("stigg", [file], "--in-flight", "3"), env=variables, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(wait)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills > 0, "every run was over before it was killed"
    told = lines(run(server, server.production_key, "stigg", [file]))
    check_large(server, wire, told, customers)


def test_the_server_is_killed_and_answers_are_lost(server: Server, wire: Wire, directory: Path) -> None:
    customers = 60
    file = directory / "large.json"
    large_export(file, customers)
    with FaultProxy(server.port) as proxy:
        proxy.lose_answer_of("POST", "/api/v1/credits/grants", server.restart_after_kill)
        told = lines(run(server, server.production_key, "stigg", [file], url=proxy.url))
        assert proxy.lost_answers == 1
        proxy.lose_answer_of("POST", "/api/v1/customers", server.restart_after_kill)
        assert lines(run(server, server.production_key, "stigg", [file], url=proxy.url)) == told
    check_large(server, wire, told, customers)
    process = server.process
    assert process is not None
    server.kill()
    done = run(server, server.production_key, "stigg", [file], "--retries", "0")
    assert done.returncode == 4, done.stderr
    server.start()


def test_keys_that_are_forgotten(server: Server, wire: Wire, directory: Path) -> None:
    """After a while the server knows no key of the first run. What was done is found all the same, on any page, and
    nothing is asked for again."""
    records = [
        {"id": f"g-{number}", "customerId": "acme", "currencyId": "tokens", "displayName": "Pack", "amount": 2,
         "consumedAmount": 0.5, "grantType": "PROMOTIONAL", "createdAt": "2026-01-01T00:00:00Z",
         "resourceId": "site" if number % 2 else None}
        for number in range(250)
    ]
    owed = [
        {"id": f"o-{number}", "customerId": "acme", "currencyId": "tokens", "displayName": "Overdraft", "amount": 0,
         "consumedAmount": 400, "grantType": "OVERDRAFT", "createdAt": "2026-01-01T00:00:00Z", "resourceId": resource}
        for number, resource in enumerate([None, "site"])
    ]
    file = directory / "many.json"
    file.write_text(json.dumps(records + owed))
    created(wire.post("/api/v1/credits/custom-currencies", {"id": "tokens", "displayName": "Tokens"}))
    created(wire.post("/api/v1/customers", {"id": "acme"}))
    for record in records[:-1]:
        metadata = {"import.from": "stigg", "import.id": record["id"], "import.amount": "2", "import.left": "1.5"}
        kept = {name: record[name] for name in ("customerId", "currencyId", "displayName", "grantType", "resourceId")}
        created(wire.post("/api/v1/credits/grants", kept | {"amount": 1.5, "metadata": metadata}))

    def consumed(key: str, amount: float, resource: str | None) -> None:
        body = {"customerId": "acme", "currencyId": "tokens", "amount": amount, "idempotencyKey": key,
                "onInsufficient": "OVERDRAFT", "resourceId": resource}
        created(wire.post("/api/v1/credits/consumption", body), 200)

    # Each falls on many grants, and on an overdraft: the ledger has more than a page of rows of it.
    for record in owed:
        consumed(f"import-stigg-{record['id']}", 400, record["resourceId"])
    before = events(wire)
    with FaultProxy(server.port) as proxy:
        told = lines(run(server, server.production_key, "stigg", [file], url=proxy.url))
        assert [line["scrip"] for line in told] == ["-212.5", "-212.5", "-425"]
        assert [request.path for request in proxy.requests].count("/api/v1/credits/grants") > 1
        assert all(request.path != "/api/v1/credits/consumption" for request in proxy.requests)
    # The one grant that was not there, and what it pays of the overdraft.
    new = events(wire) - before
    assert "CREDITS_CONSUMED" not in new
    assert new["CREDITS_GRANTED"] == 1
    file.write_text(json.dumps(owed).replace("400", "401"))
    before = events(wire)
    done = run(server, server.production_key, "stigg", [file])
    assert done.returncode == 3
    assert done.stderr.count("was imported with a deficit of 400 before, and 401 are owed in these files") == 2
    assert events(wire) == before
