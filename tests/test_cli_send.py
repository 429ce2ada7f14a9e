"""`mailcore send`: outcomes, dry runs, many messages, and messages that are wrong."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import sys

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import (
    CancelSend,
    ConfigurationError,
    Features,
    HttpRequest,
    MessageRejected,
    Problem,
    Provider,
    RateLimited,
    RecipientStatus,
    Registry,
    SendStatus,
    SendTimeout,
    hookimpl,
)
from mailcore.cli import main
from mailcore.features import YES, limited


API_KEY = "sk-invented-0815"


class AcmeProvider(Provider):
    """One request for each recipient; what becomes of it depends on the address."""

    name = "acme"
    label = "Acme Mail"
    features = Features(cc=YES, bcc=YES, tags=limited(2), metadata=YES, recipients=YES)

    def __init__(self, *, api_key: str = "", timeout_seconds: float = 5.0) -> None:
        if timeout_seconds <= 0:
            raise ConfigurationError("acme: timeout_seconds must be above 0")
        self._api_key = api_key

    def build(self, message):
        return [
            HttpRequest(
                method="POST",
                url=f"https://user:{self._api_key}@api.example.com/send?key={self._api_key}&v=2",
                headers={"X-Acme": self._api_key, "Content-Type": "application/json"},
                body=json.dumps(
                    {
                        "key": self._api_key,
                        "login": {"value": self._api_key},
                        "to": address,
                        "raw": "Subject: Hi\r\n\r\nHello\x1b[2J\r\n",
                        "author": "shop",
                    }
                ).encode(),
                recipients=(address,),
            )
            for address in message.recipients
        ]

    def parse(self, request, response):
        return response(request.recipients[0])


def _sent(address):
    return {address: RecipientStatus(SendStatus.SENT, message_id=f"id-{len(address)}")}


def _raise(error):
    raise error


ANSWERS = {
    "ok": _sent,
    "silent": lambda address: {},
    "rejected": lambda _: _raise(MessageRejected("content refused", code="E42", status_code=422)),
    "limited": lambda _: _raise(RateLimited("slow down", retry_after_seconds=3.0)),
    "timeout": lambda _: _raise(
        SendTimeout("no answer in time", retryable=False, maybe_accepted=True)
    ),
    "bug": lambda _: _raise(ZeroDivisionError(f"division of {API_KEY}")),
    "interrupt": lambda _: _raise(KeyboardInterrupt),
    "exit": lambda _: _raise(SystemExit(0)),
}


class AcmeTransport:
    def exchange(self, request):
        return ANSWERS[request.recipients[0].partition("@")[0].rstrip("0123456789")]

    def close(self):
        pass


class Extension:
    """Gives acme its transport, and calls off what goes to `cancelled`."""

    @hookimpl
    def mailcore_create_transport(self, provider):
        return AcmeTransport() if provider.name == "acme" else None

    @hookimpl
    def mailcore_before_send(self, message):
        if message.recipients[:1] == ("cancelled@example.net",):
            raise CancelSend("not on Sundays")

    @hookimpl
    def mailcore_check_features(self, message):
        return [Problem("subject", "shouting")] if message.subject == "SHOUT" else []


@pytest.fixture(name="registry")
def _registry(monkeypatch):
    """A registry with acme, independent of what is installed."""
    monkeypatch.delenv("MAILCORE_URL", raising=False)
    registry = Registry(autoload=False)
    registry.register(AcmeProvider)
    registry.register_extension(Extension())
    return registry


def send(registry, *arguments):
    """Run `mailcore send` through acme."""
    return main(["send", "--provider", "acme", *arguments], registry=registry)


def addressed(*names):
    """Options that send to these names."""
    to = [option for name in names for option in ("--to", f"{name}@example.net")]
    return ["--from", "shop@example.com", "--text", "hi", *to]


@pytest.mark.parametrize(
    ("names", "code", "error", "statuses"),
    [
        pytest.param(["ok"], 0, None, ["sent"], id="sent"),
        pytest.param(["ok1", "ok2"], 0, None, ["sent", "sent"], id="sent to several"),
        pytest.param(["ok", "rejected"], 5, None, ["sent", "failed"], id="in part"),
        pytest.param(["ok", "timeout"], 5, None, ["sent", "unknown"], id="the rest unknown"),
        pytest.param(["silent"], 6, None, ["unknown"], id="the provider does not say"),
        pytest.param(["rejected"], 1, "MessageRejected", None, id="rejected"),
        pytest.param(
            ["rejected1", "rejected2"], 1, "RecipientsRefused", ["failed"] * 2, id="all rejected"
        ),
        pytest.param(["limited"], 75, "RateLimited", None, id="try later"),
        pytest.param(["limited", "ok"], 75, "RecipientsRefused", ["failed"] * 2, id="stopped"),
        pytest.param(["timeout"], 6, "SendTimeout", None, id="nobody knows"),
        pytest.param(["cancelled"], 1, "CancelSend", None, id="called off"),
        pytest.param(["bug"], 6, "UnexpectedResponse", None, id="a fault of the plugin"),
        pytest.param(["exit"], 70, "SystemExit", None, id="a plugin that exits"),
    ],
)
def test_outcome_has_its_code(registry, capsys, names, code, error, statuses):
    """What scripts act on: the exit code, and the JSON of the result or the error."""
    assert code == send(registry, *addressed(*names), "--json")

    out, err = capsys.readouterr()
    answer = json.loads(out)
    if error is None:
        assert "" == err
    else:
        assert err.startswith("mailcore: error: ")
        assert 1 == len(err.splitlines())
        assert (error, code) == (answer["error"]["type"], answer["error"]["exit_code"])
    result = answer if error is None else answer["error"].get("result")
    found = None if result is None else [r["status"] for r in result["recipients"].values()]
    assert statuses == found


def test_send_error_has_its_data_in_json(registry, capsys):
    """A script that retries needs more than the text."""
    send(registry, *addressed("limited"), "--json")

    error = json.loads(capsys.readouterr().out)["error"]
    assert {
        "type": "RateLimited",
        "message": "acme: slow down",
        "exit_code": 75,
        "provider": "acme",
        "category": "rate_limited",
        "retryable": True,
        "maybe_accepted": False,
        "retry_after_seconds": 3.0,
        "status_code": None,
        "code": "",
    } == error


def test_refused_recipients_are_listed_before_the_error(registry, capsys):
    """Without --json too, everybody learns what became of each recipient."""
    assert 1 == send(registry, *addressed("rejected1", "rejected2"))

    out, err = capsys.readouterr()
    assert ["rejected1@example.net", "rejected2@example.net"] == [
        line.split()[0] for line in out.splitlines()[2:]
    ]
    assert "mailcore: error: acme: nobody was accepted: 2 failed (E42)\n" == err


def test_interruption_says_what_is_unknown(registry, capsys):
    """Ctrl-C while the request is out: 130, and a word about the message."""
    assert 130 == send(registry, *addressed("interrupt"))

    out, err = capsys.readouterr()
    assert "" == out
    assert [
        "mailcore: interrupted while sending: the message may be on its way",
        "mailcore: interrupted",
    ] == err.splitlines()


def test_unexpected_error_names_its_place_and_not_its_text(registry, capsys):
    """Nobody knows what a stranger's exception holds; --debug shows it to those who ask."""
    assert 6 == send(registry, *addressed("bug"))
    shown = capsys.readouterr().err
    assert 6 == send(registry, *addressed("bug"), "--debug")
    debugged = capsys.readouterr().err

    assert API_KEY not in shown
    assert "Traceback" not in shown
    fault = "acme: reading the answer raised ZeroDivisionError in test_cli_send.py"
    assert shown.startswith(f"mailcore: error: {fault}")
    assert "Traceback" in debugged


def test_full_disk_is_an_error(registry, capsys, monkeypatch):
    """A result that could not be written is not passed off as success."""

    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

        def fileno(self):
            raise io.UnsupportedOperation("fileno")

    monkeypatch.setattr(sys, "stdout", Full())

    assert 74 == send(registry, *addressed("ok"))
    assert "mailcore: error: cannot write the output: No space left on device\n" == (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        pytest.param(
            ["--from", "nope", "--to", "x y@", "--to", "b@example.net\nBcc: c@example.net"],
            ["`from_email`", "`to`", "3 problems"],
            id="addresses",
        ),
        pytest.param(["--to", "ok@example.net"], ["`from_email` is missing"], id="no sender"),
        pytest.param(
            ["--to", "ok@example.net", "--template-sender"],
            ["None leaves it to a template, and there is none"],
            id="no template that has a sender",
        ),
        pytest.param(
            ["--to", "ok@example.net", "--template-sender", "--template-id", "t"],
            ["template_sender is not supported"],
            id="a provider whose templates have no sender",
        ),
        pytest.param(["--from", "a@example.com"], ["no recipients"], id="no recipients"),
        pytest.param(
            [*addressed("ok"), "--header", "Subject: twice", "--header", "X-A: b\nc"],
            ["'Subject'", "'X-A'", "2 problems"],
            id="headers",
        ),
        pytest.param(
            [*addressed("ok"), "--tag", "a", "--tag", "b", "--tag", "c", "--send-at", "2027-01-01"],
            ["time zone"],
            id="time without zone",
        ),
        pytest.param(
            [*addressed("ok"), "--tag", "a", "--tag", "b", "--tag", "c", "--track-opens"],
            ["acme cannot send this message: 2 problems", "tags: 3 given", "track_opens"],
            id="unsupported",
        ),
        pytest.param([*addressed("ok"), "--subject", "SHOUT"], ["shouting"], id="a policy"),
        pytest.param(
            [*addressed("ok"), "--inline", "c i d=logo.png"],
            ["--inline 'logo.png'", "content_id <5 characters>"],
            id="content id",
        ),
        pytest.param(["--message", "broken.json"], ["'broken.json'", "line 2"], id="not JSON"),
        pytest.param(["--message", "list.json"], ["'list.json'", "JSON object"], id="a list"),
        pytest.param(["--message", "deep.json"], ["'deep.json'"], id="deeply nested"),
        pytest.param(["--message", "garbage.json"], ["'garbage.json'", "UTF-8"], id="5 MB garbage"),
        pytest.param(
            ["--message", "fields.json"],
            ["3 problems", "'subjekt': did you mean 'subject'?", "`to`", "`text`"],
            id="wrong fields",
        ),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True])
def test_invalid_message_sends_nothing(
    registry, capsys, tmp_path, monkeypatch, arguments, fragments, dry_run
):
    """Every problem at once, with its culprit: 3, in a dry run as well."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logo.png").write_bytes(b"\x89PNG")
    (tmp_path / "broken.json").write_text('{"subject": "Hi",\n]')
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "deep.json").write_text("[" * 200_000)
    (tmp_path / "garbage.json").write_bytes(b"\x00\xff\xfe\x80" * (5 * 1024 * 1024 // 4))
    (tmp_path / "fields.json").write_text('{"subjekt": "Hi", "to": "a@example.net", "text": 7}')

    assert 3 == send(registry, *arguments, *["--dry-run"] * dry_run)

    out, err = capsys.readouterr()
    assert "" == out
    assert err.startswith("mailcore: error: ")
    assert [] == [fragment for fragment in fragments if fragment not in err]
    assert "Traceback" not in err
    assert len(err) < 1000


def test_problems_are_data_in_json(registry, capsys):
    """A form that posts mail can show each problem at its field."""
    assert 3 == send(registry, "--from", "nope", "--to", "nope", "--json")

    problems = json.loads(capsys.readouterr().out)["error"]["problems"]
    assert ["from_email", "to"] == [problem["field"] for problem in problems]


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        pytest.param(["--attach", "missing.pdf"], "'missing.pdf': No such file", id="attachment"),
        pytest.param(["--inline", "logo=missing.png"], "'missing.png': No such", id="inline"),
        pytest.param(["--text-file", "missing.txt"], "'missing.txt': No such file", id="text"),
        pytest.param(["--message", "missing.json"], "'missing.json': No such file", id="message"),
        pytest.param(["--messages", "missing.jsonl"], "'missing.jsonl': No such", id="messages"),
        pytest.param(["--attach", "."], "'.': Is a directory", id="directory"),
        pytest.param(["--attach", "a\0b"], "null", id="a name that no file has"),
        pytest.param(["--html-file", "latin-1.html"], "'latin-1.html' is not UTF-8", id="encoding"),
        pytest.param(["--message", "-", "--text-file", "-"], "standard input", id="stdin twice"),
        pytest.param(["--text", "a", "--text-file", "b"], "not allowed with", id="text twice"),
        pytest.param(["--message", "a", "--messages", "b"], "not allowed with", id="two sources"),
        pytest.param(["--messages", "a", "--to", "b@example.net"], "leave out", id="both forms"),
        pytest.param(["--header", "no colon"], "write 'Name: value'", id="header"),
        pytest.param(["--metadata", "user"], "a key, '=' and a value", id="metadata"),
        pytest.param(["--metadata", "a=1", "--metadata", "a=2"], "'a' is given twice", id="twice"),
        pytest.param(["--inline", "=logo.png"], "CID=FILE", id="no content id"),
        pytest.param(["--subject"], "expected one argument", id="no value"),
        pytest.param(["--option", "timeout_seconds=soon"], "must be float", id="option's type"),
        pytest.param(["--option", "timeout_seconds=0"], "above 0", id="option's value"),
        pytest.param(["--option", "apikey=x"], "did you mean 'api_key'?", id="unknown option"),
        pytest.param(["--url", "acme://"], "not allowed with", id="URL and name"),
    ],
)
def test_usage_error_names_the_culprit(
    registry, capsys, tmp_path, monkeypatch, arguments, fragment
):
    """Options and files that are wrong: 2, one line, nothing sent."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "latin-1.html").write_bytes("Grüße".encode("latin-1"))

    assert 2 == send(registry, *arguments, "--json")

    out, err = capsys.readouterr()
    assert 2 == json.loads(out)["error"]["exit_code"]
    assert err.startswith("mailcore: error: ")
    assert fragment in err
    assert 1 == len(err.splitlines())


@pytest.mark.parametrize(
    ("arguments", "variable", "fragment"),
    [
        pytest.param([], "", "set MAILCORE_URL", id="none"),
        pytest.param([], "nonsense", "MAILCORE_URL: not a mailcore URL", id="variable"),
        pytest.param(["--url", "x"], "", "--url: not a mailcore URL", id="url"),
        pytest.param(["--provider", "acne"], "", "did you mean 'acme'", id="similar"),
        pytest.param(
            ["--provider", "zenith"], "", "no provider 'zenith'; installed: ", id="unknown"
        ),
        pytest.param(["--url", "zenith://?a=b"], "", "no provider 'zenith'", id="scheme"),
    ],
)
def test_provider_that_is_not_there(registry, capsys, monkeypatch, arguments, variable, fragment):
    """Which provider was meant, where it was named, and what there is."""
    monkeypatch.setenv("MAILCORE_URL", variable)

    assert 2 == main(["send", *arguments, *addressed("ok")], registry=registry)

    assert fragment in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--provider", f"acme://?api_key={API_KEY}"], id="URL as name"),
        pytest.param(["--url", f"acme://{API_KEY}@host"], id="options in the wrong part"),
        pytest.param(["--url", f"zenith://{API_KEY}"], id="unknown provider"),
        pytest.param(["--url", API_KEY], id="no URL"),
        pytest.param(["--url", f"acme://?api_key={API_KEY}&api_key={API_KEY}"], id="twice"),
        pytest.param(["--provider", "acme", "--option", API_KEY], id="option without name"),
        pytest.param(["--provider", "acme", f"--api-key={API_KEY}"], id="no such flag"),
        pytest.param(["--provider", "acme", "--api-key", API_KEY], id="no such flag, apart"),
        pytest.param(["--provider", "acme", f"-k{API_KEY}"], id="no such short flag"),
        pytest.param(["--provider", "acme", f"--dry-run={API_KEY}"], id="flag with a value"),
        pytest.param(
            ["--provider", "acme", "--option", f"timeout_seconds={API_KEY}"], id="wrong type"
        ),
    ],
)
def test_error_does_not_repeat_what_may_be_secret(registry, capsys, arguments):
    """Terminals are recorded and logs are kept: options and URLs stay out of both."""
    assert 2 == main(["send", *arguments, "--json"], registry=registry)

    out, err = capsys.readouterr()
    assert API_KEY not in out + err
    assert err.startswith("mailcore: error: ")


@pytest.mark.parametrize("command", [f"acme://{API_KEY}", f"api_key={API_KEY}"])
def test_wrong_command_does_not_repeat_what_may_be_secret(registry, capsys, command):
    """A URL where the command should stand."""
    assert 2 == main([command], registry=registry)

    assert API_KEY not in capsys.readouterr().err


@pytest.mark.parametrize("form", [["--json"], []])
def test_dry_run_shows_requests_and_no_secrets(registry, capsys, form):
    """What would be sent, readable, with the credentials taken out."""
    options = ["--option", f"api_key={API_KEY}", *addressed("ok", "bug"), "--dry-run", *form]

    assert 0 == send(registry, *options)

    out, _ = capsys.readouterr()
    assert API_KEY not in out
    assert "\x1b" not in out
    for text in ("ok@example.net", "bug@example.net", "application/json", "Subject: Hi", "shop"):
        assert text in out
    assert "https://api.example.com/send?key=(hidden)&v=(hidden)" in out


def test_dry_run_has_the_body_as_data(registry, capsys):
    """A JSON body is JSON in the output, not a text in it."""
    send(registry, "--option", f"api_key={API_KEY}", *addressed("ok"), "--dry-run", "--json")

    answer = json.loads(capsys.readouterr().out)
    assert (True, "acme") == (answer["dry_run"], answer["provider"])
    assert [
        {
            "type": "HttpRequest",
            "method": "POST",
            "url": "https://api.example.com/send?key=(hidden)&v=(hidden)",
            "headers": {"X-Acme": "(hidden)", "Content-Type": "application/json"},
            "body": {
                "key": "(hidden)",
                "login": {"value": "(hidden)"},
                "to": "ok@example.net",
                "raw": "Subject: Hi\r\n\r\nHello\x1b[2J\r\n",
                "author": "shop",
            },
            "recipients": ["ok@example.net"],
        }
    ] == answer["requests"]


def test_dry_run_shows_mime_as_text(capsys, tmp_path):
    """The file provider's request is a whole mail; nothing is written."""
    outbox = tmp_path / "outbox"

    code = main(
        [
            *("send", "--provider", "file", "--option", f"directory={outbox}", "--dry-run"),
            *("--from", "shop@example.com", "--to", "ada@example.net", "--text", "Hello"),
            *("--subject", "One subject"),
        ]
    )

    lines = capsys.readouterr().out.splitlines()
    assert 0 == code
    assert "request 1 of 1 to file: FileRequest" == lines[0]
    assert {"    Subject: One subject", "    To: ada@example.net", "    Hello"} <= set(lines)
    assert not outbox.exists()


def test_dry_run_calls_no_transport(registry, capsys):
    """An address whose transport would fail is fine as long as nobody sends."""
    assert 0 == send(registry, *addressed("bug"), "--dry-run")

    assert "mailcore: dry run: nothing was sent\n" == capsys.readouterr().err


def json_lines(*messages):
    """A file of messages."""
    return "".join(f"{json.dumps(message)}\n" for message in messages)


def mail(name, **fields):
    """JSON of a message to this name."""
    return {"from_email": "shop@example.com", "to": [f"{name}@example.net"], "text": "x", **fields}


def test_each_line_has_its_outcome(registry, capsys, tmp_path):
    """One that is wrong or refused does not stop the others; empty lines do not count."""
    path = tmp_path / "messages.jsonl"
    path.write_text(
        json_lines(mail("ok"), mail("rejected"))
        + "\n"
        + json_lines(mail("limited"), mail("ok", subjekt="Hi"), mail("ok2")),
        encoding="utf-8-sig",
    )

    assert 5 == send(registry, "--messages", str(path))

    out, err = capsys.readouterr()
    outcomes = [json.loads(line) for line in out.splitlines()]
    assert [1, 2, 4, 5, 6] == [outcome["line"] for outcome in outcomes]
    assert ["sent", "MessageRejected", "RateLimited", "InvalidMessage", "sent"] == [
        outcome["error"]["type"]
        if "error" in outcome
        else next(iter(outcome["result"]["recipients"].values()))["status"]
        for outcome in outcomes
    ]
    assert "mailcore: 5 messages: 2 accepted, 3 not\n" == err


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        pytest.param([], 0, id="none"),
        pytest.param([mail("ok"), mail("ok2")], 0, id="all sent"),
        pytest.param([mail("ok"), mail("timeout")], 5, id="in part"),
        pytest.param([mail("limited"), mail("limited2")], 75, id="all later"),
        pytest.param([mail("limited"), mail("rejected")], 1, id="none sent"),
        pytest.param([mail("timeout"), mail("rejected")], 6, id="one unknown"),
        pytest.param([mail("ok", text=7)], 3, id="all invalid"),
        pytest.param([mail("ok", cc=["rejected@example.net"])], 5, id="recipients in part"),
    ],
)
def test_many_messages_have_one_code(registry, capsys, monkeypatch, messages, code):
    """The code of all: from standard input, which is read only once."""
    stdin = io.TextIOWrapper(io.BytesIO(json_lines(*messages).encode()))
    monkeypatch.setattr(sys, "stdin", stdin)

    assert code == send(registry, "--messages", "-")

    assert len(messages) == len(capsys.readouterr().out.splitlines())


@pytest.mark.parametrize(
    ("line", "fragment"),
    [
        pytest.param('{"to": ', "line 2 of", id="cut off"),
        pytest.param("[]", "line 2 of", id="not an object"),
        pytest.param("\x00" * (5 * 1024 * 1024), "line 2 of", id="5 MB garbage"),
    ],
)
def test_file_that_is_not_json_lines_sends_nothing(registry, capsys, tmp_path, line, fragment):
    """A file that was cut off is refused as a whole, before the first message leaves."""
    path = tmp_path / "messages.jsonl"
    path.write_text(json_lines(mail("ok")) + line)

    assert 3 == send(registry, "--messages", str(path))

    out, err = capsys.readouterr()
    assert "" == out
    assert fragment in err
    assert len(err) < 500


def test_dry_run_checks_many(registry, capsys, tmp_path):
    """The whole file is checked before anything is sent."""
    path = tmp_path / "messages.jsonl"
    path.write_text(json_lines(mail("bug"), mail("ok", track_opens=True)))

    assert 5 == send(registry, "--messages", str(path), "--dry-run")

    out, err = capsys.readouterr()
    first, second = map(json.loads, out.splitlines())
    assert ["bug@example.net"] == first["requests"][0]["recipients"]
    assert "UnsupportedFeature" == second["error"]["type"]
    assert "mailcore: 2 messages: 1 checked, 1 not\n" == err


def test_message_file_may_hold_everything(registry, capsys, tmp_path):
    """What Message.to_dict() writes is what --message reads."""
    content = base64.b64encode(b"PDF").decode()
    fields = mail("ok", attachments=[{"filename": "a.pdf", "content_base64": content}])
    path = tmp_path / "message.json"
    path.write_text(json.dumps(fields))

    assert 3 == send(registry, "--message", str(path))

    assert "attachments is not supported" in capsys.readouterr().err


WORDS = st.sampled_from(
    [
        *("send", "parse", "features", "providers", "--provider", "acme", "--url", "acme://"),
        *("--option", "api_key=x", "--from", "a@example.com", "--to", "ok@example.net", "--json"),
        *("--message", "--messages", "--attach", "--inline", "a=b", "--header", "X-A: b", "--tag"),
        *("--dry-run", "--send-at", "--unsubscribe", "--metadata", "--verify", "--", "--format"),
    ]
)


@given(st.lists(WORDS | st.text(max_size=12), max_size=9))
def test_no_command_line_ends_in_a_traceback(arguments):
    """Whatever is typed: a documented code, and what goes wrong starts with our name."""
    registry = Registry(autoload=False)
    registry.register(AcmeProvider)
    registry.register_extension(Extension())
    out, err = io.StringIO(), io.StringIO()

    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([word for word in arguments if word != "-"], registry=registry)

    assert code in {0, 2, 3, 4, 70}
    assert (code == 70) == ("unexpected" in err.getvalue())
    assert "Traceback" not in err.getvalue()
    assert code == 0 or err.getvalue().startswith("mailcore: ")
