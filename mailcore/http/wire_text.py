"""
Values of requests and answers as the log of the wire shows them.

Shown are the structure, names, numbers, short texts on one line; addresses by their first letter
and domain, URLs by their host. Told by their size are files, subjects and bodies, the values of
templates, long texts, and words that look like tokens. Not even their size is told of values whose
names are those of secrets. A secret that the request brings in a header is hidden wherever it
stands, in the answer too.
"""

from __future__ import annotations

import json
import re

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from mailcore.foundation.redaction import redact, shown_size
from mailcore.foundation.terminal import one_line


MAX_RECORD_CHARACTERS: Final = 4_000
"""How many characters a record has at most; the rest is cut off."""
MAX_TEXT_CHARACTERS: Final = 200
"""A longer text of a request is told by its size."""
MAX_ANSWER_CHARACTERS: Final = 500
"""The same for an answer, which says in words what is wrong."""

_DEEPEST = 20
_LEAST_SECRET = 4
_LONGEST_NAME = 100

_SEPARATORS = re.compile(r"[\s_.-]")
# Of the name of a value, without separators and in lower case.
_SECRET_NAME = re.compile(
    r"passw|secret|token|apikey|authoriz|credential|signature|privatekey|accesskey|cookie"
    r"|^(?:key|auth|pass|pwd|sig)$"
)
_CONTENT_NAME = re.compile(
    r"subject|text|html|body|model$|variables?$|substitution|templatedata|mergevars|mergedata"
    r"|^(?:params|vars|mime|amp|stripped.*|globaldata)$"
)
# Of what the mail says, unless there is more within.
_CONTENT_OF_TEXTS = frozenset(["content", "data", "message", "raw"])
# An answer says so what is wrong, or what it did.
_WORDS_OF_ANSWERS = frozenset(["data", "message"])
_NAMING = frozenset(["name", "key"])
_ID_NAME = re.compile(r"ids?$|uuid$")

_URL = re.compile(r"""\b([A-Za-z][A-Za-z0-9+.-]{1,20})://([^\s/?#"'<>]*)([^\s"'<>]*)""")
_ENCODED_ADDRESS = re.compile(r"([^\s&=?/;,<>\"%])[^\s&=?/;,<>\"]*(?=%40)")
_TOKEN = re.compile(r"[A-Za-z0-9_+/=.~-]{16,}")
# What no token is: times, names of hosts, words with a date or a number behind them.
_HARMLESS = re.compile(
    r"\d{4}-\d\d-\d\d[T0-9:.Z+-]*"
    r"|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}"
    r"|[a-z]+(?:[-_.][a-z]+)*(?:[-_.]\d{1,4}){1,3}"
)


class Sheet:
    """
    One record, filled until there is no more room.

    Args:
        secrets: Texts that must not be seen, wherever they stand.
        of_answer: Whether it tells of an answer: then ids are shown.
        limit: How many characters the text may have; what is more is left out.
    """

    def __init__(
        self,
        secrets: Collection[str] = (),
        *,
        of_answer: bool = False,
        limit: int = MAX_RECORD_CHARACTERS,
    ) -> None:
        found = {secret for secret in secrets if len(secret) >= _LEAST_SECRET}
        # The longest first: one may be a part of another.
        self._secrets = sorted(found, key=len, reverse=True)
        self._of_answer = of_answer
        self._left = limit
        self._pieces: list[str] = []

    @property
    def is_full(self) -> bool:
        """Whether anything more would be cut off."""
        return self._left < 0

    @property
    def text(self) -> str:
        """What was written."""
        return "".join(self._pieces)

    def write(self, text: str) -> None:
        """Add a text that may be seen."""
        if self.is_full or not text:
            return
        text = one_line(text)
        self._pieces.append(text if len(text) <= self._left else f"{text[: self._left]}…")
        self._left -= len(text)

    def value(
        self, value: object, name: str = "", *, is_content: bool = False, depth: int = 0
    ) -> None:
        """
        Add a value of JSON, or octets.

        Args:
            value: Anything; a mapping and a list with what is in them.
            name: What it is called where it stands.
            is_content: Whether it is of what the mail says.
            depth: How far within others it stands.
        """
        if self.is_full:
            return
        plain = _SEPARATORS.sub("", name.rpartition(":")[2]).lower()
        if value is not None and not isinstance(value, bool) and _SECRET_NAME.search(plain):
            self.write("<hidden>")
            return
        is_content = is_content or self._is_content(plain, value)
        if not is_content:
            value = document_of(value)
        if isinstance(value, Mapping):
            self._mapping(value, is_content=is_content, depth=depth)
        elif isinstance(value, (list, tuple)):
            self._list(value, name, is_content=is_content, depth=depth)
        elif isinstance(value, str):
            self.write(self._text(value, plain, is_content=is_content))
        elif value is None or isinstance(value, bool):
            self.write(json.dumps(value))
        elif isinstance(value, (int, float)):
            self.write("<number>" if is_content else json.dumps(value))
        else:
            self.write(f"<{shown_size(value)}>")

    def shortened(self, text: str, *, is_id: bool = False) -> str:
        """A text without secrets, addresses, URLs and, unless it is an id, tokens."""
        text = _URL.sub(_host_only, text)
        for secret in self._secrets:
            text = text.replace(secret, "<secret>")
        text = redact(_ENCODED_ADDRESS.sub(r"\1***", text))
        return text if is_id else _TOKEN.sub(_size_of_token, text)

    def name(self, name: str) -> str:
        """The name of a field, a parameter or a header; an odd one by its size."""
        if len(name) > _LONGEST_NAME or not name.isprintable():
            return f"<{shown_size(name)}>"
        return self.shortened(name)

    def _is_content(self, plain: str, value: object) -> bool:
        if plain in _CONTENT_OF_TEXTS:
            is_told = self._of_answer and plain in _WORDS_OF_ANSWERS
            return not is_told and not isinstance(value, Mapping)
        return bool(_CONTENT_NAME.search(plain))

    def _text(self, text: str, plain: str, *, is_content: bool) -> str:
        longest = MAX_ANSWER_CHARACTERS if self._of_answer else MAX_TEXT_CHARACTERS
        if is_content or len(text) > longest or not text.isprintable():
            return f"<{shown_size(text)}>"
        is_id = self._of_answer and bool(_ID_NAME.search(plain))
        return json.dumps(self.shortened(text, is_id=is_id), ensure_ascii=False)

    def _mapping(self, value: Mapping[Any, object], *, is_content: bool, depth: int) -> None:
        if depth > _DEEPEST:
            self.write("{…}")
            return
        # A header, or a parameter, in the form {"Name": …, "Value": …}, or with "Key".
        called = next((item for key, item in value.items() if str(key).lower() in _NAMING), None)
        self.write("{")
        for number, (key, item) in enumerate(value.items()):
            if self.is_full:
                return
            name = str(key)
            shown = json.dumps(self.name(name), ensure_ascii=False)
            self.write(f"{', ' if number else ''}{shown}: ")
            if name.lower() == "value" and isinstance(called, str):
                name = called
            self.value(item, name, is_content=is_content, depth=depth + 1)
        self.write("}")

    def _list(self, value: Sequence[object], name: str, *, is_content: bool, depth: int) -> None:
        if depth > _DEEPEST:
            self.write("[…]")
            return
        # A header in the form ["Name", "value"].
        called = value[0] if len(value) == 2 and isinstance(value[0], str) else None
        self.write("[")
        for number, item in enumerate(value):
            if self.is_full:
                return
            self.write(", " if number else "")
            own = called if number == 1 and called is not None and not is_content else name
            self.value(item, own, is_content=is_content, depth=depth + 1)
        self.write("]")


def document_of(value: object) -> object:
    """What is in a text that is JSON by itself, an object or a list; anything else as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        document: object = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return document


def _host_only(url: re.Match[str]) -> str:
    scheme, place, rest = url.groups()
    host = place.rpartition("@")[2]
    return f"{scheme}://{host}/…" if rest.strip("/") or "@" in place else f"{scheme}://{host}"


def _size_of_token(token: re.Match[str]) -> str:
    word = token.group()
    is_mixed = "+" in word or (any(map(str.isdigit, word)) and any(map(str.isalpha, word)))
    return f"<{shown_size(word)}>" if is_mixed and not _HARMLESS.fullmatch(word) else word
