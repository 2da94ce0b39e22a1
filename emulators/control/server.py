"""The control API on a port of its own: from a request to an operation and back, and nothing else."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Collection
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from emulators.control import stream, wire
from emulators.control.guard import form_refusal, refusal
from emulators.control.operations import Asked, Operation, Plane
from emulators.control.table import OPERATIONS
from emulators.control.tenants import HEADER, Tenant
from emulators.engine import codec
from emulators.engine.doorway import Doorway
from emulators.errors import (
    ClockBusy,
    EmulatorError,
    NobodyListens,
    StateRefused,
    StillOwed,
    UnknownName,
    VerificationFailed,
)

STREAM = ("v1", "journal", "stream")
OPENAPI = ("v1", "openapi.json")


class Control:
    """Answers behind a doorway. `hosts`: the names under which it may be asked."""

    def __init__(
        self,
        doorway: Doorway,
        port: int,
        plane: Plane,
        token: str,
        hosts: Collection[str],
    ) -> None:
        self._plane = plane
        self._token = token
        self._hosts = frozenset(host.lower() for host in hosts)
        self._port = port
        self._ending = asyncio.Event()
        self._url = doorway.url
        doorway.respond = self._respond

    async def stop(self) -> None:
        """Ends what would go on for ever."""
        self._ending.set()

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        segments = tuple(unquote(part) for part in request.rel_url.raw_path.strip("/").split("/"))
        headers = {name.lower(): value for name, value in request.headers.items()}
        operation, params = _find(request.method, segments)
        open_to_all = operation is not None and not operation.secret
        refused = refusal(headers, self._hosts, self._port, None if open_to_all else self._token)
        if operation is not None:
            refused = refused or form_refusal(request.method, headers)
        if refused:
            return self._error(refused.status, "Refused", refused.reason)
        try:
            tenant = self._tenant(headers)
            if request.method == "GET" and segments == OPENAPI:
                from emulators.control.openapi import document

                return _json(200, document(self._url))
            if request.method == "GET" and segments == STREAM:
                return await stream.send(request, tenant, self._plane.veil, self._ending)
            if operation is None:
                return self._unknown_path(request.method, segments)
            asked = await self._asked(request, operation, params, tenant)
            try:
                value = await operation.do(asked)
            finally:
                # Whatever is answered, also that something is still owed, what led to it is stored first.
                if tenant.world.stored:
                    await tenant.world.stored()
            return _json(operation.status, value)
        except EmulatorError as error:
            return _json(_status(error), wire.error(error, self._plane.veil))
        except Exception as error:  # noqa: BLE001 - told, not swallowed
            self._plane.tenants.default.world.complain(f"the control API broke:\n{traceback.format_exc()}")
            return self._error(500, "Ours", f"{type(error).__name__}: {error}")

    def _error(self, status: int, kind: str, message: str, *allowed: str) -> web.Response:
        told = {"error": {"type": kind, "message": self._plane.veil.text(message)}}
        return _json(status, told, {"Allow": ", ".join(allowed)} if allowed else None)

    def _unknown_path(self, method: str, segments: tuple[str, ...]) -> web.Response:
        methods = sorted({o.method for o in OPERATIONS if o.match(o.method, segments) is not None})
        if segments in (STREAM, OPENAPI):
            methods = ["GET"]
        path = "/" + "/".join(segments)
        if methods:
            told = f"{path} takes {', '.join(methods)}, not {method}"
            return self._error(405, "UnknownName", told, *methods)
        told = f"there is no {path} here; GET /v1/openapi.json lists what there is"
        return self._error(404, "UnknownName", told)

    def _tenant(self, headers: dict[str, str]) -> Tenant:
        named = headers.get(HEADER)
        return self._plane.tenants.find(named) if named else self._plane.tenants.default

    async def _asked(
        self, request: web.BaseRequest, operation: Operation, params: Any, tenant: Tenant
    ) -> Asked:
        given: Any = {}
        if body := await request.read():
            try:
                given = codec.decode(body)
            except ValueError as error:
                raise NotJson(f"the body: expected JSON: {error}") from None
        if "provider" in params:
            tenant.cast.check(params["provider"])
        if tenant.world.stored:
            # What is read from the archive must be there.
            await tenant.world.stored()
        return Asked(
            self._plane,
            tenant,
            params,
            operation.checked(given),
            operation.asked(list(request.rel_url.query.items())),
        )


class NotJson(EmulatorError):
    """A body that cannot be read."""


def _find(method: str, segments: tuple[str, ...]) -> tuple[Operation | None, Any]:
    for operation in OPERATIONS:
        params = operation.match(method, segments)
        if params is not None:
            return operation, params
    return None, {}


def _status(error: EmulatorError) -> int:
    """404: no such thing; 409: not now, or not with this receiver; 503: cannot be stored; 400: anything else."""
    if isinstance(error, UnknownName):
        return 404
    if isinstance(error, ClockBusy | NobodyListens | StillOwed | VerificationFailed):
        return 409
    return 503 if isinstance(error, StateRefused) else 400


def _json(status: int, value: Any, headers: dict[str, str] | None = None) -> web.Response:
    told = {
        "Content-Type": "application/json",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    if status == 401:
        told["WWW-Authenticate"] = "Bearer"
    return web.Response(status=status, body=codec.encode(value) + b"\n", headers=told | (headers or {}))
