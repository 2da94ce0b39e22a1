"""A forward proxy that leads the vendors' hosts to their emulators, and to nobody else unless told to."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from emulators.engine.listening import listen
from emulators.interception.authority import Authority
from emulators.interception.ends import End, Plain, Tls, splice
from emulators.interception.heads import BadHead, Head, read_head
from emulators.interception.hosts import Refused, Rules, Vendor

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[str, int], Awaitable[Streams]]

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
# The first byte of a TLS record that opens a handshake.
HANDSHAKE = b"\x16"
MOST_TOLD = 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """`head` in bytes; `seconds` for a head, for a handshake and to reach a host; `connections` at one time."""

    head: int = 32 * 1024
    seconds: float = 10.0
    connections: int = 512


class _Answered(Exception):
    """A request is answered by the proxy itself."""

    def __init__(self, status: str, text: str) -> None:
        super().__init__(text)
        self.status = status


class Proxy:
    """Listens on 127.0.0.1 from `start` to `stop`. `tell` hears of refusals, each once, and of TLS that fails."""

    def __init__(
        self,
        rules: Rules,
        authority: Authority,
        tell: Callable[[str], None],
        dial: Dial,
        limits: Limits,
    ) -> None:
        self._rules = rules
        self._authority = authority
        self._tell = tell
        self._dial = dial
        self._limits = limits
        self._told: set[str] = set()
        self._serving: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._stopped = False

    async def start(self) -> None:
        """Begins to answer."""
        listening = listen("127.0.0.1", 0)
        self.url = "http://127.0.0.1:{1}".format(*listening.getsockname())
        self._server = await asyncio.start_server(self._accept, sock=listening, limit=self._limits.head)

    async def stop(self) -> None:
        """Ends at once, whatever is still under way."""
        self._stopped = True
        self._server.close()
        serving = dict(self._serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        closing = (writer.wait_closed() for writer in serving.values())
        await asyncio.gather(*closing, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._stopped:
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(Plain(reader, writer)))
        self._serving[task] = writer
        task.add_done_callback(self._served)

    def _served(self, task: asyncio.Task[None]) -> None:
        # A task that was cancelled before it began has closed nothing.
        self._serving.pop(task).transport.abort()
        if not task.cancelled() and (error := task.exception()) is not None:
            context = {"message": "interception failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    async def _serve(self, client: Plain) -> None:
        try:
            if len(self._serving) > self._limits.connections:
                raise _Answered("503 Service Unavailable", "too many connections to this proxy")
            head = await self._head(client)
            if head is not None:
                await self._lead(client, head)
        except _Answered as answer:
            body = f"{answer}\n".encode()
            told = (
                f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\nConnection: close"
            )
            client.writer.write(f"HTTP/1.1 {answer.status}\r\n{told}\r\n\r\n".encode() + body)
        except ssl.SSLError:
            # The client has been sent an alert, or has sent one.
            pass
        except OSError:
            # One side tore the connection down, so the other sees it torn down.
            client.reset()
        await client.close()

    async def _head(self, client: Plain) -> Head | None:
        """What is asked for; None: the client left without a word."""
        try:
            async with asyncio.timeout(self._limits.seconds):
                return read_head(await client.reader.readuntil(b"\r\n\r\n"))
        except asyncio.IncompleteReadError as broken:
            if not broken.partial:
                return None
            raise _Answered("400 Bad Request", "the head of the request broke off") from None
        except asyncio.LimitOverrunError:
            limit = self._limits.head
            raise _Answered("431 Request Header Fields Too Large", f"a head may have {limit} bytes") from None
        except TimeoutError:
            raise _Answered("408 Request Timeout", "the head of the request took too long") from None
        except BadHead as error:
            raise _Answered("400 Bad Request", str(error)) from None

    async def _lead(self, client: Plain, head: Head) -> None:
        verdict = self._rules.judge(head.host, head.port)
        if isinstance(verdict, Refused):
            self._tell_once(verdict.reason)
            raise _Answered("403 Forbidden", verdict.reason)
        if head.encrypted and not isinstance(verdict, Vendor):
            raise _Answered(
                "400 Bad Request",
                f"{head.host} is not answered for here: ask for a tunnel to it (CONNECT), not for an https URL",
            )
        host = await self._reach(
            *(verdict.address if isinstance(verdict, Vendor) else (head.host, head.port))
        )
        try:
            near: End = client
            if head.onward:
                await host.write(head.onward)
            else:
                await client.write(ESTABLISHED)
                if isinstance(verdict, Vendor):
                    near = await self._decrypted(client, head.host)
            await splice(near, host)
        except ssl.SSLError as error:
            # What a client says that knows nothing of this authority; it has no other way to say it.
            if "ALERT" in (error.reason or ""):
                self._tell_once(f"{head.host}: the client refused our certificate: {error.reason}")
            host.reset()
            raise
        except (OSError, asyncio.CancelledError):
            host.reset()
            raise
        finally:
            await host.close()

    async def _reach(self, host: str, port: int) -> Plain:
        try:
            async with asyncio.timeout(self._limits.seconds):
                return Plain(*await self._dial(host, port))
        except TimeoutError:
            raise _Answered("504 Gateway Timeout", f"{host}:{port} did not answer in time") from None
        except OSError as error:
            raise _Answered("502 Bad Gateway", f"{host}:{port} cannot be reached: {error}") from None

    async def _decrypted(self, client: Plain, host: str) -> End:
        """The client's end of a tunnel to a vendor, where most but not all speak TLS."""
        async with asyncio.timeout(self._limits.seconds):
            first = await client.read()
            if not first.startswith(HANDSHAKE):
                client.unread(first)
                return client
            tls = Tls(client, self._authority.context(host), first)
            await tls.handshake()
            return tls

    def _tell_once(self, text: str) -> None:
        if text not in self._told and len(self._told) < MOST_TOLD:
            self._told.add(text)
            self._tell(text)
