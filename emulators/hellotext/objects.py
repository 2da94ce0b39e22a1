"""What events are about: products, carts, orders, ... each stored once by its source and reference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from emulators.engine.provider import Account
from emulators.hellotext import ids
from emulators.hellotext.errors import (
    EMPTY,
    INVALID,
    MISSING,
    NOT_FOUND,
    NOT_UNIQUE,
    Reason,
    shown,
    unprocessable,
)
from emulators.hellotext.reading import Record, mapping, number, text

INDEX = "object keys"


def table_of(kind: str) -> str:
    """Where the objects of a kind are kept."""
    return "properties" if kind == "property" else f"{kind}s"


def make(account: Account, kind: str, data: Record) -> Record:
    """Stores a new object; refuses one whose keys another one has."""
    return store(account, kind, {"id": ids.fresh(account, kind), "type": kind, **_kept(account, kind, data)})


def change(account: Account, kind: str, record: Record, data: Record) -> Record:
    """Stores an object with other values."""
    return store(account, kind, {**record, **_kept(account, kind, data)}, record)


def store(account: Account, kind: str, record: Record, before: Record | None = None) -> Record:
    """Puts an object where it is found by id and by its keys."""
    index = account.table(INDEX)
    for name, key in _keys(kind, record):
        if index.get(key) not in (None, record["id"]):
            expected = f"a {name} that no other {kind} has"
            raise unprocessable(account, Reason(NOT_UNIQUE, name, expected, shown(record.get(name))))
    for _, key in _keys(kind, before or {}):
        index.delete(key)
    for _, key in _keys(kind, record):
        index.put(key, record["id"])
    record.setdefault("created_at", ids.now(account))
    account.table(table_of(kind)).put(record["id"], record)
    return record


def remove(account: Account, kind: str, record: Record) -> None:
    """Forgets an object."""
    for _, key in _keys(kind, record):
        account.table(INDEX).delete(key)
    account.table(table_of(kind)).delete(record["id"])


def find(account: Account, kind: str, given: object, by: tuple[str, ...] = ()) -> Record | None:
    """An object by its id, or by one of the keys `by`, whatever its source."""
    if not isinstance(given, str | int) or isinstance(given, bool):
        return None
    rows = account.table(table_of(kind))
    record = rows.get(text(given))
    if record is None and by:
        wanted = {name: text(given) for name in by}
        found = (rows.get(key) or {} for key in rows)
        record = next((r for r in found if any(text(r.get(n)) == v != "" for n, v in wanted.items())), None)
    return record


def find_or_make(account: Account, kind: str, data: Record) -> Record:
    """The object that has this source and reference, or a new one. A cart that is found takes the items over."""
    key = next((key for name, key in _keys(kind, data) if name in ("reference", "code")), "")
    known = account.table(table_of(kind)).get(account.table(INDEX).get(key) or "") if key else None
    if known is None:
        _check_required(account, kind, data)
        return make(account, kind, data)
    if kind == "cart" and isinstance(data.get("items"), list):
        return change(account, kind, known, {"items": [*known.get("items", []), *data["items"]]})
    return dict(known)


def _check_required(account: Account, kind: str, data: Record) -> None:
    for name in account.facts["object_fields"].value.get(kind, ()):
        if name in data and data[name] in (None, ""):
            raise unprocessable(account, Reason(EMPTY, name, f"the {name} of the {kind}", "an empty value"))
        if name not in data and account.options["objects.missing_name"] == "refuse":
            raise unprocessable(account, Reason(MISSING, name, f"the {name} of the {kind}"))


def _kept(account: Account, kind: str, data: Record) -> Record:
    """The fields of an object as they are stored: items point to products, an order knows its total."""
    kept = {
        name: value
        for name, value in data.items()
        if name not in ("id", "type", "created_at") and value is not None
    }
    if kind in ("cart", "order") and "items" in kept:
        kept["items"] = _items(account, kept["items"])
        if kind == "order":
            kept["total"] = _total(kept["items"])
    if kind == "product" and isinstance(kept.get("variants"), list):
        kept["variants"] = [
            {"id": ids.fresh(account, "variant"), **v} for v in kept["variants"] if isinstance(v, dict)
        ]
    return kept


def _items(account: Account, given: object) -> list[Record]:
    """Items by product: the later one counts, for quantities are what results; none left, no item."""
    if not isinstance(given, list):
        raise unprocessable(account, Reason(INVALID, "items", "a list of items", shown(given)))
    items: dict[str, Record] = {}
    for position, item in enumerate(given):
        product = _product(account, mapping(item).get("product"), position)
        quantity = number(mapping(item).get("quantity", 1))
        if quantity is None or quantity < 0:
            got = shown(mapping(item).get("quantity"))
            reason = Reason(
                INVALID, "quantity", "a number from 0", got, pointer=f"/items/{position}/quantity"
            )
            raise unprocessable(account, reason)
        price = mapping(item).get("price") or product.get("price")
        items[product["id"]] = {
            "product": product["id"],
            "quantity": int(quantity) if quantity.is_integer() else quantity,
            "price": price,
        }
    return [item for item in items.values() if item["quantity"]]


def _product(account: Account, given: object, position: int) -> Record:
    """The product of an item: an id, a reference, an SKU or the product itself."""
    if isinstance(given, dict):
        return find_or_make(account, "product", given)
    found = find(account, "product", given, by=("reference", "sku"))
    if found is None:
        kind = MISSING if given in (None, "") else NOT_FOUND
        expected = "the id, reference or sku of a known product, or a product"
        raise unprocessable(
            account, Reason(kind, "product", expected, shown(given), pointer=f"/items/{position}/product")
        )
    return found


def _total(items: list[Record]) -> Record:
    """What the items cost together, in the currency of the first that has one."""
    amounts = [(number(mapping(item["price"]).get("amount")) or 0.0) * item["quantity"] for item in items]
    currencies = [mapping(item["price"]).get("currency") for item in items]
    total: dict[str, Any] = {"amount": round(number(sum(amounts)) or 0.0, 2)}
    currency = next((text(currency) for currency in currencies if currency), "")
    return {**total, "currency": currency} if currency else total


def _keys(kind: str, record: Record) -> Iterator[tuple[str, str]]:
    """The keys that no two objects of a kind share, each with the field that it is made of."""
    source, reference = text(record.get("source")), text(record.get("reference"))
    if reference:
        yield "reference", json.dumps([kind, "reference", source, reference])
    for name in {"product": ("sku",), "coupon": ("code",)}.get(kind, ()):
        if text(record.get(name)):
            yield name, json.dumps([kind, name, text(record[name])])
