"""The table of a message's fields, and what has to agree with it."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import re
import typing

from collections import Counter
from datetime import datetime

import pytest

from mailcore import ConfigurationError, Feature, InvalidMessage, Message
from mailcore.cli.composing import add_arguments, compose, has_fields
from mailcore.cli.feature_texts import DESCRIPTIONS
from mailcore.features import OF_RECEIVING, YES, Features
from mailcore.message import MESSAGE_FIELDS, Defaults, MessageFields, OneField, Without
from mailcore.message.dropping import NEVER_DROPPED, unsupported
from mailcore.message.field_types import Option
from mailcore.message.fields import FEATURES, FIELDS, USES
from mailcore.message.remedies import KEPT
from mailcore.testing.canaries import COUNTED, PLAIN, default_canary, injected, samples


BY_NAME = {field.name: field for field in FIELDS}
SAMPLES = samples()
OPTIONS = {field.name: field.option for field in FIELDS if isinstance(field.option, Option)}
JOINED = [field.name for field in FIELDS if field.join is not None]

# What is given to an option of each kind, by the value of the field.
WORDS = {
    "text": lambda flag, value: [flag, as_text(value)],
    "file": lambda flag, value: [flag, as_text(value)],
    "list": lambda flag, value: [word for item in value for word in (flag, as_text(item))],
    "header": lambda flag, value: [f"{flag}={name}: {text}" for name, text in value.items()],
    "pair": lambda flag, value: [f"{flag}={key}={text}" for key, text in value.items()],
    "switch": lambda flag, value: [flag if value else flag.replace("--", "--no-", 1)],
}


def as_text(value):
    """A value as people write it on a command line."""
    if isinstance(value, tuple):
        return f"{value[0]} <{value[1]}>"
    return value.isoformat() if isinstance(value, datetime) else value


def parsed(*words):
    """The arguments of ``mailcore send``."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--message")
    add_arguments(parser)
    return parser.parse_args(words)


def test_what_is_written_out_for_type_checkers_has_the_fields_of_the_table():
    """Attributes, arguments and signature have the names of the table, in its order."""
    attributes = [each.name for each in dataclasses.fields(Message) if each.name != "declined"]

    assert list(MESSAGE_FIELDS) == attributes
    assert list(MESSAGE_FIELDS) == list(MessageFields.__annotations__)
    assert list(MESSAGE_FIELDS) == list(inspect.signature(Message).parameters)


def test_every_feature_of_sending_is_one_field_s():
    """None is missing, none stands in two entries, and each has its phrase."""
    named = [use.feature for field in FIELDS for use in field.uses]

    assert sorted(named) == sorted(set(Feature) - OF_RECEIVING)
    assert set(named) == set(FEATURES) == set(USES)
    assert all(use.about for _, use in FEATURES.values())
    assert list(Feature) == list(DESCRIPTIONS)


def test_what_no_feature_is_asked_for_has_to_be_carried():
    """A field without a feature has to reach every request; esp_extra has a check of its own."""
    without = {field.name for field in FIELDS if not field.uses}

    assert without - {"esp_extra"} <= set(PLAIN)


@pytest.mark.parametrize("feature", USES)
def test_a_canary_uses_its_feature_and_can_be_seen(feature):
    """It has a word to look for, or other values; the plain message does not use the feature."""
    canary = default_canary(feature.value, 1)
    fields = {"from_email": "a@example.com", "to": ["b@example.com"], **canary.fields}
    plain = Message(from_email="a@example.com", to=["b@example.com"])

    assert canary.tokens or canary.variations
    assert USES[feature](Message(**fields)) > 0
    assert 0 == USES[feature](plain) or Feature.RECIPIENTS is feature
    assert all(0 < USES[feature](Message(**{**fields, **each})) for each in canary.variations)


@pytest.mark.parametrize("feature", sorted(COUNTED))
def test_a_canary_has_as_many_as_are_asked_for(feature):
    """Three items are three uses, with different words."""
    canary = default_canary(feature.value, 3)
    message = Message(**{"from_email": "a@example.com", **canary.fields})

    assert 3 == USES[feature](message)
    assert len(canary.tokens) == len(set(canary.tokens)) >= 3


def test_every_text_of_a_sample_is_tried_with_a_line_end():
    """What the suite injects stands in one place at a time, and in every place."""
    tried = Counter(feature for feature, _ in injected("evil\n"))
    places = {
        feature: len(set(re.findall(r"\{([^{}':]+)\}", repr(use.sample))) - {"recipient"})
        for feature, (_, use) in FEATURES.items()
    }

    assert {feature: count for feature, count in places.items() if count} == tried
    assert all("evil" in repr(fields) for _, fields in injected("evil\n"))


@pytest.mark.parametrize("name", MESSAGE_FIELDS)
def test_a_field_travels(name):
    """Its sample is given, comes back from plain JSON, and survives a change of another field."""
    message = Message(**{name: SAMPLES[name]})

    assert message != Message()
    assert message == Message.from_dict(message.to_dict())
    assert message == message.replace(**{name: getattr(message, name)})


@pytest.mark.parametrize("name", MESSAGE_FIELDS)
def test_a_field_is_checked_by_name(name):
    """What nothing can be made of is refused, as is a default of it."""
    with pytest.raises(InvalidMessage, match=name):
        Message(**{name: object()})
    with pytest.raises(ConfigurationError, match=name):
        Defaults({name: object()})


@pytest.mark.parametrize("name", sorted(set(MESSAGE_FIELDS) - {"merge_global_data"}))
def test_a_default_applies_unless_it_is_refused(name):
    """Not given: the default; None: no value."""
    defaults = Defaults({name: SAMPLES[name]})
    empty = getattr(Message(), name)

    assert getattr(Message(**{name: SAMPLES[name]}), name) == getattr(
        defaults.apply(Message(), "toy"), name
    )
    assert empty == getattr(defaults.apply(Message(**{name: None}), "toy"), name)


@pytest.mark.parametrize("name", MESSAGE_FIELDS)
def test_a_default_joins_or_gives_way(name):
    """What joins keeps both values; what does not is the message's alone."""
    canaries = [default_canary(use.feature.value, 3) for use in BY_NAME[name].uses[-1:]]
    value = canaries[0].fields[name] if canaries and name in JOINED else SAMPLES[name]
    own = Message(**{name: SAMPLES[name]})
    found = getattr(Defaults({name: value}).apply(own, "toy"), name)

    if name not in JOINED:
        assert getattr(own, name) == found
        return
    both = {*map(str, leaves(getattr(Message(**{name: value}), name)))}
    assert both | {*map(str, leaves(getattr(own, name)))} == {*map(str, leaves(found))}


def leaves(value):
    """What a value holds at the ends, keys too."""
    if isinstance(value, typing.Mapping):
        return [leaf for pair in value.items() for part in pair for leaf in leaves(part)]
    if isinstance(value, tuple):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def test_what_may_be_dropped_is_said_once():
    """Remedies keep the fields that are not droppable; type checkers know those that are."""
    touched = {*typing.get_args(OneField), "headers"}

    assert set(KEPT) == set(MESSAGE_FIELDS) - touched
    assert touched == {field.name for field in FIELDS if field.droppable}
    assert {feature for feature, (field, _) in FEATURES.items() if not field.droppable} == (
        NEVER_DROPPED
    )


@pytest.mark.parametrize("name", sorted(typing.get_args(OneField)))
def test_what_may_be_dropped_goes_altogether(name):
    """The remedy of a field leaves a message without it."""
    message = Message(to=["ada@example.net"], **{name: SAMPLES[name]})

    assert getattr(Message(), name) == getattr(Without(name).apply(message), name)


@pytest.mark.parametrize("feature", USES)
def test_an_old_plugin_refuses_what_it_does_not_know(feature):
    """Without a declaration, the problem has the feature and the field of the table."""
    declared = {each.value: YES for each in Feature if each is not feature}
    fields = {"from_email": "a@example.com", "to": ["b@example.com"]}
    message = Message(**{**fields, **default_canary(feature.value, 1).fields})
    problems = unsupported(message, Features(**declared))
    field, use = FEATURES[feature]

    if feature is Feature.RECIPIENTS:
        assert [] == problems
        return
    assert [(use.place or field.name, feature.value)] == [(p.field, p.feature) for p in problems]
    assert field.droppable or problems[0].remedy is None


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_gives_its_field(name):
    """On the command line, the sample is the field of the message that is sent."""
    option = OPTIONS[name]
    words = WORDS[option.kind](option.flag, SAMPLES[name])
    arguments = parsed(*words)

    assert has_fields(arguments)
    assert getattr(Message(**{name: SAMPLES[name]}), name) == getattr(compose(arguments), name)


def test_nothing_given_is_no_field():
    """Without options, the command line gives no field, and there is a way to each."""
    assert not has_fields(parsed())
    assert Message() == compose(parsed())
    assert all(field.option for field in FIELDS)


def test_other_names_are_no_fields():
    """What another library calls a field stands in one entry, and is the name of none."""
    others = [other for field in FIELDS for other in field.other_names]

    assert len(others) == len(set(others))
    assert not set(others) & set(MESSAGE_FIELDS)
