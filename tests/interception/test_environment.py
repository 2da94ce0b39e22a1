"""What programs are given, the files they need for it, and the authority that these speak of."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme

from emulators.errors import EmulatorError
from emulators.interception import server_context
from emulators.interception.authority import MOST_LEAVES, Authority
from tests.cli.running import environment
from tests.interception.support import SENDPULSE, Intercepting, interception


def certificates(path: str | Path) -> list[bytes]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(path)
    return context.get_ca_certs(binary_form=True)


def test_the_key_of_the_authority_is_in_no_file_and_its_folder_is_removed() -> None:
    with interception({}) as intercepted:
        intercepted.environment()
        folder = intercepted.session.folder
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert {path.name for path in files} == {"ca.pem", "bundle.pem", "extra.pem", "interception.ini"}
        assert not [path for path in files if "PRIVATE KEY" in path.read_text("utf-8")]
        assert oct(folder.stat().st_mode)[-3:] == "700"
    assert not folder.exists()


def test_bundles_that_replace_what_is_trusted_hold_the_usual_and_the_users_own(tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    trustme.CA().cert_pem.write_to_path(str(own))
    with interception({}) as intercepted:
        ours = certificates(intercepted.session.folder / "ca.pem")
        given = intercepted.session.environment(
            dict.fromkeys(["CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"], str(own))
        )
        bundle = certificates(given["SSL_CERT_FILE"])
        assert given["SSL_CERT_FILE"] == given["REQUESTS_CA_BUNDLE"] == given["CURL_CA_BUNDLE"]
        assert set(ours + certificates(own)) < set(bundle)
        usual = ssl.create_default_context().get_ca_certs(binary_form=True)
        assert set(usual) <= set(bundle)
        assert set(certificates(given["NODE_EXTRA_CA_CERTS"])) == {*ours, *certificates(own)}


def test_what_the_user_has_stands_beside_ours_but_for_no_proxy() -> None:
    with interception({}) as intercepted:
        given = intercepted.environment(
            NODE_OPTIONS="--title=mine", PHP_INI_SCAN_DIR="/mine", NO_PROXY="*", no_proxy="*", OTHER="kept"
        )
        url = intercepted.session.url
    assert given["NODE_OPTIONS"].startswith('--title=mine --require "')
    assert given["PHP_INI_SCAN_DIR"].startswith(f"/mine{os.pathsep}")
    assert given["NO_PROXY"] == given["no_proxy"] == "localhost,127.0.0.1,::1"
    assert {given[name] for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")} == {url}
    assert given["OTHER"] == "kept"


def shakes_hands(server: ssl.SSLContext, trusted: Path, name: str) -> Any:
    """The certificate that a client sees who asks for `name`, all in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context(cafile=str(trusted))
    client.set_alpn_protocols(["h2", "http/1.1"])
    asking = client.wrap_bio(to_client, to_server, server_hostname=name)
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (asking, answering, asking, answering):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert asking.selected_alpn_protocol() == "http/1.1"
    return asking.getpeercert()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", SENDPULSE, "a.api.pushwoosh.com"])
def test_a_server_is_known_by_all_its_names(name: str, tmp_path: Path) -> None:
    context, ca = server_context(tmp_path, [SENDPULSE, "*.api.pushwoosh.com", "localhost"])
    assert list(tmp_path.iterdir()) == [ca]
    assert "PRIVATE KEY" not in ca.read_text("ascii")
    assert shakes_hands(context, ca, name)


def test_a_server_is_not_known_by_other_names(tmp_path: Path) -> None:
    context, ca = server_context(tmp_path, [SENDPULSE])
    with pytest.raises(ssl.SSLCertVerificationError):
        shakes_hands(context, ca, "esputnik.com")


def test_a_certificate_is_made_once_for_each_host_and_not_kept_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority = Authority()
    assert authority.context(SENDPULSE) is authority.context(SENDPULSE)
    monkeypatch.setattr(Authority, "context_for", lambda self, names: list(names))
    first = authority.context("0.example")
    for number in range(1, MOST_LEAVES + 1):
        authority.context(f"{number}.example")
    assert authority.context("0.example") is not first


def test_without_trustme_a_command_to_install_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with (
        pytest.raises(EmulatorError, match=r"pip install 'provider-emulators\[intercept\]'"),
        interception({}),
    ):
        pass


def test_trustme_is_loaded_only_where_it_is_needed() -> None:
    code = "import sys, emulators.interception; sys.exit('trustme' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=environment(), timeout=60).returncode == 0


def test_the_fixture_leads_where_it_says(intercepted: Intercepting) -> None:
    with intercepted.secure(SENDPULSE) as client:
        assert ("DNS", SENDPULSE) in client.getpeercert()["subjectAltName"]
