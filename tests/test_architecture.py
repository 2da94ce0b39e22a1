"""Who may import whom. `emulators/README.md` says why."""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

import emulators

PACKAGE = Path(emulators.__file__).parent
PURE = set(
    "provider profile policy clock lane outbox journal journaling departing forms forms faulting call_faults state message routing outcomes pointer".split()
)
PROVIDERS = {"sendpulse", "esputnik", "pushwoosh", "hellotext"}
OWNERS = {
    "aiohttp": {
        "engine.web",
        "engine.spoiling",
        "engine.courier",
        "engine.resolver",
        "engine.doorway",
        "engine.connection",
        "control",
        "check",
        "commands",
    },
    "msgspec": {"engine.codec"},
    "jsonschema": {"contract"},
    "jsonschema_rs": {"contract"},
    "faker": {"pool_builder"},
    "hypothesis": {"strategies", "check"},
    "pytest": {"pytest_plugin"},
    "sqlite3": {"engine.store"},
    "trustme": {"interception"},
}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


@cache
def modules() -> dict[str, ast.Module]:
    return {module_name(path): ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")}


def imports(tree: ast.Module) -> set[str]:
    """Every module that is imported for real: imports for type checkers alone do not count."""
    found: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        waiting += ast.iter_child_nodes(node)
    return found


def ours(imported: set[str]) -> set[str]:
    return {name.removeprefix("emulators.") for name in imported if name.startswith("emulators.")}


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_foreign_package_is_imported_only_by_its_owner(name: str) -> None:
    foreign = {imported.split(".")[0] for imported in imports(modules()[name])}
    for package in foreign & set(OWNERS):
        assert any(name == owner or name.startswith(f"{owner}.") for owner in OWNERS[package]), package
    # Two packages that aiohttp itself speaks in.
    known = {*OWNERS, "emulators", "multidict", "yarl", *sys.stdlib_module_names}
    assert foreign <= known


@pytest.mark.parametrize("name", sorted(PURE))
def test_the_hard_parts_of_the_engine_do_no_io(name: str) -> None:
    imported = imports(modules()[f"engine.{name}"])
    allowed = {f"engine.{other}" for other in PURE} | {"errors"}
    assert {own for own in ours(imported) if not any(own.startswith(a) for a in allowed)} == {
        "engine"
    } & ours(imported)
    assert not {"asyncio", "socket", "threading", "aiohttp"} & {i.split(".")[0] for i in imported}


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_a_provider_sees_the_vocabulary_and_itself_alone(name: str) -> None:
    for module, tree in modules().items():
        if module == name or module.startswith(f"{name}."):
            allowed = (
                name,
                "engine.provider",
                "engine.profile",
                "engine.outcomes",
                "engine.clock",
                "engine.pointer",
            )
            assert all(own.startswith(allowed) for own in ours(imports(tree)) - {"engine"}), module
            foreign = {imported.split(".")[0] for imported in imports(tree)} - {"emulators"}
            assert foreign <= set(sys.stdlib_module_names) - {"asyncio", "socket", "time", "threading"}


def test_the_engine_knows_no_provider() -> None:
    for module, tree in modules().items():
        if module.startswith("engine"):
            assert not {own.split(".")[0] for own in ours(imports(tree))} & PROVIDERS, module


def test_every_module_holds_one_idea_on_a_page_or_two() -> None:
    long = {path.name: n for path in PACKAGE.rglob("*.py") if (n := len(path.read_text().splitlines())) > 310}
    assert not long


def test_modules_hold_no_state() -> None:
    for module, tree in modules().items():
        for node in tree.body:
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            if isinstance(value, ast.List | ast.Set | ast.ListComp | ast.DictComp):
                names = ast.unparse(node)
                assert names.startswith("__all__"), f"{module}: {names}"


def test_nothing_validates_with_assert() -> None:
    for module, tree in modules().items():
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Assert)], module
