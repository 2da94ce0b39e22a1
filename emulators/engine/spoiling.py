"""What faults do to an answer on its way to the app."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys

from aiohttp import web
from multidict import CIMultiDict

from emulators.engine.call_faults import Delay, Hang, Reset, Truncate
from emulators.engine.faulting import Fault
from emulators.engine.provider import Reply


async def respond(request: web.BaseRequest, reply: Reply, fault: Fault | None) -> web.StreamResponse:
    """The answer as the app gets it."""
    if isinstance(fault, Delay | Hang):
        await asyncio.sleep(fault.seconds)
    if isinstance(fault, Reset | Hang):
        return _reset(request)
    headers = CIMultiDict(reply.headers)
    if isinstance(fault, Truncate):
        return await _broken_off(request, reply, headers)
    return web.Response(status=reply.status, body=reply.body, headers=headers)


def _reset(request: web.BaseRequest) -> web.StreamResponse:
    connection = request.get_extra_info("socket")
    if connection is not None and request.transport is not None:
        # Lingering for zero seconds turns the close into a reset.
        form = "hh" if sys.platform == "win32" else "ii"
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(form, 1, 0))
        request.transport.abort()
    return web.Response()


async def _broken_off(
    request: web.BaseRequest, reply: Reply, headers: CIMultiDict[str]
) -> web.StreamResponse:
    """Half of a body whose whole length was announced."""
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_length = max(1, len(reply.body))
    await response.prepare(request)
    await response.write(reply.body[: len(reply.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
