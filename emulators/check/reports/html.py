"""A run as one page that needs nothing else: no scripts, nothing from elsewhere, and nothing of a payload that a browser would
carry out. Whoever opens it from a build's artifacts is safe even if something were not escaped: see `POLICY`."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from html import escape
from importlib.resources import files

from emulators.check.reports import drawing, facts, words
from emulators.check.reports.model import Found, Result, Run, Sent
from emulators.check.reports.reproduction import case_id, variables
from emulators.check.vocabulary import Verdict

LONGEST_BODY = 2_000
"""Characters of a body that are shown."""

POLICY = "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
"""Content security: our own style and nothing else, no script, no picture, no connection."""


def page(run: Run) -> bytes:
    """The document, UTF-8."""
    style = files("emulators.check.reports").joinpath("page.css").read_text("utf-8")
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    title = f"{run.vendor} {run.feed} against {run.target}"
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY.format(style=digest)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta name="referrer" content="no-referrer"><title>{_said(title)}</title><style>{style}</style></head><body>',
        drawing.symbols(),
        f"<main>{_top(run)}{_findings(run)}{_timeline(run)}{_checks(run)}{_facts(run)}</main></body></html>\n",
    ]
    return "".join(parts).encode("utf-8", "backslashreplace")


def _said(text: str) -> str:
    """Anybody's text in our markup."""
    return escape(words.line(text))


def _top(run: Run) -> str:
    about = (
        f"{run.vendor} ({run.provider}@{run.revision}), feed {run.feed}, seed {run.seed}, run {run.run_id}, "
        f"{run.started:%Y-%m-%d %H:%M} UTC, {words.plural(run.requests, 'request')} in {words.duration(run.seconds)}"
    )
    tiles = "".join(
        f'<div><dt class="{_class(verdict)}">{verdict.value}</dt><dd>{run.count(verdict)}</dd></div>'
        for verdict in (Verdict.FAIL, Verdict.RISK, Verdict.ACCEPTED, Verdict.NOT_CHECKED, Verdict.PASS)
    )
    unclear = (
        f'<p class="alert"><b>Inconclusive:</b> {_said(run.inconclusive)}</p>' if run.inconclusive else ""
    )
    return (
        f"<h1>{_said(words.verdict(run))}</h1><p>Checked: <code><bdi>{_said(run.target)}</bdi></code></p>"
        f'<p class="soft">{_said(about)}</p>{unclear}<p class="soft">{words.plural(len(run.results), "check")}, by what they came to; one may have several findings.</p>'
        f'<dl class="tiles">{tiles}</dl>'
    )


def _findings(run: Run) -> str:
    told = "".join(_finding(run, found) for found in run.findings())
    if run.accepted:
        put_up = "".join(_finding(run, found) for found in run.accepted)
        count = words.plural(len(run.accepted), "finding")
        told += f"<details><summary>{count} put up with, by the configuration</summary>{put_up}</details>"
    told += "".join(f'<p class="alert">{_said(note)}</p>' for note in facts.acceptance(run))
    if not told:
        return "<h2>Findings</h2><p>None. What was not checked is listed below; nobody knows about that.</p>"
    secrets = variables(found for result in run.results for found in result.findings if found.curl)
    others = (
        f" Secrets are read from {', '.join(f'<code>${_said(name)}</code>' for name in secrets)}."
        if secrets
        else ""
    )
    hint = (
        '<p class="soft">Commands run where <code>emulators check</code> ran, with the receiver\'s address in <code>$TARGET</code>.'
        f"{others} A click selects a whole command.</p>"
    )
    return f"<h2>Findings</h2>{hint}{told}"


def _finding(run: Run, found: Found) -> str:
    tags, loud = [found.severity.name.lower()], list[str]()
    (loud if found.flaky else tags).append(words.confirmed(found))
    (loud if words.guessed(found) else tags).append(
        f"basis: {found.basis}" if found.legal else "hostile input"
    )
    tags += [] if found.minimal else ["not minimal"]
    tags += ["accepted"] if found.accepted else []
    marks = "".join(f'<li class="loud">{_said(tag)}</li>' for tag in loud)
    marks += "".join(f"<li>{_said(tag)}</li>" for tag in tags)
    about = [found.says]
    about += [] if found.legal else [words.hostile(run)]
    about += [words.accepted(found)] if found.accepted else []
    docs = f"docs: {found.source or 'none'}; basis: {words.basis(run, found)}"
    return (
        f'<article class="of-{_class(found.verdict)}" id="{_place(run, found)}"><header><h3>'
        f'<span class="{_class(found.verdict)}">{found.verdict.value}</span> {_said(found.check)} {_said(found.name)}</h3>'
        f'<ul class="tags">{marks}</ul></header>'
        + "".join(f"<p><bdi>{_said(text)}</bdi></p>" for text in about)
        + _body(found)
        + _story(found)
        + _reproduction(found)
        + f'<p class="soft"><bdi>{_said(docs)}</bdi></p></article>'
    )


def _body(found: Found) -> str:
    sent = found.shown
    if not sent:
        return ""
    what = "Minimal body" if found.minimal else "Body (not minimal: the budget ended first)"
    lies = (
        f"{words.size(len(sent.body))}, exact bytes in {sent.file}"
        if sent.file
        else words.size(len(sent.body))
    )
    cut = "" if words.is_whole(sent.body, LONGEST_BODY) else "\n..."
    # A line feed right behind the tag would be swallowed.
    return f"<h4>{what} ({_said(lies)})</h4><pre>\n{escape(words.shown(sent.body, LONGEST_BODY))}{cut}</pre>"


def _story(found: Found) -> str:
    rows = [_heard(sent, found.says) for sent in found.sent]
    if not rows:
        return ""
    rest = f"\n... and {words.plural(found.left_out, 'request')} more" if found.left_out else ""
    stored = ""
    if found.stored is not None:
        counts = "\n".join(f"{words.line(key)}: {count}x" for key, count in list(found.stored.items())[:20])
        stored = f"<h4>What the receiver says it stored</h4><pre>\n{escape(counts) or 'nothing'}</pre>"
    return f"<h4>What happened</h4><pre>\n{escape(chr(10).join(rows))}{rest}</pre>{stored}"


def _heard(sent: Sent, says: str) -> str:
    oddness = "".join(f" {odd}" for odd in (sent.loss, sent.framing) if odd not in ("", "length"))
    known = not sent.answer.strip() or sent.answer.strip()[:40] in says
    answer = "" if known else f"\n    {words.line(sent.answer)}"
    return f"{sent.method} {words.line(sent.url)} {sent.file}{oddness}: {words.heard(sent)}{answer}"


def _reproduction(found: Found) -> str:
    if not found.replay:
        return ""
    commands = "".join(f'<pre class="copy">{_said(command)}</pre>' for command in (*found.curl, found.replay))
    pasted = ""
    if found.pytest:
        pasted = (
            "<details><summary>A test to paste</summary>"
            f'<pre class="copy">\n{escape(words.visible(found.pytest))}</pre></details>'
        )
    return f"<h4>Reproduce</h4>{commands}{pasted}"


def _timeline(run: Run) -> str:
    if not run.timeline:
        return ""
    return (
        '<h2>Timeline</h2><p class="soft">A mark for each request: from left to right when it was sent, from below to above how '
        f"long its answer took.</p>{drawing.legend(run)}{drawing.lanes(run)}"
    )


def _checks(run: Run) -> str:
    head = (
        '<colgroup><col class="c-check"><col class="c-verdict"><col><col class="c-phase"><col class="c-n"><col class="c-n"></colgroup>'
        "<thead><tr><th>Check</th><th>Verdict</th><th>What, or why nobody knows</th><th>Phase</th>"
        '<th class="n">Requests</th><th class="n">Time</th></tr></thead>'
    )
    return f"<h2>All checks</h2><table>{head}<tbody>{''.join(_row(run, result) for result in run.results)}</tbody></table>"


def _row(run: Run, result: Result) -> str:
    severity = f" {result.severity.name.lower()}" if result.findings else ""
    texts = [_short(found) for found in result.findings] or [result.reason or result.says]
    texts += filter(None, [facts.unproved(run, result.check_id)])
    what = "<br>".join(f"<bdi>{_said(text)}</bdi>" for text in texts)
    title = f"{_said(result.check_id)} {_said(result.name)}"
    if result.findings:
        title = f'<a href="#{_place(run, result.findings[0])}">{title}</a>'
    requests = str(result.requests) if result.requests else ""
    took = words.duration(result.seconds) if result.requests else ""
    return (
        f"<tr><td>{title}</td>"
        f'<td class="v {_class(result.verdict)}">{result.verdict.value}{severity}</td><td>{what}</td>'
        f'<td class="phase">{_said(result.phase)}</td><td class="n">{requests}</td><td class="n">{took}</td></tr>'
    )


def _facts(run: Run) -> str:
    told = [*facts.told(run), *((f"version of {name}", value) for name, value in run.versions.items())]
    if not told:
        return ""
    rows = "".join(f"<dt>{_said(name)}</dt><dd><bdi>{_said(value)}</bdi></dd>" for name, value in told)
    return f'<h2>Learned on the way</h2><dl class="facts">{rows}</dl>'


def _short(found: Found) -> str:
    hostile = "" if found.legal else " (hostile input)"
    return f"{found.says}{hostile}" + (f" ({words.accepted(found)})" if found.accepted else "")


def _place(run: Run, found: Found) -> str:
    return _said(f"{found.check}-{case_id(run.provider, run.feed, found.check, found.key)}")


def _class(verdict: Verdict) -> str:
    return verdict.value.split()[0]
