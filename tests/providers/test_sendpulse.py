"""SendPulse's SMTP webhooks, beside the page that documents them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulators import catalog
from emulators.errors import InvalidValue, UnknownName
from tests.support.receiver import Receiver, free_port_url

KINDS = ("delivered", "undelivered", "opened", "clicked", "unsubscribed", "spam_by_user")


@pytest.fixture
def app() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_has_the_fields_of_the_printed_one_in_their_order(kind, sendpulse, app) -> None:
    sendpulse.subscribe(app.url)
    event = sendpulse.emit(kind)
    [printed] = json.loads(catalog.samples("sendpulse")[f"smtp.{kind}"].body)
    assert list(event.payload) == list(printed)
    assert {name: type(value) for name, value in event.payload.items()} == {
        name: type(value) for name, value in printed.items()
    }


def test_the_timestamp_is_the_worlds_time_in_seconds(sendpulse, app) -> None:
    sendpulse.subscribe(app.url)
    sendpulse.advance("1h")
    assert sendpulse.emit("opened").payload["timestamp"] == int(sendpulse.now.timestamp())


def test_an_unsubscription_can_have_no_timestamp_as_on_the_page(sendpulse, app) -> None:
    sendpulse.subscribe(app.url)
    with pytest.raises(UnknownName, match="timestamp"):
        sendpulse.emit("unsubscribed", timestamp=1)


def test_codes_of_mail_servers_are_strings_and_numbers_are_refused(sendpulse, app) -> None:
    sendpulse.subscribe(app.url)
    with pytest.raises(InvalidValue) as refused:
        sendpulse.emit("undelivered", smtp_server_response_code=554)
    assert "/smtp_server_response_code: expected" in str(refused.value)
    assert "got 554" in str(refused.value)
    assert "SMTP WebHooks" in str(refused.value), "the source of the rule is named"


def test_a_field_that_does_not_exist_is_refused_with_the_nearest(sendpulse, app) -> None:
    sendpulse.subscribe(app.url)
    with pytest.raises(UnknownName, match="did you mean 'recipient'"):
        sendpulse.emit("opened", recipent="ann@example.com")


def test_a_kind_that_does_not_exist_is_refused_with_the_nearest(sendpulse, app) -> None:
    with pytest.raises(UnknownName, match="did you mean 'delivered'"):
        sendpulse.emit("deliverd")


def test_only_the_kinds_that_were_ticked_arrive(sendpulse, app) -> None:
    sendpulse.subscribe(app.url, ["opened", "smtp.clicked"])
    sendpulse.subscribe(app.url + "/rest", ["delivered"])
    for kind in ("opened", "delivered", "clicked"):
        sendpulse.emit(kind)
    sendpulse.advance("1m")
    arrived = {post.path: [event["event"] for event in post.json] for post in app.posts}
    assert arrived == {"/hook": ["opened", "clicked"], "/hook/rest": ["delivered"]}


@pytest.fixture
def php(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The vendor's own receiver script, as printed, served by PHP; what it decoded is counted in a file."""
    if shutil.which("php") is None:
        pytest.skip("php is not installed (Debian: php-cli)")
    printed = Path(__file__).parents[1] / "documents" / "sendpulse" / "receiver.php"
    store = tmp_path / "counted"
    script = tmp_path / "index.php"
    counting = (
        "<?php require getenv('PRINTED');\n"
        "file_put_contents(getenv('STORE'), count($data_array) . ' ' . $data_array[999]['event']);\n"
    )
    script.write_text(counting)
    url = free_port_url()
    environment = {**os.environ, "PRINTED": str(printed), "STORE": str(store)}
    command = ["php", "-d", "post_max_size=8M", "-S", url.split("/")[2], str(script)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as server:
        try:
            started = next(line for line in server.stderr if "started" in line or "Failed" in line)
            assert "started" in started
            yield url, store
        finally:
            server.terminate()
            server.stderr.close()


def test_the_printed_php_receiver_takes_a_batch_of_a_thousand(sendpulse, php) -> None:
    url, store = php
    sendpulse.subscribe(url)
    sendpulse.emit("opened", count=999)
    sendpulse.emit("spam_by_user")
    sendpulse.advance(0)
    [delivery] = sendpulse.deliveries()
    assert (delivery.status, len(delivery.events)) == (200, 1000)
    assert store.read_text() == "1000 spam_by_user"
