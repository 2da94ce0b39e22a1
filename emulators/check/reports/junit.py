"""A run as JUnit XML, which every CI reads: a suite, a case for each check."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from emulators.check.reports import facts, words
from emulators.check.reports.model import Found, Result, Run
from emulators.check.reports.terminal import Block
from emulators.check.vocabulary import Verdict
from emulators.scenarios.junit import clean


def junit(run: Run) -> bytes:
    """The document, UTF-8. FAIL is a failure, and so is a RISK that is grave enough to fail the run; NOT CHECKED and
    ACCEPTED are skipped, with the reason; where nothing could be told at all, for want of a receiver or an oracle, the first
    check is an error. Characters that XML has no form for are replaced."""
    failures = sum(bool(_failing(run, result)) for result in run.results)
    skipped = run.count(Verdict.NOT_CHECKED) + run.count(Verdict.ACCEPTED)
    broken = run.results[0] if run.inconclusive and _untold(run) else None
    skipped -= broken is not None
    counts = {
        "tests": str(len(run.results)),
        "failures": str(failures),
        "errors": str(int(broken is not None)),
    }
    time = f"{run.seconds:.3f}"
    root = Element("testsuites", {"name": "emulators check", **counts, "time": time})
    suite = SubElement(
        root,
        "testsuite",
        {
            "name": clean(f"{run.provider}@{run.revision} {run.feed}"),
            **counts,
            "skipped": str(skipped),
            "time": time,
            "timestamp": run.started.replace(tzinfo=None, microsecond=0).isoformat(),
        },
    )
    _properties(suite, run)
    for result in run.results:
        suite.append(_case(run, result, "error" if result is broken else "skipped"))
    output = SubElement(suite, "system-out")
    output.text = clean("\n".join(filter(None, (words.verdict(run), run.inconclusive))))
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, "utf-8", xml_declaration=True)) + b"\n"


def _properties(suite: Element, run: Run) -> None:
    properties = SubElement(suite, "properties")
    known = {
        "target": run.target,
        "seed": str(run.seed),
        "run": run.run_id,
        "fail-on": run.fail_on.name.lower(),
    }
    known |= {f"version.{name}": value for name, value in run.versions.items()}
    known |= {f"fact.{name}": str(value) for name, value in run.facts.items()}
    if run.inconclusive:
        known["inconclusive"] = run.inconclusive
    for name, value in known.items():
        SubElement(properties, "property", {"name": clean(name), "value": clean(value)})


def _untold(run: Run) -> bool:
    return bool(run.results) and all(result.verdict is Verdict.NOT_CHECKED for result in run.results)


def _case(run: Run, result: Result, unknown: str = "skipped") -> Element:
    case = Element(
        "testcase",
        {
            "name": clean(f"{result.check_id} {result.name}"),
            "classname": clean(f"{run.provider}.{run.feed}.{result.phase or 'check'}"),
            "time": f"{result.seconds:.3f}",
        },
    )
    failing = _failing(run, result)
    if result.verdict is Verdict.NOT_CHECKED:
        SubElement(case, unknown, {"message": clean(result.reason)})
    elif result.verdict is Verdict.ACCEPTED:
        reasons = dict.fromkeys(words.accepted(found) for found in result.findings if found.accepted)
        SubElement(case, "skipped", {"message": clean("; ".join(reasons))})
    elif failing:
        problem = SubElement(
            case,
            "failure",
            {
                "message": clean(_message(run, failing[0])),
                "type": f"{failing[0].verdict.value} {failing[0].severity.name.lower()}",
            },
        )
        problem.text = clean("\n\n".join(Block(run, found).text() for found in failing))
    rest = [Block(run, found).text() for found in result.findings if found not in failing]
    rest += filter(None, [facts.unproved(run, result.check_id)])
    if rest:
        output = SubElement(case, "system-out")
        output.text = clean("\n\n".join(rest))
    return case


def _message(run: Run, found: Found) -> str:
    return found.says if found.legal else f"{found.says} ({words.hostile(run)})"


def _failing(run: Run, result: Result) -> list[Found]:
    every = (
        found
        for found in result.findings
        if not found.accepted and (found.verdict is Verdict.FAIL or run.counts(found))
    )
    return sorted(every, key=lambda found: -found.severity)
