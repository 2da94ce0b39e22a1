"""An app and a vendor, calls and events in any order: what must hold holds, and a bug is found."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from emulators import registry
from emulators.strategies import machine
from emulators.strategies.machines import VendorMachine
from tests.strategies.hunting import QUIET
from tests.strategies.shop import CountsTwice, FirstOnly, Shop
from tests.support.sendpulse_app import App

STEPS = settings(QUIET, max_examples=15, stateful_step_count=8)


class Storing:
    """Takes webhooks into a shop, and compares at the end."""

    kind_of_shop: type[Shop] = Shop

    def url(self: Any) -> str:
        self.shop = self.resources.enter_context(self.kind_of_shop().served())
        url: str = self.shop.url
        return url

    def settled(self: Any) -> None:
        events = self.emulator.account.history.get(self.feed, [])
        right = Shop()
        for event in events:
            right.take(event.payload)
        assert self.shop.state() == right.state()


class ShopAndSendPulse(Storing, machine("sendpulse")):  # type: ignore[misc]
    """Also tells SendPulse what its customers do."""

    def call(self, route: str, request: Any) -> None:
        if route == "event-by-id":
            app = App(self.emulator.env)
            path = "/events/id/eb561baa181247d1cd378c4ead632877/7043663"
            status, _ = app.call("POST", path, request)
            assert status == 200

    def check(self) -> None:
        assert not self.emulator.world.complaints


class ShopAndESputnik(Storing, machine("esputnik", edge=True)):  # type: ignore[misc]
    """Calls what has no id in its path."""

    def call(self, route: str, request: Any) -> None:
        known = self.emulator.profile.routes[route]
        if known.method == "POST" and "{" not in known.path:
            secret = base64.b64encode(f"any:{self.emulator.credentials['api_key']}".encode()).decode()
            headers = {"Authorization": f"Basic {secret}", "Content-Type": "application/json"}
            call = Request(self.emulator.url + known.path, json.dumps(request).encode(), headers)
            try:
                urlopen(call).close()
            except HTTPError as refused:
                refused.close()
                assert refused.code < 500


class ShopAndPushwoosh(Storing, machine("pushwoosh")):  # type: ignore[misc]
    """Takes what comes."""


@pytest.mark.parametrize("story", [ShopAndSendPulse, ShopAndESputnik, ShopAndPushwoosh])
def test_a_good_shop_gets_on_with_its_vendor(story: type[VendorMachine]) -> None:
    run_state_machine_as_test(story, settings=STEPS)


@pytest.mark.parametrize("bug", [CountsTwice, FirstOnly])
def test_a_bug_is_found(bug: type[Shop]) -> None:
    class Buggy(ShopAndSendPulse):
        kind_of_shop = bug

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Buggy, settings=settings(STEPS, max_examples=200, phases=[Phase.generate]))


@pytest.mark.parametrize("name", registry.SHIPPED)
def test_every_vendor_has_a_machine(name: str) -> None:
    base = machine(name)
    assert issubclass(base, VendorMachine)
    assert base.provider.startswith(f"{name}@")
    run_state_machine_as_test(base, settings=settings(STEPS, max_examples=3))


def test_a_machine_needs_no_feed_and_no_route() -> None:
    calls: list[str] = []

    class Backend(machine("hellotext")):  # type: ignore[misc]
        def call(self, route: str, request: Any) -> None:
            calls.append(route)

    run_state_machine_as_test(Backend, settings=STEPS)
    assert set(calls) <= {route.name for route in registry.load("hellotext").provider.routes}
    assert calls
