"""What must never reach a log, a report, a file or a view: credentials, by the names of their fields and by their shape.

For people who debug, so all else stays as it is, in its order; what holds no credential comes back byte for byte. Push
tokens are addresses of devices and stay; `client_id` and session ids are no secrets either (RFC 6749, section 2.2).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import unquote, unquote_plus

from emulators.engine import codec
from emulators.explanations import GOT, RULES, WORDS

PLACEHOLDER = "<redacted>"

# Names of credentials, for everybody who must know them: what is not listed here is shown.
CREDENTIALS = re.compile(
    r"authori[sz]ation|cookie|token|secret|passw|pass[-_ ]?(?:phrase|word)|pwd|signature|credential|bearer|userpass"
    r"|(?:api|access|private|auth|signing|encryption|licen[cs]e)[-_ ]?key|^x-auth|^auth$|^pass$|^pw$"
    r"|(?:^|[^a-z])otp(?:$|[^a-z])",
    re.IGNORECASE,
)
# Addresses of devices; words about a token that are no token.
_NO_CREDENTIALS = re.compile(r"push[-_ ]?token|token[-_ ]?type", re.IGNORECASE)
# A word in queries and logs, where it is a credential more often than not; as a field of JSON it is a vendor's word.
_ALONE = frozenset(("key", "sig"))
_HEADER = re.compile(r"^x-.*(?:key|sign|hmac|auth|otp)$", re.IGNORECASE)
_SCHEMES = frozenset(
    ("basic", "bearer", "token", "digest", "negotiate", "apikey", "key", "hmac", "aws4-hmac-sha256")
)
# An object that says elsewhere of what its value is: a parameter of an event, a field of a HAR, a problem.
_LABELLED = (("name", "value"), ("key", "value"), ("pointer", "got"))
_DEEPEST = 100

_SHAPES = re.compile(
    r"\beyJ[\w-]{8,}\.[\w-]{2,}(?:\.[\w-]*){0,3}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
)
_USERINFO = re.compile(r"(?<=//)[^/@\s\"'<>?#\\]{1,512}@")
_QUERY = re.compile(r"(?:(?<=[?&#;])|(?<=\A))([^=&#;?/\s\"'<>]{1,128})=([^&#;\s\"'<>]+)")
_SCHEMED = re.compile(r"\b(bearer|basic|token)(\s{1,3}|%20|\+)([^\s\"'<>,;&]{6,})", re.IGNORECASE)
_HEADER_LINE = re.compile(
    r"\b((?:proxy-)?authori[sz]ation|(?:set-)?cookie)([\"']?\s{0,3}[:=,]\s{0,3}[\"']?)([^\"'\r\n]+)",
    re.IGNORECASE,
)
_PAIR = re.compile(
    r"(\(?\\{0,3}[\"']|)(?<![\w.\[\]-])([\w.\[\]-]{2,64})(\\{0,3}[\"']?\s{0,3}[:=,]\s{0,3})"
    r"(\\+\"[^\"\\]*|\"(?:[^\"\\]|\\.)*|'(?:[^'\\]|\\.)*|[^\s,;&}\])\"']+)"
)

# What is in the bytes, in lower case, wherever there is something to hide: none of them, and nobody need look closer.
_TRACES = tuple(
    b'auth,token,secret,pass,pwd,cookie,signature,credential,bearer,basic,otp,"pw",eyj,private key'.split(
        b","
    )
)
_TRACED_KEY = re.compile(
    b"key(?:"
    + b"|".join(
        b"(?<=" + word + between + b"key)"
        for word in b"api access private auth signing encryption license licence".split()
        for between in (b"", b"[-_ ]")
    )
    + b")"
)
_TRACED_USERINFO = re.compile(rb"//[^/@\s\"'<>?#\\]{1,512}@")


class Veil:
    """Hides credentials. `harmless` are values that are none: those the emulators made up, which an app is given.
    `secrets` are values that are hidden wherever they stand."""

    def __init__(self, harmless: Collection[str] = (), secrets: Collection[str] = ()) -> None:
        self._harmless = frozenset((*harmless, PLACEHOLDER, ""))
        self._secrets = tuple(sorted((s for s in secrets if s), key=len, reverse=True))
        self._secret_bytes = tuple(secret.encode("utf-8", "replace").lower() for secret in self._secrets)
        self._names: dict[str, bool] = {}

    def headers(self, pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Header fields; of `Authorization` the scheme stays."""
        return tuple((name, self._header(name, value)) for name, value in pairs)

    def url(self, url: str) -> str:
        """An absolute or relative URL without its user and the values of telling names in its query."""
        return self._shaped(url)

    def value(self, json_value: Any) -> Any:
        """A JSON value; all text and numbers below a telling name are hidden, `null` and booleans stay."""
        return self._value(json_value, 0)

    def body(self, data: bytes, content_type: str = "") -> bytes:
        """A body: JSON, a form, text; anything else as it is.

        Most bodies hold nothing to hide, which a search for the few words that would betray it tells without reading
        them. What has to be read and is clean comes back as it was, too.
        """
        kind = content_type.partition(";")[0].strip().lower()
        form = kind == "application/x-www-form-urlencoded"
        if not data or not ((form and b"%" in data) or self._traced(data)):
            return data
        start = data.lstrip()[:1]
        if kind == "multipart/form-data":
            return self._multipart(data)
        if form and start not in (b"{", b"["):
            return self._form(data)
        if "json" in kind or start in (b"{", b"[", b'"'):
            try:
                value = codec.decode(data)
            except ValueError:
                return self._text_bytes(data)
            shown = self.value(value)
            return data if shown == value else codec.encode(shown)
        if kind.startswith("text/") or "xml" in kind or not kind:
            return self._text_bytes(data)
        return data

    def text(self, text: str) -> str:
        """A line of a log: also what stands behind `password=`, `"token": ` and their like."""
        # Every other piece is a rule.
        pieces = RULES.split(GOT.sub(self._got, text)) if ":" in text or "=" in text else [text]
        pieces[::2] = map(self._line, pieces[::2])
        return "".join(pieces)

    def _line(self, text: str) -> str:
        told = _HEADER_LINE.sub(self._header_line, text)
        return self._shaped(_PAIR.sub(self._pair, told))

    def telling(self, name: str) -> bool:
        """Whether a field of this name holds a credential."""
        known = self._names.get(name)
        if known is None:
            known = bool(CREDENTIALS.search(name)) and not _NO_CREDENTIALS.search(name)
            if len(self._names) < 10_000:  # Free keys come without end.
                self._names[name] = known
        return known

    def _traced(self, data: bytes) -> bool:
        low = data.lower()
        return (
            any(trace in low for trace in (*_TRACES, *self._secret_bytes))
            or (b"=" in low and (b"key=" in low or b"sig=" in low))
            or (b"\\" in low and b"\\u00" in low)
            or _TRACED_KEY.search(low) is not None
            or _TRACED_USERINFO.search(low) is not None
        )

    def _value(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self._inner(value, depth)
        if not isinstance(value, dict | list | tuple):
            return value
        if depth > _DEEPEST:
            return PLACEHOLDER
        if not isinstance(value, dict):
            return [self._value(item, depth + 1) for item in value]
        shown = {
            self._shaped(name): self._hidden(inner, depth + 1)
            if self.telling(name)
            else self._value(inner, depth + 1)
            for name, inner in value.items()
        }
        for label, held in _LABELLED:
            said = value.get(label)
            if held in value and isinstance(said, str) and self.telling(said.rpartition("/")[2]):
                shown[held] = self._hidden(value[held], depth + 1)
        return shown

    def _inner(self, text: str, depth: int) -> str:
        """The text of a field, which may be JSON once more."""
        if text[:1] in ("{", "[") and depth <= _DEEPEST:
            try:
                value = codec.decode(text)
            except ValueError:
                return self.text(text)
            shown = self._value(value, depth + 1)
            return text if shown == value else codec.encode(shown).decode("utf-8", "replace")
        return self._shaped(text)

    def _hidden(self, value: Any, depth: int) -> Any:
        if isinstance(value, dict) and depth <= _DEEPEST:
            return {self._shaped(name): self._hidden(inner, depth + 1) for name, inner in value.items()}
        if isinstance(value, list | tuple) and depth <= _DEEPEST:
            return [self._hidden(item, depth + 1) for item in value]
        if value is None or isinstance(value, bool):
            return value
        return self._veiled(value) if isinstance(value, str) else PLACEHOLDER

    def _veiled(self, text: str) -> str:
        """A credential, unless it is harmless; a scheme before it stays."""
        scheme, blank, rest = text.partition(" ")
        if blank and scheme.lower() in _SCHEMES:
            return text if self._is_harmless(rest.strip(), scheme) else f"{scheme} {PLACEHOLDER}"
        return text if self._is_harmless(text.strip()) else PLACEHOLDER

    def _is_harmless(self, credential: str, scheme: str = "basic") -> bool:
        if credential in self._harmless or credential.strip("\"'") in self._harmless:
            return True
        decoded = _login(credential) if scheme.lower() == "basic" else None
        return decoded is not None and decoded.partition(":")[2] in self._harmless - {""}

    def _header(self, name: str, value: str) -> str:
        if name.lower() in ("cookie", "set-cookie"):
            return PLACEHOLDER if value else value
        telling = self.telling(name) or _HEADER.search(name)
        return self._veiled(value) if telling else self._shaped(value)

    def _form(self, data: bytes) -> bytes:
        pairs = data.decode("utf-8", "surrogateescape").split("&")
        return "&".join(map(self._form_pair, pairs)).encode("utf-8", "surrogateescape")

    def _form_pair(self, pair: str) -> str:
        name, sign, value = pair.partition("=")
        plain = unquote_plus(value)
        hidden = self._hidden(plain, 0) if self.telling(unquote_plus(name)) else self._inner(plain, 0)
        return pair if hidden == plain else f"{name}{sign}{hidden}"

    def _multipart(self, data: bytes) -> bytes:
        """The boundary is the first line; a part that cannot be told from its neighbours is looked at as text."""
        boundary = data.lstrip().partition(b"\r\n")[0]
        parts = data.split(boundary) if boundary.startswith(b"--") else [data]
        return boundary.join(map(self._part, parts)) if len(parts) > 1 else self._text_bytes(data)

    def _part(self, part: bytes) -> bytes:
        head, blank, content = part.partition(b"\r\n\r\n")
        named = re.search(rb"(?i)\bname=(?:\"([^\"]*)\"|([^\s;]+))", head)
        if not named or not blank:
            return part
        text = content.removesuffix(b"\r\n").decode("utf-8", "surrogateescape")
        telling = self.telling((named[1] or named[2]).decode("utf-8", "replace"))
        shown = self._hidden(text, 0) if telling else self._inner(text, 0)
        return part if shown == text else head + blank + shown.encode("utf-8", "surrogateescape") + b"\r\n"

    def _text_bytes(self, data: bytes) -> bytes:
        return self.text(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def _shaped(self, text: str) -> str:
        """Text without what looks like a credential by itself."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, PLACEHOLDER)
        if len(text) < 6:
            return text
        if "//" in text and "@" in text:
            text = _USERINFO.sub(self._userinfo, text)
        if "=" in text:
            text = _QUERY.sub(self._query, text)
        text = _SCHEMED.sub(self._schemed, text)
        return _SHAPES.sub(lambda found: self._veiled(found[0]), text)

    def _userinfo(self, found: re.Match[str]) -> str:
        login = found[0][:-1]
        harmless = unquote(login.partition(":")[2] or login) in self._harmless
        return found[0] if harmless else f"{PLACEHOLDER}@"

    def _query(self, found: re.Match[str]) -> str:
        name = unquote_plus(found[1])
        if not (self.telling(name) or name.lower() in _ALONE) or unquote_plus(found[2]) in self._harmless:
            return found[0]
        return f"{found[1]}={PLACEHOLDER}"

    def _schemed(self, found: re.Match[str]) -> str:
        scheme, credential = found[1].lower(), unquote(found[3])
        # Words of prose follow these two, unlike the first.
        prose = (scheme == "basic" and _login(credential) is None) or (
            scheme == "token" and credential.isalpha() and len(credential) < 16
        )
        if prose or self._is_harmless(credential, scheme):
            return found[0]
        return f"{found[1]}{found[2]}{PLACEHOLDER}"

    def _header_line(self, found: re.Match[str]) -> str:
        return f"{found[1]}{found[2]}{self._header(found[1], found[3])}"

    def _got(self, found: re.Match[str]) -> str:
        name, rule, value = found.groups()
        hidden = self.telling(name) and not self._is_harmless(value)
        return f"{name}{rule}{PLACEHOLDER}" if hidden else found[0]

    def _pair(self, found: re.Match[str]) -> str:
        opening, name, between, value = found.groups()
        bare = value.lstrip("\\\"'")
        # A comma parts a name from its value in the pairs of Python alone, behind a bracket.
        if "," in between and not opening.startswith("("):
            return found[0]
        if _HEADER_LINE.match(f"{name}: x") or not (self.telling(name) or name.lower() in _ALONE):
            return found[0]
        if self._is_harmless(bare) or (between == ": " and value in WORDS):
            return found[0]
        return f"{opening}{name}{between}{value[: len(value) - len(bare)]}{PLACEHOLDER}"


def _login(credential: str) -> str | None:
    """`user:password`, if that is what it stands for in Base64."""
    try:
        padded = credential.rstrip("=") + "=" * (-len(credential.rstrip("=")) % 4)
        decoded = base64.b64decode(padded, altchars=b"-_" if "-" in padded or "_" in padded else None)
    except (ValueError, binascii.Error):
        return None
    return decoded.decode("utf-8", "replace") if b":" in decoded else None
