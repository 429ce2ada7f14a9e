"""
The standard library as referee: whatever a mail is, both readers must take it apart like it.

A filter that takes a mail apart differently than its reader lets through what it never saw. Where
the library does not read what RFC 5322 and RFC 2045 have, it is helped: see :class:`Referee`.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import random
import re

from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from pathlib import Path
from typing import Any

import pytest

from hypothesis import given, settings
from hypothesis import strategies as st

from mailcore.inbound import parse_inbound
from mailcore.inbound.boundary import boundary_readings
from mailcore.inbound.decoding import decode_transfer
from mailcore.inbound.entity import Entity, Limits
from mailcore.inbound.fallback import read_irregular, without_bare_returns
from mailcore.inbound.parameters import read_parameters
from mailcore.inbound.splitter import Irregular, split


SEEDS = [
    path.read_bytes() for path in sorted((Path(__file__).parent / "fixtures/inbound").iterdir())
]
LIMITS = Limits(max_parts=10_000, max_depth=1_000, max_header_bytes=10_000_000)
JUNK = [
    *(b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\n\n", b" \r\n", b" ", b"\t", b"\0", b"\xff", b"\x0b"),
    *(b"--", b"-", b":", b'"', b";", b"=", b"(c)", b"\x85", b"From x\r\n", b"boundary=", b"--b"),
    *(b"--outer\r\n", b"--outer--\r\n", b"--outer \t\r\n", b"--fwd", b"--inner\r\n", b"--alt_1"),
    *(b"--inner--", b"Content-Type", b"a: " + b"b" * 300 + b"\n", b"x" * 300 + b"\n", b"--d\n"),
    b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"Content-Type: multipart/mixed; boundary*0=b; boundary*1=c\n",
    b"Content-Type: message/rfc822\r\n\r\n",
    *(b" :", b"X :y\n", b"(c)boundary", b"; (", b" x=y", b"From : a\n", b"--b : c\n"),
    b"Content-Type : multipart/mixed; boundary=b x=y\n",
    b"Content-Transfer-Encoding: base64\r\n",
]

Tree = tuple[list[tuple[str, bytes]], str, Any]


def octets(text: str) -> bytes:
    """Bytes as the parser was given them."""
    return text.encode("ascii", "surrogateescape")


OBSOLETE_COLON = re.compile(rb"(?<![^\r\n])(?!--)([\x21-\x39\x3b-\x7e]+)[ \t]+:")


def without_obsolete_colons(raw: bytes) -> bytes:
    """RFC 5322, 4.5: white space before the colon of a field, which the library does not know."""
    return OBSOLETE_COLON.sub(rb"\1:", raw)


class Referee(Message):
    """A message of the library that is told types and boundaries which it does not understand."""

    lines: frozenset[bytes] = frozenset()

    def value(self) -> bytes | None:
        """The Content-Type field."""
        fields = (
            octets(value) for name, value in self.raw_items() if name.lower() == "content-type"
        )
        return next(fields, None)

    def get_content_type(self) -> str:
        """Its own opinion, if RFC 2045 allows the value."""
        value = self.value()
        if value is None:
            return self.get_default_type()
        kind = read_parameters(value).value
        if kind == "multipart":
            return "multipart/mixed"
        return kind if re.fullmatch(r"[^/\s]+/[^/\s]+", kind) else "text/plain"

    def get_boundary(self, failobj: Any = None) -> Any:
        """Its own opinion, unless no line of the mail is such a delimiter and another one is."""
        readings = boundary_readings(self.value() or b"")
        if not readings:
            return failobj
        chosen = next((found for found in readings if found in self.lines), readings[0])
        its_own = self.its_own()
        assert its_own not in self.lines or its_own in readings
        return chosen.decode("ascii", "surrogateescape")

    def its_own(self) -> bytes | None:
        """As the library reads it; it raises for charsets that it does not know."""
        try:
            boundary = super().get_boundary()
        except (LookupError, ValueError):
            return None
        return boundary and boundary.encode("ascii", "replace")


def reference_tree(raw: bytes) -> Tree:
    """As the library takes it apart."""
    lines = {line.rstrip(b" \t")[2:] for line in re.split(rb"\r\n|\r|\n", raw) if line[:2] == b"--"}

    def factory(policy: Any = compat32) -> Referee:
        referee = Referee(policy)
        referee.lines = frozenset(lines | {line.removesuffix(b"--") for line in lines})
        return referee

    return stdlib_tree(BytesParser(factory).parsebytes(raw))


def stdlib_tree(message: Message) -> Tree:
    """Fields, kind and parts or content."""
    fields = [(name, octets(value).strip(b" \t\r\n")) for name, value in message.raw_items()]
    payload: Any = message._payload  # type: ignore[attr-defined]  # get_payload() decodes it
    if message.get_content_maintype() == "message":
        if not isinstance(payload, list) or len(payload) != 1:
            return fields, "attached", None
        if message.get_content_type() == "message/delivery-status":
            return fields, "attached", None
        return fields, "attached", [trimmed(stdlib_tree(payload[0]))]
    if isinstance(payload, list):
        return fields, "multipart", [stdlib_tree(part) for part in payload]
    return fields, "leaf", octets(payload or "")


def trimmed(tree: Tree) -> Tree:
    """
    A tree without the line ends behind contents.

    Where an attached message ends within a multipart that is not closed, the library takes the
    line end before the outer delimiter for content.
    """
    fields, kind, content = tree
    if isinstance(content, list):
        return fields, kind, [trimmed(part) for part in content]
    return fields, kind, content.rstrip(b"\r\n") if content else content


def our_tree(entity: Entity, reference: Tree) -> Tree:
    """The same of ours; attached messages are descended into where the reference is."""
    fields = [(name, value.strip(b" \t\r\n")) for name, value in entity.fields]
    _, kind, content = reference
    if entity.is_multipart:
        parts = content if kind == "multipart" else []
        references = [*parts, *[([], "leaf", b"")] * len(entity.children)]
        pairs = zip(entity.children, references, strict=False)
        return fields, "multipart", [our_tree(child, its) for child, its in pairs]
    if kind == "attached":
        if content is None:
            return fields, "attached", None
        if without_bare_returns(bytes(entity.body)) != entity.body:
            # Which the library only takes for line ends.
            return fields, "attached", content
        inner = read(bytes(entity.body))
        return fields, "attached", [trimmed(our_tree(inner, content[0]))]
    return fields, "leaf", bytes(entity.body)


def read(raw: bytes) -> Entity:
    """As parse_inbound does."""
    try:
        return split(raw, LIMITS)
    except Irregular:
        return read_irregular(raw, LIMITS)[0]


def mutated(seed: int) -> bytes:
    """One of the fixtures with one to five wounds."""
    dice = random.Random(seed)
    raw = bytearray(dice.choice(SEEDS))
    for _ in range(dice.choice([1, 1, 1, 2, 3, 5])):
        at = dice.randrange(len(raw) + 1)
        wound = dice.randrange(8)
        if wound == 0:
            del raw[at : at + dice.choice([1, 1, 2, 5, 40, 200])]
        elif wound in (1, 2):
            raw[at:at] = dice.choice(JUNK)
        elif wound == 3:
            del raw[at:]
        elif wound == 4:
            lines = bytes(raw).splitlines(keepends=True)
            if lines:
                here, there = dice.randrange(len(lines)), dice.randrange(len(lines))
                lines[here], lines[there] = lines[there], lines[here]
                lines.insert(there, lines[here])
                del lines[dice.randrange(len(lines))]
            raw = bytearray(b"".join(lines))
        elif wound == 5:
            line_end = dice.choice([b"\n", b"\r", b"\r\n"])
            raw = bytearray(bytes(raw).replace(b"\r\n", line_end, dice.choice([-1, 1, 5])))
        elif wound == 6:
            other = dice.choice(SEEDS)
            start = dice.randrange(len(other))
            raw[at:at] = other[start : start + dice.choice([20, 100, 1000])]
        else:
            found = raw.find(dice.choice([b"--", b"\r\n\r\n", b"boundary", b"Content-Type"]), at)
            if found >= 0:
                raw[found : found + dice.choice([0, 0, 1, 2])] = dice.choice(JUNK)
    return bytes(raw)


def modern(tree: Tree) -> Tree:
    """A tree without obsolete colons in contents, where they are content."""
    fields, kind, content = tree
    if isinstance(content, list):
        return fields, kind, [modern(part) for part in content]
    return fields, kind, content and without_obsolete_colons(content)


def check(raw: bytes) -> bool:
    """Compare both readers with the library; returns whether the mail was regular."""
    raw = without_bare_returns(raw)
    reference = reference_tree(without_obsolete_colons(raw))
    entity, defects = read_irregular(raw, LIMITS)
    if "something stands behind a boundary" in defects:
        # For the library, such a mail has no parts.
        return False
    found = our_tree(entity, reference)
    trees = [found]
    with contextlib.suppress(Irregular):
        trees.append(our_tree(split(raw, LIMITS), reference))
    if OBSOLETE_COLON.search(raw):
        reference, trees = modern(reference), [modern(tree) for tree in trees]
    for tree in trees:
        assert reference == tree
    return len(trees) == 2


@pytest.mark.parametrize("number", range(len(SEEDS)))
def test_fixtures(number: int):
    """Whole mails, which the fast reader takes but for the broken one, and cut off at each line."""
    lines = SEEDS[number].splitlines(keepends=True)

    assert check(SEEDS[number]) == (not SEEDS[number].startswith(b"From "))
    for count in range(len(lines)):
        check(b"".join(lines[:count]))


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (b"multipart/mixed; boundary=b", b"--b--\n"),
        (b"multipart/mixed; boundary=b", b"--b--\n--b\n\ntext\n--b--\n"),
        (b"multipart/mixed; boundary=b", b"--b\n--b\n\ntext\n--b--\n"),
        (b"multipart/mixed; boundary=b", b"--b\n\ntext\n--b\n--b--\n"),
        (b"multipart/mixed; boundary=b", b"--b\rX: y\r\rtext\r--b--\r"),
        (b"multipart/mixed; boundary=b", b"--b\n\ntext\r--b\n\ntwo\n--b--\n"),
        (b"multipart/mixed; boundary=b", b"--b\n\ntext\n--b--\rmore\n"),
        (b"multipart/mixed; boundary=b", b"--b \t\n\ntext\n--b-- \n"),
        (b"multipart/mixed; boundary=b", b"--b x\n\ntext\n--b\n\n--b--"),
        (b"multipart/mixed; boundary=b", b"--b\nno header\n--b--\n"),
        (b"multipart/mixed; boundary=b", b"--b\nX : y\n\ntext\n--b--\n"),
        (b"multipart/mixed; boundary=b", b"--b\nX: y\n--b--\n"),
        (b"multipart/mixed; boundary=b", b"--b\nX :y\n\nX : y\n\n-- y : x\nX : y\n--b \n\n--b--"),
        (b"multipart/mixed; boundary=b\nX : y", b"--b\nno\nX : y\n--b--\n"),
        (b"multipart/mixed; boundary=b", b"--b\n\n\n\n--b--\n"),
        (b"multipart/mixed; boundary=b", b"--b\n\n--b--\n"),
        (b"multipart/mixed; boundary=b; boundary=c", b"--c\n\n1\n--c--\n--b\n\n2\n--b--\n"),
        (b"multipart/mixed; boundary*=b; boundary=c", b"--c\n\n1\n--c--\n--b\n\n2\n--b--\n"),
        (b"multipart/mixed; boundary*=us-ascii''%62", b"--b\n\ntext\n--b--\n"),
        (b"multipart/mixed; boundary*=x''%62", b"--x''%62\n\ntext\n--x''%62--\n"),
        (b"multipart/mixed; boundary*0=b; boundary*1=c", b"--bc\n\ntext\n--bc--\n"),
        (b'multipart/mixed; boundary="b\\"c"', b'--b"c\n\ntext\n--b"c--\n'),
        (b'multipart/mixed; boundary="<b>"', b"--<b>\n\ntext\n--<b>--\n--b\n\n--b--\n"),
        (b"multipart/mixed; boundary=<b>", b"--<b>\n\ntext\n--<b>--\n--b\n\n--b--\n"),
        (b'multipart/mixed; boundary="b "', b"--b\n\ntext\n--b--\n"),
        (b'multipart/mixed; boundary="b c"', b"--b c\n\ntext\n--b c--\n"),
        (b"multipart/mixed; boundary=b (c)", b"--b\n\ntext\n--b--\n"),
        (b'multipart/mixed; boundary=""', b"--\n\ntext\n----\n"),
        (b"multipart/mixed; boundary=b=c", b"--b=c\n\ntext\n--b=c--\n"),
        (b"multipart/mixed; boundary = b", b"--b\n\ntext\n--b--\n"),
        (b"multipart/mixed boundary=b", b"--b\n\ntext\n--b--\n"),
        (b"multipart; boundary=b", b"--b\n\ntext\n--b--\n"),
        (b"multipart/mixed", b"--b\n\ntext\n--b--\n"),
        (b'text/plain; x="\nContent-Type: multipart/mixed; boundary=b', b"--b\n\ntext\n--b--\n"),
        (b"multipart/mixed; boundary=b\nContent-Type: text/plain", b"--b\n\ntext\n--b--\n"),
        (b"(c) multipart/mixed; boundary=b", b"--b\n\ntext\n--b--\n"),
        (b"multipart/mixed;\n boundary=b;", b"--b\n\ntext\n--b--\n"),
        (b"MULTIPART/Mixed; BOUNDARY=b", b"--b\n\ntext\n--b--\n"),
    ],
)
def test_ambiguous_mails(content_type: bytes, body: bytes):
    """Where programs differ, the library decides."""
    check(b"From: a@example.com\nContent-Type: " + content_type + b"\n\n" + body)


@pytest.mark.slow
@settings(max_examples=400)
@given(st.integers(min_value=0))
def test_mutated_mails(seed: int):
    """Wounded mails are taken apart in the same way by the library and by us."""
    check(mutated(seed))


@pytest.mark.slow
def test_many_mutated_mails():
    """The gate: ten thousand of them, a third of which the fast reader takes."""
    regular = sum(check(mutated(seed)) for seed in range(10_000))

    assert 3_000 < regular < 9_000


TOKENS = st.sampled_from(
    [
        *(
            b"--b",
            b"--b--",
            b"--b-c",
            b"--b-c--",
            b"\r\n",
            b"\r\n",
            b"\n",
            b"\r",
            b" ",
            b"text",
            b"x: y",
        ),
        *(
            b"Content-Type: multipart/mixed; boundary=b-c",
            b'Content-Type: multipart/digest; boundary="b"',
        ),
        *(
            b"Content-Type: text/plain",
            b"Content-Type: message/rfc822",
            b"From z",
            b": z",
            b" fold",
        ),
    ]
)


@pytest.mark.slow
@settings(max_examples=400)
@given(st.lists(TOKENS, max_size=40))
def test_mails_of_delimiters(tokens: list[bytes]):
    """Nested boundaries of which one starts with the other, in every order."""
    check(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + b"".join(tokens))


@given(st.binary(max_size=100), st.sampled_from(["base64", "quoted-printable", "7bit", ""]))
def test_contents(body: bytes, encoding: str):
    """Contents are decoded as the library does, and cut-off base64 better than that."""
    raw = f"Content-Transfer-Encoding: {encoding}\n\n".encode() + body.replace(b"\r", b"\n")
    message = BytesParser().parsebytes(raw)
    content, defect = decode_transfer(body.replace(b"\r", b"\n"), encoding)
    if "base64" in defect:
        with pytest.raises(binascii.Error):
            base64.b64decode(body.replace(b"\r", b"\n"))
    else:
        assert message.get_payload(decode=True) == content


def test_public_result_does_not_depend_on_the_reader():
    """A regular mail, made irregular by a line in front of it, reads the same."""
    raw = next(seed for seed in SEEDS if b"outer-related" in seed)
    regular, irregular = parse_inbound(raw), parse_inbound(b"From ada Mon Jun 1\r\n" + raw)

    assert (regular.text, regular.html) == (irregular.text, irregular.html)
    assert regular.headers == irregular.headers or regular.headers.pairs == irregular.headers.pairs
    for mine, its in zip(regular.attachments, irregular.attachments, strict=True):
        assert (mine.content, mine.filename) == (its.content, its.filename)
