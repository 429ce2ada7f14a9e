"""What several services cannot express: found, told, and let go of in the same way."""

from __future__ import annotations

import pytest

from mailcore import Attachment, Message, inline_image
from mailcore.features import AMP
from mailcore.message import problems


def message(**fields):
    """A message."""
    return Message(
        **{"from_email": "a@example.com", "to": ["b@example.net"], "text": "Hi", **fields}
    )


def refusal(name, place):
    """A service that obeys X-Toy-*."""
    return (f"{place}: obeyed", "leave it out") if name.lower().startswith("x-toy-") else None


IMAGE = inline_image(b"\x89PNG\r\n\x1a\n", filename="a.png", content_type="image/png")
NAMELESS = Attachment("b.png", b"\x89PNG\r\n\x1a\n", "image/png", disposition="inline")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            problems.refused_headers(["X-A", "x-TOY-b"], "headers", refusal),
            [("headers['x-TOY-b']", "headers", True)],
        ),
        (
            problems.refused_extra_headers(
                [("X-Toy-A", "1"), ("X-B", "a\nb"), (5, "c")], "extra", refusal
            ),
            [("extra", "", False), ("extra", "", False), ("extra['X-Toy-A']", "", False)],
        ),
        *(
            (problems.refused_extra_headers(given, "extra", refusal), expected)
            for given, expected in (
                ({"X-Toy-A": "1", "X-B": "2"}, [("extra['X-Toy-A']", "", False)]),
                ([{"Name": "X-Toy-A", "Value": "1"}], [("extra['X-Toy-A']", "", False)]),
                ([{"Name": "X-B", "Value": "a\nb"}], [("extra", "", False)]),
                ([{"Value": "1"}], [("extra", "", False)]),
                ("X-Toy-A", []),
                (["X-Toy-A", 5, ("X-Toy-A",)], []),
                (None, []),
            )
        ),
        (
            problems.refused_in_extra(
                {
                    "CC": "c\nd",
                    "Headers": {"X-Toy-A": "1"},
                    "Audience": "all",
                    "Body": "a\nb",
                    "Title": "a\nb",
                    "Count": 5,
                },
                "toy",
                refusal=refusal,
                of_lines=["body"],
                others=["audience"],
            ),
            [
                ("esp_extra['toy']['CC']", "", False),
                ("esp_extra['toy']['Headers']['X-Toy-A']", "", False),
                ("esp_extra['toy']['Audience']", "", False),
                ("esp_extra['toy']['Title']", "", False),
            ],
        ),
        (problems.without_body(message(), "Toy", {}, ["Body"]), []),
        (problems.without_body(message(text=None), "Toy", {"Body": "a"}, ["Body"]), []),
        (
            problems.without_body(message(text="", html=""), "Toy", {"Other": "a"}, ["Body"]),
            [("text", "", False)],
        ),
        (problems.batch_without_recipients(message()), []),
        (problems.batch_without_recipients(message(merge_data={})), []),
        (
            problems.batch_without_recipients(message(to=[], cc=["c@example.net"], merge_data={})),
            [("to", "", False)],
        ),
        (
            problems.bodies_beside_template(
                message(template_id="t", subject="S"), ("subject", "text", "html"), "no"
            ),
            [("subject", "templates", False), ("text", "templates", False)],
        ),
        (
            problems.inline_without_content_id(message(attachments=[IMAGE]), "Toy"),
            [],
        ),
        (
            problems.inline_without_content_id(message(attachments=[IMAGE, NAMELESS]), "Toy"),
            [("attachments[1]", "inline_images", True)],
        ),
        (
            problems.metadata_without_values(
                message(
                    metadata={"a": None, "b": "c"}, merge_metadata={"b@example.net": {"d": None}}
                ),
                "Toy",
            ),
            [("metadata", "metadata", True), ("merge_metadata", "merge_metadata", True)],
        ),
        (
            problems.recipients_in_extra(["To", "cc", "Subject"], "toy"),
            [("esp_extra['toy']['To']", "", False), ("esp_extra['toy']['cc']", "", False)],
        ),
        (problems.control_characters_in({"a": ["b", "c"], "d": 5}, "extra"), []),
        (
            problems.control_characters_in({"a": ["b\x00", "\n"]}, "extra"),
            [("extra", "", False)],
        ),
        (problems.control_characters_in({"a\u2028": 1}, "extra"), [("extra", "", False)]),
    ],
)
def test_each_names_what_it_is_about(found, expected):
    """With the field, the feature, and whether a mailer can let go of it."""
    told = [(each.field, each.feature, each.remedy is not None) for each in found]

    assert expected == told


def test_headers_of_single_recipients_are_named_once():
    """In whatever spelling."""
    each = message(
        to=["b@example.net", "c@example.net"],
        merge_headers={"b@example.net": {"X-A": "1"}, "c@example.net": {"x-a": "2", "X-B": "3"}},
    )

    assert {"x-a", "x-b"} == set(problems.own_header_names(each))


def test_alternatives_that_are_refused():
    """Those in AMP are a feature of their own; what is left out are just they."""
    given = [("a", "text/x-a"), ("<html amp4email>", AMP), ("b", "text/x-b")]
    sent = message(html="<p>Hi</p>", alternatives=given)

    others, amp = problems.refused_alternatives(sent, "no {feature} here", "leave it out")

    assert ("no alternatives here", "leave it out") == (others.reason, others.hint)
    assert ("no amp_html here", "amp_html") == (amp.reason, amp.feature)
    assert [given[1]] == [(each.content, each.mime_type) for each in left(others, sent)]
    assert ["a", "b"] == [each.content for each in left(amp, sent)]
    assert [] == list(problems.refused_alternatives(message(), "no"))


def left(problem, sent):
    """The alternatives of a message without those that a problem is about."""
    return problem.remedy.apply(sent).alternatives
