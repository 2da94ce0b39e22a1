"""What came of scenarios as JUnit XML, which every CI reads: a suite a scenario, a case a step.

A case a step shows what failed by its own name and what came before it as passed; the story stands in the suite's
output. Order of elements and attributes are those of the schema that Jenkins publishes (`junit-10.xsd`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from emulators.scenarios.results import Ending, Outcome, Report, Result

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ERRORS = (Ending.REFUSED, Ending.WRONG, Ending.BROKEN)


def junit(report: Report) -> bytes:
    """The document, UTF-8. Characters that XML has no form for are replaced."""
    every = [result for outcome in report.outcomes for result in outcome.results]
    seconds = sum(outcome.seconds for outcome in report.outcomes)
    root = Element("testsuites", {"name": "emulators run", **_counts(every), "time": f"{seconds:.3f}"})
    for outcome in report.outcomes:
        root.append(_suite(outcome))
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, "utf-8", xml_declaration=True)) + b"\n"


def _suite(outcome: Outcome) -> Element:
    scenario = outcome.scenario
    suite = Element(
        "testsuite",
        {
            "name": clean(outcome.title),
            **_counts(outcome.results),
            "skipped": str(_count(outcome.results, Ending.SKIPPED)),
            "time": f"{outcome.seconds:.3f}",
            "timestamp": outcome.began.replace(tzinfo=None, microsecond=0).isoformat(),
            "file": clean(scenario.file),
        },
    )
    properties = SubElement(suite, "properties")
    known = {"seed": str(scenario.seed), "start": scenario.start.isoformat()}
    known |= {name: about["revision"] for name, about in outcome.emulators.items()}
    for name, value in known.items():
        SubElement(properties, "property", {"name": name, "value": clean(value)})
    for result in outcome.results:
        suite.append(_case(outcome, result))
    output = SubElement(suite, "system-out")
    output.text = clean(outcome.timeline)
    return suite


def _case(outcome: Outcome, result: Result) -> Element:
    name = f"{result.number:02} {result.title or result.text}"
    case = Element(
        "testcase",
        {"name": clean(name), "classname": clean(outcome.title), "time": f"{result.seconds:.3f}"},
    )
    first = clean(result.message.splitlines()[0]) if result.message else ""
    if result.ending is Ending.SKIPPED:
        SubElement(case, "skipped", {"message": first})
    elif not result.ending.good:
        tag = "error" if result.ending in _ERRORS else "failure"
        problem = SubElement(case, tag, {"message": first, "type": result.ending.value})
        problem.text = clean(f"{result.text}\nat {result.elapsed}\n{result.message}")
    return case


def _counts(results: Sequence[Result]) -> dict[str, str]:
    return {
        "tests": str(len(results)),
        "failures": str(_count(results, Ending.FAILED)),
        "errors": str(_count(results, *_ERRORS)),
    }


def _count(results: Sequence[Result], *endings: Ending) -> int:
    return sum(result.ending in endings for result in results)


def clean(text: str) -> str:
    """Text that XML 1.0 can hold."""
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)
