"""POST /oauth/access_token: a token for an hour. There is nothing to refresh one with; whoever needs another asks again."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from random import Random

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply, json_reply

FAILED = "Client authentication failed"


def token(account: Account, call: Call) -> Reply:
    """A new token; those that were issued before stay valid until they expire."""
    for name in ("client_id", "client_secret"):
        if call.data[name] != account.credentials[name]:
            got = f"{call.data[name][:40]!r}" if name == "client_id" else "another one"
            problem = Problem(f"/{name}", f"the {name} of this emulator", got)
            # Clients decide by these very words whether they ask again without end.
            return _error(401, "invalid_client", FAILED, problem)
    issued, lifetime = int(account.now.timestamp()), account.facts["token_lifetime"].value
    random = account.random("token")
    text = (
        f"{random.getrandbits(160):040x}"
        if account.options["oauth.token_form"] == "opaque"
        else _jwt(random, account.credentials["client_id"], issued, lifetime)
    )
    account.table("tokens").put(text, {"expires": issued + lifetime})
    return json_reply(200, {"token_type": "Bearer", "expires_in": lifetime, "access_token": text})


def refuse(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply:
    """A request that no client can be told from: the words are those of the vendor's framework."""
    if isinstance(call.data, dict) and any(p.pointer == "/grant_type" for p in problems):
        text = "The authorization grant type is not supported by the authorization server."
        return _error(account.options["oauth.bad_grant_type"], "unsupported_grant_type", text)
    text = "The request is missing a required parameter, includes an invalid parameter value, or is otherwise malformed."
    return _error(account.options["oauth.missing_fields"], "invalid_request", text)


def _error(status: int, kind: str, text: str, *problems: Problem) -> Reply:
    return json_reply(status, {"error": kind, "error_description": text, "message": text}, *problems)


def _jwt(random: Random, client: str, issued: int, lifetime: int) -> str:
    """Looks like the vendor's tokens and is signed by nobody: apps have no key to check it with."""
    jti = f"{random.getrandbits(320):080x}"
    head = {"typ": "JWT", "alg": "RS256", "jti": jti}
    claims = {"aud": client, "jti": jti, "iat": issued, "nbf": issued, "exp": issued + lifetime, "sub": ""}
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (head, {**claims, "scopes": []})]
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in (*parts, random.randbytes(256)))
