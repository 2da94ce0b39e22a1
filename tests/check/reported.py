"""A run of 35 checks as the runner would hold it: secrets in the target, hostile text wherever a stranger can put it."""

from __future__ import annotations

import json
import random
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime

from emulators.check.reports.filling import Teller, veil_of
from emulators.check.reports.model import Found, Moment, PhaseResult, Result, Run
from emulators.check.vocabulary import (
    Case,
    Exchange,
    Finding,
    Heard,
    Outcome,
    Severity,
    Shot,
    Target,
    Verdict,
)

PASSWORD = "canary-password-4711"
TOKEN = "canary-token-0815"
HEADER = "canary-header-1234"
SECRETS = (PASSWORD, TOKEN, HEADER, b64encode(f"shop:{PASSWORD}".encode()).decode())
HOSTILE = "<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">'\"&]]>\x00\x1b[31m\u202etxt\ud800"
TARGET = Target(
    f"http://127.0.0.1:8000/hook?token={TOKEN}",
    (("X-Shop", HEADER),),
    ("shop", PASSWORD),
)
VARIABLES = {"x-shop": "SHOP_HEADER"}
BASIC = ("Authorization", SECRETS[3])
PHASES = ("preflight", "handshake", "samples", "coverage", "delivery", "fuzz", "stateful", "after-run")
NAMES = (
    "batch-truncation swallowed-errors poison-batch redelivery concurrent-duplicates partial-batch success-status "
    "slow-handler body-limit verification redirect unknown-kind unknown-field type-drift big-integers order dedupe-key time "
    "unicode null-or-absent empty-batch addresses content-type framing connections header-case credentials csrf rate-limit "
    "restart late-backlog odd-json injection foreign-feed leaky-errors"
).split()


def teller(target: Target = TARGET) -> Teller:
    return Teller("esputnik", "activity", target, veil_of(target, VARIABLES), VARIABLES)


def exchange(
    shot: Shot, heard: Heard, body: bytes = b"", acknowledged: bool = False, target: Target = TARGET
) -> Exchange:
    headers = (
        ("Content-Type", "application/json"),
        *target.headers,
        ("Authorization", "Basic " + b64encode(":".join(target.basic).encode()).decode())
        if target.basic
        else ("X-None", ""),
    )
    return Exchange(shot, target.url, headers, body, ("chkabcdefx1p0z",), heard, acknowledged)


def finding(
    check: str = "C03",
    verdict: Verdict = Verdict.FAIL,
    severity: Severity = Severity.CRITICAL,
    says: str = "1 event of 1000 makes the receiver answer 500 every time; every later event waits behind it",
    body: bytes = b'[{"activityStatus":"READ","activityDateTime":"2023-09-14T08:30:03"}]',
    heard: Heard | None = None,
    shots: tuple[Shot, ...] = (Shot(({"activityStatus": "READ"},)),),
    legal: bool = True,
    title: str = "a case",
    target: Target = TARGET,
    stored: dict[str, int] | None = None,
    acknowledged: bool = False,
    bodies: Sequence[bytes] = (),
    **more: object,
) -> Finding:
    heard = heard or Heard(500, (("Content-Type", "text/plain"),), b"Internal error", 0.021)
    shots = tuple(Shot(({"number": n},)) for n in range(len(bodies))) or shots
    each = zip(shots, bodies or (body,) * len(shots), strict=True)
    sent = tuple(
        exchange(shot, heard, body, acknowledged, target) for shot, body in each for _ in range(shot.together)
    )
    told = {"key": "500/READ", "confirmed": 3, "tried": 3, "took": 34, "source": "webhooks-uk", **more}
    return Finding(
        check, verdict, severity, says, Case(check, title, shots, legal), Outcome(sent, stored), **told
    )  # type: ignore[arg-type]


def found(name: str = "poison-batch", target: Target = TARGET, **given: object) -> Found:
    return teller(target).found(finding(target=target, **given), name)  # type: ignore[arg-type]


def result(
    number: int, verdict: Verdict, findings: tuple[Found, ...] = (), reason: str = "", phase: str = "delivery"
) -> Result:
    severity = findings[0].severity if findings else Severity.HIGH
    return Result(
        f"C{number:02}",
        NAMES[number - 1],
        verdict,
        severity,
        phase,
        f"What goes wrong in the wild for {NAMES[number - 1]}.",
        findings,
        reason,
        "documented",
        "webhooks-uk",
        12,
        0.4,
    )


def whole_run() -> Run:
    """35 checks: 4 FAIL, 2 RISK, one accepted, 8 that nobody knows of."""
    long = json.dumps(
        [{"iid": n, "subject": f"Знижка {n} {HOSTILE[:30]}"} for n in range(800)], ensure_ascii=False
    ).encode()
    echo = Heard(
        500,
        (("Set-Cookie", f"s={TOKEN}"),),
        f"bad login Authorization: Basic {SECRETS[3]} {PASSWORD} {HOSTILE}".encode("utf-8", "replace"),
        1.4,
    )
    found_ = {
        3: (Verdict.FAIL, (found(),)),
        4: (
            Verdict.FAIL,
            (
                found(
                    "redelivery",
                    check="C04",
                    says="the same event, sent twice, is stored twice",
                    shots=(Shot(({},)), Shot(({},))),
                    heard=Heard(200, seconds=0.01),
                    stored={"chkabcdefx1p0z": 2},
                    key="twice",
                    severity=Severity.HIGH,
                ),
            ),
        ),
        9: (
            Verdict.FAIL,
            (
                found(
                    "body-limit",
                    check="C09",
                    says="a batch of 412 events (100,312 bytes) is refused with 413; the vendor sends up to 1000",
                    body=long,
                    heard=Heard(413, seconds=0.2),
                    severity=Severity.HIGH,
                    basis="assumed",
                    minimal=False,
                    key="413",
                ),
            ),
        ),
        33: (
            Verdict.FAIL,
            (
                found(
                    HOSTILE,
                    check="C33",
                    says=f"the name comes back unescaped: {HOSTILE}",
                    body=HOSTILE.encode("utf-8", "replace"),
                    heard=echo,
                    legal=False,
                    severity=Severity.MEDIUM,
                    confirmed=2,
                    key=HOSTILE,
                    basis="inferred",
                ),
            ),
        ),
        8: (
            Verdict.RISK,
            (
                found(
                    "slow-handler",
                    check="C08",
                    verdict=Verdict.RISK,
                    severity=Severity.HIGH,
                    says="1000 events would take 9.1 s; the vendor waits 5 s",
                    key="slope",
                ),
            ),
        ),
        24: (
            Verdict.RISK,
            (
                found(
                    "framing",
                    check="C24",
                    verdict=Verdict.RISK,
                    severity=Severity.LOW,
                    says="chunked bodies get 411",
                    shots=(Shot(({},), framing="chunked"),),
                    key="411",
                ),
            ),
        ),
        26: (
            Verdict.ACCEPTED,
            (
                found(
                    "header-case",
                    check="C26",
                    severity=Severity.LOW,
                    says="upper-case names are refused",
                    accepted="legacy proxy",
                    accepted_until="2027-01-01",
                    key="upper",
                ),
            ),
        ),
    }
    unknown = dict.fromkeys(
        (1, 6, 15, 17),
        "what was stored is not known: give --oracle-url, --oracle-cmd, --oracle-file or --oracle-py",
    )
    unknown |= dict.fromkeys((2, 30), "needs --restart-cmd") | {
        27: f"no login was given {HOSTILE}",
        34: "the time is up",
    }
    results = []
    for number in range(1, 36):
        phase = PHASES[1 + number % 6]
        if number in unknown:
            results.append(result(number, Verdict.NOT_CHECKED, reason=unknown[number], phase=phase))
        else:
            verdict, findings = found_.get(number, (Verdict.PASS, ()))
            results.append(result(number, verdict, findings, phase=phase))
    return Run(
        "esputnik",
        "2023-09",
        "activity",
        teller().address,
        7,
        "abcdef",
        datetime(2026, 8, 1, 12, 30, tzinfo=UTC),
        41.7,
        "eSputnik",
        tuple(PhaseResult(name, 60, 5.2, "the time is up" if name == "stateful" else "") for name in PHASES),
        tuple(results),
        tuple(moments()),
        5.0,
        {
            "latency": "median 12 ms, slowest 1.4 s",
            "ack to visible": "40 ms",
            "echo": HOSTILE,
        },
        {"provider-emulators": "0.1"},
        fail_on=Severity.HIGH,
    )


def moments() -> list[Moment]:
    """480 requests, most of them fine."""
    dice = random.Random(3)
    told = []
    for number in range(480):
        status = dice.choices([200, 500, 413, 302, 204, None], [80, 6, 6, 2, 3, 3])[0]
        seconds = 6.0 if status is None else min(4.0, 0.008 * dice.paretovariate(1.1))
        reason = f"no answer within 6 s {HOSTILE}" if status is None else ""
        what = f"C{1 + number % 35:02} POST 2 events, 312 bytes"
        told.append(
            Moment(number * 0.087, seconds, PHASES[number // 60], what, status, status == 200, reason)
        )
    return told
