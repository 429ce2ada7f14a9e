"""Several addresses in From, and the Sender that they need (RFC 5322, section 3.6.2)."""

from __future__ import annotations

import email
import email.policy
import json
import pickle

import pytest

from mailcore import (
    Address,
    InvalidMessage,
    Mailer,
    Message,
    Registry,
    UnsupportedFeature,
    write_message,
)
from mailcore.builtin.memory import MemoryProvider
from mailcore.cli import main
from mailcore.features import NO, YES, Feature, Features, limited
from mailcore.message import Defaults


ADA, BOB, CARL = "ada@example.com", "Bob <bob@example.com>", '"Müller, Carl" <carl@bücher.example>'
WAYS = {
    "a list": {"from_email": [ADA, BOB]},
    "a generator": {"from_email": (each for each in (ADA, BOB))},
    "addresses": {"from_email": [Address.parse(ADA), Address.parse(BOB)]},
    "a list with a pair": {"from_email": [ADA, ("Bob", "bob@example.com")]},
    "a text with a comma": {"from_email": f"{ADA}, {BOB}"},
    "a list with such a text": {"from_email": [f"{ADA}, {BOB}"]},
    "both fields": {"from_email": ADA, "other_authors": [BOB]},
    "the header": {"headers": {"From": f"{ADA}, {BOB}"}},
}


@pytest.mark.parametrize("way", WAYS)
def test_ways_to_say_it(way):
    """However they are given, the first is from_email and the others follow."""
    message = Message(**WAYS[way])

    assert Address(ADA) == message.from_email
    assert (Address.parse(BOB),) == message.other_authors
    assert (message.from_email, *message.other_authors) == message.authors
    assert message == Message(from_email=ADA, other_authors=[BOB])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({}, ()), ({"from_email": ADA}, (ADA,)), ({"from_email": [ADA]}, (ADA,))],
)
def test_one_author_or_none(fields, expected):
    """A list of one is one, and nobody has further authors then."""
    message = Message(**fields)

    assert expected == tuple(author.addr_spec for author in message.authors)
    assert () == message.other_authors
    assert message == Message.from_dict(message.to_dict())


def test_travels():
    """As JSON and as a pickle, with every author in its place; a repr shows none of them."""
    message = Message(from_email=[ADA, BOB, CARL], to=["d@example.net"])

    for copy in (
        Message.from_dict(json.loads(json.dumps(message.to_dict()))),
        pickle.loads(pickle.dumps(message)),
        message.replace(),
        Message(**message.given()),
        Message.from_dict({"from_email": [ADA, BOB, CARL], "to": ["d@example.net"]}),
    ):
        assert message == copy
    assert 3 == len(message.authors)
    assert not [name for name in ("ada", "bob", "carl") if name in repr(message)]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"from_email": []}, "`from_email` has no address"),
        ({"from_email": [ADA, "x"]}, "in `from_email`"),
        ({"from_email": "Unquoted, Name <a@example.com>"}, "in `from_email`"),
        ({"from_email": [ADA, BOB], "other_authors": [CARL]}, "all of them in from_email"),
        ({"headers": {"Sender": f"{ADA}, {BOB}"}}, "`headers['Sender']` must have one address"),
    ],
)
def test_what_is_refused(fields, told):
    """With the field, and what to do."""
    with pytest.raises(InvalidMessage) as caught:
        Message(**fields)

    assert told in str(caught.value)


def test_who_replaces_the_author_replaces_all():
    """No further author of before stands beside another one."""
    message = Message(from_email=[ADA, BOB])

    assert (Address.parse(CARL),) == message.replace(from_email=CARL).authors
    assert () == message.replace(from_email=None).authors
    assert 2 == len(message.replace(from_email=[CARL, BOB]).authors)
    assert 2 == len(message.replace(from_email=CARL, other_authors=[ADA]).authors)
    assert 2 == len(message.replace(subject="s").authors)
    assert (Address(ADA),) == message.replace(other_authors=None).authors
    assert (Address.parse(CARL),) == message.replace(headers={"From": CARL}).authors


@pytest.mark.parametrize(
    ("general", "own", "message", "expected"),
    [
        ({"from_email": [ADA, BOB]}, {}, {}, [ADA, "bob@example.com"]),
        ({"from_email": [ADA, BOB]}, {}, {"from_email": "c@example.com"}, ["c@example.com"]),
        ({"from_email": [ADA, BOB]}, {}, {"from_email": None}, []),
        ({"from_email": [ADA, BOB]}, {}, {"other_authors": None}, [ADA]),
        ({"from_email": [ADA, BOB]}, {"from_email": "c@example.com"}, {}, ["c@example.com"]),
        ({"from_email": [ADA, BOB]}, {"from_email": None}, {}, []),
        ({"from_email": ADA}, {"from_email": [BOB, ADA]}, {}, ["bob@example.com", ADA]),
        ({"from_email": ADA}, {}, {"other_authors": [BOB]}, [ADA, "bob@example.com"]),
    ],
)
def test_defaults_stand_for_all_authors(general, own, message, expected):
    """A message's author is not joined by those of the default."""
    defaults = Defaults(general, by_provider={"memory": own})

    applied = defaults.apply(Message(**message), "memory")

    assert expected == [author.addr_spec for author in applied.authors]


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        ({}, ADA),
        ({"Sender": "desk@example.com"}, "desk@example.com"),
        ({"SENDER": "Desk <desk@bücher.example>"}, "Desk <desk@xn--bcher-kva.example>"),
    ],
)
def test_the_mail_has_a_sender(headers, sender):
    """The one that is given, or the first author: a mail with several must have one."""
    message = Message(from_email=[ADA, BOB, CARL], to=["d@example.net"], headers=headers, text="t")
    mail = email.message_from_bytes(write_message(message), policy=email.policy.default)

    expected = [author.ascii_addr_spec for author in message.authors]
    assert expected == [each.addr_spec for each in mail["From"].addresses]
    assert ["", "Bob", "Müller, Carl"] == [each.display_name for each in mail["From"].addresses]
    assert [sender] == [str(value) for value in mail.get_all("Sender")]
    assert not mail["From"].defects


def test_a_finished_mail_keeps_its_authors():
    """What is written is read back, with all authors and the Sender that was written for them."""
    message = Message(from_email=[ADA, BOB], to=["d@example.net"], subject="s", text="t")

    again = Message.from_mime(write_message(message))

    assert message.authors == again.authors
    assert {"Sender": ADA} == dict(again.headers)
    assert message.replace(headers={"Sender": ADA}) == again.replace(text="t")


def test_extra_headers_may_have_the_sender():
    """A provider's own is not doubled, and a mail of one author has none that nobody gave."""
    fields = {"to": ["d@example.net"], "text": "t"}
    extra = [("Sender", "desk@example.com")]
    several = write_message(Message(from_email=[ADA, BOB], **fields), extra_headers=extra)

    assert 1 == several.count(b"Sender: ")
    assert b"Sender: " not in write_message(Message(from_email=ADA, **fields))


def everything_but(**supports):
    """All features supported but those given."""
    return Features(**{**{feature.value: YES for feature in Feature}, **supports})


def mailer_of(features, **settings):
    """A mailer whose provider has these features and keeps what is sent."""
    provider = type("Toy", (MemoryProvider,), {"name": "toy", "features": features})()
    return Mailer(provider, registry=Registry(autoload=False), **settings)


def test_a_provider_says_how_many():
    """It refuses them with its reason, has a limit for those beside the first, or sends them."""
    message = Message(from_email=[ADA, BOB, CARL], to=["d@example.net"])

    with pytest.raises(UnsupportedFeature, match="multiple_from is not supported: one only") as no:
        mailer_of(everything_but(multiple_from=NO("one only"))).send(message)
    assert ["other_authors"] == [problem.field for problem in no.value.problems]
    with pytest.raises(UnsupportedFeature, match="2 given, at most 1 possible"):
        mailer_of(everything_but(multiple_from=limited(1))).send(message)
    dropping = mailer_of(
        everything_but(multiple_from=NO("")), unsupported={"multiple_from": "drop"}
    )
    dropping.send(message)
    assert [(Address(ADA),)] == [sent.authors for sent in dropping.provider.outbox]


@pytest.mark.parametrize("fields", [{}, {"from_email": None, "template_id": "t"}])
def test_further_authors_need_a_first(fields):
    """Neither the mailer nor a template has one for them."""
    with pytest.raises(InvalidMessage, match="`from_email` is missing beside `other_authors`"):
        Mailer("memory").preview(Message(to=["d@example.net"], other_authors=[BOB], **fields))


def test_local_parts_of_all_authors_are_looked_at():
    """What cannot be written in ASCII is refused by name, whoever of them has it."""
    message = Message(from_email=[ADA, "grüße@example.com"], to=["d@example.net"])

    with pytest.raises(UnsupportedFeature, match="international_addresses"):
        mailer_of(everything_but(international_addresses=NO("ASCII"))).send(message)


def test_the_command_line_replaces_all(tmp_path, capsys):
    """--from stands for every author of the file, and takes several."""
    path = tmp_path / "message.json"
    message = Message(from_email=[ADA, BOB], to=["d@example.net"], text="t")
    path.write_text(json.dumps(message.to_dict()), encoding="utf-8")
    command = ["send", "--provider", "console", "--message", str(path)]

    assert 0 == main(command)
    shown = capsys.readouterr().out
    assert 0 == main([*command, "--from", "c@example.com"])
    replaced = capsys.readouterr().out
    assert 0 == main([*command, "--from", f"c@example.com, {BOB}"])

    assert "other_authors: Bob <bob@example.com>" in shown
    assert "from_email: c@example.com" in replaced
    assert "other_authors" not in replaced
    assert "other_authors: Bob <bob@example.com>" in capsys.readouterr().out
