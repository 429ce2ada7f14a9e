"""What a list or mapping holds is used or refused: nothing that was given vanishes."""

from __future__ import annotations

import pytest

from mailcore import (
    Address,
    ConfigurationError,
    InvalidAddress,
    InvalidAddressType,
    InvalidMessage,
    InvalidMessageType,
    Message,
    MessageError,
    Problem,
    UnsupportedFeature,
    errors,
)
from mailcore.message import Defaults


ADDRESSES = ("to", "cc", "bcc", "reply_to")
EMPTY_ADDRESSES = (None, "", " ", ("", ""), ("Ada", ""), ("Ada", None), (None, None), ())


def given(field, items):
    """A message to somebody, with one list more."""
    return {"from_email": "a@example.com", "to": ["b@example.com"], "text": "t", field: items}


@pytest.mark.parametrize("field", ADDRESSES)
@pytest.mark.parametrize("item", EMPTY_ADDRESSES, ids=repr)
@pytest.mark.parametrize("made", [list, tuple, iter], ids=["list", "tuple", "iterator"])
@pytest.mark.parametrize("read", [lambda fields: Message(**fields), Message.from_dict])
def test_an_item_without_an_address_is_refused(field, item, made, read):
    """Whoever was meant must not be forgotten, whatever the list is and wherever it stands."""
    with pytest.raises(InvalidAddress) as caught:
        read(given(field, made(["c@example.com", item])))

    assert [field] == [problem.field for problem in caught.value.problems]


@pytest.mark.parametrize("field", ["tags", "attachments", "alternatives"])
@pytest.mark.parametrize("made", [list, tuple, iter], ids=["list", "tuple", "iterator"])
@pytest.mark.parametrize("read", [lambda fields: Message(**fields), Message.from_dict])
def test_none_in_other_lists_is_refused(field, made, read):
    """None is no tag and no file."""
    with pytest.raises(InvalidMessageType) as caught:
        read(given(field, made([None])))

    assert [f"{field}[0]"] == [problem.field for problem in caught.value.problems]


@pytest.mark.parametrize("field", ["merge_data", "merge_metadata", "merge_headers"])
@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ({"b@example.com": None}, InvalidMessageType),
        ({None: {}}, InvalidMessageType),
        ({"": {}}, InvalidAddress),
        ({" ": {}}, InvalidAddress),
    ],
)
def test_mappings_by_recipient_have_no_holes(field, mapping, expected):
    """Neither nobody's values nor a recipient's missing ones are dropped."""
    with pytest.raises(expected):
        Message(**given(field, mapping))


@pytest.mark.parametrize("field", ["headers", "metadata", "merge_global_data", "esp_extra"])
def test_none_is_no_key(field):
    """A key that is None is refused by every mapping."""
    with pytest.raises(InvalidMessageType):
        Message(**given(field, {None: "x"}))


@pytest.mark.parametrize("field", ADDRESSES)
def test_defaults_have_no_empty_items(field):
    """The same in the defaults of a mailer, the general ones and those of one provider."""
    with pytest.raises(ConfigurationError, match="is None, not an email address"):
        Defaults({field: [None]})
    with pytest.raises(ConfigurationError, match="is None, not an email address"):
        Defaults(by_provider={"console": {field: [None]}})


@pytest.mark.parametrize("field", ADDRESSES)
def test_none_instead_of_a_list_is_an_answer(field):
    """None for the whole field refuses the default, as everywhere."""
    message = Message(**given(field, None))

    assert () == getattr(message, field)
    assert field in message.declined


NO_ADDRESS = [
    {"to": ["oops"]},
    {"from_email": "oops"},
    {"from_email": ""},
    {"from_email": 5},
    {"envelope_sender": "oops"},
    {"headers": {"Sender": "oops"}},
    {"headers": {"From": "oops"}},
    {"headers": {"Reply-To": "oops"}},
    {"merge_data": {"oops": {}}},
    {"merge_headers": {"oops": {}}},
    {"unsubscribe": {"mailto": "oops"}},
    {"reply_to": ["a@example.com", "oops"], "subject": "two\nlines"},
    {"to": ["oops"], "subject": 5},
    {"to": [{"addr_spec": "a@example.com"}]},
]


@pytest.mark.parametrize("fields", NO_ADDRESS, ids=repr)
def test_a_message_says_that_an_address_is_wrong(fields):
    """`except InvalidAddress` works whenever an address is among the problems."""
    with pytest.raises(InvalidAddress) as caught:
        Message(**fields)

    is_type = any(problem.kind == "type" for problem in caught.value.problems)
    assert (InvalidAddressType if is_type else InvalidAddress) is type(caught.value)
    assert is_type == isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    "data",
    [
        {"to": [{}]},
        {"to": [{"addr_spec": "oops"}]},
        {"to": [{"addr_spec": 5}]},
        {"from_email": {"addr_spec": "a@example.com", "name": "Ada"}},
        {"cc": ["oops"], "nothing": 1},
    ],
    ids=repr,
)
def test_a_dict_says_that_an_address_is_wrong(data):
    """Reading a message from JSON raises the same."""
    with pytest.raises(InvalidAddress):
        Message.from_dict(data)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"subject": "two\nlines"}, InvalidMessage),
        ({"subject": 5}, InvalidMessageType),
        ({"to": "a@example.com"}, InvalidMessageType),
        ({"attachments": [("", b"")]}, InvalidMessage),
    ],
)
def test_other_problems_are_no_addresses(fields, expected):
    """What is wrong elsewhere is not told as an address."""
    with pytest.raises(expected) as caught:
        Message(**fields)

    assert expected is type(caught.value)


def test_the_kinds_of_wrong_messages_are_one_family():
    """`except InvalidMessage` gets all of them, and `except InvalidMessageType` wrong types."""
    assert issubclass(InvalidAddress, InvalidMessage)
    assert issubclass(InvalidAddressType, (InvalidAddress, InvalidMessageType, TypeError))
    assert not issubclass(InvalidAddress, TypeError)
    assert not issubclass(UnsupportedFeature, InvalidMessage)


def test_problems_of_a_part_keep_what_they_are_about():
    """An address problem stays one when it is told with the place of the whole."""
    with pytest.raises(InvalidAddress):
        errors.raise_problems([Problem("x", "wrong", is_address=True), Problem("y", "wrong")])
    with pytest.raises(MessageError) as caught:
        Message.from_dict({"to": [{"addr_spec": "oops"}]})
    assert caught.value.problems[0].is_address


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("sender", "from_email"),
        ("from_", "from_email"),
        ("recipients", "to"),
        ("body", "text"),
        ("html_body", "html"),
        ("attachment", "attachments"),
        ("metdata", "metadata"),
        ("bccs", "bcc"),
    ],
)
def test_an_unknown_field_is_ours_and_says_which_was_meant(name, meant):
    """A misspelt field is a TypeError, as in any call, and an error of mailcore's."""
    with pytest.raises(TypeError, match=f"did you mean '{meant}'") as caught:
        Message(**{name: "x"})

    assert isinstance(caught.value, InvalidMessageType)


def test_an_address_is_still_itself():
    """An Address, a text and a pair in one list, of which none is lost."""
    message = Message(to=[Address("a@x.org"), "b@x.org, c@x.org", ("D", "d@x.org")])

    assert ("a@x.org", "b@x.org", "c@x.org", "d@x.org") == message.recipients
