"""
The grammar of addresses: RFC 5322 (3.4), RFC 5321 (4.1.2, 4.5.3.1) and RFC 6532 for Unicode.

Stricter than RFC 5322 where mail systems read a text differently, because that is how mail ends up
with somebody else: no comments or white space inside an addr-spec, no source routes, no groups, no
invisible characters. The standard library's parser is not used: how strict it is depends on the
patch level of Python.

Everything here is linear in the length of the text, hostile or not.
"""

from __future__ import annotations

import re
import unicodedata

from collections.abc import Iterator
from typing import NamedTuple

from mailcore.address.encoded_words import looks_encoded


QUOTE_HINT = "maybe missing quotes around a display-name?"

# RFC 5321, 4.5.3.1: a path has at most 256 octets, of which two are the angle brackets.
MAX_ADDR_SPEC_OCTETS = 254
MAX_LOCAL_PART_OCTETS = 64
MAX_LABEL_OCTETS = 63

# Character classes are negated, so that they name ASCII only: with a range up to U+10FFFF, each
# takes 7 ms to compile (benchmarks/imports.py).
ATEXT = r"[^\x00-\x20\"(),.:;<>@\[\\\]\x7f]"
_WORD = r"[^\x00-/:-@\[-^`{-\x7f]"
_WORD_OR_HYPHEN = r"[^\x00-,./:-@\[-^`{-\x7f]"
_DOT_ATOM = rf"{ATEXT}+(?:\.{ATEXT}+)*"
# Underscores do occur in the names of mail hosts, against RFC 1123.
_LABEL = rf"{_WORD}(?:{_WORD_OR_HYPHEN}{{0,61}}{_WORD})?"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*"
# The counts bound the memory that matching a hostile text takes.
_QUOTED = r'"[^"\\]*(?:\\.[^"\\]*){0,500}"'

_PLAIN = re.compile(rf"{_DOT_ATOM}@{_HOST}")
# A display name of one quoted string without escapes, or of atoms, spaces and dots.
_NAMED = re.compile(rf'(?:"([^"\\]*)"[ ]*|([^"(),:;<>@\[\]\\\t]*))<({_DOT_ATOM}@{_HOST})>')
_DOT_ATOM_ONLY = re.compile(_DOT_ATOM)
_LABEL_ONLY = re.compile(_LABEL)
_NOT_IN_DOT_ATOM = re.compile(rf"(?!{ATEXT}|\.).", re.DOTALL)
_NOT_IN_LABEL = re.compile(rf"(?!{_WORD_OR_HYPHEN}).", re.DOTALL)
_QUOTED_LOCAL_PART = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])+"')

# UTS #46, 4.5: these full stops separate labels as well.
DOTS = re.compile(r"[.\u3002\uff0e\uff61]")

# Controls, surrogates, line and paragraph separators, and general category Cf. The last without
# ZWNJ and ZWJ (U+200C, U+200D), which Persian and Indic names and emoji are spelled with.
_UNFIT_FOR_NAME = (
    r"\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b\u200e\u200f"
    r"\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd"
    r"\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
# What else is invisible: joiners, fillers, variation selectors, tags, and every kind of space.
_UNFIT_FOR_ADDR_SPEC = (
    _UNFIT_FOR_NAME
    + r"\u200c\u200d\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0"
    r"\U000e0000-\U000e0fff\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
)
_UNFIT_IN_NAME = re.compile(f"[{_UNFIT_FOR_NAME}]")
_UNFIT_ANYWHERE = re.compile(rf"(?!\t)[{_UNFIT_FOR_NAME}]")
_UNFIT_IN_ADDR_SPEC = re.compile(f"[{_UNFIT_FOR_ADDR_SPEC}]")

# Longer texts are hostile, lists, or rare: not for the patterns that backtrack.
_LONGEST_COMMON_TEXT = 1000
# Of one address with its name: an attacker's text has millions.
_MOST_TOKENS = 2000

_TOKEN = re.compile(
    rf"""
      (?P<space>   [ \t]+ )
    | (?P<quoted>  {_QUOTED} )
    | (?P<angle>   <[^<>"]*(?:{_QUOTED}[^<>"]*){{0,9}}> )
    | (?P<literal> \[[^\[\]]*\] )
    | (?P<atoms>   [^\ \t"<>()\[\],;:\\]+ )
    | (?P<special> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_PARENTHESIS = re.compile(r"\\.|[()]", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Mailbox(NamedTuple):
    """A valid address with its display name."""

    addr_spec: str
    display_name: str


class Fault(NamedTuple):
    """A piece of text that is no address, and why not."""

    piece: str
    reason: str
    hint: str = ""


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


def read_one(text: str) -> Mailbox | None:
    """Read one address in the common forms; None says only that :func:`scan` has to look."""
    if len(text) > _LONGEST_COMMON_TEXT:
        return None
    # A name makes it certain that the first pattern fails, after it has looked at all of it.
    if text[-1:] != ">" and _PLAIN.fullmatch(text):
        addr_spec, name = text, ""
    else:
        match = _NAMED.fullmatch(text)
        if match is None:
            return None
        quoted, bare, addr_spec = match.groups()
        name = quoted if quoted is not None else bare.strip(" ")
        # Runs of spaces outside quotes count as one.
        if not name.isprintable() or (quoted is None and "  " in name):
            return None
    if addr_spec.isascii():
        return Mailbox(addr_spec, name) if _is_within_limits(addr_spec) else None
    return None if addr_spec_fault(addr_spec) else Mailbox(addr_spec, name)


def addr_spec_fault(addr_spec: str) -> str:
    """Why a text is no addr-spec; empty if it is one."""
    if addr_spec.isascii() and _is_within_limits(addr_spec) and _PLAIN.fullmatch(addr_spec):
        return ""
    if not addr_spec:
        return "it is empty"
    unfit = _UNFIT_IN_ADDR_SPEC.search(addr_spec)
    if unfit:
        return f"it holds {_described(unfit.group())}"
    local_part, at, domain = addr_spec.rpartition("@")
    if not at:
        return "it has no @"
    if len(addr_spec) > MAX_ADDR_SPEC_OCTETS:
        return f"it is longer than {MAX_ADDR_SPEC_OCTETS} characters"
    return _local_part_fault(local_part) or _domain_fault(domain)


def display_name_fault(name: str) -> str:
    """Why a text is no display name; empty if it is one."""
    if name.isprintable():
        return ""
    unfit = _UNFIT_IN_NAME.search(name)
    return f"its display name holds {_described(unfit.group())}" if unfit else ""


def _is_within_limits(addr_spec: str) -> bool:
    """Whether an ASCII addr-spec is, in octets; False also if it needs a closer look."""
    return (
        len(addr_spec) <= MAX_ADDR_SPEC_OCTETS
        and addr_spec.find("@") <= MAX_LOCAL_PART_OCTETS
        and "=?" not in addr_spec
    )


def scan(text: str) -> Iterator[Mailbox | Fault]:
    """Read a comma-separated list of addresses, one value for each piece between commas."""
    # "Example, Inc. <info@example.com>" is two pieces, the first without an address.
    hint = QUOTE_HINT if "," in text and "<" in text else ""
    tokens: list[_Token] = []
    start = 0
    in_group = False
    for token in _tokens(text):
        if token.kind == "," and not in_group:
            yield _read(text[start : token.start], tokens, hint)
            tokens, start = [], token.start + 1
            continue
        if len(tokens) == _MOST_TOKENS:
            yield Fault(text[start : token.start], "it is too long for one address")
            return
        if token.kind == ":":
            in_group = True
        elif token.kind == ";":
            in_group = False
        tokens.append(token)
    yield _read(text[start:], tokens, hint)


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while match := _TOKEN.match(text, position):
        kind, end = str(match.lastgroup), match.end()
        if kind == "special":
            kind = match.group()
            if kind == "(":
                kind, end = "comment", _comment_end(text, position)
            if kind in '"<[' or not end:
                # Nothing behind it can be told apart any more.
                yield _Token("unclosed", text[position], position)
                return
        yield _Token(kind, text[position:end], position)
        position = end


def _comment_end(text: str, start: int) -> int:
    depth = 0
    for match in _PARENTHESIS.finditer(text, start):
        if match.group() == "(":
            depth += 1
        elif match.group() == ")":
            depth -= 1
            if not depth:
                return match.end()
    return 0


def _read(source: str, tokens: list[_Token], hint: str) -> Mailbox | Fault:
    piece = source.strip(" \t")
    kinds = {token.kind for token in tokens}
    fault = _structure_fault(piece, kinds)
    if fault:
        return fault
    if "angle" in kinds:
        return _read_name_addr(piece, tokens)
    if "@" not in piece:
        return Fault(piece, "it has no @", hint)
    comments = [token for token in tokens if token.kind == "comment"]
    bare = [token for token in tokens if token.kind not in ("comment", "space")]
    addr_spec = "".join(token.text for token in bare)
    if addr_spec not in piece:
        return Fault(piece, "white space or a comment stands inside it", "write Name <address>")
    # RFC 5322, 3.4: old mail has the name in a comment behind the address.
    name = " ".join(_unescape(token.text[1:-1]) for token in comments)
    return _checked(piece, addr_spec, name.strip(" \t"))


def _structure_fault(piece: str, kinds: set[str]) -> Fault | None:
    if not piece:
        return Fault(piece, "it is empty")
    unfit = _UNFIT_ANYWHERE.search(piece)
    if unfit:
        return Fault(piece, f"it holds {_described(unfit.group())}")
    if "unclosed" in kinds:
        return Fault(piece, "a quote or bracket is never closed")
    if ":" in kinds:
        hint = "list the addresses one by one, or put quotes around a display name with a colon"
        return Fault(piece, "group syntax (name: address, address;) is not supported", hint)
    if ";" in kinds:
        return Fault(piece, "semicolons do not separate addresses", "use commas")
    return None


def _read_name_addr(piece: str, tokens: list[_Token]) -> Mailbox | Fault:
    addr_spec: str | None = None
    words: list[str] = []
    is_apart = False
    for token in tokens:
        if token.kind == "space":
            is_apart = True
            continue
        if token.kind == "angle":
            if addr_spec is not None:
                return Fault(piece, "it has two addresses in angle brackets", "use commas")
            addr_spec = token.text[1:-1].strip(" \t")
            is_apart = True
            continue
        if addr_spec is not None and token.kind != "comment":
            return Fault(piece, "text stands behind the angle brackets", "use commas")
        word, odd = _word(token)
        if odd:
            return Fault(piece, f"{odd!r} stands in an unquoted display name", QUOTE_HINT)
        if is_apart and words:
            words.append(" ")
        words.append(word)
        is_apart = False
    return _checked(piece, addr_spec or "", "".join(words))


def _word(token: _Token) -> tuple[str, str]:
    """What a token adds to a display name, and the character that must not stand there."""
    if token.kind == "quoted":
        return _unescape(token.text[1:-1]), ""
    if token.kind == "comment":
        # "Ada (Example Ltd) <ada@example.com>" is meant to be the name as it stands.
        return f"({_unescape(token.text[1:-1])})", ""
    if token.kind == "atoms":
        return token.text, "@" if "@" in token.text else ""
    return "", token.text[0]


def _checked(piece: str, addr_spec: str, name: str) -> Mailbox | Fault:
    reason = addr_spec_fault(addr_spec) or display_name_fault(name)
    return Fault(piece, reason) if reason else Mailbox(addr_spec, name)


def _local_part_fault(local_part: str) -> str:
    if not local_part:
        return "nothing stands before the @"
    if len(local_part.encode("utf-8")) > MAX_LOCAL_PART_OCTETS:
        return f"more than {MAX_LOCAL_PART_OCTETS} octets stand before the @"
    if looks_encoded(local_part):
        # RFC 2047, section 5: it must not stand there, and readers that decode it show another.
        return "an encoded-word stands before the @"
    if _DOT_ATOM_ONLY.fullmatch(local_part) or _QUOTED_LOCAL_PART.fullmatch(local_part):
        return ""
    odd = _NOT_IN_DOT_ATOM.search(local_part)
    if odd and odd.group() == "@":
        return "it has more than one @"
    if odd is None:
        return "a dot stands first, last or twice in a row before the @"
    return f"{odd.group()!r} stands before the @ and is not quoted"


def _domain_fault(domain: str) -> str:
    if not domain:
        return "nothing stands after the @"
    if domain.startswith("["):
        return "" if _is_address_literal(domain) else "no IP address stands in the brackets"
    for label in DOTS.split(domain):
        if not label:
            return "its domain has a dot first, last or twice in a row"
        if len(label) > MAX_LABEL_OCTETS:
            return f"its domain has a label of more than {MAX_LABEL_OCTETS} characters"
        odd = _NOT_IN_LABEL.search(label)
        if odd:
            return f"its domain holds {odd.group()!r}"
        if not _LABEL_ONLY.fullmatch(label):
            return "its domain has a hyphen first or last in a label"
    return ""


def _is_address_literal(domain: str) -> bool:
    """RFC 5321, 4.1.3: ``[192.0.2.1]`` or ``[IPv6:2001:db8::1]``."""
    import ipaddress

    inner = domain[1:-1]
    try:
        if inner[:5].lower() == "ipv6:":
            ipaddress.IPv6Address(inner[5:])
        else:
            ipaddress.IPv4Address(inner)
    except ValueError:
        return False
    return domain.endswith("]") and "%" not in inner


def _unescape(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _described(character: str) -> str:
    name = unicodedata.name(character, "")
    return f"the character U+{ord(character):04X}" + (f" ({name})" if name else "")
