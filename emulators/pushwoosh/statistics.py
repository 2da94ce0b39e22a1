"""messages:list: the messages of an application with their state, page by page."""

from __future__ import annotations

from collections import Counter
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply, json_reply
from emulators.pushwoosh import sending
from emulators.pushwoosh.arguments import texts, wording

MOST = 1000
METRICS = {
    "Email Sent": "sends",
    "Push Sent": "sends",
    "Email Delivered": "deliveries",
    "Email Opened": "opens",
}


def unwrap(data: Any) -> Any:
    """The page has had its example with `request` around it, and without."""
    if isinstance(data, dict) and isinstance(data.get("request"), dict) and "filters" not in data:
        return data["request"]
    return data


def list_messages(account: Account, call: Call) -> Reply:
    """POST /api/v2/messages:list."""
    data = call.data
    filters: dict[str, Any] = data["filters"]
    if filters.get("application") not in (
        account.credentials["application"],
        *account.options["applications"],
    ):
        problem = Problem(
            "/filters/application", "a known application code", ascii(filters.get("application"))[:60]
        )
        return json_reply(400, {"error": "application not found"}, problem)
    table = account.table(sending.TABLE)
    found = [row for row in (table.get(code) for code in table) if row and _wanted(row, filters)]
    size = _whole(data.get("per_page"), 1, MOST, MOST)
    first = (_whole(data.get("page"), 1, 10**9, 1) - 1) * size
    params = data.get("params") if isinstance(data.get("params"), dict) else {}
    events = sending.counted(account) if params.get("with_metrics") is True else {}
    page = [sending.entire(account, row) for row in found[first : first + size]]
    items = [_item(row, params, [kind for _, kind in events.get(row["code"], ())]) for row in page]
    return json_reply(200, {"total": len(found), "items": items})


def refuse(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply | None:
    """`filters` are required."""
    if not isinstance(call.data, dict) or not isinstance(call.data.get("filters"), dict):
        return json_reply(400, {"error": "filters are required"}, *problems)
    return None


def _wanted(row: dict[str, Any], filters: dict[str, Any]) -> bool:
    if row["application"] != filters["application"]:
        return False
    codes, numbers = filters.get("messages_codes"), filters.get("messages_ids")
    if isinstance(codes, list) and codes and row["code"] not in texts(codes):
        return False
    if isinstance(numbers, list) and numbers and str(row["id"]) not in texts(numbers):
        return False
    platforms = filters.get("platforms")
    if isinstance(platforms, list) and platforms and not set(texts(platforms)) & set(row["platforms"]):
        return False
    if filters.get("source") and filters["source"] != row["source"]:
        return False
    if filters.get("campaign") and filters["campaign"] != row["campaign"]:
        return False
    span = filters.get("date_range")
    if isinstance(span, dict):
        day, low, high = row["created"][:10], span.get("date_from"), span.get("date_to")
        return not ((isinstance(low, str) and day < low) or (isinstance(high, str) and high < day))
    return True


def _item(row: dict[str, Any], params: dict[str, Any], kinds: list[str]) -> dict[str, Any]:
    info: dict[str, Any] = {}
    message = row["message"]
    if params.get("with_details") is True:
        filtered = message.get("filter") if isinstance(message.get("filter"), str) else ""
        details: dict[str, Any] = {"filter_name": filtered, "filter_code": ""}
        if row["kind"] == "email":
            template = message.get("preset") or message.get("email_template")
            details["template"] = template if isinstance(template, str) else ""
        else:
            content = message.get("content")
            details["title"] = wording(message.get("title"))
            details["content"] = content if isinstance(content, dict) else {"default": wording(content)}
        info["details"] = details
    if params.get("with_metrics") is True:
        counts = Counter(METRICS.get(kind, "") for kind in kinds)
        info["metrics"] = [{name: counts[name] for name in ("sends", "opens", "deliveries")}]
    return {
        "id": row["id"],
        "code": row["code"],
        "created_date": row["created"],
        "send_date": row["send_date"],
        "status": row["status"],
        "platforms": row["platforms"],
        "source": row["source"],
        "email_info" if row["kind"] == "email" else "push_info": info,
    }


def _whole(value: Any, low: int, high: int, default: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        return default
    return max(low, min(high, value))
