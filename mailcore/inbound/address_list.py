"""
Taking address fields apart as they are: all of RFC 5322, what section 4 calls obsolete included.

Comments and white space stand anywhere, groups end or do not, routes come before addresses, list
elements are empty. What no grammar allows is read as it was meant, as far as one can tell: names
with commas and without quotes, semicolons between addresses, brackets that are not closed.

Everything here is linear in the length of the text.
"""

from __future__ import annotations

import re

from typing import NamedTuple
from urllib.parse import unquote

from mailcore.address.syntax import addr_spec_fault
from mailcore.inbound.comments import QUOTED, comment_spans
from mailcore.inbound.words import clean


__all__ = ["read_list"]

# A header field of half a megabyte can hold more.
_MAX_ADDRESSES = 10_000

_TOKEN = re.compile(
    rf"""
      (?P<space>   [ \t]+ )
    | (?P<word>    =\?[^?\s]{{1,64}}\?[bBqQ]\?[^?\s]{{0,500}}\?= )
    | (?P<quoted>  {QUOTED} )
    | (?P<literal> \[[^\[\]<>,;]{{0,100}}\] )
    | (?P<atoms>   [^\ \t"<>()\[\],;:\\=]+ )
    | (?P<escaped> \\. )
    | (?P<special> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_TO_ESCAPE = re.compile(r"([\"\\])")
_WORD = re.compile(r"[^\s<>()\"']+")
_ROUTE = re.compile(r"[\s,]*@[^:\"\[]*:")
_SCHEME = re.compile(r"\s*(?:mailto|smtp):", re.IGNORECASE)
_OBSOLETE_LOCAL_PART = re.compile(rf"(?:{QUOTED}|[^\s\"@.]+)(?:\.(?:{QUOTED}|[^\s\"@.]+)){{1,64}}")
_QUOTED = re.compile(QUOTED, re.DOTALL)
_ATOMS = re.compile(r"[^\s\"(),:;<>@\[\]\\]+")


class Found(NamedTuple):
    """An address and its name, in which encoded-words are not decoded."""

    addr_spec: str
    display_name: str


class _Token(NamedTuple):
    kind: str
    text: str


_ANGLE = _Token("angle", "<>")
_BLANK = ("space", "comment")


def read_list(text: str) -> tuple[list[Found], list[str]]:
    """Read the unfolded value of an address field; returns what is wrong with it, too."""
    reader = _Reader()
    reader.read(text)
    return reader.found, reader.reasons


class _Reader:
    def __init__(self) -> None:
        self.found: list[Found] = []
        self.reasons: list[str] = []
        # The element of the list that is being read, and the address in angle brackets within it.
        self.element: list[_Token] = []
        self.angle: list[_Token] | None = None
        self.angles: list[list[_Token]] = []
        # Elements that are no addresses: part of a name with a comma, perhaps.
        self.pending: list[str] = []

    def read(self, text: str) -> None:
        comments = dict(comment_spans(text)) if "(" in text else {}
        position = 0
        while match := _TOKEN.match(text, position):
            kind, position = str(match.lastgroup), match.end()
            read = match.group()
            if kind == "special":
                kind = read
                if match.start() in comments:
                    kind, position = "comment", comments[match.start()]
                    read = text[match.start() : position]
            self.take(_Token(kind, read))
            if len(self.found) + len(self.pending) >= _MAX_ADDRESSES:
                self.reasons.append(f"more than {_MAX_ADDRESSES} addresses, the first of them kept")
                self.settle()
                return
        self.end_element()
        self.settle()

    def take(self, token: _Token) -> None:
        kind = token.kind
        if self.angle is not None:
            self.take_in_angle(self.angle, token)
        elif kind == "<":
            self.angle = []
        elif kind == ",":
            self.end_element()
        elif kind == ";":
            self.end_element()
            self.settle()
        elif kind == ":":
            self.take_colon()
        else:
            self.element.append(token)

    def take_in_angle(self, angle: list[_Token], token: _Token) -> None:
        kind = token.kind
        is_route = bool(angle) and angle[0].text.startswith("@")
        if kind == ">":
            self.end_angle()
        elif kind in (",", ";") and angle and not is_route:
            # It is not closed, or holds two addresses.
            self.reasons.append("an angle bracket is never closed")
            self.end_element()
        elif angle or kind not in ("space", "comment", ",", "<"):
            angle.append(token)

    def end_angle(self) -> None:
        if self.angle is not None:
            self.angles.append(self.angle)
            self.element.append(_ANGLE)
            self.angle = None

    def take_colon(self) -> None:
        text = _glued(self.element)
        if text.lower() in ("mailto", "smtp"):
            self.element.clear()
        elif "@" in text or self.angles:
            self.end_element()
        else:
            # RFC 5322, 3.4: the name of a group, which is nobody's.
            self.element.clear()
            self.settle()

    def end_element(self) -> None:
        self.end_angle()
        element, angles = self.element, self.angles
        self.element, self.angles = [], []
        if angles:
            self.add_bracketed(element, angles)
        elif any(token.kind not in _BLANK for token in element):
            self.add_bare(element)

    def add_bracketed(self, element: list[_Token], angles: list[list[_Token]]) -> None:
        """Add what stands in angle brackets; there should be one pair, with a name before it."""
        between: list[list[_Token]] = [[]]
        for token in element:
            if token is _ANGLE:
                between.append([])
            else:
                between[-1].append(token)
        behind = _with_at(between[-1])
        for number, angle in enumerate(angles):
            name = _phrase(between[number])
            addr_spec = _addr_spec(angle)
            if not addr_spec:
                # "MAILER-DAEMON <>" is the null address, and nobody.
                self.reasons.append("it is empty")
                behind = _with_at(between[number]) + behind
            elif "@" in addr_spec or not number:
                if not name and len(angles) == 1:
                    name = _name_elsewhere(between[0], between[1])
                self.add(addr_spec, name)
        for addr_spec in behind:
            self.reasons.append("text stands behind the angle brackets")
            self.add(addr_spec, "")

    def add_bare(self, element: list[_Token]) -> None:
        addr_spec, name = _addr_spec(element), _outer_comments(element)
        is_one = "@" in addr_spec and " " not in addr_spec.rpartition('"')[2]
        if is_one or ("@" not in addr_spec and name):
            self.add(addr_spec, name)
            return
        words = _with_at(element)
        if not words:
            self.pending.append(addr_spec)
            return
        self.reasons.append("neither commas nor brackets tell words from addresses")
        is_last = len(words) == 1 and element[-1].text.endswith(words[0])
        name = _phrase(element[:-1]) if is_last else ""
        for word in words:
            self.add(word, name)

    def add(self, addr_spec: str, name: str) -> None:
        if self.pending and name:
            # "Doe, John <john@example.com>": the comma wants quotes.
            name = ", ".join([*self.pending, name])
            self.pending.clear()
            self.reasons.append("a comma stands in a display name without quotes")
        self.settle()
        reason = addr_spec_fault(addr_spec)
        if reason:
            self.reasons.append(reason)
        self.found.append(Found(addr_spec, name))

    def settle(self) -> None:
        for piece in self.pending:
            self.reasons.append("it has no @")
            self.found.append(Found(piece, ""))
        self.pending.clear()


def _glued(tokens: list[_Token]) -> str:
    """The text without comments, and without white space around dots and at signs."""
    words: list[str] = []
    is_apart = False
    for token in tokens:
        if token.kind in _BLANK:
            is_apart = True
            continue
        text = token.text
        if is_apart and words and words[-1][-1] not in ".@" and text[0] not in ".@":
            words.append(" ")
        words.append(text)
        is_apart = False
    return "".join(words)


def _addr_spec(tokens: list[_Token]) -> str:
    text = _glued([token for token in tokens if token.kind not in ('"', ">", "<", "(", ")")])
    if "@" in text[:1] or text[:1] == ",":
        # RFC 5322, 4.4: the route that mail once had to go.
        text = text[route.end() :] if (route := _ROUTE.match(text)) else text
    if scheme := _SCHEME.match(text):
        text = unquote(text[scheme.end() :].partition("?")[0])
    if len(text) > 2 and text[0] == text[-1] and text[0] in "'\"" and "@" in text:
        text = text[1:-1]
    local_part, at, domain = text.rpartition("@")
    if '"' in local_part and _OBSOLETE_LOCAL_PART.fullmatch(local_part):
        text = _modern(local_part) + at + domain
    return clean(text).strip()


def _modern(local_part: str) -> str:
    """RFC 5322, 4.4: words with dots between them, of which some are quoted."""
    plain = _QUOTED.sub(lambda match: _unescaped(match.group()), local_part)
    if all(map(_ATOMS.fullmatch, plain.split("."))):
        return plain
    return '"' + _TO_ESCAPE.sub(r"\\\1", plain) + '"'


def _phrase(tokens: list[_Token]) -> str:
    """A display name: words, quoted or not, with one space where they are apart."""
    words: list[str] = []
    is_apart = False
    for token in tokens:
        if token.kind in _BLANK:
            is_apart = True
            continue
        if token.kind in ('"', "\\", ">"):
            continue
        if is_apart and words:
            words.append(" ")
        is_apart = False
        words.append(_unescaped(token.text) if token.kind in ("quoted", "escaped") else token.text)
    return "".join(words).strip()


def _name_elsewhere(before: list[_Token], behind: list[_Token]) -> str:
    """RFC 5322, 3.4: old mail has the name in a comment; other mail has it behind the address."""
    comments = _comments(before + behind)
    return comments or ("" if _with_at(behind) else _phrase(behind))


def _outer_comments(tokens: list[_Token]) -> str:
    """The comments behind an address, or those before it, but none within."""
    texts = [number for number, token in enumerate(tokens) if token.kind not in _BLANK]
    return _comments(tokens[texts[-1] :]) or _comments(tokens[: texts[0]])


def _comments(tokens: list[_Token]) -> str:
    found = (_unescaped(token.text).strip() for token in tokens if token.kind == "comment")
    return " ".join(filter(None, found))


def _with_at(tokens: list[_Token]) -> list[str]:
    text = "".join(" " if token.kind in _BLANK else token.text for token in tokens)
    return [word for word in _WORD.findall(text) if "@" in word[1:-1]]


def _unescaped(text: str) -> str:
    """Without the quotes or parentheses around it, if any, and without backslashes."""
    inner = text if text[0] == "\\" else text[1:-1]
    return _ESCAPED.sub(r"\1", inner)
