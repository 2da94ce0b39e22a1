"""The control API on a port of its own: from a request to an operation and back, and nothing else."""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import Collection
from ssl import SSLContext
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from emulators.control import stream, wire
from emulators.control.guard import refusal
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
    """Answers on a listening socket. `hosts`: the names under which it may be asked."""

    def __init__(
        self,
        listening: socket.socket,
        plane: Plane,
        token: str,
        hosts: Collection[str],
        ssl: SSLContext | None = None,
    ) -> None:
        self._plane = plane
        self._token = token
        self._hosts = frozenset(hosts)
        self._port = listening.getsockname()[1]
        self._ending = asyncio.Event()
        self.doorway = Doorway(listening, self._respond, ssl=ssl)
        self.url = self.doorway.url

    async def start(self) -> None:
        """Begins to answer."""
        await self.doorway.start()

    async def stop(self) -> None:
        """Ends at once; streams end with it."""
        self._ending.set()
        await self.doorway.stop()

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        segments = tuple(unquote(part) for part in request.rel_url.raw_path.strip("/").split("/"))
        headers = {name.lower(): value for name, value in request.headers.items()}
        operation, params = _find(request.method, segments)
        open_to_all = operation is not None and not operation.secret
        refused = refusal(
            request.method, headers, self._hosts, self._port, None if open_to_all else self._token
        )
        if refused:
            return _json(refused.status, {"error": {"type": "Refused", "message": refused.reason}})
        try:
            tenant = self._tenant(headers)
            if request.method == "GET" and segments == OPENAPI:
                from emulators.control.openapi import document

                return _json(200, document(self.url))
            if request.method == "GET" and segments == STREAM:
                return await stream.send(request, tenant, self._plane.veil, self._ending)
            if operation is None:
                return _unknown_path(request.method, segments)
            asked = await self._asked(request, operation, params, tenant)
            value = await operation.do(asked)
            if tenant.world.stored:
                await tenant.world.stored()
            return _json(operation.status, value)
        except EmulatorError as error:
            told = wire.error(error)
            told["error"]["message"] = self._plane.veil.text(told["error"]["message"])
            return _json(_status(error), told)
        except Exception as error:  # noqa: BLE001 - told, not swallowed
            self._plane.tenants.default.world.complain(f"the control API broke:\n{traceback.format_exc()}")
            return _json(500, {"error": {"type": "Ours", "message": f"{type(error).__name__}: {error}"}})

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
            operation.asked(dict(request.rel_url.query)),
        )


class NotJson(EmulatorError):
    """A body that cannot be read."""


def _find(method: str, segments: tuple[str, ...]) -> tuple[Operation | None, Any]:
    for operation in OPERATIONS:
        params = operation.match(method, segments)
        if params is not None:
            return operation, params
    return None, {}


def _unknown_path(method: str, segments: tuple[str, ...]) -> web.Response:
    methods = sorted({o.method for o in OPERATIONS if o.match(o.method, segments) is not None})
    path = "/" + "/".join(segments)
    if methods:
        told = f"{path} takes {', '.join(methods)}, not {method}"
        return _json(405, {"error": {"type": "UnknownName", "message": told}}, {"Allow": ", ".join(methods)})
    told = f"there is no {path} here; GET /v1/openapi.json lists what there is"
    return _json(404, {"error": {"type": "UnknownName", "message": told}})


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
