"""Why a request got no answer, in words for people. The same cause has the same words in each run: reports are compared. Pure."""

from __future__ import annotations

import errno
import os
import socket
import ssl

import aiohttp
from yarl import URL

from emulators.errors import EgressRefused, InvalidValue

# X509_V_ERR_* of OpenSSL, which ssl tells as `verify_code`.
_EXPIRED, _NOT_YET, _SELF_SIGNED = 10, 9, 18
_UNKNOWN_AUTHORITY, _OTHER_NAME = (2, 19, 20, 21), (62, 64)
_PLAIN = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL")
# Which of these a broken connection shows as is a matter of moments.
_BROKEN = (errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ESHUTDOWN)
_NO_WAY = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL)


def why(error: Exception, url: str) -> str:
    """What became of a request to `url` that ended with this error instead of an answer."""
    cause = _cause(error)
    if isinstance(cause, EgressRefused | InvalidValue):
        return str(cause)
    if isinstance(cause, aiohttp.ServerDisconnectedError):
        return "the connection was closed before an answer"
    if isinstance(cause, aiohttp.ClientPayloadError):
        return "the answer broke off before its end"
    if isinstance(cause, aiohttp.ClientResponseError):
        return f"the answer is no HTTP: {_misread(cause.message)}"
    if isinstance(cause, OSError):
        return _failed(cause, URL(url))
    return f"the request cannot be sent: {cause}"


def _cause(error: Exception) -> Exception:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return error.certificate_error
    return error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error


def _misread(message: str) -> str:
    """The parser's own words: behind them come the receiver's bytes, drawn up in lines."""
    return message.strip().partition("\n")[0].partition(": b'")[0].partition(': b"')[0].rstrip(":")


def _failed(error: OSError, url: URL) -> str:
    host, place = url.host, f"{url.host}:{url.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return _distrusted(error, host, place)
    if isinstance(error, ssl.SSLError):
        if error.reason in _PLAIN:
            return f"{place} does not speak TLS: is its address http://{place}?"
        return f"TLS with {place} failed: {(error.reason or 'no reason given').lower().replace('_', ' ')}"
    if isinstance(error, socket.gaierror):
        if error.errno == socket.EAI_AGAIN:
            return f"the name {host} could not be looked up: the name server does not answer"
        return f"the name {host} is not known"
    if error.errno == errno.ECONNREFUSED:
        return f"connection refused: nobody listens at {place}"
    if error.errno in _BROKEN or isinstance(error, ConnectionError):
        return "the connection was reset"
    if error.errno in _NO_WAY or error.errno == errno.ETIMEDOUT:
        return f"{place} cannot be reached: {os.strerror(error.errno).lower()}"
    if error.errno is None:
        # Several addresses of one name, each of which failed in its own way.
        return f"{place} cannot be reached at any of its addresses"
    return f"the connection failed: {os.strerror(error.errno).lower()}"


def _distrusted(error: ssl.SSLCertVerificationError, host: str | None, place: str) -> str:
    code = error.verify_code
    if code == _EXPIRED:
        return f"the certificate of {place} has expired: renew it"
    if code == _NOT_YET:
        return f"the certificate of {place} is not valid yet: compare the clocks of both machines"
    if code == _SELF_SIGNED:
        return f"the certificate of {place} is self-signed: let SSL_CERT_FILE name a file that holds it, too"
    if code in _UNKNOWN_AUTHORITY:
        return (
            f"the certificate of {place} is signed by an authority that is unknown here: let SSL_CERT_FILE name a file that"
            " holds the authority's, too; or the receiver does not send the certificates between its own and a known one"
        )
    if code in _OTHER_NAME:
        return f"the certificate of {place} is made out to another name than {host}: use the name that stands in it"
    return f"the certificate of {place} is not trusted: {error.verify_message}"
