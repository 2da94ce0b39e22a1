"""Processes that are killed without a word, again and again, lose nothing that they accepted.

A round: the process is started on the same file, events are emitted and the clock is turned side by side (or runs by
itself), receivers fail, and at a moment that the seed chose it is killed: when a request comes to a receiver, before
or after it is answered, or when an event was just handed in. Now and then it is asked to end instead, which must be
no worse. `EMULATORS_KILLS` says how many rounds.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
import threading
import urllib.request
from collections import Counter, defaultdict
from pathlib import Path
from random import Random
from typing import Any

import pytest

from emulators.errors import ClockBusy, Closed
from emulators.remote.client import Client
from tests.cli.running import Serving
from tests.durability.receivers import Failing

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing is killed without a word there")
VIRTUAL = ("--clock", "virtual")
RUNNING = ("--speed", "600")
ROUNDS = int(os.environ.get("EMULATORS_KILLS", "10"))
VENDORS = {"sendpulse": ("opened", "recipient"), "esputnik": ("READ", "email")}


class Load:
    """Everything that was handed in over all rounds. An event is known by the address in it."""

    def __init__(self, state: Path, clock: tuple[str, str], receiver: Failing, seed: int) -> None:
        self._words = (*VENDORS, "hellotext", "--port", "0", *clock, "--state", str(state))
        self._by_hand = clock == VIRTUAL
        self._receiver = receiver
        self._random = Random(seed)
        self._made = 0
        self.accepted: dict[str, set[str]] = {name: set() for name in VENDORS}
        self.called: set[str] = set()
        """What the app told Hellotext, as far as that was answered."""

    def serving(self) -> Serving:
        return Serving(*self._words, "--quiet")

    def subscribe(self, client: Client) -> None:
        for name in VENDORS:
            policy = {"batch_size": 4, "batch_window": 30}
            client.post(f"/{name}/subscriptions", url=f"{self._receiver.url}/{name}", policy=policy)

    def round(self, serving: Serving) -> None:
        """Works until the process ends."""
        end = serving.process.kill if self._random.random() < 0.75 else serving.process.terminate
        client = Client(serving.ready["control"], serving.ready["token"])
        if self._random.random() < 0.7:
            left = self._random.randrange(1, 12)

            def kill_at_last() -> None:
                nonlocal left
                left -= 1
                if left == 0:
                    end()

            self._receiver.on_request = kill_at_last
            emits = 400
        else:
            emits = self._random.randrange(1, 40)
        turning = threading.Thread(target=self._turn, args=[client])
        if self._by_hand:
            turning.start()
        try:
            for number in range(emits):
                if self._random.random() < 0.2:
                    self._call(serving.ready["providers"]["hellotext"]["env"])
                else:
                    self._emit(client)
                if number == emits - 2:
                    # While the next one is on its way.
                    threading.Thread(target=end).start()
        except (Closed, OSError, http.client.HTTPException):
            pass  # It has ended.
        end()
        if self._by_hand:
            turning.join()
        assert serving.process.wait() == (0 if end == serving.process.terminate else -signal.SIGKILL)
        self._receiver.on_request = lambda: None

    def _emit(self, client: Client) -> None:
        name = self._random.choice(list(VENDORS))
        kind, field = VENDORS[name]
        self._made += 1
        address = f"n{self._made}@example.com"
        client.post(f"/{name}/events", kind=kind, fields={field: address})
        self.accepted[name].add(address)

    def _call(self, env: dict[str, str]) -> None:
        self._made += 1
        name = f"n{self._made}"
        headers = {"Authorization": f"Bearer {env['HELLOTEXT_TOKEN']}", "Content-Type": "application/json"}
        body = json.dumps({"first_name": name}).encode()
        request = urllib.request.Request(f"{env['HELLOTEXT_URL']}/profiles", body, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            answer.read()
        self.called.add(name)

    def _turn(self, client: Client) -> None:
        """Lets time pass, in steps that are short against the schedules, until nobody is there any more."""
        random = Random(self._random.random())
        try:
            while True:
                try:
                    client.post("/clock/advance", by=random.choice([10, 40, 90]))
                except ClockBusy:
                    continue
        except Closed:
            return


def pages(client: Client, provider: str, what: str = "deliveries") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = 0
    while page := client.get(f"/{provider}/{what}", after=after, limit=1000):
        found += page[what]
        if not page[what]:
            return found
        after = page["next"]
    return found


def address(provider: str, event: dict[str, Any]) -> str:
    value: str = event[VENDORS[provider][1]]
    return value


@pytest.mark.parametrize(("clock", "rounds"), [(VIRTUAL, ROUNDS), (RUNNING, (ROUNDS + 1) // 2)])
def test_random_kills_lose_nothing_keep_the_order_and_explain_every_duplicate(tmp_path, clock, rounds):
    with Failing(seed=1) as receiver:
        load = Load(tmp_path / "state.db", clock, receiver, seed=2)
        for number in range(rounds):
            with load.serving() as serving:
                if number == 0:
                    load.subscribe(Client(serving.ready["control"], serving.ready["token"]))
                load.round(serving)
        receiver.failing = False
        with load.serving() as serving:
            client = Client(serving.ready["control"], serving.ready["token"])
            client.post("/drain", within="48h")
            deliveries = {name: pages(client, name) for name in VENDORS}
            calls = {call["body"]["first_name"] for call in pages(client, "hellotext", "calls")}
            assert serving.stop() == 0
    assert sum(map(len, load.accepted.values())) > rounds
    assert load.called
    assert load.called <= calls
    for name in VENDORS:
        received = [each for each in receiver.received if each.provider == name]
        check_nothing_is_lost(name, load.accepted[name], received, deliveries[name])
        check_duplicates(name, received, deliveries[name])
    check_order([each for each in receiver.received if each.provider == "esputnik"], deliveries["esputnik"])


def check_nothing_is_lost(name, accepted, received, deliveries):
    acknowledged = {address(name, event) for each in received if each.status == 200 for event in each.events}
    abandoned = {
        address(name, event["payload"])
        for delivery in deliveries
        if delivery["outcome"] == "abandoned"
        for event in delivery["events"]
    }
    assert not accepted - acknowledged - abandoned
    assert name != "esputnik" or not abandoned


def check_duplicates(name, received, deliveries):
    """What was taken more often than once was sent again for a reason that is on record."""
    taken = Counter(address(name, e) for each in received if each.status == 200 for e in each.events)
    unknown = defaultdict(int)
    reached = Counter(address(name, e) for each in received for e in each.events)
    attempts = Counter(address(name, e["payload"]) for d in deliveries for e in d["events"])
    for delivery in deliveries:
        if "the process ended before an answer was seen" in delivery["reason"]:
            for event in delivery["events"]:
                unknown[address(name, event["payload"])] += 1
    for known, times in taken.items():
        assert times - 1 <= unknown[known], f"{known} was taken {times} times"
    assert all(times <= attempts[known] for known, times in reached.items())


def check_order(received, deliveries):
    """Nothing overtook what stood before it: everything earlier had been taken when a request came."""
    ordinals = {
        address("esputnik", event["payload"]): event["ordinal"] for d in deliveries for event in d["events"]
    }
    line = sorted(set(ordinals.values()))
    done: set[int] = set()
    for each in received:
        numbers = [ordinals[address("esputnik", event)] for event in each.events]
        assert numbers == sorted(numbers)
        assert {number for number in line if number < numbers[0]} <= done
        if each.status == 200:
            done |= set(numbers)
