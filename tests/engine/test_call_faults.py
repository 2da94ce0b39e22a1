"""Each planned misbehaviour towards the app: what it really got, and whether the vendor did it all the same."""

from __future__ import annotations

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulators.engine.provider import Call
from emulators.errors import InvalidValue, UnknownName
from emulators.faults import Answer, Delay, Garbage, Hang, LostAck, Reset, Truncate, VendorError


def track(hellotext: Any, timeout: float = 20) -> tuple[int, bytes]:
    """Status and body of one good call."""
    parts = urlsplit(hellotext.env["HELLOTEXT_URL"])
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 0, timeout=timeout)
    body = {"action": "product.purchased", "product": "vxqQJ3Yg", "profile": "PROFILE_ID"}
    headers = {"Authorization": f"Bearer {hellotext.env['HELLOTEXT_TOKEN']}", "Connection": "close"}
    try:
        connection.request("POST", f"{parts.path}/attribution/events", json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def done(hellotext: Any) -> int:
    """How many events the vendor took in."""
    return len(hellotext.account.tables.get("events", {}))


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (Answer(503), (503, b"")),
        (Answer(500, "<h1>oops</h1>"), (500, b"<h1>oops</h1>")),
        (Answer(200, b"\xff"), (200, b"\xff")),
        (Answer(429, {"error": "slow down"}), (429, b'{"error": "slow down"}')),
    ],
    ids=str,
)
def test_an_answer_is_given_in_the_vendors_place_once(hellotext, fault: Answer, answer: Any) -> None:
    injected = hellotext.inject(fault)
    assert track(hellotext) == answer
    assert (injected.struck, done(hellotext)) == (1, 0)
    assert track(hellotext)[0] == 201
    assert injected.struck == 1
    assert hellotext.calls()[0].fault == fault
    assert f"fault {fault}" in hellotext.timeline()


def test_a_reset_leaves_the_app_without_an_answer(hellotext) -> None:
    hellotext.inject(Reset())
    with pytest.raises(ConnectionError):
        track(hellotext)
    assert (hellotext.calls()[0].status, done(hellotext)) == (None, 0)
    assert not hellotext.calls()[0].taken
    assert track(hellotext)[0] == 201


def test_a_call_may_be_done_although_its_answer_is_lost(hellotext) -> None:
    hellotext.inject(Reset(processed=True))
    with pytest.raises(ConnectionError):
        track(hellotext)
    assert (hellotext.calls()[0].status, done(hellotext)) == (201, 1)


def test_a_call_that_hangs_ends_with_the_apps_own_patience(hellotext) -> None:
    hellotext.inject(Hang())
    with pytest.raises(TimeoutError):
        track(hellotext, timeout=0.2)
    assert done(hellotext) == 0
    assert track(hellotext)[0] == 201


def test_a_hang_is_bounded(hellotext) -> None:
    hellotext.inject(Hang(seconds=0.05, processed=True))
    with pytest.raises(ConnectionError):
        track(hellotext)
    assert done(hellotext) == 1


def test_a_delayed_answer_comes_all_the_same(hellotext) -> None:
    hellotext.inject(Delay(0.05))
    assert track(hellotext)[0] == 201
    hellotext.inject(Delay(60))
    with pytest.raises(TimeoutError):
        track(hellotext, timeout=0.2)
    assert done(hellotext) == 2


def test_a_truncated_answer_breaks_off_in_its_body(hellotext) -> None:
    hellotext.inject(Truncate())
    with pytest.raises(http.client.IncompleteRead) as broken:
        track(hellotext)
    assert broken.value.partial == b'{"state'
    assert done(hellotext) == 1


def test_garbage_is_noise_under_a_good_status_and_the_same_for_the_same_seed(hellotext, emulate) -> None:
    seen = []
    for _ in range(2):
        with emulate.fresh("hellotext") as fresh:
            fresh.inject(Garbage())
            status, body = track(fresh)
            assert (status, done(fresh)) == (201, 1)
            seen.append(body)
    assert seen[0] == seen[1] == fresh.calls()[0].reply.body
    with pytest.raises(ValueError):
        json.loads(seen[0])


def test_a_fault_is_for_the_route_it_names(hellotext) -> None:
    injected = hellotext.inject(Answer(503, route="create-profile"))
    assert track(hellotext)[0] == 201
    assert injected.struck == 0


def test_a_fault_with_a_probability_strikes_by_the_seed(emulate) -> None:
    def statuses() -> list[int]:
        with emulate.fresh("hellotext") as hellotext:
            hellotext.inject(Answer(503, times=None, probability=0.5))
            return [track(hellotext)[0] for _ in range(20)]

    first = statuses()
    assert set(first) == {201, 503}
    assert statuses() == first


def test_faults_towards_the_app_and_towards_the_receiver_leave_each_other_alone(hellotext) -> None:
    lost = hellotext.inject(LostAck())
    assert track(hellotext)[0] == 201
    assert lost.struck == 0


def test_faults_end_with_their_block(hellotext) -> None:
    with hellotext.inject(Answer(503, times=None)):
        assert [track(hellotext)[0] for _ in range(3)] == [503] * 3
    assert track(hellotext)[0] == 201


def test_what_a_fault_names_must_exist(hellotext) -> None:
    with pytest.raises(UnknownName, match="did you mean 'track-event'"):
        hellotext.inject(Answer(503, route="track-events"))
    with pytest.raises(UnknownName, match="error of hellotext"):
        hellotext.inject(VendorError("quotta"))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Answer(99),
        lambda: Answer("200"),  # type: ignore[arg-type]
        lambda: Answer(200, {1, 2}),
        lambda: Delay(-1),
        lambda: Hang(float("inf")),
        lambda: Delay(True),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(make: Any) -> None:
    with pytest.raises(InvalidValue, match="expected"):
        make()


def test_faults_of_before_a_reset_are_not_taken_for_those_after_it(hellotext) -> None:
    with hellotext.inject(Answer(503)) as old:
        hellotext.reset()
        new = hellotext.inject(Answer(500, times=2))
        assert track(hellotext)[0] == 500
        assert (old.struck, new.struck) == (0, 1)
    assert track(hellotext)[0] == 500


def test_two_kinds_of_garbage_differ(hellotext) -> None:
    hellotext.inject(Garbage(times=2))
    assert track(hellotext)[1] != track(hellotext)[1]
    assert hellotext.calls()[0].nearest == ""


def test_calls_side_by_side_share_a_fault_out_among_them(hellotext) -> None:
    injected = hellotext.inject(Answer(503, times=7))
    with ThreadPoolExecutor(16) as pool:
        statuses = [status for status, _ in pool.map(lambda _: track(hellotext), range(40))]
    assert (statuses.count(503), injected.struck, done(hellotext)) == (7, 7, 33)


def test_an_error_by_name_strikes_only_calls_that_it_can_befall(sendpulse) -> None:
    injected = sendpulse.inject(VendorError("expired-token"))
    ask = {
        "grant_type": "client_credentials",
        "client_id": sendpulse.env["SENDPULSE_CLIENT_ID"],
        "client_secret": sendpulse.env["SENDPULSE_CLIENT_SECRET"],
    }
    answered = sendpulse.answer(Call("POST", "/oauth/access_token", body=json.dumps(ask).encode()))
    token = json.loads(answered.reply.body)["access_token"]
    assert injected.struck == 0
    headers = (("authorization", f"Bearer {token}"),)
    assert sendpulse.answer(Call("GET", "/smtp/ips", headers=headers)).status == 401
    assert injected.struck == 1
