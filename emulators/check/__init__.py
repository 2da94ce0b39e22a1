"""Plays the vendor against somebody's receiver and judges it: what would have been lost, and the smallest payload that shows it.

`contract(provider, url=...)` makes a test of all checks: `test_esputnik = contract("esputnik", url="http://127.0.0.1:3000/hook")`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def contract(provider: str, **given: Any) -> Callable[..., None]:
    """A test with one id for each check, for a module of tests: `url=`, or `app=` (ASGI, WSGI, aiohttp) and `path="/hook"`;
    `oracle=` a function that returns what is stored, as any JSON; `config=` a file with settings, such as emulators.toml (none is
    read that is not named); further settings as in `emulators.check.settings`. Chance (F01, M01) is left out unless `fuzz=True`."""
    # pytest is there if this is called; the plugin alone imports it.
    from emulators.pytest_plugin import contract_test

    return contract_test({"provider": provider, **given})
