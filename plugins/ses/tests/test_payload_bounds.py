"""The bounds of SES's model in simple content and templates: found before a call is made."""

from __future__ import annotations

import pytest

from mailcore import Attachment, Message
from mailcore_ses import SesProvider


ADA = "ada@example.net"
BASE = {"from_email": "shop@example.com", "to": [ADA]}
SIMPLE = {**BASE, "subject": "S", "text": "t"}
TEMPLATE = {**BASE, "template_id": "t"}
BULK = {**TEMPLATE, "merge_data": {ADA: {}}}
WRITTEN_BY_SES = [SIMPLE, TEMPLATE, BULK]
LONG = {"X-A": "x " * 497 + "x"}
UNSUBSCRIBE = {"unsubscribe": "https://example.com/u"}


def headers(number: int) -> dict[str, str]:
    """So many of them."""
    return {f"X-H{position}": "v" for position in range(number)}


def problems(fields, provider=None):
    """The fields that are at fault; what is at none is built, and held against the model."""
    provider = provider or SesProvider(content="simple")
    message = Message(**fields)
    found = [problem.field for problem in provider.check(message)]
    if not found:
        assert provider.build(message)
    return found


@pytest.mark.parametrize("fields", WRITTEN_BY_SES, ids=["simple", "template", "bulk"])
@pytest.mark.parametrize(
    ("more", "is_refused"),
    [
        ({"headers": headers(15)}, False),
        ({"headers": headers(16)}, True),
        ({"headers": headers(14), "metadata": {"a": "b"}}, False),
        ({"headers": headers(15), "metadata": {"a": "b"}}, True),
        ({"tags": [str(number) for number in range(15)]}, False),
        ({"tags": [str(number) for number in range(16)]}, True),
        ({"headers": headers(13), "tags": ["a"], "metadata": {"a": "b"}}, False),
        ({"headers": headers(13), **UNSUBSCRIBE}, False),
        ({"headers": headers(14), **UNSUBSCRIBE}, True),
    ],
)
def test_number_of_headers(fields, more, is_refused):
    """SES takes fifteen, and what becomes of metadata, tags and unsubscribe counts."""
    assert (["headers"] if is_refused else []) == problems({**fields, **more})


@pytest.mark.parametrize(
    ("fields", "is_refused"),
    [
        ({**BULK, "merge_headers": {ADA: headers(15)}}, False),
        ({**BULK, "merge_headers": {ADA: headers(16)}}, True),
        ({**BULK, "merge_headers": {ADA: headers(15)}, "merge_metadata": {ADA: {"a": "b"}}}, True),
        ({**SIMPLE, "merge_headers": {ADA: headers(15)}}, False),
        ({**SIMPLE, "headers": headers(10), "merge_headers": {ADA: headers(15)}}, False),
        ({**SIMPLE, "headers": {"X-A": "b"}, "merge_headers": {ADA: headers(15)}}, True),
    ],
)
def test_number_of_own_headers(fields, is_refused):
    """What is a recipient's own counts for each by themselves."""
    assert (["merge_headers"] if is_refused else []) == problems(fields)


def test_raw_content_has_no_such_bound():
    """A message that is written here has as many headers as it likes."""
    fields = {**SIMPLE, "headers": headers(100), "merge_headers": {ADA: headers(90)}}

    assert [] == problems(fields, SesProvider())


@pytest.mark.parametrize("fields", WRITTEN_BY_SES, ids=["simple", "template", "bulk"])
def test_longest_names(fields):
    """The longest names that a message takes are within the bounds of the model."""
    part = Attachment("n" * 255, b"x", "application/pdf")

    assert [] == problems({**fields, "headers": {"X" * 126: "v"}, "attachments": [part]})


@pytest.mark.parametrize("api_version", ["v2", "v1"])
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({**TEMPLATE, "merge_global_data": {"a": "x" * 262_135}}, None),
        ({**TEMPLATE, "merge_global_data": {"a": "x" * 262_137}}, "merge_global_data"),
        ({**BULK, "merge_data": {ADA: {"a": "x" * 262_137}}}, "merge_data"),
        # As JSON writes it: six characters each.
        ({**BULK, "merge_data": {ADA: {"a": "\N{BULLET}" * 50_000}}}, "merge_data"),
    ],
    ids=["fits", "global", "own", "escaped"],
)
def test_size_of_template_data(fields, field, api_version):
    """Values for a template have 262144 characters at most."""
    found = problems(fields, SesProvider(api_version=api_version))

    assert ([field] if field else []) == found


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"metadata": {"a": "x" * 977}}, None),
        ({"metadata": {"a": "x" * 978}}, "metadata"),
        # Spaces do not help where nothing is folded.
        ({"metadata": {"a": "x " * 489}}, "metadata"),
        ({"tags": ["t" * 991]}, None),
        ({"tags": ["t" * 992]}, "tags"),
        ({"headers": {"X-A": "x " * 496}}, None),
        ({"headers": {"X-A": "x " * 497 + "x"}}, "headers['X-A']"),
        ({"headers": {"A": "x" * 995}}, None),
        ({"headers": {"A": "x " * 497 + "xx"}}, "headers['A']"),
        # As it is written in words of RFC 2047.
        ({"headers": {"X-A": "\N{BULLET}" * 100}}, None),
        ({"headers": {"X-A": "\N{BULLET}" * 300}}, "headers['X-A']"),
    ],
)
@pytest.mark.parametrize("fields", WRITTEN_BY_SES, ids=["simple", "template", "bulk"])
def test_longest_headers_of_the_api(fields, more, field):
    """Name and value have 996 characters together."""
    assert ([field] if field else []) == problems({**fields, **more})


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"metadata": {"a": "x" * 983}}, None),
        ({"metadata": {"a": "x" * 984}}, "metadata"),
        ({"metadata": {"a": "x " * 2000}}, None),
        ({"metadata": {"a": "x" * 500, "b": "y" * 500}}, None),
        ({"merge_metadata": {ADA: {"a": "x" * 984}}}, "merge_metadata"),
        ({"metadata": {"a": "x" * 984}, "merge_metadata": {ADA: {"a": "b"}}}, "metadata"),
        ({"tags": ["t" * 991]}, None),
        ({"tags": ["t" * 992]}, "tags"),
        ({"tags": ["t " * 2000 + "t"]}, None),
    ],
)
def test_longest_headers_of_a_mail(more, field):
    """What is written here is folded at spaces: a line has 998 characters at most."""
    assert ([field] if field else []) == problems({**SIMPLE, **more}, SesProvider())


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({**BULK, "merge_metadata": {ADA: {"a": "x" * 978}}}, ["merge_metadata"]),
        # Both stand in one header.
        (
            {**BULK, "metadata": {"a": "x" * 500}, "merge_metadata": {ADA: {"b": "y" * 500}}},
            ["merge_metadata"],
        ),
        ({**BULK, "metadata": {"a": "x" * 977}, "merge_metadata": {ADA: {"a": "y"}}}, []),
        (
            {**BULK, "merge_headers": {ADA: LONG, "b@x.org": LONG}},
            ["merge_headers['X-A']"] * 2,
        ),
        ({**BULK, "merge_headers": {ADA: {"X-A": "x " * 496}}}, []),
    ],
)
def test_longest_headers_of_a_batch(fields, found):
    """Metadata of all go along with one's own, which win."""
    assert found == problems(fields)


@pytest.mark.parametrize(
    ("part", "is_refused"),
    [
        (Attachment("a", b"x", f"text/{'x' * 73}"), False),
        (Attachment("a", b"x", f"text/{'x' * 74}"), True),
        (Attachment("a", b"x", "image/png", content_id="i" * 78), False),
        (Attachment("a", b"x", "image/png", content_id="i" * 79), True),
    ],
)
@pytest.mark.parametrize("fields", WRITTEN_BY_SES, ids=["simple", "template", "bulk"])
def test_longest_types_of_files(fields, part, is_refused):
    """A content type and a Content-ID have 78 characters at most."""
    assert (["attachments[0]"] if is_refused else []) == problems({**fields, "attachments": [part]})
