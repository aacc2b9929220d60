"""Webhooks to receivers that fail: what counts as taken, what is sent again and when, and whom it delays."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.hooks import Endpoint, Happenings, Owner, impatient, owning
from support.receiver import (
    DROP, HALFWAY, HANG, LONG, NO_HTTP, TRICKLE, Action, Answer, Receiver, Told, firsts, receiving,
)
from support.server import Server, free_port, running
from support.shop import Wallet, new_currency, new_customer
from support.wire import Wire

# An attempt, and one after each of the pauses of a server that is `impatient`.
ATTEMPTS = 4
# After so many failures in a row nothing new is sent.
FAILURES = 5
KEPT_CHARACTERS = 1_024
INWARD = "http://127.0.0.1:{port}/inward"
GARBAGE = bytes(range(256)) * 8

# What receivers do with the first two requests: the status that is noted, and a word of what is said of it.
FAILING: dict[str, tuple[Action, int | None, str]] = {
    "an error": (500, 500, "500"),
    "not found": (404, 404, "404"),
    "not modified": (Answer(304, body=b""), 304, "redirect"),
    "moved": (Answer(301, {"location": INWARD}), 301, "redirect"),
    "moved for now": (Answer(302, {"location": INWARD}), 302, "redirect"),
    "moved as it is": (Answer(307, {"location": INWARD}), 307, "redirect"),
    "moved as it is for good": (Answer(308, {"location": INWARD}), 308, "redirect"),
    "half an answer": (HALFWAY, 200, "broke off"),
    "an answer that takes for ever": (TRICKLE, None, "within 1s"),
    "no answer": (HANG, None, "within 1s"),
    "dropped": (DROP, None, "connection"),
    "no HTTP": (NO_HTTP, None, "invalid"),
    "a long refusal": (Answer(500, body="ü".encode() * 5_000), 500, "500"),
    "bytes that are no text": (Answer(500, body=GARBAGE), 500, "500"),
    "no bytes": (Answer(503, body=b""), 503, "503"),
    "asks for less": (Answer(503, {"retry-after": "0"}), 503, "503"),
    "asks for nonsense": (Answer(503, {"retry-after": "-1 or so"}), 503, "503"),
    "asks for a number beyond all": (Answer(503, {"retry-after": "9" * 30}), 503, "503"),
}
TAKING: dict[str, Action] = {
    "accepted": 202, "no content": 204, "an unknown success": 299, "a long answer": LONG,
    "bytes that are no text": Answer(200, body=GARBAGE),
}

Case = tuple[Receiver, Endpoint, str]


@pytest.fixture(scope="module")
def inward() -> Iterator[Receiver]:
    """Where redirects lead."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def cases(shop: Wire, tokens: str, inward: Receiver) -> Iterator[dict[str, Case]]:
    """A receiver of each kind, all of which are told of the same event."""

    def failing(action: Action) -> Receiver:
        if isinstance(action, Answer):
            headers = {name: value.format(port=inward.port) for name, value in action.headers.items()}
            action = Answer(action.status, headers, action.body)
        return stack.enter_context(receiving(lambda told, number: action if number < 2 else 200))

    with contextlib.ExitStack() as stack:
        owner = stack.enter_context(owning(shop))
        happenings = Happenings(shop, Wallet(new_customer(shop), tokens))
        receivers = {name: failing(action) for name, (action, _, _) in FAILING.items()}
        for name, action in TAKING.items():
            receivers[f"taken: {name}"] = stack.enter_context(receiving(lambda told, number, action=action: action))
        told = {name: (receiver, owner.tell(receiver)) for name, receiver in receivers.items()}
        (message_id,) = happenings.grants()
        yield {name: (receiver, endpoint, message_id) for name, (receiver, endpoint) in told.items()}


@pytest.mark.parametrize("name", FAILING)
def test_what_is_not_taken_is_sent_again(cases: dict[str, Case], inward: Receiver, name: str) -> None:
    """Under the same name, signed anew; each attempt is there with what went wrong."""
    receiver, endpoint, message_id = cases[name]
    _, status, words = FAILING[name]
    delivery = endpoint.wait_until(message_id, "DELIVERED", attempts=3)
    *failed, last = delivery["attempts"]
    assert [attempt["statusCode"] for attempt in failed] == [status, status]
    for attempt in failed:
        assert words in attempt["error"], attempt
        assert len(attempt["response"] or "") <= KEPT_CHARACTERS
    assert (last["statusCode"], last["error"], last["response"]) == (200, None, "done")
    assert receiver.ids() == [message_id] * 3
    assert len({told.body for told in receiver.told}) == 1
    for told in receiver.told:
        told.verify(endpoint.secret)
    # None comes before its time; who takes long himself is not waited for besides.
    times = [told.at for told in receiver.told]
    assert all(later - earlier > 0.95 for earlier, later in zip(times, times[1:], strict=False)), times
    assert inward.told == [], "a redirect was followed"


def test_the_beginning_of_an_answer_is_kept(cases: dict[str, Case]) -> None:
    def responses(name: str) -> list[str | None]:
        _, endpoint, message_id = cases[name]
        return [attempt["response"] for attempt in endpoint.wait_until(message_id, "DELIVERED")["attempts"]]

    assert responses("an error") == ["done"] * 3
    assert responses("a long refusal")[0] == "ü" * KEPT_CHARACTERS
    assert responses("half an answer")[0] == "half"
    assert responses("no bytes")[0] is None
    assert responses("taken: no content") == [None]
    assert responses("taken: a long answer") == ["x" * KEPT_CHARACTERS]
    assert str(responses("bytes that are no text")[0])[1:128] == GARBAGE[1:128].decode()


@pytest.mark.parametrize("name", TAKING)
def test_every_2xx_takes(cases: dict[str, Case], name: str) -> None:
    """Whatever comes with it. What is too long is not read to its end."""
    receiver, endpoint, message_id = cases[f"taken: {name}"]
    delivery = endpoint.wait_until(message_id, "DELIVERED")
    assert [attempt["error"] for attempt in delivery["attempts"]] == [None]
    assert len(delivery["attempts"][0]["response"] or "") <= KEPT_CHARACTERS
    assert receiver.ids() == [message_id]
    if name == "a long answer":
        receiver.wait_until(lambda: receiver.unread == 1, "cut")


def test_nobody_listens(owner: Owner, happenings: Happenings) -> None:
    port = free_port()
    endpoint = owner.tell(f"http://127.0.0.1:{port}/hook")
    made = happenings.grants(2)
    for message_id in made:
        attempt = endpoint.wait_until(message_id, "PENDING")["attempts"][0]
        assert (attempt["statusCode"], attempt["response"]) == (None, None)
        assert "refused" in attempt["error"]
    with receiving(port=port) as receiver:
        receiver.wait_for_all(made)
        for message_id in made:
            assert len(endpoint.wait_until(message_id, "DELIVERED")["attempts"]) >= 2
            assert len(receiver.of(message_id)) == 1


def test_a_receiver_that_was_away(owner: Owner, happenings: Happenings) -> None:
    """It closes the connection that was kept open; on the same port it is another process that goes on."""
    with receiving() as first:
        endpoint = owner.tell(first)
        before = happenings.grants(2)
        # Its answer has arrived too: what was taken and not answered comes again.
        for message_id in before:
            endpoint.wait_until(message_id, "DELIVERED")
    made = happenings.grants(2)
    endpoint.wait_until(made[1], "PENDING")
    with receiving(port=first.port) as second:
        second.wait_for_all(made)
        assert sorted(second.ids()) == sorted(made)


def test_after_the_last_attempt(owner: Owner, happenings: Happenings, receiver: Receiver) -> None:
    """It has failed, and is sent only to whoever asks for it."""
    receiver.behaviour = lambda told, number: 500
    endpoint = owner.tell(receiver)
    (message_id,) = happenings.grants()
    pending = endpoint.wait_until(message_id, "PENDING")
    assert pending["nextAttemptAt"] > pending["attempts"][-1]["at"]
    assert [each["id"] for each in endpoint.deliveries(status="PENDING")] == [message_id]
    failed = endpoint.wait_until(message_id, "FAILED")
    assert (len(failed["attempts"]), failed["nextAttemptAt"]) == (ATTEMPTS, None)
    assert [each["id"] for each in endpoint.deliveries(status="FAILED")] == [message_id]
    assert endpoint.deliveries(status="PENDING") == endpoint.deliveries(status="DELIVERED") == []
    # It holds up nothing, and comes by itself no more.
    receiver.behaviour = lambda told, number: 200
    more = happenings.grants()
    receiver.wait_for_all(more)
    assert receiver.ids() == [message_id] * ATTEMPTS + more
    endpoint.redeliver(message_id)
    delivery = endpoint.wait_until(message_id, "DELIVERED")
    assert [attempt["statusCode"] for attempt in delivery["attempts"]] == [500] * ATTEMPTS + [200]
    assert receiver.ids() == [message_id] * ATTEMPTS + more + [message_id]
    assert endpoint.deliveries(status="FAILED") == []


def test_a_redelivery_has_all_attempts_again(owner: Owner, happenings: Happenings, receiver: Receiver) -> None:
    receiver.behaviour = lambda told, number: 500
    endpoint = owner.tell(receiver)
    (message_id,) = happenings.grants()
    endpoint.wait_until(message_id, "FAILED")
    endpoint.redeliver(message_id)
    delivery = endpoint.wait_until(message_id, "FAILED", attempts=ATTEMPTS + 1)
    assert len(delivery["attempts"]) == len(receiver.told) == 2 * ATTEMPTS


def test_retry_after(owner: Owner, happenings: Happenings, receiver: Receiver) -> None:
    """Three seconds are asked for, where one would do."""
    receiver.behaviour = lambda told, number: Answer(503, {"retry-after": "3"}) if number == 0 else 200
    endpoint = owner.tell(receiver)
    (message_id,) = happenings.grants()
    endpoint.wait_until(message_id, "DELIVERED")
    first, second = receiver.told
    assert 2.95 < second.at - first.at < 15


def test_what_one_refuses_for_ever_holds_up_nothing(owner: Owner, happenings: Happenings, receiver: Receiver) -> None:
    endpoint = owner.tell(receiver)
    poison: list[str] = []

    def refuse_the_third(told: Told, number: int) -> int:
        if len(receiver.taken) == 2 and not poison:
            poison.append(told.id)
        return 422 if told.id in poison else 200

    receiver.behaviour = refuse_the_third
    made = happenings.grants(12)
    assert receiver.wait_for(3)[2].id == made[2]
    others = [message_id for message_id in made if message_id != made[2]]
    receiver.wait_for_all(others)
    assert receiver.taken == others
    assert firsts(receiver.ids()) == made
    assert len(endpoint.wait_until(made[2], "FAILED")["attempts"]) == ATTEMPTS
    first, *_, last = (place for place, message_id in enumerate(receiver.ids()) if message_id == made[2])
    assert last - first >= ATTEMPTS, "the others waited until it was given up"


def test_the_dead_delay_nobody(owner: Owner, happenings: Happenings, receiver: Receiver) -> None:
    """Five hang, beside one that takes everything."""
    with contextlib.ExitStack() as stack:
        dead = [stack.enter_context(receiving(lambda told, number: HANG)) for _ in range(5)]
        for each in dead:
            owner.tell(each)
        owner.tell(receiver)
        made = happenings.grants(40)
        receiver.wait_for_all(made)
        tried = [len(each.told) for each in dead]
        assert receiver.ids() == made
        # One event takes them a second each.
        assert max(tried) < 20, tried
        for each in dead:
            each.wait_for(1)


@pytest.fixture(scope="module")
def persistent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that does not give up soon."""
    arguments = impatient("1,1,2,2,2,2,2,2,2,2,2,2,2,2")
    with running(tmp_path_factory.mktemp("persistent"), arguments=arguments) as server:
        yield server


def test_who_takes_nothing_is_sent_nothing_new(persistent: Server) -> None:
    """And when it takes again, all that it missed: the new ones in order."""
    wire = Wire(persistent.url, persistent.production_key)
    happenings = Happenings(wire, Wallet(new_customer(wire), new_currency(wire)))
    with receiving(lambda told, number: 500) as receiver, receiving() as healthy, owning(wire) as owner:
        endpoint = owner.tell(receiver)
        owner.tell(healthy)
        made = happenings.grants(20)
        healthy.wait_for_all(made)
        receiver.wait_for(3 * FAILURES)
        assert firsts(receiver.ids()) == made[:FAILURES]
        assert {each["id"] for each in endpoint.deliveries()} == set(made[:FAILURES])
        receiver.behaviour = lambda told, number: 200
        receiver.wait_for_all(made)
        assert firsts(receiver.ids()) == made
        assert [name for name in receiver.taken if name in made[FAILURES:]] == made[FAILURES:]
        assert sorted(receiver.taken) == sorted(made)
        for message_id in made:
            endpoint.wait_until(message_id, "DELIVERED")
    wire.close()


def test_while_it_is_refused_a_new_address_takes_over(persistent: Server) -> None:
    """What is pending goes where the endpoint points now."""
    wire = Wire(persistent.url, persistent.production_key)
    happenings = Happenings(wire, Wallet(new_customer(wire), new_currency(wire)))
    with receiving(lambda told, number: 500) as old, receiving() as new, owning(wire) as owner:
        endpoint = owner.tell(old)
        made = happenings.grants(3)
        old.wait_for(3)
        endpoint.change(url=new.url)
        new.wait_for_all(made)
        assert sorted(new.taken) == sorted(made)
        new.told[0].verify(endpoint.secret)
    wire.close()


def test_told_by_none_and_later_by_all(directory: Path) -> None:
    """`--no-webhooks` sends nothing. What happened meanwhile is sent when the server is started without it."""
    with receiving() as receiver, running(directory, arguments=(*impatient(), "--no-webhooks")) as server:
        wire = Wire(server.url, server.production_key)
        happenings = Happenings(wire, Wallet(new_customer(wire), new_currency(wire)))
        with owning(wire) as owner:
            endpoint = owner.tell(receiver)
            made = happenings.grants(3)
            message_id = endpoint.test()
            assert endpoint.delivery(message_id)["status"] == "PENDING"
            # Twice as long as it takes a server that tells.
            time.sleep(1)
            assert receiver.told == []
            assert server.stop() == 0
            server.arguments = impatient()
            server.start()
            receiver.wait_for_all([*made, message_id])
            assert [name for name in receiver.ids() if name != message_id] == made
            assert len(receiver.told) == 4
        wire.close()
