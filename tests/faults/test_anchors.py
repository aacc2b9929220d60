"""Anchors: what they prove is checked by a checker of their documentation, whatever is done to the store meanwhile."""

from __future__ import annotations

import copy
import itertools
import json
import random
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.nodes import nodes_running
from support.postgres import Postgres
from support.proofs import Wrong, check_file, check_line, check_proof
from support.server import REPOSITORY, Server, running
from support.shop import Wallet, created, new_currency, new_customer
from support.signer import Signer, scrip
from support.tampering import Store, Tampered, TamperedDatabase
from support.wire import Wire

PATIENCE_SECONDS = 60.0
KILLS = 8
LINKS_MAX = 1_000
ANCHORS = "/api/v1/credits/anchors"
PROOF = "/api/v1/credits/ledger/proof"


@pytest.fixture
def signer(directory: Path) -> Signer:
    return Signer(directory)


@pytest.fixture
def server(directory: Path, signer: Signer) -> Iterator[Server]:
    with running(directory, arguments=signer.arguments()) as started:
        yield started


def wire_of(server: Server) -> Wire:
    return Wire(server.url, server.production_key)


def anchors(wire: Wire) -> list[dict[str, Any]]:
    """All of them, the first one first."""
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        answer = wire.get(ANCHORS, **query)
        assert answer.status_code == 200, answer.text
        found += answer.json()["data"]
        query["after"] = answer.json()["pagination"]["next"]
        if query["after"] is None:
            return found[::-1]


def until(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
    return found


def covered(wire: Wire) -> dict[str, Any]:
    """An anchor that covers everything that was answered: what the next one after the newest takes in is not known."""
    newest = wire.get(ANCHORS, limit=1).json()["data"]
    number = newest[0]["number"] if newest else 0

    def look() -> dict[str, Any] | None:
        return next((anchor for anchor in anchors(wire) if anchor["number"] == number + 2), None)

    return until(look)


def wallet_with(wire: Wire, consumptions: int, **dimensions: str) -> Wallet:
    wallet = Wallet(new_customer(wire), new_currency(wire))
    created(wire.post("/api/v1/credits/grants", wallet.grant_body(1_000_000)))
    for _ in range(consumptions):
        consume(wire, wallet, **dimensions)
    return wallet


def consume(wire: Wire, wallet: Wallet, **dimensions: str) -> None:
    body = wallet.consume_body(1) | ({"dimensions": dimensions} if dimensions else {})
    created(wire.post("/api/v1/credits/consumption", body), 200)


def rows_of(wire: Wire, wallet: Wallet) -> list[dict[str, Any]]:
    """The first row first."""
    rows: list[dict[str, Any]] = []
    query: dict[str, Any] = wallet.body() | {"limit": 100}
    while True:
        answer = wire.get("/api/v1/credits/ledger", **query).json()
        rows += answer["data"]
        query["after"] = answer["pagination"]["next"]
        if query["after"] is None:
            return rows[::-1]


def check_all(wire: Wire, wallet: Wallet, signer: Signer) -> None:
    for row in rows_of(wire, wallet):
        check_proof(proof(wire, wallet, row["sequence"]), row["hash"], signer.public_key)


def proof(wire: Wire, wallet: Wallet, sequence: int) -> list[dict[str, Any]]:
    """All parts of a proof."""
    parts: list[dict[str, Any]] = []
    query: dict[str, Any] = wallet.body() | {"sequence": sequence}
    while True:
        answer = wire.get(PROOF, **query)
        assert answer.status_code == 200, answer.text
        parts.append(answer.json()["data"])
        query["from"] = parts[-1]["next"]
        if query["from"] is None:
            return parts


def verify(server: Server, *files: Path, key: str | None = None) -> subprocess.CompletedProcess[str]:
    place = ("--data", str(server.data))
    if server.database_url is not None:
        place = ("--database-url", server.database_url)
    named = [argument for file in files for argument in ("--anchor", str(file))]
    pinned = ["--anchor-public-key", key] if key else []
    return scrip("verify", *place, *named, *pinned)


def test_a_key_is_made_once_and_stays_outside(directory: Path, signer: Signer) -> None:
    assert signer.key.stat().st_mode & 0o777 == 0o600
    again = scrip("anchor", "key", str(signer.key))
    assert again.returncode == 1 and "anchor.pem" in again.stderr, again.stderr
    told = scrip("anchor", "public-key", str(signer.key))
    assert told.stdout.strip() == signer.public_key and re.fullmatch("[0-9a-f]{64}", signer.public_key)
    by_openssl = directory / "openssl.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(by_openssl)], check=True)
    other = scrip("anchor", "public-key", str(by_openssl))
    public = subprocess.run(["openssl", "pkey", "-in", str(by_openssl), "-pubout", "-outform", "DER"],
                            capture_output=True, check=True)
    assert public.stdout[-32:].hex() == other.stdout.strip()
    inside = Server(directory)
    inside.data.mkdir()
    shutil.copy(signer.key, inside.data / "anchor.pem")
    inside.arguments = ("--anchor-key-file", str(inside.data / "anchor.pem"))
    with pytest.raises(RuntimeError, match="lies in the data directory"):
        inside.start()
    inside.arguments = ("--anchor-key-file", str(directory / "missing.pem"))
    with pytest.raises(RuntimeError, match="missing.pem"):
        inside.start()


def test_without_a_key_the_api_says_so(directory: Path) -> None:
    with running(directory) as server:
        wire = wire_of(server)
        wallet = wallet_with(wire, 1)
        listed = wire.get(ANCHORS).json()
        assert (listed["data"], listed["signing"]) == ([], None)
        refused = wire.get(PROOF, **wallet.body(), sequence=1)
        assert refused.status_code == 404 and refused.json()["code"] == "AnchorNotFound"
        assert "--anchor-key-file" in refused.json()["message"]


def test_anchors_follow_on_each_other(server: Server, signer: Signer) -> None:
    wire = wire_of(server)
    signing = wire.get(ANCHORS).json()["signing"]
    assert signing == {"publicKey": signer.public_key, "everySeconds": 1}
    for _ in range(3):
        wallet_with(wire, 2)
        covered(wire)
    line = check_line(anchors(wire), signer.public_key)
    assert sum(statement.number("wallets") for statement in line) >= 3
    until(lambda: len(signer.files()) >= len(line))
    for file in signer.files():
        check_file(file.read_text(), signer.public_key)
    page = signer.kept / "page.json"
    page.write_text(wire.get(ANCHORS).text)
    for files in [(page,), (signer.files()[-1],), (signer.files()[0], page)]:
        proven = verify(server, *files, key=signer.public_key)
        assert proven.returncode == 0, proven.stdout + proven.stderr
        assert "was changed, cut or removed" in proven.stdout and signer.public_key in proven.stdout
    other = verify(server, page, key="00" * 32)
    assert other.returncode == 1 and "signed with another key" in other.stderr
    page.write_text(page.read_text().replace("rows ", "rows 1"))
    changed = verify(server, page)
    assert changed.returncode == 1 and "signature" in changed.stderr, changed.stderr


def test_every_row_has_a_proof(server: Server, signer: Signer) -> None:
    wire = wire_of(server)
    wallets = [wallet_with(wire, n, model="a") for n in range(6)]
    resource = Wallet(wallets[0].customer, wallets[0].currency, "seat")
    created(wire.post("/api/v1/credits/grants", resource.grant_body(10)))
    covered(wire)
    for wallet in [*wallets, resource]:
        rows = [row for row in rows_of(wire, wallet) if row["resourceId"] == wallet.resource]
        # The first stored row of a grant shows as none.
        assert [row["sequence"] for row in rows] == list(range(2, len(rows) + 2))
        for row in rows:
            parts = proof(wire, wallet, row["sequence"])
            check_proof(parts, row["hash"], signer.public_key)
            with pytest.raises(Wrong):
                check_proof(parts, "00" * 32)
    last = proof(wire, wallets[-1], 3)
    hash_of_it = next(row["hash"] for row in rows_of(wire, wallets[-1]) if row["sequence"] == 3)
    check_proof(last, hash_of_it)
    for change in changes_of(last[0]):
        with pytest.raises((Wrong, ValueError)):
            check_proof([change], hash_of_it)
    for query, status, word in [
        ({"sequence": 99}, 404, "no row 99"), ({"sequence": 0}, 400, "sequence"), ({"sequence": "x"}, 400, "sequence"),
        ({}, 400, "sequence"), ({"sequence": 3, "from": 2}, 400, "from"), ({"sequence": 1, "from": 99}, 400, "from"),
    ]:
        refused = wire.get(PROOF, **wallets[-1].body(), **query)
        assert refused.status_code == status and word in refused.json()["message"], refused.text


def changes_of(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same with one thing changed."""
    def changed(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        other = copy.deepcopy(part)
        change(other)
        return other

    yield changed(lambda it: it["wallet"].update(customerId="another"))
    yield changed(lambda it: it.update(previousHash="11" * 32))
    yield changed(lambda it: it["links"].pop())
    yield changed(lambda it: it["links"][0].update(content=it["links"][0]["content"][:-8]))
    yield changed(lambda it: it["links"][-1].update(textsDigest="22" * 32))
    yield changed(lambda it: it["head"].update(sequence=it["head"]["sequence"] + 1))
    yield changed(lambda it: it["head"].update(leafIndex=it["head"]["leafIndex"] ^ 1))
    yield changed(lambda it: it["head"]["path"].pop())
    yield changed(lambda it: it["anchor"].update(signature="00" * 64))
    yield changed(lambda it: it["anchor"].update(statement=it["anchor"]["statement"].replace("rows ", "rows 1")))


def test_a_long_proof_comes_in_parts(directory: Path, signer: Signer) -> None:
    with running(directory, arguments=signer.arguments(3_600)) as server:
        wire = wire_of(server)
        wallet = wallet_with(wire, 0)
        until(lambda: anchors(wire))
        for _ in range(5):
            items = [wallet.consume_body(1) for _ in range(500)]
            created(wire.post("/api/v1/credits/consumption/async", {"consumptions": items}), 202)
        server.stop()
        server.arguments = signer.arguments()
        server.start()
        covered(wire_of(server))
        parts = proof(wire_of(server), wallet, 2)
        assert len(parts) == 3 and [len(part["links"]) for part in parts][:2] == [LINKS_MAX, LINKS_MAX]
        check_proof(parts, parts[0]["links"][0]["hash"], signer.public_key)
        with pytest.raises(Wrong):
            check_proof(parts[:2], parts[0]["links"][0]["hash"])


def test_the_example_of_the_documentation_is_a_proof() -> None:
    page = (REPOSITORY / "docs" / "anchors.md").read_text()
    (example,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    row_hash, public_key = re.findall(r"whose hash is `(\w+)`, signed with `(\w+)`", page)[0]
    part = json.loads(example)
    assert check_proof([part], row_hash, public_key).text in page
    for change in changes_of(part):
        with pytest.raises((Wrong, ValueError, IndexError)):
            check_proof([change], row_hash, public_key)


Tampering = Callable[[Store, Wallet, Wallet], None]


def change_a_row(store: Store, wallet: Wallet, _: Wallet) -> None:
    third = store.positions(wallet.customer)[2]
    store.rewrite(wallet.customer, lambda at, texts: texts.replace(b"cheap", b"costy") if at == third else texts)


def swap_rows(store: Store, wallet: Wallet, _: Wallet) -> None:
    third, fourth = store.positions(wallet.customer)[3:5]
    rows = {at: split_texts(store.row(at)) for at in (third, fourth)}
    others = {third: rows[fourth], fourth: rows[third]}
    store.rewrite(wallet.customer, lambda at, texts: others.get(at, texts))


def split_texts(row: bytes) -> bytes:
    return row[5 + int.from_bytes(row[1:5], "little"):-32]


def cut_the_tail(store: Store, _: Wallet, __: Wallet) -> None:
    store.cut(2)


def remove_a_wallet(store: Store, _: Wallet, last: Wallet) -> None:
    store.remove(last.customer)


# What is done, and what `--anchor` must name: the customer, or that a wallet is missing.
TAMPERINGS: dict[str, tuple[Tampering, str]] = {
    "a row is changed": (change_a_row, "row 6 of customer {first}"),
    "rows are swapped": (swap_rows, "row 6 of customer {first}"),
    "the tail is cut": (cut_the_tail, "customer {last}"),
    "a wallet is removed": (remove_a_wallet, "is missing"),
}


@pytest.mark.embedded
@pytest.mark.parametrize("covers_tracks", [False, True], ids=["anchors stay", "anchors go"])
@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_the_chain_does_not_show_an_anchor_does(
    name: str, covers_tracks: bool, directory: Path, signer: Signer
) -> None:
    tamper, named = TAMPERINGS[name]
    server = Server(directory, arguments=signer.arguments())
    try:
        wire = wire_of(server.start())
        first = wallet_with(wire, 2, model="cheap")
        consume(wire, first, model="dear")
        consume(wire, first, model="cheap")
        last = wallet_with(wire, 3)
        covered(wire)
        until(lambda: len(signer.files()) >= len(anchors(wire)))
        server.stop()
    finally:
        server.kill()
    newest = signer.files()[-1]
    assert verify(server, *signer.files()).returncode == 0
    store = Tampered(server.data)
    tamper(store, first, last)
    if covers_tracks:
        store.forget_anchors()
    store.finish()
    plain = verify(server)
    assert plain.returncode == 0, f"the chain alone shows it: {plain.stdout}{plain.stderr}"
    # The files have the heads with them: what lies in the store is not needed.
    found = verify(server, *signer.files())
    assert found.returncode == 1 and named.format(first=first.customer, last=last.customer) in found.stdout, found.stdout
    if covers_tracks:
        assert "this store has none of this number" in verify(server, newest).stdout


def test_what_the_chain_does_not_show_an_anchor_does_in_a_database(
    directory: Path, signer: Signer, postgres: Postgres
) -> None:
    url = postgres.new_database()
    server = Server(directory, arguments=signer.arguments(), database_url=url)
    try:
        wire = wire_of(server.start())
        first = wallet_with(wire, 2, model="cheap")
        consume(wire, first, model="dear")
        consume(wire, first, model="cheap")
        last = wallet_with(wire, 1)
        before = TamperedDatabase.wallets(url)
        consume(wire, last)
        consume(wire, last)
        covered(wire)
        until(lambda: len(signer.files()) >= len(anchors(wire)))
        assert server.stop() == 0
    finally:
        server.kill()
    files = signer.files()
    whole = verify(server, *files)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    for name, covers_tracks in itertools.product(TAMPERINGS, [False, True]):
        tamper, named = TAMPERINGS[name]
        server.database_url = postgres.copied_database(url)
        untouched = verify(server, *files)
        assert untouched.returncode == 0, untouched.stdout + untouched.stderr
        store = TamperedDatabase(server.database_url, before)
        tamper(store, first, last)
        if covers_tracks:
            store.forget_anchors()
        store.finish()
        plain = verify(server)
        assert plain.returncode == 0, f"{name}: the chain alone shows it: {plain.stdout}{plain.stderr}"
        found = verify(server, *files)
        expected = named.format(first=first.customer, last=last.customer)
        assert found.returncode == 1 and expected in found.stdout, f"{name}: {found.stdout}{found.stderr}"
        if covers_tracks:
            assert "this store has none of this number" in verify(server, files[-1]).stdout, name


@pytest.mark.embedded
def test_heads_that_were_changed_too_prove_nothing(server: Server, signer: Signer) -> None:
    wire = wire_of(server)
    wallet_with(wire, 3)
    covered(wire)
    page = signer.kept / "page.json"
    page.write_text(wire.get(ANCHORS).text)
    server.stop()
    store = Tampered(server.data)
    store.ledger.execute("delete from records where kind = 24")
    store.ledger.execute("delete from record_keys where kind = 24")
    store.finish()
    assert verify(server).returncode == 0
    found = verify(server, page)
    assert found.returncode == 1 and "the heads that the store keeps are not those that were signed" in found.stdout


def test_kills_leave_the_line_whole(directory: Path, signer: Signer) -> None:
    server = Server(directory, arguments=signer.arguments())
    try:
        server.start()
        wallet = wallet_with(wire_of(server), 0)
        for _ in range(KILLS):
            wire = wire_of(server)
            until_at = time.monotonic() + random.uniform(0.9, 1.6)
            while time.monotonic() < until_at:
                consume(wire, wallet)
            server.restart_after_kill()
        wire = wire_of(server)
        covered(wire)
        line = check_line(anchors(wire), signer.public_key)
        until(lambda: len(signer.files()) >= len(line))
        for file in signer.files():
            check_file(file.read_text(), signer.public_key)
        assert not list(signer.kept.glob(".*")), "an unfinished file is left"
        proven = verify(server, *signer.files())
        assert proven.returncode == 0, proven.stdout
        server.end_and_verify()
    finally:
        server.kill()


@pytest.mark.embedded
def test_a_full_disk_of_anchors_delays_their_files_only(directory: Path, signer: Signer) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(signer.kept)],
                             capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.fail(f"NOT CHECKED: no small disk could be mounted: {mounted.stderr}")
    try:
        (signer.kept / "ballast").write_bytes(bytes(12 * 1024))
        with running(directory, arguments=signer.arguments()) as server:
            wire = wire_of(server)
            wallet_with(wire, 3)
            covered(wire)
            until(lambda: "an anchor cannot be written into its directory" in server.log())
            consume(wire, wallet_with(wire, 1))
            (signer.kept / "ballast").unlink()
            subprocess.run(["mount", "-o", "remount,size=1m", str(signer.kept)], check=True)
            covered(wire)
            until(lambda: len(signer.files()) >= len(anchors(wire)) - 1)
            for file in signer.files():
                check_file(file.read_text(), signer.public_key)
    finally:
        subprocess.run(["umount", "--lazy", str(signer.kept)], check=True)


@pytest.mark.embedded
def test_of_two_nodes_one_signs(directory: Path, signer: Signer, postgres: Postgres) -> None:
    with nodes_running(directory, postgres.new_database(), 2, arguments=signer.arguments()) as nodes:
        wires = [wire_of(node) for node in nodes]
        wallet = wallet_with(wires[0], 0)
        for number in range(40):
            consume(wires[number % 2], wallet)
            time.sleep(0.05)
        covered(wires[0])
        assert "another node signed" not in nodes[0].log() + nodes[1].log()
        signers = [node for node in nodes if "an anchor is signed" in node.log()]
        assert len(signers) == 1, "both sign"
        signers[0].kill()
        (other,) = [node for node in nodes if node is not signers[0]]
        wire = wire_of(other)
        consume(wire, wallet)
        covered(wire)
        check_line(anchors(wire), signer.public_key)
        check_all(wire, wallet, signer)
        until(lambda: len(signer.files()) >= len(anchors(wire)))
        proven = verify(other, signer.files()[-1])
        assert proven.returncode == 0, proven.stdout + proven.stderr


@pytest.mark.embedded
def test_anchors_hold_wherever_the_store_is_moved(directory: Path, signer: Signer, postgres: Postgres) -> None:
    server = Server(directory, arguments=signer.arguments())
    try:
        wire = wire_of(server.start())
        wallet = wallet_with(wire, 5)
        covered(wire)
        consume(wire, wallet)
        covered(wire)
        server.stop()
        files, url, back = signer.files(), postgres.new_database(), directory / "back"
        moved = scrip("copy", "--from-data", str(server.data), "--to-url", url)
        assert moved.returncode == 0, moved.stdout + moved.stderr
        database = Server(directory, arguments=signer.arguments(), database_url=url)
        database.production_key = server.production_key
        assert verify(database, *files).returncode == 0
        try:
            wire = wire_of(database.start())
            for _ in range(3):
                consume(wire, wallet)
            covered(wire)
            check_all(wire, wallet, signer)
            database.stop()
        finally:
            database.kill()
        moved = scrip("copy", "--from-url", url, "--to-data", str(back))
        assert moved.returncode == 0, moved.stdout + moved.stderr
        server.data = back
        proven = verify(server, *signer.files())
        assert proven.returncode == 0, proven.stdout + proven.stderr
        wire = wire_of(server.start())
        consume(wire, wallet)
        covered(wire)
        check_line(anchors(wire), signer.public_key)
        check_all(wire, wallet, signer)
        server.end_and_verify()
    finally:
        server.kill()


@pytest.mark.embedded
def test_a_restored_backup_goes_on_and_does_not_hide_what_was_lost(directory: Path, signer: Signer) -> None:
    server = Server(directory, arguments=signer.arguments())
    try:
        wire = wire_of(server.start())
        wallet = wallet_with(wire, 3)
        covered(wire)
        backup, restored = directory / "backup", directory / "restored"
        assert scrip("backup", "--data", str(server.data), "--to", str(backup)).returncode == 0
        kept = signer.files()
        consume(wire, wallet)
        lost = covered(wire)
        until(lambda: len(signer.files()) >= lost["number"])
        server.stop()
        assert scrip("restore", "--from", str(backup), "--data", str(restored)).returncode == 0
        server.data = restored
        assert verify(server, *kept).returncode == 0
        found = verify(server, *signer.files())
        assert found.returncode == 1 and f"customer {wallet.customer}" in found.stdout, found.stdout
        assert "this store has none of this number" in found.stdout
        before = set(signer.files())
        wire = wire_of(server.start())
        consume(wire, wallet)
        covered(wire)
        check_line(anchors(wire), signer.public_key)
        until(lambda: set(signer.files()) > before)
        # Of the lost line nothing is written over.
        for file in before:
            check_file(file.read_text(), signer.public_key)
        server.end_and_verify()
    finally:
        server.kill()
