"""What a business keeps at Hellotext: each kind of thing is listed, created, read, changed and removed alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emulators.engine.provider import Account, Call, Reply, Route, json_reply
from emulators.hellotext import listing, objects, structures, vocabulary
from emulators.hellotext.errors import (
    NOT_ALLOWED,
    NOT_UNIQUE,
    Reason,
    not_found,
    reader,
    shown,
    unprocessable,
    writer,
)
from emulators.hellotext.reading import Record, check_body, mapping, nothing_is_empty, refusing

READ, WRITE = reader("api.missing_token"), writer("api.missing_token")
Completing = Callable[[Account, Call, Record], Record]


def as_it_is(account: Account, call: Call, record: Record) -> Record:
    """Nothing is added."""
    return record


def no_objection(account: Account, record: Record) -> None:
    """It may be removed."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of thing. `by` are other fields that a path may name it by; `required` those that may not be null."""

    kind: str
    path: str
    required: tuple[str, ...] = ("name",)
    by: tuple[str, ...] = ()
    complete: Completing = as_it_is
    removable: Callable[[Account, Record], None] = no_objection
    fixed: tuple[str, ...] = ()
    """Fields that a change does not touch."""

    @property
    def plural(self) -> str:
        """Its name as lists have it."""
        return objects.table_of(self.kind)

    def rows(self, account: Account) -> list[Record]:
        """All of them, oldest first."""
        if self.kind == "object":
            return structures.rows(account)
        table = account.table(objects.table_of(self.kind))
        return [mapping(table.get(key)) for key in table]

    def one(self, account: Account, call: Call) -> Record:
        """The one that the path names."""
        given = call.params.get(self.kind, "")
        found = (
            structures.find(account, given)
            if self.kind == "object"
            else objects.find(account, self.kind, given, self.by)
        )
        if found is None:
            raise not_found(account, self.kind, f"the id of a known {self.kind}", given)
        return found

    def listed(self, account: Account, call: Call) -> Reply:
        """GET of all."""
        return listing.answer(account, call, self.plural, self.rows(account))

    def create(self, account: Account, call: Call) -> Reply:
        """POST of a new one."""
        record = self.complete(account, call, check_body(account, call))
        return json_reply(account.facts["created_status"].value, objects.make(account, self.kind, record))

    def show(self, account: Account, call: Call) -> Reply:
        """GET of one."""
        return json_reply(200, self.one(account, call))

    def update(self, account: Account, call: Call) -> Reply:
        """PATCH of one: what is not given stays."""
        before = self.one(account, call)
        self.removable(account, {**before, "renamed": True})
        given = {name: value for name, value in check_body(account, call).items() if name not in self.fixed}
        after = self.complete(account, call, {**before, **given})
        return json_reply(200, objects.change(account, self.kind, before, after))

    def delete(self, account: Account, call: Call) -> Reply:
        """DELETE of one."""
        record = self.one(account, call)
        self.removable(account, record)
        objects.remove(account, self.kind, record)
        status = account.options["resources.deleted_status"]
        return Reply(204) if status == 204 else json_reply(status, record)

    def routes(self, verbs: str) -> tuple[Route, ...]:
        """The calls for these verbs; what is read or removed has one schema for all kinds."""
        one = f"{self.path}/{{{self.kind}}}"
        refuse = refusing(*self.required)
        known = {
            "list": Route(f"list-{self.plural}", "GET", self.path, self.listed, READ, schema="list"),
            "create": Route(
                f"create-{self.kind}", "POST", self.path, self.create, WRITE, nothing_is_empty, refuse
            ),
            "show": Route(self.kind, "GET", one, self.show, READ, schema="record"),
            "update": Route(
                f"update-{self.kind}", "PATCH", one, self.update, WRITE, nothing_is_empty, refuse
            ),
            "delete": Route(f"delete-{self.kind}", "DELETE", one, self.delete, WRITE, schema="deleted"),
        }
        return tuple(known[verb] for verb in verbs.split())


def _action(account: Account, call: Call, record: Record) -> Record:
    """An action whose name no other one has."""
    name = record.get("name")
    other = vocabulary.custom(account, str(name))
    if name in vocabulary.built_in(account) or (other and other["id"] != record.get("id")):
        raise unprocessable(
            account, Reason(NOT_UNIQUE, "name", "a name that no other action has", shown(name))
        )
    return {"title": name, "conversion": False, "important": False, **record}


def _unused(account: Account, record: Record) -> None:
    """An action that something was tracked with stays."""
    events = account.table("events")
    if "renamed" in record or account.options["actions.delete_tracked"] == "accept":
        return
    if any(mapping(events.get(key)).get("action") == record.get("name") for key in events):
        told = "This action has tracked events."
        raise unprocessable(
            account, Reason(NOT_ALLOWED, "", "an action without events", "one with events", told)
        )


def _template(account: Account, call: Call, record: Record) -> Record:
    """Meta looks at what goes over WhatsApp; an SMS is approved at once."""
    return {**record, "state": "approved" if record.get("technology") == "sms" else "pending"}


PRODUCT = Resource("product", "/v1/attribution/products", by=("reference", "sku"))
ORDER = Resource(
    "order", "/v1/attribution/orders", ("delivery",), by=("reference",), fixed=("items", "total")
)
CART = Resource("cart", "/v1/attribution/carts", ())
COUPON = Resource("coupon", "/v1/coupons", ("code",))
PROPERTY = Resource("property", "/v1/properties", ("name", "kind"))
ACTION = Resource("action", "/v1/actions", complete=_action, removable=_unused)
OBJECT = Resource(
    "object",
    "/v1/objects",
    ("title", "name", "properties"),
    complete=structures.complete,
    removable=structures.check_removable,
)
TEMPLATE = Resource("template", "/v1/templates", ("name", "technology", "body"), complete=_template)
