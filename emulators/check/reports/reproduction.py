"""How anybody sees a finding for himself: the names of its files, commands for a shell, a test to paste. Pure."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence

from emulators.check.reports.model import Found, Sent
from emulators.check.reports.wanting import asserted
from emulators.check.reports.words import line

_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
"""One case of letters, for there are file systems that do not tell them apart; and none that looks like another."""
MOST_COMMANDS = 5
"""A case of more requests is played again by its file alone."""
LONGEST_PASTED = 1000
"""Bytes that all bodies of a test to paste may have, equal ones once."""
_LATE = re.compile(r"(?:.*: )?late", re.DOTALL)


def case_id(provider: str, feed: str, check: str, key: str) -> str:
    """Four characters for a case: the same failure has the same ones in each run, and in each revision of the vendor."""
    provider = provider.partition("@")[0]
    digest = hashlib.sha256(
        "\0".join((provider, feed, check, key)).encode("utf-8", "backslashreplace")
    ).digest()
    number = int.from_bytes(digest[:8])
    letters = ""
    for _ in range(4):
        number, place = divmod(number, len(_ALPHABET))
        letters += _ALPHABET[place]
    return letters


def case_file(case: str) -> str:
    """The file that `--replay` reads."""
    return f"case-{case}.json"


def body_file(case: str, number: int = 1) -> str:
    """The file with the exact bytes of a body, beside the case's; the first one of a case has no number."""
    return f"case-{case}.body" if number == 1 else f"case-{case}-{number}.body"


def replay_command(case: str, folder: str = "") -> str:
    """Plays the case again."""
    return f"emulators check --replay {shlex.quote(beside(folder, case_file(case)))}"


def beside(folder: str, file: str) -> str:
    """A file in the folder of the cases, as seen from where the check ran."""
    return f"{folder.rstrip('/')}/{file}" if folder else file


def curl_commands(sent: Sequence[Sent], target: str) -> tuple[str, ...]:
    """One command a request, to be run where the files are. `$TARGET` is the receiver; values that are secret are variables
    of the shell. None where curl cannot do what was done."""
    if not sent or len(sent) > MOST_COMMANDS or any(one.loss or one.framing == "halves" for one in sent):
        return ()
    return tuple(curl(one, target) for one in sent)


def curl(sent: Sent, target: str) -> str:
    """The command that sends this request; prints the status."""
    words = ["curl", "-sS", "-o", "/dev/null", "-w", r"'%{http_code}\n'"]
    # curl would wait for a body that no answer to HEAD has.
    words += ["--head"] if sent.method == "HEAD" else ["-X", shlex.quote(sent.method)]
    words.append('"$TARGET"' if sent.url == target else shlex.quote(sent.url))
    for name, value in sent.headers:
        if name.lower() in ("content-length", "host", "transfer-encoding", "content-encoding"):
            continue
        if not (sent.login and name.lower() == "authorization"):
            words += ["-H", _header(name, value, sent.secrets)]
    words += ["-u", f'"${sent.login}"'] if sent.login else []
    words += _framing(sent)
    before, after = "", ""
    if sent.file:
        if sent.framing == "gzip":
            before, source = f"gzip -c {shlex.quote(sent.file)} | ", "@-"
        else:
            source = shlex.quote(f"@{sent.file}")
        words += ["--data-binary", source]
        if not any(name.lower() == "content-type" for name, _ in sent.headers):
            words += ["-H", "'Content-Type:'"]
    if sent.together > 1:
        before, after = f"for _ in $(seq {sent.together}); do {before}", " & done; wait"
    return f"{before}{' '.join(words)}{after}"


def _framing(sent: Sent) -> list[str]:
    header = {
        "chunked": "'Transfer-Encoding: chunked'",
        "gzip": "'Content-Encoding: gzip'",
        "expect": "'Expect: 100-continue'",
    }.get(sent.framing)
    if header:
        return ["-H", header]
    # curl asks before it sends a large body, the vendor does not.
    return ["-H", "'Expect:'"] if len(sent.body) > 1_000_000 else []


def _header(name: str, value: str, secrets: object) -> str:
    variable = secrets.get(name.lower()) if isinstance(secrets, dict) else None
    if variable:
        return f'"{_in_quotes(name)}: ${variable}"'
    # An empty value would take the header away.
    return shlex.quote(f"{name}: {value}" if value else f"{name};")


def _in_quotes(text: str) -> str:
    return re.sub(r'(["\\$`])', r"\\\1", text)


def variable(header: str) -> str:
    """The variable that stands for a header's value where the configuration names none."""
    return "TARGET_" + re.sub(r"\W+", "_", header, flags=re.ASCII).strip("_").upper()


def variables(found: Iterable[Found]) -> list[str]:
    """The variables that the commands want to have set, besides `TARGET`."""
    every = [sent for one in found for sent in one.sent]
    return sorted({name for sent in every for name in (*sent.secrets.values(), sent.login) if name})


def pytest_to_paste(
    found: Found, provider: str, feed: str, sent: Sequence[Sent], timeout: float | None = None
) -> str:
    """A test with this package's fixture, which sends the same bytes and wants what the finding misses; empty where such a test
    would pass all the same, says too little or would be long: other paths, headers, credentials, framing, copies at once, a lost
    answer. `timeout`: seconds after which an answer was late (None: as many as the fixture waits)."""
    posts = [one for one in sent if one.method == "POST" and one.usual and one.body]
    odd = any(
        one.before or one.loss or one.together > 1 or one.credentials != "right" or one.framing != "length"
        for one in sent
    )
    if odd or not posts or len(posts) != len(sent) or len(posts) > MOST_COMMANDS:
        return ""
    bodies = Counter(one.body for one in posts)
    if sum(map(len, bodies)) > LONGEST_PASTED:
        return ""
    wanted = asserted(found, posts, provider)
    if not wanted:
        return ""
    secrets = _secrets(posts[0])
    case = f"_{found.case}" if found.case else ""
    name = re.sub(r"\W+", "_", f"{found.check}_{found.name}", flags=re.ASCII).strip("_").lower() + case
    reads = any("stored_events()" in line for line in wanted)
    told = ["import os", "", ""] if secrets else []
    told += [
        f"def test_{name}({provider}, app_url{', stored_events' if reads else ''}):",
        f"    # {line(found.says)}",
        "    # app_url is a fixture of yours: where your app takes webhooks",
    ]
    told += (
        ["    # so is stored_events: a function that returns the records of your store, as a list"]
        if reads
        else []
    )
    # By itself the fixture waits for no vendor's time, but for some seconds.
    waits = f", patience={timeout!r}" if timeout is not None and _LATE.fullmatch(found.key) else ""
    told.append(f"    {provider}.subscribe(app_url, feed={feed!r}{waits}{secrets})")
    again = {body: f"body_{n}" for n, body in enumerate((b for b in bodies if bodies[b] > 1), 1)}
    told += [f"    {known} = {_literal(body)}" for body, known in again.items()]
    for one in posts:
        what = again.get(one.body) or _literal(one.body)
        told += [f"    {provider}.send({what})", f"    {provider}.advance(0)"]
    return "\n".join([*told, *(f"    {each}" for each in wanted)]) + "\n"


def _secrets(sent: Sent) -> str:
    """Arguments of `subscribe`: what the receiver wants to be told, out of the environment."""
    login = f", auth=tuple(os.environ[{sent.login!r}].split(':', 1))" if sent.login else ""
    given = [
        f"{name!r}: os.environ[{sent.secrets[name.lower()]!r}]"
        for name, _ in sent.headers
        if name.lower() in sent.secrets
    ]
    return login + (f", headers={{{', '.join(given)}}}" if given else "")


def _literal(body: bytes) -> str:
    """Bytes as source that people can read."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return repr(body)
    return repr(body) if text.isascii() else f"{text!r}.encode()"
