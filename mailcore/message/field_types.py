"""What the table of a message's fields consists of: see :mod:`mailcore.message.fields`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from mailcore.errors import Problem
from mailcore.features import Feature


if TYPE_CHECKING:
    from mailcore.message.message import Message

Coerce: TypeAlias = Callable[[Any, str, list[Problem]], Any]
"""Makes the value that is held of the one given and the field's name; tells what is wrong."""

Join: TypeAlias = Callable[[Any, Any], Any]
"""Makes one value of a default and of what a message says: see :mod:`mailcore.message.joining`."""


class Use(NamedTuple):
    """
    A feature that messages use by a field: what a provider declares, and how it is seen and proven.

    Attributes:
        feature: The feature that a message uses, which providers declare.
        about: A phrase for the matrix of features.
        count: How many times a message uses it; 0 if it does not.
        sample: A value of the field that uses the feature, as the constructor takes it. What stands
            in braces in its texts becomes a word that occurs nowhere else, a canary, and
            ``{recipient}`` the recipient of the message. None, if :mod:`mailcore.testing.canaries`
            makes the value.
        others: Further values, for samples that have no room for such a word.
        several: Whether a message can have several of it; the sample has one.
        place: What problems call it; by default the field.
    """

    feature: Feature
    about: str
    count: Callable[[Message], int]
    sample: object = None
    others: tuple[object, ...] = ()
    several: bool = False
    place: str = ""


class Option(NamedTuple):
    """
    The option of ``mailcore send`` that gives a field.

    Attributes:
        flag: The flag of the command line, such as ``--send-at``.
        metavar: What help calls the value; empty for a switch.
        help: The phrase that ``--help`` shows.
        kind: ``text``; ``file``: text, or the contents of the file that ``<flag>-file`` names;
            ``list``: repeatable; ``header``: repeatable, ``Name: value``; ``pair``: repeatable,
            ``key=value``; ``switch``: with ``--no-…`` beside it.
        group: The group of options that it stands in.
    """

    flag: str
    metavar: str = ""
    help: str | None = None
    kind: Literal["text", "file", "list", "header", "pair", "switch"] = "text"
    group: Literal["addresses", "content", "further fields"] = "further fields"


class Field(NamedTuple):
    """
    One field of a message.

    Attributes:
        name: The name of the attribute of `Message`.
        coerce: Makes the value to hold.
        option: The option of ``mailcore send``; or, in words, how else its command line gives the
            field.
        uses: Features that messages use by it; none, if every provider has to carry it.
        join: How a default joins what the message says; None, if it gives way.
        droppable: Whether a mailer may be told to send a message without it. False, if somebody
            would get no mail then, or another one than was meant, or at another time.
        reads_text: Makes a value of text in a document, where the constructor takes no text.
        reads_mapping: Makes a value of a mapping in a document, or of each mapping of a list.
        other_names: What other libraries call it, where the spelling does not say what is meant.
    """

    name: str
    coerce: Coerce
    option: Option | str
    uses: tuple[Use, ...] = ()
    join: Join | None = None
    droppable: bool = False
    reads_text: Callable[[str], object] | None = None
    reads_mapping: Callable[[Mapping[str, Any]], object] | None = None
    other_names: tuple[str, ...] = ()
