"""The veil hides credentials by name and by shape, and leaves the rest as it is."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators import catalog, registry
from emulators.drifting.redaction import SECRETS
from emulators.redaction import PLACEHOLDER, Veil

CANARY = "canary-7f3a91"
VEIL = Veil(harmless=["made-up-by-us"])


def basic(login: str) -> str:
    return base64.b64encode(login.encode()).decode()


def names(schema: Any) -> set[str]:
    """All names of fields in a schema, however deep."""
    found: set[str] = set()
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        found |= names(inner)
    if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
        found |= set(schema["properties"])
    return found


def vendors_names() -> set[str]:
    return {
        name
        for provider in registry.SHIPPED
        for file in (catalog.root() / provider).glob("*/*.schema.json")
        for name in names(json.loads(file.read_bytes()))
    }


def test_of_all_the_vendors_fields_only_the_credentials_are_hidden() -> None:
    known = vendors_names()
    assert {"key", "sourceEventKey", "push_token", "mobPushToken", "session", "hwid", "token_type"} <= known
    assert {name for name in known if VEIL.telling(name)} == {"access_token", "auth", "client_secret"}


def test_a_report_hides_whatever_a_recording_hides() -> None:
    samples = ["client_secret", "X-Auth-Token", "apiKey", "private_key", "otp", "userPassword", "pass", "pw"]
    assert [name for name in samples if not VEIL.telling(name)] == []
    assert [name for name in samples if not SECRETS.search(name)] == []


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("Authorization", f"Bearer {CANARY}", "Bearer <redacted>"),
        ("authorization", f"Token {CANARY}", "Token <redacted>"),
        ("Authorization", f"Basic {basic(f'user:{CANARY}')}", "Basic <redacted>"),
        ("Authorization", CANARY, "<redacted>"),
        ("Authorization", f"{CANARY} {CANARY}", "<redacted>"),
        ("Proxy-Authorization", f"Basic {basic(f':{CANARY}')}", "Basic <redacted>"),
        ("Cookie", f"a=b; session={CANARY}", "<redacted>"),
        ("Set-Cookie", f"session={CANARY}; Path=/", "<redacted>"),
        ("X-Api-Key", CANARY, "<redacted>"),
        ("X-Shop-Key", CANARY, "<redacted>"),
        ("X-Hub-Signature-256", f"sha256={CANARY}", "<redacted>"),
        ("X-Acme-Token", CANARY, "<redacted>"),
        ("X-Acme-Secret", CANARY, "<redacted>"),
        (
            "Referer",
            f"http://u:{CANARY}@host/?token={CANARY}&page=2",
            "http://<redacted>@host/?token=<redacted>&page=2",
        ),
        ("Idempotency-Key", "order-17", "order-17"),
        ("Content-Type", "application/json; charset=utf-8", "application/json; charset=utf-8"),
        ("X-Request-Id", "6a7b8c9d", "6a7b8c9d"),
        ("Authorization", "Bearer made-up-by-us", "Bearer made-up-by-us"),
        (
            "Authorization",
            f"Basic {basic('anybody:made-up-by-us')}",
            f"Basic {basic('anybody:made-up-by-us')}",
        ),
    ],
)
def test_a_header_loses_its_credential_and_nothing_else(name: str, value: str, shown: str) -> None:
    assert VEIL.headers([("Host", "localhost"), (name, value)]) == (("Host", "localhost"), (name, shown))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://user:{CANARY}@shop.example/hook", "https://<redacted>@shop.example/hook"),
        (f"https://{CANARY}@shop.example", "https://<redacted>@shop.example"),
        (f"/hook?a=1&api_key={CANARY}&b=2", "/hook?a=1&api_key=<redacted>&b=2"),
        (f"http://h/?%74oken={CANARY}", "http://h/?%74oken=<redacted>"),
        (f"http://h/?key={CANARY}#access_token={CANARY}", "http://h/?key=<redacted>#access_token=<redacted>"),
        ("http://h/?token=made-up-by-us", "http://h/?token=made-up-by-us"),
        ("http://h/p@th?mail=ann@example.org", "http://h/p@th?mail=ann@example.org"),
        ("http://h?mail=ann@example.org", "http://h?mail=ann@example.org"),
    ],
)
def test_a_url_loses_its_user_and_the_telling_values_of_its_query(url: str, shown: str) -> None:
    assert VEIL.url(url) == shown


def test_a_value_keeps_its_order_and_all_that_is_no_credential() -> None:
    value = {
        "request": {"application": "APP", "auth": CANARY},
        "password": 1234,
        "tokens": [CANARY, None, {"x": CANARY}],
        "token": None,
        "has_token": True,
        "key": "eventTypeKey",
        "params": [{"name": "password", "value": CANARY}, {"name": "email", "value": "ann@example.org"}],
        "jsonParam": json.dumps({"client_secret": CANARY, "n": 1}),
        "problem": {"pointer": "/request/auth", "got": repr(CANARY)},
        "link": f"https://shop.example/?token={CANARY}&page=2",
        "note": f"Authorization was Bearer {CANARY} and eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig",
        "numbers": [1, 2.5, 18446744073709551615],
    }
    shown = VEIL.value(value)
    assert CANARY not in json.dumps(shown)
    assert list(shown) == list(value)
    assert shown["request"] == {"application": "APP", "auth": PLACEHOLDER}
    assert shown["password"] == PLACEHOLDER
    assert shown["tokens"] == [PLACEHOLDER, None, {"x": PLACEHOLDER}]
    assert (shown["token"], shown["has_token"], shown["key"]) == (None, True, "eventTypeKey")
    assert shown["params"][1] == {"name": "email", "value": "ann@example.org"}
    assert json.loads(shown["jsonParam"]) == {"client_secret": PLACEHOLDER, "n": 1}
    assert shown["link"] == "https://shop.example/?token=<redacted>&page=2"
    assert shown["note"] == "Authorization was Bearer <redacted> and <redacted>"
    assert shown["numbers"] == value["numbers"]


MULTIPART = (
    f'--B\r\nContent-Disposition: form-data; name="client_secret"\r\n\r\n{CANARY}\r\n'
    '--B\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\nclient_credentials\r\n--B--\r\n'
)


@pytest.mark.parametrize(
    ("body", "kind", "shown"),
    [
        (f'{{"client_secret": "{CANARY}", "n": 1}}', "application/json", '{"client_secret":"<redacted>","n":1}'),
        (f'{{"client_secret": "{CANARY}"}}', "", '{"client_secret":"<redacted>"}'),
        (f'{{"\\u0074oken": "{CANARY}"}}', "application/json", '{"token":"<redacted>"}'),
        (f'{{"client_secret": "{CANARY}", broken', "application/json", '{"client_secret": "<redacted>", broken'),
        (f"a=1&client_secret={CANARY}&b=%20", "application/x-www-form-urlencoded", "a=1&client_secret=<redacted>&b=%20"),
        (f"client%5Fs%65cret={CANARY}", "application/x-www-form-urlencoded", "client%5Fs%65cret=<redacted>"),
        (MULTIPART, "multipart/form-data; boundary=B", MULTIPART.replace(CANARY, PLACEHOLDER)),
        (f"token: {CANARY}\n", "text/plain", "token: <redacted>\n"),
        (f"https://u:{CANARY}@h/", "text/plain", "https://<redacted>@h/"),
    ],
)  # fmt: skip
def test_a_body_of_any_form_loses_its_credentials(body: str, kind: str, shown: str) -> None:
    assert VEIL.body(body.encode(), kind) == shown.encode()


@pytest.mark.parametrize("provider", registry.SHIPPED)
def test_what_the_vendors_print_for_receivers_comes_back_byte_for_byte(provider: str) -> None:
    profile = catalog.profile(provider)
    for name, sample in profile.samples.items():
        if name.partition(".")[0] in profile.feeds:
            assert VEIL.body(sample.body, "application/json") is sample.body


def test_bytes_that_are_no_text_stay_as_they_are() -> None:
    data = b"\x00\xff token \x80"
    assert VEIL.body(data, "application/octet-stream") == data


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"Authorization: Bearer {CANARY}", "Authorization: Bearer <redacted>"),
        (f"curl -H 'authorization: Token {CANARY}' http://h", "curl -H 'authorization: Token <redacted>' http://h"),
        (f"answered bearer {CANARY}", "answered bearer <redacted>"),
        (f"password={CANARY} tried twice", "password=<redacted> tried twice"),
        (f"{{'token': '{CANARY}', 'n': 1}}", "{'token': '<redacted>', 'n': 1}"),
        (f'"{{\\"token\\": \\"{CANARY}\\"}}"', '"{\\"token\\": \\"<redacted>\\"}"'),
        (f"('x-api-key', '{CANARY}')", "('x-api-key', '<redacted>')"),
        (f"key={CANARY}", "key=<redacted>"),
        (f"to https://u:{CANARY}@h/hook", "to https://<redacted>@h/hook"),
        (f"Cookie: a={CANARY}; b=2", "Cookie: <redacted>"),
        ("token expired; basic authentication expected", "token expired; basic authentication expected"),
        ("known: 'auth', 'application'", "known: 'auth', 'application'"),
        ("00:01:00 POST /smtp/emails 200 password=made-up-by-us", "00:01:00 POST /smtp/emails 200 password=made-up-by-us"),
    ],
)  # fmt: skip
def test_a_line_of_a_log_loses_its_credentials(line: str, shown: str) -> None:
    assert VEIL.text(line) == shown


def test_a_known_secret_is_hidden_wherever_it_stands() -> None:
    veil = Veil(secrets=[CANARY])
    assert veil.text(f"no name before {CANARY}") == "no name before <redacted>"
    assert veil.body(f'{{"note":"{CANARY}"}}'.encode(), "application/json") == b'{"note":"<redacted>"}'
    assert veil.value({CANARY: 1}) == {PLACEHOLDER: 1}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=12,
)
TELLING = st.sampled_from(["client_secret", "auth", "Password", "x-api-key", "accessToken", "userpass"])


@given(JSON, TELLING)
def test_no_neighbour_lets_a_credential_through_and_none_twice_veiled_changes(around: Any, name: str) -> None:
    value = {"around": around, "list": [{name: CANARY, "more": around}]}
    for shown in (
        json.dumps(VEIL.value(value)),
        VEIL.body(json.dumps(value).encode(), "application/json").decode(),
        VEIL.text(json.dumps({name: CANARY})),
    ):
        assert CANARY not in shown
    veiled = VEIL.value(value)
    assert VEIL.value(veiled) == veiled


@given(st.text())
def test_any_text_can_be_veiled(text: str) -> None:
    VEIL.text(text)
    VEIL.url(text)
    VEIL.body(text.encode("utf-8", "replace"), "text/plain")


def test_depth_and_length_are_no_way_out() -> None:
    deep: Any = {"token": CANARY}
    for _ in range(300):
        deep = [deep]
    assert CANARY not in json.dumps(VEIL.value(deep))
    assert CANARY not in VEIL.body(json.dumps(deep).encode(), "application/json").decode()
    hidden: Any = CANARY
    for _ in range(300):
        hidden = [hidden]
    assert CANARY not in json.dumps(VEIL.value({"token": hidden}))
    # Quadratic patterns would not come to an end here.
    for text in (
        "a" * 200_000,
        "a." * 100_000,
        "://" * 60_000,
        "a=" * 100_000,
        "eyJ" * 60_000,
        " " * 200_000,
    ):
        assert CANARY not in VEIL.text(f"{text} token={CANARY}")


RULES_OF_OURS = [
    "expected the header Authorization: Bearer TOKEN, with the token of the ready line",
    "401 the request: expected the header Authorization: Basic, any user name and ESPUTNIK_API_KEY as the password, got nothing",
    "the header Authorization: Bearer, with a token of POST /oauth/access_token or the API key",
    "the header Authorization: Bearer HELLOTEXT_TOKEN, got no Authorization header",
    "the header Authorization: Token PUSHWOOSH_TOKEN; /request: expected an object, got nothing",
    "auth: expected array or null",
    "token: required, and not there",
    "url: credentials do not belong in a URL; use auth=('login', 'password')",
    "auth: expected text, got 'made-up-by-us'",
]


@pytest.mark.parametrize("rule", RULES_OF_OURS)
def test_what_our_own_messages_expect_stays_readable(rule: str) -> None:
    assert VEIL.text(rule) == rule


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"auth: expected array or null, got '{CANARY}'", "auth: expected array or null, got <redacted>"),
        (f"auth: expected array, got ['ann', '{CANARY}']", "auth: expected array, got <redacted>"),
        (f"token: expected text, got '{CANARY}…", "token: expected text, got <redacted>"),
        (
            f"/request/auth: expected PUSHWOOSH_TOKEN, got '{CANARY}', another token",
            "/request/auth: expected PUSHWOOSH_TOKEN, got <redacted>, another token",
        ),
        (f"Authorization: Bearer {CANARY}, with blanks", "Authorization: Bearer <redacted>"),
        (f"Authorization: Bearer, {CANARY}", "Authorization: <redacted>"),
        ("Authorization: Bearer a_lower_token, with", "Authorization: Bearer <redacted>"),
        (f"expected Authorization: Basic {CANARY}", "expected Authorization: Basic <redacted>"),
    ],
)
def test_what_was_given_in_place_of_it_does_not(line: str, shown: str) -> None:
    assert VEIL.text(line) == shown
