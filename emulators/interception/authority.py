"""A certificate authority that lives and dies with this process: its key is in memory and nowhere else.

Certificates for single hosts have keys of their own. Python's ssl reads keys from files alone, so each of these is in a
temporary file (mode 0600) while it is loaded.
"""

from __future__ import annotations

import ssl
from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from emulators.errors import NotInstalled

if TYPE_CHECKING:
    import trustme

# A wildcard of a vendor stands for names without end.
MOST_LEAVES = 256


class Authority:
    """Signs for any host. Raises `NotInstalled` where trustme is not installed."""

    def __init__(self) -> None:
        self._ca = _new_ca()
        self._leaves: OrderedDict[str, ssl.SSLContext] = OrderedDict()

    @property
    def certificate(self) -> str:
        """The certificate that clients must trust, as PEM."""
        return self._ca.cert_pem.bytes().decode("ascii")

    def context(self, host: str) -> ssl.SSLContext:
        """What a server needs to speak TLS as `host`; made once."""
        if host not in self._leaves:
            self._leaves[host] = self.context_for([host])
            if len(self._leaves) > MOST_LEAVES:
                self._leaves.popitem(last=False)
        self._leaves.move_to_end(host)
        return self._leaves[host]

    def context_for(self, names: Collection[str]) -> ssl.SSLContext:
        """The same with one certificate for several names, which may begin with `*.`, and addresses."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # The emulators speak nothing newer.
        context.set_alpn_protocols(["http/1.1"])
        self._ca.issue_cert(*names).configure_cert(context)
        return context


def server_context(folder: Path, names: Collection[str]) -> tuple[ssl.SSLContext, Path]:
    """TLS for a server that is asked for as localhost, 127.0.0.1, ::1 or by one of `names`.

    The certificate that clients must trust is written to `ca.pem` in `folder`, which must exist; that is the
    second value. Raises `NotInstalled` where trustme is not installed.
    """
    authority = Authority()
    path = folder / "ca.pem"
    path.write_text(authority.certificate, "ascii")
    own = ("localhost", "127.0.0.1", "::1")
    return authority.context_for([*own, *(name for name in names if name not in own)]), path


def _new_ca() -> trustme.CA:
    try:
        import trustme
    except ImportError:
        raise NotInstalled(
            "certificates are made by trustme, which is not installed: pip install 'provider-emulators[intercept]'"
        ) from None
    return trustme.CA(organization_name="provider-emulators, for this run alone")
