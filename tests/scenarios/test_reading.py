"""A scenario file is checked as a whole before anything starts: what is wrong is told with place and remedy."""

from __future__ import annotations

import pytest

from emulators.errors import InvalidValue, UnknownName
from emulators.scenarios.references import References
from emulators.scenarios.story import Reference
from tests.scenarios.staged import scenarios

URL = '[[step]]\nsubscribe = "esputnik"\nurl = "http://127.0.0.1:9/hook"\n'


def refusal(text: str, **environ: str) -> str:
    with pytest.raises(InvalidValue) as refused:
        scenarios(text, **environ)
    return str(refused.value)


REFUSALS = {
    "an unknown key of the file": ("sed = 3\n" + URL, "story.toml: unknown key 'sed'; did you mean 'seed'?"),
    "an unknown verb": (
        '[[step]]\nemitt = "esputnik.READ"',
        "step 1: unknown verb 'emitt'; did you mean 'emit'?",
    ),
    "a step without a verb": ('[[step]]\ntitle = "nothing"', "step 1: it has no verb"),
    "two verbs": (
        '[[step]]\nemit = "esputnik.READ"\nadvance = "1m"',
        "step 1: expected one verb, got emit and advance; each has a [[step]] of its own",
    ),
    "an unknown key of a verb": (
        '[[step]]\nemit = "esputnik.READ"\ncuont = 3',
        "step 1 (emit): unknown key of emit 'cuont'; did you mean 'count'?",
    ),
    "an unknown vendor": (
        '[[step]]\nflush = "esputnk"',
        "step 1 (flush): unknown vendor 'esputnk'; did you mean 'esputnik'?",
    ),
    "an unknown vendor of the cast": (
        "[emulators.esputnk]\n" + URL,
        "emulators.esputnk: unknown provider 'esputnk'; did you mean 'esputnik'?",
    ),
    "an unknown revision": (
        '[emulators.esputnik]\nrevision = "2023-08"\n' + URL,
        "emulators.esputnik: unknown revision",
    ),
    "an unknown option": (
        '[emulators.esputnik]\noptions = { "activity.batch_windw" = 5 }\n' + URL,
        "unknown option of esputnik 'activity.batch_windw'; did you mean 'activity.batch_window'?",
    ),
    "an unknown kind": (
        '[[step]]\nemit = "esputnik.UNDELIVERD"',
        "step 1 (emit): unknown kind 'UNDELIVERD'; did you mean 'UNDELIVERED'?",
    ),
    "an unknown field": (
        '[[step]]\nemit = "esputnik.READ"\nfields = { emial = "a" }',
        "step 1 (emit): unknown field of READ 'emial'; did you mean 'email'?",
    ),
    "a value that the vendor would not send": (
        '[[step]]\nemit = "sendpulse.opened"\nfields = { timestamp = "soon" }',
        'SendPulse would not send this opened event:\n  /timestamp: expected an integer, got "soon"',
    ),
    "a field that is given and left out": (
        '[[step]]\nemit = "esputnik.READ"\nfields = { email = "a@b.c" }\nwithout = ["email"]',
        "without: email is among the fields, too",
    ),
    "an unknown sample": (
        '[[step]]\nreplay = "esputnik.activity.bluk"',
        "unknown sample that eSputnik sends 'activity.bluk'; did you mean 'activity.bulk'?",
    ),
    "an unknown feed": (
        '[[step]]\nsubscribe = "esputnik.activty"\nurl = "http://127.0.0.1:9/"',
        "unknown feed of esputnik 'activty'; did you mean 'activity'?",
    ),
    "a kind of another feed": (
        '[[step]]\nsubscribe = "esputnik.workflow"\nkinds = ["READ"]\nurl = "http://127.0.0.1:9/"',
        "kinds: 'READ' belongs to the feed 'activity', not 'workflow'",
    ),
    "an unknown number of the policy": (
        URL + "policy = { batch_sise = 5 }",
        "unknown policy field 'batch_sise'; did you mean 'batch_size'?",
    ),
    "a policy that cannot be": (
        URL + "policy = { batch_size = 0 }",
        "batch_size: expected a whole number from 1, got 0",
    ),
    "a vendor without webhooks": (
        '[[step]]\nsubscribe = "hellotext"\nurl = "http://127.0.0.1:9/"',
        "Hellotext sends no webhooks that we know of",
    ),
    "no URL": ('[[step]]\nsubscribe = "esputnik"', "step 1 (subscribe): url is missing"),
    "a URL that is none": (
        '[[step]]\nsubscribe = "esputnik"\nurl = "ftp://127.0.0.1/"',
        "url: expected http://host[:port]/path or https://...",
    ),
    "a URL that nobody could parse": (
        '[[step]]\nsubscribe = "esputnik"\nurl = "http://[::1/"',
        "url: expected http://host[:port]/path or https://...",
    ),
    "an address beyond this machine": (
        '[[step]]\nsubscribe = "esputnik"\nurl = "http://10.0.0.1/hook"',
        "10.0.0.1 is not on this machine, and nothing leaves it unasked",
    ),
    "an address of the clouds' own": (
        '[[step]]\nsubscribe = "esputnik"\nurl = "http://169.254.169.254/latest"',
        "169.254.169.254 is ",
    ),
    "credentials in a URL": (
        '[[step]]\nsubscribe = "esputnik"\nurl = "http://me:pw@127.0.0.1:9/"',
        "url: credentials do not belong in a URL",
    ),
    "a secret in a URL": (
        '[[step]]\nsubscribe = "esputnik"\nurl = "http://127.0.0.1:9/?token=abc"',
        'url: a secret (token) is given by reference only: url = { env = "NAME" }',
    ),
    "a password in the file": (
        URL + 'auth = { login = "me", password = "pw" }',
        'auth.password: a secret is given by reference only: { env = "NAME" }',
    ),
    "a secret header in the file": (
        URL + 'headers = { X-Api-Key = "k" }',
        'headers.X-Api-Key: a secret is given by reference only: { env = "NAME" }',
    ),
    "a header on two lines": (URL + 'headers = { X-A = "a\\nb" }', "headers.X-A: expected text on one line"),
    "a name that is no header": (
        URL + 'headers = { "X A" = "b" }',
        "expected the name of a header, got 'X A'",
    ),
    "a login without a password": (URL + 'auth = { login = "me" }', "password is missing"),
    "a reference to nothing": (
        '[[step]]\nsubscribe = "esputnik"\nurl = { env = "NOWHERE" }',
        "NOWHERE is not in the environment; set it there, or an address with --set NOWHERE=URL",
    ),
    "a reference with an unknown key": (
        '[[step]]\nsubscribe = "esputnik"\nurl = { env = "A", shell = "date" }',
        "unknown key of url 'shell'",
    ),
    "a reference that is no name": (
        '[[step]]\nsubscribe = "esputnik"\nurl = { env = "$(date)" }',
        "url.env: expected the name of an environment variable",
    ),
    "an unknown fault": (
        '[[step]]\nfault = "esputnik.LostAk"',
        "step 1 (fault): unknown fault 'LostAk'; did you mean 'LostAck'?",
    ),
    "a fault without what it needs": (
        '[[step]]\nfault = "sendpulse.Delay"',
        "seconds is missing: expected a number",
    ),
    "a number of times that is none": (
        '[[step]]\nfault = "sendpulse.Drop"\ntimes = "twice"',
        "times: expected a whole number from 1, or \"always\", got 'twice'",
    ),
    "a probability beyond 1": (
        '[[step]]\nfault = "sendpulse.Drop"\nprobability = 2',
        "probability: expected above 0",
    ),
    "a fault of an unknown kind": (
        '[[step]]\nfault = "sendpulse.Drop"\nkind = "opend"',
        "unknown kind 'opend'",
    ),
    "a fault of an unknown route": (
        '[[step]]\nfault = "sendpulse.Garbage"\nroute = "send-emial"',
        "unknown route of sendpulse 'send-emial'; did you mean 'send-email'?",
    ),
    "an unknown error of the vendor": (
        '[[step]]\nfault = "sendpulse.VendorError"\nname = "qota"',
        "unknown error of sendpulse 'qota'; did you mean 'quota'?",
    ),
    "a duration that is none": (
        '[[step]]\nadvance = "a minute"\n' + URL,
        "step 1 (advance): advance: expected seconds or text such as \"1h30m\", got 'a minute'",
    ),
    "a time that runs back": ("[[step]]\nadvance = -1\n" + URL, "got -1"),
    "a pause of what is not there": (
        '[[step]]\npause = "esputnik"',
        "step 1 (pause): pause: esputnik has 0 subscriptions here; subscribe first",
    ),
    "a pause of one of two": (
        URL + URL + '[[step]]\npause = "esputnik"',
        'pause: esputnik has 2 subscriptions here; name one with as = "..." where it subscribes',
    ),
    "an unknown name": (
        URL + 'as = "crm"\n[[step]]\ncancel = "crn"',
        "unknown subscription or vendor 'crn'; did you mean 'crm'?",
    ),
    "a name that a reset made meaningless": (
        URL + 'as = "crm"\n[[step]]\nreset = "esputnik"\n[[step]]\ncancel = "crm"',
        "step 3 (cancel): unknown subscription or vendor 'crm'",
    ),
    "a name that is taken": (
        URL + 'as = "crm"\n' + URL + 'as = "crm"',
        "as: the name 'crm' is taken already",
    ),
    "nothing to send": ('[[step]]\nsend = "esputnik"', "expected json or text, got neither"),
    "two things to send": (
        '[[step]]\nsend = "esputnik"\njson = 1\ntext = "1"',
        "expected json or text, got both",
    ),
    "a date where JSON is sent": (
        '[[step]]\nsend = "esputnik"\njson = { at = 2026-01-01 }',
        "json: expected what JSON can hold (dates as text, no inf, no nan)",
    ),
    "an unknown route to wait for": (
        '[[step]]\nwait = "sendpulse.send-emial"',
        "unknown route of sendpulse 'send-emial'; did you mean 'send-email'?",
    ),
    "a call that is not imitated": (
        '[[step]]\ncall = "sendpulse.POST /smtp/email"',
        "unknown call of sendpulse 'POST /smtp/email'; did you mean 'POST /smtp/emails'?",
    ),
    "a call that is none": (
        '[[step]]\ncall = "sendpulse.send-email"',
        'call: expected a vendor and METHOD /path, such as "hellotext.POST /v1/attribution/events"',
    ),
    "an unknown setting": (
        '[[step]]\ncall = "sendpulse.POST /smtp/emails"\nbearer = "SENDPULSE_KEY"',
        "unknown setting of sendpulse 'SENDPULSE_KEY'; did you mean 'SENDPULSE_API_KEY'?",
    ),
    "an unknown question": (
        '[[step]]\nexpect = "esputnik.delivries"',
        "unknown question 'delivries'; did you mean 'deliveries'?",
    ),
    "a question without its kind": ('[[step]]\nexpect = "esputnik.delivered"', "kind is missing"),
    "an unknown field of what is expected": (
        '[[step]]\nexpect = "esputnik.delivered"\nkind = "READ"\nfields = { emial = "a" }',
        "unknown field of READ 'emial'; did you mean 'email'?",
    ),
    "a pointer into nothing": (
        '[[step]]\nexpect = "esputnik.delivered"\nkind = "READ"\nfields = { "/emial" = "a" }',
        "unknown field of READ 'emial'; did you mean 'email'?",
    ),
    "a status that is none": (
        '[[step]]\nexpect = "esputnik.deliveries"\nstatus = "OK"',
        "status: expected a status such as 200, or \"no answer\", got 'OK'",
    ),
    "an outcome that is none": (
        '[[step]]\nexpect = "esputnik.deliveries"\noutcome = "done"',
        "outcome: expected",
    ),
    "two ways to count": (
        '[[step]]\nexpect = "esputnik.deliveries"\ncount = 1\nat_least = 1',
        "count: says how many exactly; at_least and at_most do not go with it",
    ),
    "a list and a count": (
        '[[step]]\nexpect = "esputnik.deliveries"\nstatuses = [200]\ncount = 1',
        "count: the lists say how many there are, already",
    ),
    "an unknown receiver": (
        URL + 'as = "crm"\n[[step]]\nexpect = "esputnik.deliveries"\nto = "crn"',
        "unknown subscription of esputnik 'crn'; did you mean 'crm'?",
    ),
    "an error that no emit has": (
        '[[step]]\nemit = "esputnik.READ"\nerror = "StillOwed"',
        "error: expected \"NobodyListens\", got 'StillOwed'",
    ),
    "no step": ('title = "empty"', "story.toml: expected steps, each written as [[step]], got none"),
    "nobody who takes part": (
        '[[step]]\nadvance = "1m"',
        "no step names a vendor, so there is nothing to play",
    ),
    "a start without a zone": (
        "start = 2026-01-01T00:00:00\n" + URL,
        "start: expected a date and time with its zone",
    ),
    "steps beside scenarios": (
        URL + "[[scenario]]\n" + URL.replace("[[step", "[[scenario.step"),
        "expected either [[step]] or [[scenario]] with [[scenario.step]], got both",
    ),
    "a step of the second scenario": (
        "[[scenario]]\n"
        + URL.replace("[[step", "[[scenario.step")
        + '[[scenario]]\n[[scenario.step]]\nflush = "esputnk"',
        "story.toml: scenario 2: step 1 (flush): unknown vendor 'esputnk'",
    ),
    "no TOML": ("title = ", "story.toml: not TOML: Invalid value (at end of document)"),
    "a number that is too long": ("seed = " + "9" * 5000, "story.toml: not TOML"),
    "what is nested too deeply": ("seed = " + "[" * 50_000, "story.toml: nested too deeply"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_does_not_fit_is_refused_with_place_and_remedy(name: str) -> None:
    text, expected = REFUSALS[name]
    told = refusal(text)
    assert expected in told
    assert told.startswith("story.toml: ")


def test_all_that_is_wrong_is_told_at_once() -> None:
    told = refusal('sed = 1\n[[step]]\nflush = "esputnk"\n[[step]]\nadvance = "soon"')
    assert [line.split(": ")[1] for line in told.splitlines()[:2]] == [
        "unknown key 'sed'; did you mean 'seed'?",
        "step 1 (flush)",
    ]
    assert "step 2 (advance)" in told


def test_what_is_not_utf8_is_refused() -> None:
    from emulators.scenarios.reading import read

    with pytest.raises(InvalidValue, match="expected UTF-8, got byte 0xff at 0"):
        read(b"\xff", "story.toml", References({}, {}))


def test_a_secret_from_the_command_line_is_refused() -> None:
    text = URL + 'headers = { Authorization = { env = "TOKEN" } }'
    with pytest.raises(InvalidValue, match="everybody on this machine can read a command line"):
        scenarios(text, References({}, {"TOKEN": "longer"}))


def test_a_secret_too_short_to_be_hidden_is_refused() -> None:
    told = refusal(URL + 'headers = { Authorization = { env = "TOKEN" } }', TOKEN="abc")
    assert "TOKEN: expected 4 characters or more, got 3" in told


def test_a_refusal_shows_no_value_of_a_reference() -> None:
    text = '[[step]]\nsubscribe = "esputnik"\nurl = { env = "PLACE" }'
    for place in (
        "http://10.1.2.3/hidden-path-77",
        "gopher://hidden-77/",
        "hidden-77",
        "http://[hidden-77",
        "http://u:hidden-77@127.0.0.1/",
    ):
        told = refusal(text, PLACE=place)
        assert "hidden" not in told, place


def test_what_was_set_for_nothing_is_refused_with_the_nearest() -> None:
    references = References({}, {"APP_URL": "http://127.0.0.1:9/", "AP_URL": "http://127.0.0.1:9/"})
    scenarios('[[step]]\nsubscribe = "esputnik"\nurl = { env = "APP_URL" }', references)
    with pytest.raises(UnknownName, match="unknown reference for --set 'AP_URL'; did you mean 'APP_URL'"):
        references.check_given()


def test_several_scenarios_share_what_the_file_says_for_all() -> None:
    text = """
    seed = 7
    title = "Outages"
    [emulators.esputnik]
    options = { "activity.batch_window" = 5 }
    [[scenario]]
    title = "short"
    [[scenario.step]]
    flush = "esputnik"
    [[scenario]]
    seed = 8
    [scenario.emulators.esputnik]
    revision = "2025-06"
    [[scenario.step]]
    flush = "esputnik"
    """
    first, second = scenarios(text)
    assert (first.title, first.seed, first.cast["esputnik"].spec) == ("short", 7, "esputnik")
    assert first.cast["esputnik"].setting == {"options": {"activity.batch_window": 5}}
    assert (second.title, second.seed, second.cast["esputnik"].spec) == ("Outages, 2", 8, "esputnik@2025-06")
    assert second.cast["esputnik"].setting == {}


def test_options_may_be_written_without_quotes() -> None:
    text = "[emulators.esputnik]\noptions.activity.batch_window = 5\noptions.workflows = { orderPaid = [{ wait = 60 }] }\n"
    [scenario] = scenarios(text + URL)
    assert scenario.cast["esputnik"].setting["options"] == {
        "activity.batch_window": 5,
        "workflows": {"orderPaid": [{"wait": 60}]},
    }


def test_the_pause_of_a_slow_write_is_no_verb() -> None:
    [scenario] = scenarios('[[step]]\npause = 0.5\nfault = "sendpulse.SlowWrite"\nchunk = 8')
    assert (scenario.steps[0].verb, scenario.steps[0].args) == ("fault", {"pause": 0.5, "chunk": 8})


def test_a_step_shows_references_and_not_what_they_mean() -> None:
    text = URL + 'auth = { login = "me", password = { env = "WORD" } }'
    [scenario] = scenarios(text, WORD="hidden")
    assert scenario.steps[0].args["auth"]["password"] == Reference("WORD")
    assert str(scenario.steps[0]).endswith('auth={"login": "me", "password": "$WORD"}')
