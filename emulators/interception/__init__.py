"""For clients whose host is hard-wired: a forward proxy that answers for the vendors' hosts.

`intercepting` starts it, with a certificate authority that lives as long as it does; what it yields knows the
environment in which unmodified programs go through it. `server_context` gives TLS to those who listen themselves. Both
need trustme, the extra `intercept`.
"""

from emulators.interception.authority import server_context
from emulators.interception.hosts import vendor_hosts
from emulators.interception.session import Interception, intercepting

__all__ = ["Interception", "intercepting", "server_context", "vendor_hosts"]
