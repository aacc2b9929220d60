"""People of the built program: the first owner's link, a sign-in, what survives a restart, what is kept of it."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from support.server import Server
from support.shop import created
from support.wire import Wire

PASSWORD = "correct horse battery"
SIGN_IN = "/console/sign-in"
FIRST = re.compile(r"^  http://\S+(/console/sign-in/link\?token=[0-9a-f]{64})$", re.MULTILINE)


def browser(server: Server) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers={"sec-fetch-site": "same-origin"})


def fill(client: httpx.Client, page: str, path: str, **fields: str) -> httpx.Response:
    """Sends a form as the page has it."""
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', client.get(page).text)
    assert found, page
    return client.post(path, data={"csrf": found[1], **fields})


def sign_in(client: httpx.Client, password: str) -> int:
    return fill(client, SIGN_IN, SIGN_IN, email="ann@example.com", password=password).status_code


def is_in(client: httpx.Client) -> bool:
    answer = client.get("/console/production")
    assert answer.status_code in (200, 303), answer.text
    return answer.status_code == 200


def test_the_first_owner_signs_in_and_stays_in(directory: Path) -> None:
    server = Server(directory)
    server.additions["SCRIP_LOG"] = "trace"
    server.start()
    try:
        links = FIRST.findall(server.log_path.read_text())
        assert len(links) == 1, "the first start tells one link"
        with browser(server) as client:
            assert client.get("/console/production").headers["location"].startswith(SIGN_IN)
            words = {"email": "ann@example.com", "displayName": "Ann", "password": PASSWORD, "again": PASSWORD}
            token = links[0].rpartition("=")[2]
            accepted = fill(client, links[0], f"{SIGN_IN}/link", token=token, **words)
            assert accepted.status_code == 303, accepted.text
            assert is_in(client)
            assert client.get(links[0]).status_code == 410
            session = next(value for name, value in client.cookies.items() if name == "scrip-session")
            wire = Wire(server.url, server.production_key)
            bob = created(wire.post("/api/v1/people", {"email": "bob@example.com", "role": "VIEWER"}))
            log = wire.get("/api/v1/audit-log?of=people").json()["data"]
            assert [entry["operation"] for entry in log] == ["invite", "create", "use-sign-in-link"]
            wire.close()

            # A session stands over a restart, and over a kill; nobody is told another link.
            server.restart_after_kill()
            client.base_url = server.url
            assert is_in(client)
            assert len(FIRST.findall(server.log_path.read_text())) == 1
            with browser(server) as other:
                assert [sign_in(other, password) for password in ("wrong password", PASSWORD)] == [401, 303]
                assert is_in(other)
                assert fill(other, f"{SIGN_IN}/me", f"{SIGN_IN}/me/sessions", session="all").status_code == 303
                assert not is_in(other) and not is_in(client)
        server.end_and_verify()
        log_text = server.log_path.read_text()
        secrets = [PASSWORD, session, bob["signInLink"]["token"]]
        for secret in secrets:
            assert secret not in log_text
            for file in (each for each in server.data.rglob("*") if each.is_file()):
                assert secret.encode() not in file.read_bytes(), file
        for file in (each for each in server.data.rglob("*") if each.is_file()):
            assert token.encode() not in file.read_bytes(), file
    finally:
        server.kill()
