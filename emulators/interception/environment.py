"""The environment in which programs go through the proxy and trust its authority, unchanged themselves."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path

PRELOAD = Path(__file__).with_name("preload.cjs")
LOOPBACK = "localhost,127.0.0.1,::1"
# Each names a file with all the certificates that are trusted: ours must stand beside the usual ones, for the
# hosts that are let through.
REPLACING = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# Where systems keep them, for a Python that was built elsewhere.
USUAL = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def variables(base: Mapping[str, str], proxy: str, folder: Path) -> dict[str, str]:
    """`base` with what leads programs to `proxy`; files that they need are written to `folder`.

    NO_PROXY is replaced: what it spared would reach hosts that nobody has let through. The user's own
    certificates, NODE_OPTIONS and PHP_INI_SCAN_DIR are kept beside ours.
    """
    ours = (folder / "ca.pem").read_text("ascii")
    bundle, extra, php = folder / "bundle.pem", folder / "extra.pem", folder / "php"
    bundle.write_text(_joined([ours, usual_certificates(), *_files(base, REPLACING)]), "utf-8")
    # The only one that adds to what is trusted anyway.
    extra.write_text(_joined([ours, *_files(base, ["NODE_EXTRA_CA_CERTS"])]), "utf-8")
    php.mkdir(exist_ok=True)
    # PHP heeds neither SSL_CERT_FILE in cURL nor any other variable.
    (php / "interception.ini").write_text(f'curl.cainfo="{bundle}"\nopenssl.cafile="{bundle}"\n', "utf-8")
    preload = str(PRELOAD).replace("\\", "\\\\").replace('"', '\\"')
    return {
        **base,
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), proxy),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), LOOPBACK),
        **dict.fromkeys(REPLACING, str(bundle)),
        "NODE_EXTRA_CA_CERTS": str(extra),
        "NODE_OPTIONS": f'{base.get("NODE_OPTIONS", "")} --require "{preload}"'.strip(),
        "EMULATORS_INTERCEPT": proxy,
        # An empty place in this list stands for the folder that PHP was built with.
        "PHP_INI_SCAN_DIR": f"{base.get('PHP_INI_SCAN_DIR', '')}{os.pathsep}{php}",
    }


def usual_certificates() -> str:
    """The certificates that this machine trusts, as PEM; empty where none are found."""
    for name in (ssl.get_default_verify_paths().cafile, *USUAL):
        if name and Path(name).is_file():
            return Path(name).read_text("utf-8")
    # Windows keeps them in no file.
    found = ssl.create_default_context().get_ca_certs(binary_form=True)
    return _joined(map(ssl.DER_cert_to_PEM_cert, found))


def _files(base: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """What the files hold that these variables name; they may name folders, or files that are not there."""
    paths = dict.fromkeys(Path(base[name]) for name in names if base.get(name))
    return [path.read_text("utf-8") for path in paths if path.is_file()]


def _joined(texts: Iterable[str]) -> str:
    """One after the other, each once."""
    return "".join(text if text.endswith("\n") else text + "\n" for text in dict.fromkeys(texts) if text)
