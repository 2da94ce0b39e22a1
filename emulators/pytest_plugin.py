"""The pytest plugin: fixtures `sendpulse`, `esputnik`, `pushwoosh`, `hellotext` and the factory `emulate`.

Imports nothing but pytest at the top: whoever does not use it must not pay for it.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulators.engine.emulator import Emulator
    from emulators.engine.world import World
    from emulators.factory import Emulate

WORLD_KEY: pytest.StashKey[World] = pytest.StashKey()
FACTORY_KEY: pytest.StashKey[Emulate] = pytest.StashKey()
TOLD_KEY: pytest.StashKey[set[str]] = pytest.StashKey()
# Settings of one emulator; the others hold for the world of a test.
OWN = ("options", "outcomes", "strictness")


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line(
        "markers",
        "emulator('sendpulse@2021-05', seed=0, start=None, clock='virtual', options={}, outcomes={}, strictness='any', allow=()): "
        "sets up the fixture of that provider; seed, start, clock and allow hold for the test's whole world",
    )
    config.addinivalue_line(
        "markers",
        "webhook_contract('esputnik', url=..., only='C01,C07', oracle_url=..., config='emulators.toml'): runs a test once for each check of "
        "`emulators check`; its fixture webhook_check(url) or webhook_check(app=...) asserts that one",
    )


def _marks(request: pytest.FixtureRequest) -> Iterator[tuple[str, dict[str, Any]]]:
    """Provider (empty: any) and settings of each marker, the nearest first; a wrong one is refused."""
    from emulators import registry
    from emulators.errors import InvalidValue, unknown
    from emulators.hosting import unknown_setting

    known = ("seed", "start", "clock", *OWN, "allow")
    for mark in request.node.iter_markers("emulator"):
        if len(mark.args) > 1 or not all(isinstance(word, str) for word in mark.args):
            raise InvalidValue(
                f"the marker emulator takes one provider, got {mark.args}; the rest goes by name"
            )
        for name in mark.kwargs:
            if name not in known:
                raise unknown_setting(
                    "setting of the marker emulator", next(iter(mark.args), ""), name, known
                )
        spec = mark.args[0] if mark.args else ""
        if spec and spec.partition("@")[0] not in registry.names():
            raise unknown("provider", spec, registry.names())
        yield spec, dict(mark.kwargs)


def _setting(request: pytest.FixtureRequest, name: str) -> tuple[str, dict[str, Any]]:
    """What the nearest marker for this provider says."""
    mine = (mark for mark in _marks(request) if mark[0].partition("@")[0] in ("", name))
    spec, given = next(mine, (name, {}))
    return spec or name, given


def _world(request: pytest.FixtureRequest) -> World:
    """The one world of this test: one clock, one seed, one journal for all its emulators."""
    from emulators.hosting import make_world, setting_of

    stash = request.node.stash
    if WORLD_KEY not in stash:
        shared: dict[str, Any] = {}
        for _, given in _marks(request):
            for key, value in given.items():
                if key not in OWN:
                    shared.setdefault(key, value)
        stash[WORLD_KEY] = make_world(setting_of("", shared))
    world: World = stash[WORLD_KEY]
    return world


def fixture_for(name: str) -> Callable[..., Any]:
    """The fixture of a provider, also for vendors that other packages bring: `acme = fixture_for("acme")`."""

    def provide(request: pytest.FixtureRequest) -> Iterator[Emulator]:
        from contextlib import ExitStack

        from emulators.errors import EmulatorError
        from emulators.hosting import in_thread

        with ExitStack() as stack:
            try:
                spec, given = _setting(request, name)
                own = {key: given[key] for key in OWN if key in given}
                emulator = stack.enter_context(in_thread(spec, world=_world(request), **own))
            except EmulatorError as error:
                # What is wrong stands in the message; our frames would only bury it.
                pytest.fail(f"{type(error).__name__}: {error}", pytrace=False)
            yield emulator

    provide.__doc__ = f"A fresh {name} emulator on a port of its own."
    return pytest.fixture(name=name)(provide)


sendpulse = fixture_for("sendpulse")
esputnik = fixture_for("esputnik")
pushwoosh = fixture_for("pushwoosh")
hellotext = fixture_for("hellotext")


@pytest.fixture(scope="session")
def emulate(pytestconfig: pytest.Config) -> Iterator[Emulate]:
    """Makes emulators: `emulate.in_loop(...)`, `emulate.in_thread(...)`, `emulate.fresh(...)` under `@given`."""
    from emulators.factory import Emulate

    factory = pytestconfig.stash[FACTORY_KEY] = Emulate()
    try:
        yield factory
    finally:
        factory.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each check of a contract."""
    mark = metafunc.definition.get_closest_marker("webhook_contract")
    if mark is None or "webhook_check" not in metafunc.fixturenames:
        return
    from emulators.check.contracts import Contract, names
    from emulators.errors import EmulatorError

    if len(mark.args) != 1 or not isinstance(mark.args[0], str):
        pytest.fail(
            f"webhook_contract: expected one provider, got {mark.args}; the rest goes by name", pytrace=False
        )
    contract = Contract({"provider": mark.args[0], **mark.kwargs})
    titles = names()
    try:
        checks = [(contract, check) for check in contract.ids()]
    except EmulatorError as error:
        # What is wrong stands in the message; our frames would only bury it.
        raise pytest.fail.Exception(f"webhook_contract: {error}", pytrace=False) from None
    ids = [f"{check} {titles[check]}" for _, check in checks]
    metafunc.parametrize("webhook_check", checks, ids=ids, indirect=True)


@pytest.fixture
def webhook_check(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Asserts one check of the marker `webhook_contract`: `webhook_check(url)`, or `webhook_check(app=...)`."""
    contract, check = request.param

    def assert_it(url: str = "", app: Any = None) -> None:
        __tracebackhide__ = True
        from emulators.check.contracts import reason, told
        from emulators.errors import EmulatorError

        try:
            run, result = contract.result(check, url, app)
        except EmulatorError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        if why := reason(result):
            pytest.skip(why)
        if text := told(run, result):
            pytest.fail(text, pytrace=False)

    return assert_it


def contract_test(given: dict[str, Any]) -> Callable[..., None]:
    """See `emulators.check.contract`."""
    settings = dict(given)

    def test(webhook_check: Callable[..., None]) -> None:
        __tracebackhide__ = True
        webhook_check()

    marked: Callable[..., None] = pytest.mark.webhook_contract(settings.pop("provider"), **settings)(test)
    return marked


def _worlds(item: pytest.Item) -> list[World]:
    """The worlds that a test made."""
    own = item.stash.get(WORLD_KEY, None)
    factory = item.config.stash.get(FACTORY_KEY, None)
    return ([own] if own else []) + (factory.worlds if factory else [])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Adds the story and the seed to a failing test's report."""
    report = yield
    if report.failed:
        for world in _worlds(item):
            from emulators.engine.timeline import tell

            story = tell(world.journal.entries, last=200)
            report.sections.append((f"emulators, seed {world.seed}", story))
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Each test answers for its own worlds."""
    factory = item.config.stash.get(FACTORY_KEY, None)
    if factory is not None:
        factory.worlds.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fails a test at its end for what must not go unseen: calls that are not imitated, errors of ours."""
    result = yield
    _complain(item)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    """The same for what happens while fixtures end."""
    worlds = _worlds(item)
    result = yield
    _complain(item, worlds)
    return result


def _complain(item: pytest.Item, worlds: list[World] | None = None) -> None:
    told = item.stash.setdefault(TOLD_KEY, set())
    own = _worlds(item) if worlds is None else worlds
    complaints = {text for world in own if not world.tolerant for text in world.complaints} - told
    told |= complaints
    if complaints:
        text = "\n".join(sorted(complaints))
        pytest.fail(f"{text}\n(if that is meant: <emulator>.tolerate())", pytrace=False)


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object | None:
    """Runs an async test that uses an emulator where no other plugin does; theirs come first of themselves."""
    ours = WORLD_KEY in pyfuncitem.stash or "emulate" in pyfuncitem.fixturenames
    if not ours or not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True
