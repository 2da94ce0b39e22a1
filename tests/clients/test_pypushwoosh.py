"""pypushwoosh 0.3.1, the vendor's own library for Python.

Its address can be changed on the instance. It returns the JSON of any answer, whatever the status, and raises
for nothing but a body that is none.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from pypushwoosh import command, constants, notification
from pypushwoosh.client import PushwooshClient
from pypushwoosh.exceptions import PushwooshCommandException
from pypushwoosh.filter import ApplicationFilter, IntegerTagFilter

from emulators.faults import Reset, Truncate, VendorError
from tests.clients.proof import routes_proven_with

HWID = "8f65b16df378e7a6bece9614e1530fb2"
OK = {"status_code": 200, "status_message": "OK"}


@pytest.fixture
def client(pushwoosh) -> PushwooshClient:
    client = PushwooshClient()
    client.scheme, client.hostname = "http", urlsplit(pushwoosh.url).netloc
    return client


@pytest.fixture
def message(pushwoosh) -> Any:
    """Makes a createMessage of one notification."""

    def message(**fields: Any) -> command.CreateMessageForApplicationCommand:
        one = notification.Notification()
        one.content = "Hello world!"
        for name, value in fields.items():
            setattr(one, name, value)
        made = command.CreateMessageForApplicationCommand(one, pushwoosh.env["PUSHWOOSH_APPLICATION"])
        made.auth = pushwoosh.env["PUSHWOOSH_TOKEN"]
        return made

    return message


@pytest.fixture
def register(pushwoosh) -> command.RegisterDeviceCommand:
    application = pushwoosh.env["PUSHWOOSH_APPLICATION"]
    return command.RegisterDeviceCommand(
        application, HWID, constants.PLATFORM_ANDROID, "push-token", language="en", timezone=3600
    )


def sent(pushwoosh: Any, route: str) -> Any:
    """What the last call to a route had in its request."""
    return pushwoosh.calls(route)[-1].body["request"]


def refused(text: str) -> dict[str, Any]:
    return {"status_code": 210, "status_message": text, "response": None}


def test_a_message_in_two_languages_is_created(pushwoosh, client, message) -> None:
    answer = client.invoke(message(content={"en": "Hello", "de": "Hallo"}, data={"a": 1}, platforms=[11]))
    [code] = answer["response"]["Messages"]
    assert answer == {**OK, "response": {"Messages": [code]}}
    call = pushwoosh.assert_called("create-message")
    assert (call.headers["user-agent"], call.path) == ("PyPushwooshClient", "/json/1.3/createMessage")
    [one] = sent(pushwoosh, "create-message")["notifications"]
    assert (one["send_date"], one["content"]) == ("now", {"en": "Hello", "de": "Hallo"})


def test_a_link_comes_with_a_shortener_that_is_gone(pushwoosh, client, message) -> None:
    assert client.invoke(message(link="https://shop.example.com/"))["status_code"] == 200
    [one] = sent(pushwoosh, "create-message")["notifications"]
    assert one["minimize_link"] == constants.LINK_MINIMIZER_GOOGLE


def test_a_group_of_applications_takes_the_place_of_an_application(pushwoosh, client) -> None:
    one = notification.Notification()
    one.content = "Hello"
    made = command.CreateMessageForApplicationGroupCommand(one, "GROUP-CODE0")
    made.auth = pushwoosh.env["PUSHWOOSH_TOKEN"]
    assert client.invoke(made)["status_code"] == 200
    assert sent(pushwoosh, "create-message")["applications_group"] == "GROUP-CODE0"


def test_listed_devices_are_told_apart_from_unknown_ones(client, message, register) -> None:
    assert client.invoke(register) == {**OK, "response": None}
    nobody = client.invoke(message(devices=["nobody"]))["response"]
    assert nobody == {"Messages": ["CODE_NOT_AVAILABLE"], "UnknownDevices": {"": ["nobody"]}}
    somebody = client.invoke(message(devices=[HWID]))["response"]
    assert set(somebody) == {"Messages"}


def test_a_message_is_deleted_by_the_code_of_its_creation(pushwoosh, client, message) -> None:
    [code] = client.invoke(message())["response"]["Messages"]
    delete = command.DeleteMessageCommand(code)
    delete.auth = pushwoosh.env["PUSHWOOSH_TOKEN"]
    assert client.invoke(delete) == {**OK, "response": None}
    assert client.invoke(delete)["status_code"] == 210
    assert sent(pushwoosh, "delete-message")["message"] == code


def everything(pushwoosh: Any, message: Any, register: Any) -> list[command.BaseCommand]:
    """One command of every class that the library has, but for those of single messages."""
    application = pushwoosh.env["PUSHWOOSH_APPLICATION"]
    wanted = ApplicationFilter(application, [constants.PLATFORM_IOS])
    wanted = wanted.union(IntegerTagFilter("Level", "BETWEEN", [1, 5]))
    targeted, compiled = command.CreateTargetedMessageCommand(), command.CompileFilterCommand()
    targeted.content = "Hello"
    for one in (targeted, compiled):
        one.devices_filter, one.auth = wanted, pushwoosh.env["PUSHWOOSH_TOKEN"]
    return [
        register,
        message(),
        targeted,
        compiled,
        command.SetTagsCommand(application, HWID, {"Level": 3}),
        command.GetTagsCommand(application, HWID, auth=pushwoosh.env["PUSHWOOSH_TOKEN"]),
        command.SetBadgeCommand(application, HWID, 3),
        command.PushStatCommand(application, HWID, "1C"),
        command.GetNearestZoneCommand(application, HWID, 50.45, 30.52),
        command.UnregisterDeviceCommand(application, HWID),
    ]


def test_every_command_that_it_has_is_taken(pushwoosh, client, message, register) -> None:
    answers = [client.invoke(one) for one in everything(pushwoosh, message, register)]
    delete = command.DeleteMessageCommand(answers[1]["response"]["Messages"][0])
    delete.auth = pushwoosh.env["PUSHWOOSH_TOKEN"]
    answers.append(client.invoke(delete))
    assert all(answer["status_code"] == 200 for answer in answers)
    assert answers[2]["response"]["messageCode"]
    assert answers[3]["response"] == {"devices_count": 1}
    assert answers[5]["response"] == {"result": {"Level": 3}}
    assert sent(pushwoosh, "create-targeted-message")["devices_filter"].startswith("(A(")
    # It takes a token for getTags and does not send it.
    assert "auth" not in sent(pushwoosh, "get-tags")
    called = {call.route for call in pushwoosh.calls()}
    assert called == routes_proven_with("pypushwoosh 0.3.1", pushwoosh)


def test_a_wrong_token_is_an_account_that_is_not_found(pushwoosh, client, message) -> None:
    wrong = message()
    wrong.auth = "nonsense"
    assert client.invoke(wrong) == refused("Account not found")
    assert pushwoosh.calls()[0].status == 200
    assert pushwoosh.calls()[0].problems


def test_a_wrong_application_and_a_wrong_date_are_told_in_the_vendors_words(
    pushwoosh, client, message
) -> None:
    assert client.invoke(message(send_date="tomorrow")) == refused("Cannot parse date")
    one = command.SetTagsCommand("00000-00000", HWID, {})
    assert client.invoke(one) == refused("Application not found")
    assert not pushwoosh.account.tables.get("messages")


def test_without_a_token_it_does_not_call(pushwoosh, client, message) -> None:
    wrong = message()
    wrong.auth = None
    with pytest.raises(PushwooshCommandException, match="auth is required"):
        client.invoke(wrong)
    pushwoosh.assert_not_called()


@pytest.mark.emulator("pushwoosh", options={"auth.device_token": "required"})
def test_it_cannot_register_devices_where_the_device_token_is_required(client, register) -> None:
    assert client.invoke(register) == {
        "status_code": 401,
        "status_message": "Authentication error",
        "response": None,
    }


def test_a_quota_is_returned_as_any_answer_and_not_tried_again(pushwoosh, client, message) -> None:
    pushwoosh.inject(VendorError("quota"))
    assert client.invoke(message())["status_code"] == 429
    assert [call.status for call in pushwoosh.calls()] == [429]
    assert client.invoke(message())["status_code"] == 200


def test_a_dropped_connection_is_an_exception_and_the_next_call_goes_through(
    pushwoosh, client, message
) -> None:
    pushwoosh.inject(Reset())
    with pytest.raises(requests.ConnectionError):
        client.invoke(message())
    assert client.invoke(message())["status_code"] == 200
    assert [call.status for call in pushwoosh.calls()] == [None, 200]


@pytest.mark.parametrize("fault", [VendorError("server-error"), Truncate()], ids=["page", "truncated"])
def test_an_answer_that_is_no_json_is_an_exception(fault, pushwoosh, client, message) -> None:
    pushwoosh.inject(fault)
    with pytest.raises(requests.RequestException):
        client.invoke(message())
    assert client.invoke(message())["status_code"] == 200


def test_a_malformed_request_is_an_exception_as_its_answer_is_empty(pushwoosh, client, message) -> None:
    odd = message()
    odd.render = lambda: '{"request": '
    with pytest.raises(requests.exceptions.JSONDecodeError):
        client.invoke(odd)
    assert pushwoosh.calls()[0].status == 400
