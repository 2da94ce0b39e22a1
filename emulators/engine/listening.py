"""A listening socket; kept apart from the server, so that a process can listen before it has loaded one."""

from __future__ import annotations

import socket

# How many connections may wait to be accepted.
BACKLOG = 256


def listen(host: str, port: int) -> socket.socket:
    """A bound socket: its port is known, and nobody else can take it, before anything is served."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except (OSError, OverflowError):
        listening.close()
        raise
    return listening
