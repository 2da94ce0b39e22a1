"""Whatever stands in a file: it is read, or refused in words. Nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulators.engine.egress import Egress
from emulators.scenarios.forms import Problems
from emulators.scenarios.reading import PART, TOP, Reader
from emulators.scenarios.references import References
from emulators.scenarios.verbs import FAULTS, QUESTIONS, VERBS, keys

NAMES = [
    "esputnik",
    "sendpulse",
    "hellotext",
    "crm",
    "READ",
    "opened",
    "activity",
    "send-email",
    "APP_URL",
    "1m",
    "GET /x",
]
WORDS = st.sampled_from(
    [
        *NAMES,
        "",
        ".",
        "esputnik.",
        "esputnik.READ",
        "sendpulse.opened",
        "sendpulse.POST /smtp/emails",
        "http://[",
        "POST",
        "a\nb",
    ]
    + [f"sendpulse.{name}" for name in (*FAULTS, *QUESTIONS)]
    + [
        "http://127.0.0.1:9/hook",
        "http://127.0.0.1:99999/",
        "SENDPULSE_API_KEY",
        "no answer",
        "always",
        "NobodyListens",
    ]
)
SCALARS = st.one_of(
    WORDS,
    st.text(max_size=5),
    st.integers(-2, 700),
    st.just(10**30),
    st.booleans(),
    st.sampled_from([0.5, -1.0, float("nan"), float("inf"), 1e300]),
    st.sampled_from([datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1), date(2026, 1, 1)]),
)
KNOWN = {key for verb in VERBS for rest in ("", *FAULTS, *QUESTIONS) for key in keys(verb, rest)[0]} - {
    "pause"
}
OTHER = {
    "env",
    "path",
    "login",
    "password",
    "batch_size",
    "retry_delays",
    "revision",
    "email",
    "X-Token",
    "/a/b",
}
KEYS = st.sampled_from(sorted(KNOWN | OTHER))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def steps(draw: st.DrawFn) -> Any:
    if draw(st.integers(0, 9)) == 0:
        return draw(VALUES)
    verb = draw(st.sampled_from(sorted(VERBS)))
    return {verb: draw(VALUES), **draw(st.dictionaries(KEYS, VALUES, max_size=4))}


FILES = st.fixed_dictionaries(
    {},
    optional={
        **{name: VALUES for name in TOP if name not in ("step", "emulators")},
        "step": st.lists(steps(), max_size=4),
        "scenario": st.lists(
            st.fixed_dictionaries({}, optional={"step": st.lists(steps(), max_size=3), "seed": VALUES}),
            max_size=2,
        ),
        "emulators": st.dictionaries(
            st.sampled_from(NAMES),
            VALUES | st.dictionaries(st.sampled_from(sorted(PART)), VALUES),
            max_size=3,
        ),
    },
)


@given(content=FILES)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_stands_there_is_read_or_refused(content: dict[str, Any]) -> None:
    problems = Problems()
    references = References(
        {"APP_URL": "http://127.0.0.1:9/hook", "READ": "sesame"}, {"opened": "http://127.0.0.1:9/"}
    )
    scenarios = Reader("any.toml", references, Egress(), problems).scenarios(content)
    for problem in problems.found:
        assert problem.startswith("any.toml")
        assert "sesame" not in references.hide(problem)
    if not problems.found:
        assert all(scenario.steps for scenario in scenarios)
