"""What must not leave captured traffic: replaced by placeholders such as `<email-1>`, the same for the same value.

Only what is plainly harmless is kept: words of a vocabulary such as `UNDELIVERED`, times, numbers that are no phone
numbers. All other text is replaced, by a placeholder that says what it is where that can be told: a credential (by
the name of its field, or because it looks random), an e-mail address, a phone number, an IP address, the name of a
person. Of what was replaced only a keyed digest is remembered.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import Counter
from collections.abc import Iterator
from typing import Any

from emulators.redaction import CREDENTIALS

# More than a credential's names: whatever may tell who somebody is has no place in a report.
SECRETS = re.compile(
    rf"{CREDENTIALS.pattern}|otp|session|^key$|hwid|client[-_]?id|verification|^code$|nonce|^hash$|licen[sc]e|x-auth",
    re.IGNORECASE,
)
PEOPLE = re.compile(
    r"(first|last|full|middle|sur|nick|user|contact)[-_ ]?name|patronym|birth|street", re.IGNORECASE
)
PHONES = re.compile(r"phone|mobile|msisdn|sms|tel$|viber|whatsapp|recipient|contact|sender", re.IGNORECASE)

# In this order: what is found first is taken out before the next looks.
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("secret", re.compile(r"(?i)(?<=bearer )\S+|(?<=basic )\S+|(?<=token )\S+|(?<=\bkey )\S+")),
    ("secret", re.compile(r"(?<=//)[^/@\s]+(?=@)")),
    (
        "secret",
        re.compile(r"(?i)(?<=[?&;]|\n)(?:[\w-]*(?:token|key|auth|sig|secret|passw|pwd|hash|code))=[^&#\s]+"),
    ),
    ("email", re.compile(r"[^\s@<>\"'(),:;\[\]/?&=|]+(?:@|%40)[^\s@<>\"'(),:;\[\]/?&=|]+", re.IGNORECASE)),
    ("token", re.compile(r"[A-Za-z0-9_+=~-]{20,}(?:[./][A-Za-z0-9_+=~-]{4,})*")),
    (
        "ip",
        re.compile(
            r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])|(?<![\w:])(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F:]{1,4}"
        ),
    ),
    ("phone", re.compile(r"(?<![0-9])\+?[0-9]{10,}(?![0-9])|\+[0-9]{7,}")),
    ("phone", re.compile(r"(?<![0-9])\+?\(?[0-9][0-9 ().\u00a0\u2011-]{7,}[0-9]")),
)
# Longer text is kept up to the last blank before this: patterns are slow on text without end.
_LONGEST = 4000
_PLACEHOLDER = re.compile(r"<[a-z]+-[0-9]+>")
_VOCABULARY = re.compile(
    r"[A-Za-z]{1,24}(?:[_-][A-Za-z]{1,24}){0,4}(?:_[0-9]{1,2})?|[0-9][0-9TZ:.+-]{0,34}|[0-9-]{10} [0-9:]{5,8}"
)
_FIELD = re.compile(r"[A-Za-z_$][A-Za-z_-]*[0-9]{0,3}[A-Za-z_-]*")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_DATE = re.compile(r"(19|20)[0-9]{2}[-./][0-9]{2}[-./][0-9]{2}([ T][0-9]{2})?")
_CLOCK = re.compile(r"1[0-9]{9}([0-9]{3})?")


class Redactor:
    """Placeholders for one report."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)
        self._known: dict[bytes, str] = {}
        self._count: Counter[str] = Counter()

    def value(self, value: Any, name: str = "") -> Any:
        """A JSON value under the field `name`, with placeholders in it."""
        if isinstance(value, dict):
            return {
                self.name(key): self.value(inner, name if _sensitive(name) else key)
                for key, inner in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(inner, name) for inner in value]
        if value is None or isinstance(value, bool):
            return value
        if SECRETS.search(name):
            return self._placeholder("secret", str(value))
        if isinstance(value, str):
            return self._placeholder("person", value) if PEOPLE.search(name) and value else self._told(value)
        if isinstance(value, int) and self._is_phone(value, name):
            return self._placeholder("phone", str(value))
        return value

    def _told(self, text: str) -> str:
        """A text, if it is plainly a word of a vocabulary, a time or all placeholders; a stand-in if it is anything else.

        What a secret looks like cannot be listed; what a vocabulary looks like can.
        """
        told = self.text(text)
        rest = _PLACEHOLDER.sub("", told)
        return told if not rest or _VOCABULARY.fullmatch(rest) else self._placeholder("text", text)

    def name(self, name: str) -> str:
        """The name of a field; free keys may be addresses too."""
        return name if _is_field(name) else self.text(name)

    def text(self, text: str) -> str:
        """Text with placeholders in it."""
        if len(text) > _LONGEST:
            text = re.sub(r"\S*\Z", "", text[:_LONGEST]) or "<long text>"
        return "".join(self._parts(text, 0))

    def _parts(self, text: str, level: int) -> Iterator[str]:
        """What was replaced is never looked at again: a placeholder cannot be torn by a later pattern."""
        if level == len(_PATTERNS):
            yield text
            return
        kind, pattern = _PATTERNS[level]
        done = 0
        for found in pattern.finditer(text):
            if (kind == "phone" and _is_time(found[0])) or (kind == "token" and not _is_random(found[0])):
                continue
            yield from self._parts(text[done : found.start()], level + 1)
            yield self._placeholder(kind, found[0])
            done = found.end()
        yield from self._parts(text[done:], level + 1)

    def _placeholder(self, kind: str, value: str) -> str:
        digest = hashlib.blake2b(
            value.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16
        ).digest()
        if digest not in self._known:
            self._count[kind] += 1
            self._known[digest] = f"<{kind}-{self._count[kind]}>"
        return self._known[digest]

    @staticmethod
    def _is_phone(value: int, name: str) -> bool:
        digits = str(abs(value))
        if PHONES.search(name):
            return len(digits) >= 7
        return 10 <= len(digits) <= 15 and not _CLOCK.fullmatch(digits)


def _sensitive(name: str) -> bool:
    return bool(SECRETS.search(name) or PEOPLE.search(name))


def _is_field(name: str) -> bool:
    """A name made of words, however long: chance makes short ones."""
    words = _WORD.findall(name)
    if len(name) >= 16 and re.search("[0-9]", name):
        return False
    return bool(_FIELD.fullmatch(name)) and (len(name) < 20 or sum(map(len, words)) >= 4 * len(words))


def _is_random(text: str) -> bool:
    """Not words such as `UNSUBSCRIBED_BY_ADMIN_2`: letters and digits in one, or long and without words."""
    for part in re.split(r"[_./+=~-]", text):
        letters, digits = re.search("[A-Za-z]", part), re.search("[0-9]", part)
        if letters and digits:
            return True
        if len(part) >= 20 and part not in (part.lower(), part.upper()) and not _is_field(part):
            return True
    return False


def _is_time(text: str) -> bool:
    """Dates, and seconds or milliseconds since 1970, up to the year 2033."""
    return bool(_DATE.fullmatch(text.strip()) or _CLOCK.fullmatch(text))
