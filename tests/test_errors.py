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
from mailcore.message import Without
from mailcore.result import RecipientStatuses


CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, MailcoreError)
}
PROBLEMS = [Problem("to", "bad", "write it well", "cc", "type"), Problem("cc", "worse")]
REMEDY = Without("tags")
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
    always = {"RateLimited", "ProviderUnavailable", "NetworkError", "StoreUnavailable"}
    assert always == drawn
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


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("SendError", {"code": "Busy", "raw": {"a": [1]}, "status_code": 503, "category": "own"}),
        ("RecipientsRefused", {"result": RESULT, "errors": (ValueError("x"),)}),
        ("FetchError", {"provider": "toy", "category": "gone", "raw": [1], "retryable": True}),
        ("FetchError", {"status_code": 404, "code": "NoSuchKey"}),
        ("ProviderNotFound", {"name": "n", "installed": ("a",), "similar": ("b",)}),
        ("ProviderNotFound", {"install_hint": "pip"}),
        ("PluginLoadError", {"name": "n", "distribution": "d"}),
    ],
)
def test_attributes_are_those_given(name, given):
    """What is not given is empty, and the text is the text."""
    error, plain = CLASSES[name]("text", **given), CLASSES[name]("text")

    assert given == {attribute: getattr(error, attribute) for attribute in given}
    assert str(error).endswith("text")
    defaults = {"category": plain.category if hasattr(plain, "category") else ""}
    for attribute in given:
        assert getattr(plain, attribute) in {"", (), None, False, defaults["category"]}


@pytest.mark.parametrize("name", ["SendError", "RateLimited", "FetchError"])
def test_an_error_without_a_text_names_its_category(name):
    """A subclass may keep its text to itself; the error still says what it is."""
    error = CLASSES[name]("text")
    assert "text" == str(error)
    error.args = ()

    assert error.category == str(error)


def test_a_fetch_that_failed_claims_nothing_by_itself():
    """It is not tried again unless whoever raises it says so."""
    error = FetchError("text")

    assert ("", "failed", "", None, None) == (
        error.provider,
        error.category,
        error.code,
        error.status_code,
        error.raw,
    )
    assert error.retryable is False


def test_handlers_failed_keeps_what_each_raised():
    """By the handler's name; nothing if nothing was given."""
    failures = {"a": KeyError("x")}

    assert failures == CLASSES["HandlersFailed"]("text", failures=failures).failures
    assert {} == CLASSES["HandlersFailed"]("text").failures
    assert "text" == str(CLASSES["HandlersFailed"]("text"))


@pytest.mark.parametrize(
    ("problems", "expected"),
    [
        ([{}], "InvalidMessage"),
        ([{"kind": "type"}], "InvalidMessageType"),
        ([{}, {"kind": "type"}], "InvalidMessageType"),
        ([{"is_address": True}], "InvalidAddress"),
        ([{}, {"is_address": True}], "InvalidAddress"),
        ([{"is_address": True, "kind": "type"}], "InvalidAddressType"),
        ([{"is_address": True}, {"kind": "type"}], "InvalidAddressType"),
    ],
)
def test_all_problems_are_raised_as_one(problems, expected):
    """One exception has them all, and its class says of what sort they are."""
    found = [Problem("to", "bad", **each) for each in problems]

    with pytest.raises(MessageError) as caught:
        errors.raise_problems(iter(found))

    assert (CLASSES[expected], tuple(found)) == (type(caught.value), caught.value.problems)


def test_problems_are_raised_as_the_class_that_is_named():
    """Unless what is wrong is an address."""
    with pytest.raises(UnsupportedFeature):
        errors.raise_problems([Problem("to", "bad")], UnsupportedFeature)
    with pytest.raises(CLASSES["InvalidAddress"]):
        errors.raise_problems([Problem("to", "bad", is_address=True)], UnsupportedFeature)


@pytest.mark.parametrize(
    ("features", "text"),
    [
        (["tags"], "bad (a mailer with unsupported={'tags': 'drop'} sends it without)"),
        ([""], "bad (a mailer with unsupported={'*': 'drop'} sends it without)"),
        (
            ["tags", "cc", "tags"],
            "3 problems:" + 3 * "\n  - bad" + "\n"
            "(a mailer with unsupported={'tags': 'drop', 'cc': 'drop'} sends it without)",
        ),
        (["tags", None], "2 problems:\n  - bad\n  - bad"),
        ([], "0 problems:"),
    ],
)
def test_the_way_out_is_told_where_there_is_one(features, text):
    """A policy is named if it helps, which is if each problem has a remedy."""
    problems = [
        Problem("x", "bad", feature=feature or "", remedy=None if feature is None else REMEDY)
        for feature in features
    ]

    assert text == str(UnsupportedFeature(problems))
    told = UnsupportedFeature(problems, provider="toy")
    assert f"toy cannot send this message: {text}" == str(told)
    assert "" == UnsupportedFeature(problems).provider


def test_a_text_alone_is_a_problem_of_the_message():
    """Whoever raises it need not make a Problem."""
    error = MessageError("just text")

    assert (Problem("message", "just text"),) == error.problems == error.args[0]


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
    ("kind", "options", "status_code", "headers"),
    [
        (WebhookError, {}, 400, {}),
        (WebhookRejected, {}, 403, {}),
        (WebhookRejected, {"status_code": 401, "headers": {"A": "b"}}, 401, {"A": "b"}),
        (errors.MalformedWebhook, {"status_code": 413, "provider": "toy"}, 413, {}),
    ],
)
def test_webhook_errors_have_an_answer_ready(kind, options, status_code, headers):
    """The sender learns the status and nothing of the reason; the operator's log has that."""
    error = kind("s3cret", **options)
    response = error.response

    assert ("s3cret", options.get("provider", "")) == (str(error), error.provider)
    assert (status_code, headers) == (response.status_code, dict(response.headers))
    assert b"s3cret" not in response.body
