"""POST /orders: orders of the customer's shop. Each is an event named after its status."""

from __future__ import annotations

import re
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.esputnik import contacts, events
from emulators.esputnik.errors import refuse as refuse_as_ever
from emulators.esputnik.identifiers import is_email, is_phone
from emulators.esputnik.quirks import NUMBER, many, one_or_many, text

STATUSES = ("INITIALIZED", "IN_PROGRESS", "DELIVERED", "CANCELLED", "ABANDONED_SHOPPING_CART")
REQUIRED = ("externalOrderId", "totalCost", "status", "date", "currency")
WHOSE = ("externalCustomerId", "email", "phone")
DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
NUMBERS = ("totalCost", "shipping", "discount", "taxes")
FIELDS = (
    "externalOrderId",
    "externalCustomerId",
    "totalCost",
    "status",
    "date",
    "currency",
    "email",
    "phone",
    "firstName",
    "lastName",
    "shipping",
    "discount",
    "taxes",
    "restoreUrl",
    "statusDescription",
    "storeId",
    "source",
    "deliveryMethod",
    "paymentMethod",
    "deliveryAddress",
)
ITEM = ("externalItemId", "name", "category", "quantity", "cost", "url", "imageUrl", "description")

Order = dict[str, Any]


def add(account: Account, call: Call) -> Reply:
    """Stores orders, or what is new of them; tells of those that it could not."""
    data = call.fields
    failed, problems = [], []
    for index, given in enumerate(many(data.get("orders"))):
        order = _read(given)
        if (error := _wrong(order)) is not None:
            problems.append(Problem(f"/orders/{index}", "an order that can be stored", error))
            failed.append({"order": order, "error": error})
        else:
            _store(account, order)
    return json_reply(200, {"failedOrders": one_or_many(account, failed)}, *problems)


def refuse(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply | None:
    """Single orders that are not as they should be are told of in the answer; the others are taken."""
    grave = tuple(problem for problem in problems if not problem.pointer.startswith("/orders/"))
    return refuse_as_ever(account, call, grave) if grave else None


def _store(account: Account, order: Order) -> None:
    # A contact that is there is not changed by what an order says of it.
    names = {name: order[name] for name in ("firstName", "lastName", "externalCustomerId") if order.get(name)}
    if not (contact := contacts.identified(account, _whose(order))):
        if email := order.get("email"):
            contact = contacts.ensure(account, "email", email, **names)
        elif phone := order.get("phone"):
            contact = contacts.ensure(account, "sms", phone, **names)
    known = account.table("orders").get(order["externalOrderId"]) or {}
    owner = {"contactId": contact["id"]} if contact else {}
    account.table("orders").put(order["externalOrderId"], {**known, **order, **owner})
    events.happen(account, f"order{order['status']}", order["externalOrderId"], order)


def _whose(order: Order) -> dict[str, str]:
    return {name: order[name] for name in WHOSE if order.get(name)}


def _wrong(order: Order) -> str | None:
    """Why an order cannot be stored: a field is empty, or not in its format."""
    for name in REQUIRED:
        if order.get(name) in (None, ""):
            return f"{name} is required"
    if not _whose(order):
        return "externalCustomerId, email or phone is required"
    if order["status"] not in STATUSES:
        return "status is not valid"
    if not NUMBER.fullmatch(str(order["totalCost"])):
        return "totalCost is not valid"
    if not DATE.fullmatch(order["date"]):
        return "date is not valid"
    if not re.fullmatch("[A-Za-z]{3}", order["currency"]):
        return "currency is not valid"
    if order.get("email") and not is_email(order["email"]):
        return f"'{order['email']}' is not valid email"
    if order.get("phone") and not is_phone(order["phone"]):
        return "phone is not valid"
    for item in order.get("items", ()):
        for name in ("externalItemId", "quantity"):
            if item.get(name) in (None, ""):
                return f"{name} of an item is required"
    return None


def _read(given: Any) -> Order:
    """An order with what the vendor has fields for: text and numbers, its items, free additions."""
    given = given if isinstance(given, dict) else {}
    order: Order = {}
    for name in FIELDS:
        if (told := text(given.get(name))) is not None:
            is_number = isinstance(given[name], int | float) and name in NUMBERS
            order[name] = given[name] if is_number else told
    if "items" in given:
        order["items"] = [_scalars(item, ITEM) for item in many(given["items"]) if isinstance(item, dict)]
    if isinstance(given.get("additionalInfo"), dict):
        info = given["additionalInfo"]
        order["additionalInfo"] = {name: told for name in info if (told := text(info[name])) is not None}
    return order


def _scalars(row: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in names if text(row.get(name)) is not None}
