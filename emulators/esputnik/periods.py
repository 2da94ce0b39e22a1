"""The period that a question about the past is about: dateFrom and dateTo, in UTC."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, NoReturn

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Refused
from emulators.esputnik.errors import refusal
from emulators.esputnik.quirks import text

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)


class Period(NamedTuple):
    """From `start` on, up to and with `end`."""

    start: datetime
    end: datetime

    def holds(self, at: datetime) -> bool:
        """Whether something happened in it, by the whole second that is told of it."""
        return self.start <= at.replace(microsecond=0) <= self.end


def asked(account: Account, data: Mapping[str, Any]) -> Period:
    """The period of a query; refuses what is no date and what ends before it starts."""
    start, _ = _moment("dateFrom", data)
    end, whole_day = _moment("dateTo", data)
    if whole_day and account.options["activity_api.end_date"] == "included":
        end = end + timedelta(days=1) - timedelta(seconds=1) if end.year < 9999 else end
    if end < start:
        _no(
            "dateTo is before dateFrom",
            Problem("/dateTo", f"not before {start.isoformat()}", end.isoformat()),
        )
    return Period(start, end)


def check_length(account: Account, period: Period) -> None:
    """Refuses a period of more than three months, if the option says so."""
    status = account.options["activity_api.too_long"]
    months = account.facts["activity_interval"].value
    if status != 200 and period.end.date() > _later(period.start, months).date():
        expected = f"at most {months} months"
        got = f"{period.start.date()} to {period.end.date()}"
        problem = Problem("/dateTo", expected, got, "option activity_api.too_long")
        raise Refused(refusal(status, "The interval must not be longer than 3 months", problem))


def _moment(name: str, data: Mapping[str, Any]) -> tuple[datetime, bool]:
    told = (text(data.get(name)) or "").strip()
    if not DATE.fullmatch(told) and not MOMENT.fullmatch(told):
        _no(
            f"{name} is {'not valid' if told else 'required'}",
            Problem(f"/{name}", "YYYY-MM-DD or YYYY-MM-DDTHH:MM", repr(told[:40])),
        )
    try:
        found = datetime.fromisoformat(told)
        at = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        _no(f"{name} is not valid", Problem(f"/{name}", "a date that exists", repr(told[:40])))
    return at, DATE.fullmatch(told) is not None


def _later(at: datetime, months: int) -> datetime:
    """The same day of a later month, or its last."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    if year > 9999:
        return datetime.max.replace(tzinfo=UTC)
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))


def _no(told: str, problem: Problem) -> NoReturn:
    raise Refused(refusal(400, told, problem))
