from __future__ import annotations

import copy
import inspect
import pickle
import re

import pytest

from mailcore import (
    FailoverError,
    FetchError,
    MailcoreError,
    MessageError,
    PluginLoadError,
    Problem,
    ProviderNotFound,
    RateLimited,
    RecipientsRefused,
    RecipientStatus,
    SendError,
    SendResult,
    SendStatus,
    UnsupportedFeature,
    WebhookError,
    WebhookRejected,
    errors,
)
from mailcore.result import RecipientStatuses


CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, MailcoreError)
}
PROBLEMS = [Problem("to", "bad", "write it well", "cc", "type"), Problem("cc", "worse")]
RESULT = SendResult(
    provider="toy", recipients=RecipientStatuses({"a@x.org": RecipientStatus(SendStatus.FAILED)})
)


def drawn_tree():
    """Names with their parents, as the docstring of the module draws them."""
    tree, above = {}, []
    for line in errors.__doc__.splitlines():
        match = re.match(r"    ([ │├└─]*)([A-Z]\w+)(?: \((\w+)\))?", line)
        if match is None:
            continue
        depth = (len(match[1]) + 4) // 5
        above = above[:depth]
        tree[match[2]] = above[-1] if above else "Exception"
        above.append(match[2])
    return tree


def test_tree_is_as_drawn():
    """The docstring's drawing has every class under its parent."""
    tree = drawn_tree()

    assert set(CLASSES) == set(tree)
    for name, parent in tree.items():
        assert parent == CLASSES[name].__bases__[0].__name__, name
    assert issubclass(CLASSES["MessageError"], ValueError)
    assert issubclass(CLASSES["InvalidMessageType"], TypeError)


def test_drawing_marks_what_is_retryable():
    """Those that the drawing calls retryable are, and no others."""
    drawn = {
        line.split()[1 + (line.split()[0] == "│")]
        for line in errors.__doc__.splitlines()
        if re.search(r"─ \w+ +retryable", line)
    }

    retryable = {n for n, c in CLASSES.items() if getattr(c, "default_retryable", False)}
    assert {"RateLimited", "ProviderUnavailable", "NetworkError"} == drawn
    assert {*drawn, "SendTimeout"} == retryable


def made(name):
    """An instance with all its attributes."""
    cls = CLASSES[name]
    if issubclass(cls, UnsupportedFeature):
        return cls(PROBLEMS, provider="toy")
    if issubclass(cls, MessageError):
        return cls(PROBLEMS)
    attributes = {
        "provider": "toy",
        "category": "own",
        "retryable": True,
        "maybe_accepted": True,
        "retry_after_seconds": 2.5,
        "status_code": 503,
        "code": "Busy",
        "raw": {"a": [1]},
    }
    if issubclass(cls, RecipientsRefused):
        return cls("text", result=RESULT, **attributes)
    if issubclass(cls, FailoverError):
        return cls(
            "text", attempts=[RateLimited("a"), UnsupportedFeature("b", provider="c")], **attributes
        )
    if issubclass(cls, SendError):
        return cls("text", **attributes)
    if issubclass(cls, WebhookError):
        return cls("text", provider="toy", status_code=401, headers={"WWW-Authenticate": "Basic"})
    if issubclass(cls, ProviderNotFound):
        return cls("text", name="n", installed=["a"], similar=["b"], install_hint="pip")
    if issubclass(cls, PluginLoadError):
        return cls("text", name="n", distribution="d")
    return cls("text")


def plain(error):
    """Text and attributes, for comparing: exceptions are equal to themselves only."""
    return str(error), {
        name: [plain(e) for e in value] if name == "attempts" else value
        for name, value in vars(error).items()
    }


def test_fetch_error_travels():
    """What a worker needs to know is still there after pickling; the provider is in the text."""
    error = FetchError(
        "gone",
        provider="toy",
        category="not_found",
        retryable=True,
        status_code=404,
        code="NoSuchKey",
        raw={"a": [1]},
    )

    assert plain(error) == plain(pickle.loads(pickle.dumps(error)))
    assert "toy: gone" == str(error)


@pytest.mark.parametrize("name", sorted(CLASSES))
@pytest.mark.parametrize(
    "copied",
    [
        *(lambda e, p=p: pickle.loads(pickle.dumps(e, p)) for p in (2, 3, 4, 5)),
        copy.copy,
        copy.deepcopy,
    ],
    ids=["pickle 2", "pickle 3", "pickle 4", "pickle 5", "copy", "deepcopy"],
)
def test_errors_travel(name, copied):
    """Through a queue or another process, an error keeps its class, text and attributes."""
    error = made(name)
    other = copied(error)

    assert type(error) is type(other)
    assert plain(error) == plain(other)


@pytest.mark.parametrize("name", sorted(n for n, c in CLASSES.items() if issubclass(c, SendError)))
def test_defaults_of_send_errors(name):
    """Without further words, each class has its category, and claims nothing."""
    error = CLASSES[name]("text")

    assert error.category == type(error).default_category != ""
    assert (False, None, None, "", None) == (
        error.maybe_accepted,
        error.retry_after_seconds,
        error.status_code,
        error.code,
        error.raw,
    )
    assert error.retryable == type(error).default_retryable
    assert "toy: text" == str(CLASSES[name]("text", provider="toy"))


def test_retryable_can_be_told_either_way():
    """False is not the same as not given."""
    assert not RateLimited("x", retryable=False).retryable
    assert SendError("x", retryable=True).retryable


def test_text_of_one_and_of_several_problems():
    """One problem is a sentence, several are a list; hints stand in brackets."""
    assert "bad (write it well)" == str(MessageError(PROBLEMS[:1]))
    assert "2 problems:\n  - bad (write it well)\n  - worse" == str(MessageError(PROBLEMS))
    assert "toy cannot send this message: worse" == str(
        UnsupportedFeature(PROBLEMS[1:], provider="toy")
    )
    assert "just text" == str(MessageError("just text"))


@pytest.mark.parametrize("name", ["SendError", "RecipientsRefused", "FailoverError"])
def test_raw_answers_stay_out_of_texts(name):
    """The provider's answer is for a debugger: it may hold addresses and secrets."""
    error = CLASSES[name]("text", raw="s3cret of ada@example.net")

    assert "s3cret" not in str(error) + repr(error)


def test_refused_recipients_stay_out_of_texts():
    """They are on the result, whose repr is redacted."""
    error = RecipientsRefused("nobody was accepted", result=RESULT)

    assert "a@x.org" not in str(error) + repr(error) + repr(error.result)
    assert ("a@x.org",) == error.result.refused


@pytest.mark.parametrize(
    ("error", "status_code", "headers"),
    [
        (WebhookError("s3cret"), 400, {}),
        (WebhookRejected("s3cret"), 403, {}),
        (WebhookRejected("s3cret", status_code=401, headers={"A": "b"}), 401, {"A": "b"}),
        (errors.MalformedWebhook("s3cret", status_code=413), 413, {}),
    ],
)
def test_webhook_errors_have_an_answer_ready(error, status_code, headers):
    """The sender learns the status and nothing of the reason."""
    response = error.response

    assert (status_code, headers) == (response.status_code, dict(response.headers))
    assert b"s3cret" not in response.body
