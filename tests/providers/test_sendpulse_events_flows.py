"""What an event starts: a flow of SendPulse's Automation 360 that sends a webhook, one an hour until it may do more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from aiohttp import web

from emulators.errors import InvalidValue
from tests.support.receiver import Receiver
from tests.support.sendpulse_app import App

BY_NAME = "/events/name/registration"
BY_ID = "/events/id/eb561baa181247d1cd378c4ead632877/7043663"
ONE = {"flows": {"registration": [{"webhook": {}}]}}


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def fire(sendpulse, path: str = BY_NAME, **fields: object) -> int:
    app = App(sendpulse.env, sendpulse.env["SENDPULSE_API_KEY"])
    return app.call("POST", path, {"email": "ann@example.com", **fields})[0]


def test_no_flow_is_there_unless_somebody_made_one(sendpulse, shop) -> None:
    sendpulse.subscribe(shop.url, feed="automation360")
    assert fire(sendpulse) == 200
    sendpulse.advance("2h")
    assert shop.posts == []


@pytest.mark.emulator(
    "sendpulse",
    options={"flows": {"registration": [{"webhook": {"title": "Welcome 1", "automation_id": 123456789}}]}},
)
def test_an_event_leads_to_a_webhook_with_its_variables(sendpulse, shop) -> None:
    sendpulse.subscribe(shop.url, feed="automation360")
    sendpulse.advance("2m39s")
    fire(sendpulse, email=" ann@example.com", phone="+380631234567", var_1="a", items=[{"id": 1}])
    sendpulse.advance(0)
    [post] = shop.posts
    assert post.json == [
        {
            "automation_id": "123456789",
            "title": "Welcome 1",
            "execution_date": "2026-01-01 00:02:39",
            "email": "ann@example.com",
            "phone": "+380631234567",
            "variables": [{"var_1": "a", "items": [{"id": 1}]}],
        }
    ]
    fields = ["automation_id", "title", "execution_date", "email", "phone", "variables"]
    assert list(post.json[0]) == fields, "in the order of the page"


@pytest.mark.emulator("sendpulse", options=ONE)
def test_what_a_contact_does_not_have_is_empty(sendpulse, shop) -> None:
    sendpulse.subscribe(shop.url, feed="automation360")
    fire(sendpulse)
    sendpulse.advance(0)
    [[contact]] = [post.json for post in shop.posts]
    assert (contact["phone"], contact["variables"], contact["title"]) == ("", [], "New Automation")
    assert contact["automation_id"].isdigit()


@pytest.mark.emulator(
    "sendpulse",
    options={
        "flows": {
            "registration": [{"webhook": {"title": "by name"}}],
            "77": [{"webhook": {"title": "by number"}}],
            "eb561baa181247d1cd378c4ead632877/7043663": [{"webhook": {"title": "by id"}}],
        }
    },
)
def test_an_automation_id_chooses_the_flow(sendpulse, shop) -> None:
    sendpulse.subscribe(shop.url, feed="automation360", pace=0)
    fire(sendpulse)
    fire(sendpulse, automation_id=77)
    fire(sendpulse, BY_ID)
    fire(sendpulse, automation_id=78)
    sendpulse.advance(0)
    told = [(post.json[0]["title"], post.json[0]["automation_id"]) for post in shop.posts]
    assert [title for title, _ in told] == ["by name", "by number", "by id"]
    assert told[1] == ("by number", "77")
    [note] = sendpulse.calls()[-1].problems
    assert (note.pointer, note.got) == ("/automation_id", "78")


@pytest.mark.emulator(
    "sendpulse",
    options={
        "flows": {
            "registration": [
                {"wait": 600},
                {"webhook": {"title": "a"}},
                {"wait": 60},
                {"webhook": {"title": "b"}},
            ]
        }
    },
)
def test_a_flow_may_wait(sendpulse, shop) -> None:
    sendpulse.subscribe(shop.url, feed="automation360", pace=0)
    fire(sendpulse)
    sendpulse.advance("9m59s")
    assert shop.posts == []
    sendpulse.advance(1)
    assert [post.json[0]["title"] for post in shop.posts] == ["a"]
    sendpulse.advance("1m")
    assert [post.json[0]["execution_date"] for post in shop.posts] == [
        "2026-01-01 00:10:00",
        "2026-01-01 00:11:00",
    ]


WAITS = {"10m": 600, "1h30m": 5400, "1.5s": 1.5, "1h 1m": 3660, 90: 90, 0: 0}


@pytest.mark.parametrize(("wait", "seconds"), WAITS.items())
def test_a_wait_is_in_seconds_or_in_words(wait, seconds, emulate, shop) -> None:
    flows = {"registration": [{"wait": wait}, {"webhook": {}}]}
    with emulate.fresh("sendpulse", options={"flows": flows}) as sendpulse:
        sendpulse.subscribe(shop.url, feed="automation360")
        fire(sendpulse)
        sendpulse.advance(max(0, seconds - 1))
        assert len(shop.posts) == (seconds == 0)
        sendpulse.advance(1)
        assert len(shop.posts) == 1


WRONG = [
    ("webhook", "/flows/registration/0: expected"),
    ({}, "/flows/registration/0: expected"),
    ({"mail": {}}, "/flows/registration/0/mail: expected one of wait, webhook, got 'mail'"),
    ({"webook": {}}, "did you mean 'webhook'"),
    ({"delay": 60}, "did you mean 'wait'"),
    ({"wait": -1}, "/0/wait: expected seconds, or text such as"),
    ({"wait": True}, "/0/wait: expected seconds"),
    ({"wait": float("nan")}, "/0/wait: expected seconds"),
    ({"wait": "soon"}, "/0/wait: expected seconds, or text .* got 'soon'"),
    ({"wait": "1h30"}, "/0/wait: expected seconds"),
    ({"wait": 1, "webhook": {}}, "/0: expected one of wait and webhook"),
    ({"webhook": {"title": "Привет"}}, "/0/webhook/title: expected latin letters"),
    ({"webhook": {"automation_id": "x1"}}, "/0/webhook/automation_id: expected digits"),
    ({"webhook": {"automation_id": True}}, "/0/webhook/automation_id: expected digits"),
    ({"webhook": {"url": "x"}}, "/0/webhook/url: expected one of title, automation_id, got 'url'"),
    ({"webhook": {"name": "x"}}, "did you mean 'title'"),
    ({"webhook": 1}, "/0/webhook: expected"),
]


@pytest.mark.parametrize(("action", "said"), WRONG, ids=range(len(WRONG)))
def test_an_action_that_cannot_be_meant_is_refused_at_once(action, said, emulate) -> None:
    with (
        pytest.raises(InvalidValue, match=said),
        emulate.fresh("sendpulse", options={"flows": {"registration": [action]}}),
    ):
        pass


OTHERS = [
    ({"flows": {"registration": {"webhook": {}}}}, "/flows/registration: expected a list"),
    ({"flows": {77: []}}, "/flows/77: expected an event or the number of a flow as text, got 77"),
    ({"flows": {"ab/7": "x"}}, "/flows/ab~17: expected a list"),
    ({"events.names": ["purchase", 7]}, "/events.names/1: expected the name of an event, got 7"),
]


@pytest.mark.parametrize(("options", "said"), OTHERS, ids=range(len(OTHERS)))
def test_options_of_another_form_are_refused_at_once(options, said, emulate) -> None:
    with pytest.raises(InvalidValue, match=said), emulate.fresh("sendpulse", options=options):
        pass


@pytest.mark.emulator("sendpulse", options=ONE)
def test_one_webhook_leaves_an_hour_until_the_receiver_answers_with_the_key(sendpulse) -> None:
    said: list[str] = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text="".join(said))

    with Receiver(then=answer) as shop:
        sendpulse.subscribe(shop.url, feed="automation360", unlock_key="k3y")
        for number in range(6):
            fire(sendpulse, number=number)
        sendpulse.advance(0)
        assert len(shop.posts) == 1
        sendpulse.advance("59m59s")
        assert len(shop.posts) == 1
        sendpulse.advance(1)
        assert len(shop.posts) == 2
        said.append('{"key": "k3y"}')
        sendpulse.advance("1h")
        assert [post.json[0]["variables"][0]["number"] for post in shop.posts] == [0, 1, 2, 3, 4, 5]
        fire(sendpulse)
        sendpulse.advance(0)
        assert len(shop.posts) == 7


def test_a_webhook_can_be_sent_without_an_event(sendpulse, shop) -> None:
    sendpulse.subscribe(shop.url, feed="automation360")
    event = sendpulse.emit("webhook", email="ann@example.com")
    sendpulse.advance(0)
    assert shop.posts[0].json == [event.payload]
    with pytest.raises(InvalidValue, match="/title"):
        sendpulse.emit("webhook", title="Привет")
