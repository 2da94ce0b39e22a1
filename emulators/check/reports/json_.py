"""A run as JSON, for programs and for `emulators compare`."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from emulators.check.reports import facts
from emulators.check.reports.model import VERSION, Found, Moment, Result, Run, Sent
from emulators.check.reports.words import hostile
from emulators.check.vocabulary import Verdict

Json = dict[str, Any]

LONGEST_BODY = 4096
"""Bytes of a body that are told; of a longer one its file alone."""


def told(run: Run) -> Json:
    """The whole run. `version` rises when a field changes its meaning or goes; new ones may come at any time."""
    return {
        "version": VERSION,
        "ok": run.ok,
        "provider": run.provider,
        "revision": run.revision,
        "feed": run.feed,
        "target": run.target,
        "seed": run.seed,
        "run": run.run_id,
        "started": run.started.isoformat(timespec="milliseconds"),
        "seconds": round(run.seconds, 3),
        "requests": run.requests,
        "interrupted": run.interrupted,
        "inconclusive": run.inconclusive,
        "fail_on": run.fail_on.name.lower(),
        "counts": {verdict.value: run.count(verdict) for verdict in Verdict},
        "phases": [
            {
                "name": phase.name,
                "requests": phase.requests,
                "seconds": round(phase.seconds, 3),
                "cut": phase.cut,
            }
            for phase in run.phases
        ],
        "checks": [
            {**result(one), "not_compared": facts.uncompared(run, one.check_id)} for one in run.results
        ],
        "facts": dict(run.facts),
        "timeline": [moment(one) for one in run.timeline],
        "timeout": run.timeout,
        "versions": dict(run.versions),
    }


def written(run: Run) -> bytes:
    """The document, UTF-8."""
    # Facts may be anything; a value that JSON has no form for is told as its text rather than not at all.
    text = json.dumps(told(run), ensure_ascii=False, indent=2, default=str)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def result(result: Result) -> Json:
    """A check and what it came to."""
    return {
        "id": result.check_id,
        "name": result.name,
        "phase": result.phase,
        "verdict": result.verdict.value,
        "severity": result.severity.name.lower(),
        "says": result.says,
        "reason": result.reason,
        "basis": result.basis,
        "source": result.source,
        "requests": result.requests,
        "seconds": round(result.seconds, 3),
        "complete": result.complete,
        "findings": [found(one) for one in result.findings],
    }


def found(found: Found) -> Json:
    """A finding. `check` and `key` together say which one it is, in every run."""
    return {
        "check": found.check,
        "name": found.name,
        "key": found.key,
        "verdict": found.verdict.value,
        "severity": found.severity.name.lower(),
        "says": found.says,
        "title": found.title,
        "legal": found.legal,
        "hostile": "" if found.legal else hostile(),
        "confirmed": found.confirmed,
        "tried": found.tried,
        "flaky": found.flaky,
        "minimal": found.minimal,
        "took": found.took,
        "basis": found.basis,
        "source": found.source,
        "accepted": found.accepted,
        "accepted_until": found.accepted_until,
        "case": found.case,
        "requests": [sent(one) for one in found.sent],
        "left_out": found.left_out,
        "stored": None if found.stored is None else dict(found.stored),
        "curl": list(found.curl),
        "replay": found.replay,
        "pytest": found.pytest,
    }


def sent(sent: Sent) -> Json:
    """A request of a case, and what was heard."""
    return {
        "method": sent.method,
        "url": sent.url,
        "headers": [list(pair) for pair in sent.headers],
        "bytes": len(sent.body),
        **_body(sent.body),
        "file": sent.file,
        "framing": sent.framing,
        "loss": sent.loss,
        "together": sent.together,
        "credentials": sent.credentials,
        "status": sent.status,
        "seconds": round(sent.seconds, 4),
        "reason": sent.reason,
        "answer": sent.answer,
        "acknowledged": sent.acknowledged,
    }


def moment(moment: Moment) -> Json:
    """An exchange of the timeline."""
    return {
        "at": round(moment.at, 4),
        "seconds": round(moment.seconds, 4),
        "phase": moment.phase,
        "what": moment.what,
        "status": moment.status,
        "acknowledged": moment.acknowledged,
        "reason": moment.reason,
    }


def _body(body: bytes) -> Json:
    if len(body) > LONGEST_BODY:
        return {}
    try:
        return {"body": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": b64encode(body).decode()}
