"""Webhook endpoints that nobody may make, and addresses that nobody is to be told at."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.hooks import LOOPBACK, WEBHOOKS, Endpoint, Owner, impatient, owning
from support.receiver import receiving
from support.refusals import check_refusal
from support.server import Server, running
from support.wire import Wire

URL = "https://example.com/hook"
# One that is told of nothing.
ASLEEP = {"url": URL, "isEnabled": False}
URL_MAX = 2_048
ENDPOINTS_MAX = 50


@pytest.fixture
def owner(wire: Wire) -> Iterator[Owner]:
    with owning(wire) as owner:
        yield owner


@pytest.fixture
def endpoint(owner: Owner) -> Endpoint:
    return owner.tell(URL, isEnabled=False)


@pytest.fixture
def closed(own_server: Server) -> Iterator[Wire]:
    """A server to itself, which may tell nobody inward."""
    client = Wire(own_server.url, own_server.production_key)
    yield client
    client.close()


NO_URLS: list[Any] = [
    None, 5, True, [], {}, [URL], "", " ", "example.com", "example.com/hook", "/hook", "//example.com/hook", "https:",
    "https:/", "https://", "https:///hook", "https:example.com", "https://:443/", "https://[::1", "https://[]/",
    "https://[1.1.1.1]/", "https://[fe80::1%25eth0]/", "https://exa mple.com/", " https://example.com/",
    "https://example.com/\n", "https://example.com/a b", "https://example.com/\u0000", "https://ex\u00e4mple.com/",
    "https://example.com:99999/", "https://example.com:-1/", "https://example.com:x/",
    "ftp://example.com/", "ws://example.com/", "file:///etc/passwd",
    "javascript:alert(1)", "data:text/plain,x", "unix:///run/socket",
    # They would stand in logs, or are not sent.
    "https://user@example.com/", "https://user:password@example.com/", "https://:@example.com/",
    "https://@example.com/", "https://example.com\\@127.0.0.1/", "https://example.com/#", "https://example.com/#part",
    "https://example.com#",
    "https://example.com/" + "a" * URL_MAX,
    # Anybody could read it on the way.
    "http://example.com/", "HTTP://example.com/", "http://127.0.0.1:8080/", "http://localhost/",
]


@pytest.mark.parametrize("url", NO_URLS, ids=lambda url: repr(url)[:40])
def test_no_url(wire: Wire, endpoint: Endpoint, url: Any) -> None:
    check_refusal(wire.post(WEBHOOKS, {"url": url}), 400, "BadUserInput", "url")
    if url is not None:
        check_refusal(wire.patch(endpoint.path, {"url": url}), 400, "BadUserInput", "url")
    assert endpoint.read()["url"] == URL


INWARD: dict[str, str] = {
    "127.0.0.1": "loopback", "127.1.2.3": "loopback", "127.0.0.1:8443": "loopback", "[::1]": "loopback",
    "[::1]:8443": "loopback", "[0:0:0:0:0:0:0:1]": "loopback", "[::ffff:127.0.0.1]": "loopback",
    "[::ffff:7f00:1]": "loopback", "[64:ff9b::7f00:1]": "loopback", "[64:ff9b::127.0.0.1]": "loopback",
    "10.0.0.1": "private", "172.16.0.1": "private", "172.31.255.255": "private", "192.168.1.1": "private",
    "[::ffff:10.0.0.1]": "private", "[64:ff9b::a00:1]": "private", "[2002:a00:1::]": "private", "[fd00::1]": "private",
    "169.254.169.254": "link-local", "[::ffff:169.254.169.254]": "link-local", "[fe80::1]": "link-local",
    "[fd00:ec2::254]": "private", "100.64.0.1": "shared", "0.0.0.0": "network", "[::]": "global",
    "[::127.0.0.1]": "global",
    "224.0.0.1": "multicast", "[ff02::1]": "multicast", "255.255.255.255": "reserved", "240.0.0.1": "reserved",
    "192.0.2.1": "documentation", "[2001:db8::1]": "documentation",
}


@pytest.mark.parametrize("host", INWARD)
def test_addresses_that_point_inward(wire: Wire, endpoint: Endpoint, host: str) -> None:
    body = {"url": f"https://{host}/latest"}
    for answer in (wire.post(WEBHOOKS, body), wire.patch(endpoint.path, body)):
        refusal = check_refusal(answer, 400, "BadUserInput", "url")
        assert INWARD[host] in refusal["message"]
    assert endpoint.read()["url"] == URL


@pytest.mark.parametrize(
    "url",
    [
        URL, "https://example.com", "https://EXAMPLE.com:8443/a?b=c&d=%20", "HTTPS://example.com/", "https://1.1.1.1/",
        "https://[2606:4700:4700::1111]:8443/", "https://172.32.0.1/", "https://xn--exmple-cua.com/",
        "https://localhost/", "https://example.com/".ljust(URL_MAX, "a"),
    ],
    ids=lambda url: url[:40],
)
def test_urls_that_may_be_told(owner: Owner, url: str) -> None:
    """What a name leads to is judged when it is connected to."""
    endpoint = owner.tell(url, isEnabled=False)
    assert endpoint.read()["url"] == url
    assert endpoint.change(url=url)["url"] == url


WRONG: list[tuple[str, Any, str]] = [
    ("description", 5, "description"), ("description", "x" * 256, "description"), ("description", [], "description"),
    ("eventTypes", "credit_grant.created", "eventTypes"), ("eventTypes", {}, "eventTypes"),
    ("eventTypes", [5], "eventTypes"), ("eventTypes", [None], "eventTypes"),
    ("eventTypes", ["credit_grant.eaten"], "eventTypes[0]"), ("eventTypes", [""], "eventTypes[0]"),
    ("eventTypes", ["credit_grant.created", "Credit_Grant.Created"], "eventTypes[1]"),
    ("eventTypes", ["credit_grant.created", "*"], "eventTypes[1]"), ("eventTypes", ["webhook.test"], "eventTypes[0]"),
    ("isEnabled", "yes", "isEnabled"), ("isEnabled", 1, "isEnabled"),
    ("plainSecret", "", "plainSecret"), ("plainSecret", "a b", "plainSecret"), ("plainSecret", " ", "plainSecret"),
    ("plainSecret", "a\r\nx-api-key: b", "plainSecret"), ("plainSecret", "\u00e9", "plainSecret"),
    ("plainSecret", "\x7f", "plainSecret"), ("plainSecret", "x" * 256, "plainSecret"),
    ("plainSecret", 5, "plainSecret"),
    ("unknown", 1, "unknown"), ("secret", "whsec_AAAA", "secret"), ("id", "x", "id"), ("status", "ENABLED", "status"),
    ("event_types", [], "event_types"), ("Url", URL, "Url"),
]


@pytest.mark.parametrize(("member", "value", "naming"), WRONG, ids=lambda part: repr(part)[:30])
def test_wrong_members(wire: Wire, endpoint: Endpoint, member: str, value: Any, naming: str) -> None:
    before = endpoint.read()
    check_refusal(wire.post(WEBHOOKS, {"url": URL, member: value}), 400, "BadUserInput", naming)
    check_refusal(wire.patch(endpoint.path, {member: value}), 400, "BadUserInput", naming)
    assert endpoint.read() == before


def test_a_url_is_needed(wire: Wire) -> None:
    check_refusal(wire.post(WEBHOOKS, {}), 400, "BadUserInput", "url")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'"x"', b'{"url":"a","url":"b"}'], ids=repr)
def test_bodies_that_are_no_objects(wire: Wire, endpoint: Endpoint, body: bytes) -> None:
    check_refusal(wire.post(WEBHOOKS, body), 400, "BadUserInput")
    check_refusal(wire.patch(endpoint.path, body), 400, "BadUserInput")


@pytest.mark.parametrize("seconds", [-1, 1.5, 10**9, 30 * 86_400 + 1, "5", True, [], 1e300], ids=repr)
def test_wrong_overlaps(wire: Wire, endpoint: Endpoint, seconds: Any) -> None:
    path = f"{endpoint.path}/rotate-secret"
    check_refusal(wire.post(path, {"overlapSeconds": seconds}), 400, "BadUserInput", "overlapSeconds")
    check_refusal(wire.post(path, {"overlap": 1}), 400, "BadUserInput", "overlap")


@pytest.mark.parametrize(
    ("path", "query", "naming"),
    [
        ("", {"limit": "0"}, "limit"), ("", {"limit": "101"}, "limit"), ("", {"after": "x"}, "after"),
        ("/deliveries", {"limit": "0"}, "limit"), ("/deliveries", {"before": "x"}, "before"),
        ("/deliveries", {"status": "pending"}, "status"), ("/deliveries", {"status": ""}, "status"),
    ],
    ids=str,
)
def test_bad_queries(wire: Wire, endpoint: Endpoint, path: str, query: dict[str, str], naming: str) -> None:
    check_refusal(wire.get(f"{endpoint.path}{path}" if path else WEBHOOKS, **query), 400, "BadUserInput", naming)


def test_more_than_there_is_room_for(closed: Wire, own_server: Server) -> None:
    """Each environment has room for fifty."""
    with owning(closed) as owner:
        made = [owner.tell(URL, isEnabled=False) for _ in range(ENDPOINTS_MAX)]
        check_refusal(closed.post(WEBHOOKS, ASLEEP), 400, "InvalidArgumentError", str(ENDPOINTS_MAX))
        box = Wire(own_server.url, own_server.sandbox_key)
        with owning(box) as elsewhere:
            elsewhere.tell(URL, isEnabled=False)
        box.close()
        made[7].remove()
        owner.tell(URL, isEnabled=False)
        check_refusal(closed.post(WEBHOOKS, ASLEEP), 400, "InvalidArgumentError", str(ENDPOINTS_MAX))


# What other readers take for an address is a name here, and none that a certificate could be for.
NAMES = {
    "localhost": "loopback", "LOCALHOST": "loopback", "127.1": "name", "127.0.0.01": "name", "2130706433": "name",
    "0x7f000001": "name", "0177.0.0.1": "name",
}


@pytest.mark.parametrize("host", NAMES)
def test_names_that_lead_inward(closed: Wire, host: str) -> None:
    """They may be named, but nobody connects to where they lead."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        owner = stack.enter_context(owning(closed))
        endpoint = owner.tell(f"https://{host}:{listener.getsockname()[1]}/")
        (attempt,) = endpoint.wait_until(endpoint.test(), "FAILED")["attempts"]
        assert (attempt["statusCode"], attempt["response"]) == (None, None)
        assert NAMES[host] in attempt["error"], attempt
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_what_is_allowed_is_no_more_than_that(directory: Path) -> None:
    """Also not when an endpoint was made while more was allowed."""
    hosts = ["127.0.0.1", "localhost", "127.1", "2130706433"]
    with running(directory, arguments=LOOPBACK) as server, receiving() as receiver:
        wire = Wire(server.url, server.production_key)
        with owning(wire) as owner:
            endpoints = [owner.tell(f"http://{host}:{receiver.port}/hook") for host in hosts]
            for each in endpoints:
                each.wait_until(each.test(), "DELIVERED")
            for url in ("http://10.0.0.1/", "https://10.0.0.1/", "https://[::1]/", "http://1.1.1.1/"):
                check_refusal(wire.post(WEBHOOKS, {"url": url}), 400, "BadUserInput", "url")
            assert server.stop() == 0
            server.arguments = ("--webhook-allow", "10.0.0.0/8")
            server.start()
            for each in endpoints:
                (attempt,) = each.wait_until(each.test(), "FAILED")["attempts"]
                assert "loopback" in attempt["error"], attempt
            assert len(receiver.told) == len(hosts)
        wire.close()


def test_a_secret_is_shown_once_and_stands_in_no_log(directory: Path) -> None:
    """By whoever makes or changes it; however much is logged, and whatever goes wrong."""
    server = Server(directory, arguments=impatient())
    server.additions["SCRIP_LOG"] = "trace"
    plain, wire = "plain-0123456789", Wire(server.url, server.production_key)
    try:
        server.start()
        with receiving(lambda told, number: 500 if number % 2 else 200) as receiver, owning(wire) as owner:
            made = wire.post(WEBHOOKS, {"url": receiver.url, "plainSecret": plain})
            endpoint = Endpoint(wire, made.json()["data"]["id"], made.json()["data"]["secret"])
            rotated = wire.post(f"{endpoint.path}/rotate-secret", {})
            new = rotated.json()["data"]["secret"]
            delivered = endpoint.test()
            endpoint.wait_until(delivered, "DELIVERED")
            endpoint.wait_until(endpoint.test(), "FAILED")
            owner.made.append(endpoint)
            answers = [
                wire.get(endpoint.path), wire.get(WEBHOOKS), wire.get(f"{endpoint.path}/deliveries"),
                wire.get(f"{endpoint.path}/deliveries/{delivered}"), wire.post(f"{endpoint.path}/test"),
                wire.post(f"{endpoint.path}/deliveries/{delivered}/redeliver"),
                wire.patch(endpoint.path, {"description": "x", "plainSecret": plain + "-new"}),
                wire.delete(endpoint.path), wire.get("/api/v1/events-log"),
                wire.post(WEBHOOKS, {"url": receiver.url, "plainSecret": plain + " bad"}),
            ]
        for answer in answers:
            assert not any(secret in answer.text for secret in (endpoint.secret, new, plain)), answer.text
        for answer, own, other in ((made, endpoint.secret, new), (rotated, new, endpoint.secret)):
            assert answer.text.count(own) == 1 and other not in answer.text and plain not in answer.text
        server.end_and_verify()
        log = server.log_path.read_text(errors="replace")
        assert endpoint.id in log, "nothing is logged"
        for secret in (endpoint.secret, new, endpoint.secret.removeprefix("whsec_"), new.removeprefix("whsec_"), plain):
            lines = [line[:300] for line in log.splitlines() if secret in line]
            assert not lines, lines[:3]
    finally:
        wire.close()
        server.kill()
