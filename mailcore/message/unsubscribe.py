"""How a recipient leaves a list with one click (RFC 2369, RFC 8058)."""

from __future__ import annotations

import dataclasses
import re

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mailcore.errors import InvalidMessage, MessageError, Problem, raise_problems
from mailcore.foundation.redaction import redact, shown_url
from mailcore.foundation.text_values import is_text, plain_text
from mailcore.message.mailto import mailto_url, read_mailto


POST = "List-Unsubscribe-Post"
"""The header that lets clients unsubscribe without a question (RFC 8058)."""

_URL = re.compile(r"[!#-;=?-~]+")
_TARGET = re.compile(r"<([^<>]*)>")
_TARGETS = re.compile(r"<[^<>]*>(?:[ \t]*,[ \t]*<[^<>]*>)*")
# The URL cannot be folded: RFC 5322, section 2.1.1, less the header's name, brackets and a comma.
_LONGEST_URL = 998 - len("List-Unsubscribe: <>,")


@dataclass(frozen=True, kw_only=True)
class Unsubscribe:
    """
    The List-Unsubscribe header of a message, and List-Unsubscribe-Post with it.

    Args:
        url: Where mail clients POST ``List-Unsubscribe=One-Click``. For one click, RFC 8058
            section 3.1 wants https.
        mailto: Where clients that cannot do so send mail: an address, or a mailto URL with its
            scheme or without (RFC 6068), such as ``leave@example.com?subject=leave``.
        one_click: Whether the URL unsubscribes upon that POST, without a further question.

    Raises:
        InvalidMessage: If neither is given, or one cannot stand in the header.
    """

    url: str | None = None
    mailto: str | None = None
    one_click: bool = True

    def __post_init__(self) -> None:
        problems: list[Problem] = []
        if self.url is None and self.mailto is None:
            problems.append(Problem("unsubscribe", "`unsubscribe` needs a url or a mailto"))
        if self.url is not None:
            self._take_url(self.url, problems)
        if self.mailto is not None:
            self._take_mailto(self.mailto, problems)
        if not isinstance(self.one_click, bool):
            reason = f"`unsubscribe.one_click` must be bool, not {type(self.one_click).__name__}"
            problems.append(Problem("unsubscribe.one_click", reason, kind="type"))
        if self.one_click and self.url is None:
            object.__setattr__(self, "one_click", False)
        if problems:
            raise_problems(problems, InvalidMessage)

    def __repr__(self) -> str:
        # URLs may have tokens that unsubscribe somebody.
        url = None if self.url is None else shown_url(self.url)
        mailto = None if self.mailto is None else redact(self.mailto.partition("?")[0])
        return f"Unsubscribe(url={url!r}, mailto={mailto!r}, one_click={self.one_click})"

    def _take_mailto(self, mailto: object, problems: list[Problem]) -> None:
        place = "unsubscribe.mailto"
        if not is_text(mailto):
            reason = f"`{place}` must be str, not {type(mailto).__name__}"
            problems.append(Problem(place, reason, kind="type"))
            return
        try:
            read = read_mailto(plain_text(mailto), place)
        except MessageError as error:
            problems.extend(
                dataclasses.replace(found, field=place, reason=f"`{place}`: {found.reason}")
                for found in error.problems
            )
            return
        object.__setattr__(self, "mailto", read)
        if len(mailto_url(read)) > _LONGEST_URL:
            reason = f"`{place}` makes a URL of more than {_LONGEST_URL} characters"
            problems.append(Problem(place, reason, "a line of mail holds 998"))

    def _take_url(self, given: object, problems: list[Problem]) -> None:
        if not is_text(given):
            reason = f"`unsubscribe.url` must be str, not {type(given).__name__}"
            problems.append(Problem("unsubscribe.url", reason, kind="type"))
            return
        from urllib.parse import urlsplit

        url = plain_text(given)
        if url.startswith("<") and url.endswith(">"):
            url = url[1:-1]
        object.__setattr__(self, "url", url)
        schemes = ("https",) if self.one_click else ("https", "http")
        try:
            parts = urlsplit(url)
            usable = parts.scheme in schemes and bool(parts.hostname)
        except ValueError:
            usable = False
        if not usable or not _URL.fullmatch(url):
            reason = f"`unsubscribe.url` is not an ASCII URL with {' or '.join(schemes)}"
            hint = "use mailto=..." if url[:7].lower() == "mailto:" else ""
            problems.append(Problem("unsubscribe.url", reason, hint))
        elif len(url) > _LONGEST_URL:
            reason = f"`unsubscribe.url` is longer than {_LONGEST_URL} characters"
            problems.append(Problem("unsubscribe.url", reason, "a line of mail holds 998"))

    @property
    def headers(self) -> dict[str, str]:
        """The header fields, by name."""
        targets = [self.url] if self.url else []
        if self.mailto:
            targets.append(mailto_url(self.mailto))
        fields = {"List-Unsubscribe": ", ".join(f"<{target}>" for target in targets)}
        if self.one_click:
            fields[POST] = "List-Unsubscribe=One-Click"
        return fields

    def to_dict(self) -> dict[str, object]:
        """Plain JSON."""
        return {"url": self.url, "mailto": self.mailto, "one_click": self.one_click}

    @classmethod
    def _of_text(cls, text: str) -> Unsubscribe:
        bare = text.strip(" \t")
        found: dict[str, str] = {}
        for target in _TARGET.findall(bare) if _TARGETS.fullmatch(bare) else [bare]:
            is_address = target[:7].lower() == "mailto:" or ("@" in target and ":" not in target)
            # Of several, the first is the one that its writer prefers (RFC 2369, section 3.2).
            found.setdefault("mailto" if is_address else "url", target)
        return cls(**found)  # type: ignore[arg-type]  # of these two, which are texts

    @classmethod
    def coerce(cls, value: Any, field: str, problems: list[Problem]) -> Unsubscribe | None:
        """
        Accept an Unsubscribe, what the header may hold, or what :meth:`to_dict` returns.

        The header may hold a URL with https or mailto, an address, and several in angle brackets.
        """
        try:
            if isinstance(value, Unsubscribe):
                return value
            if is_text(value):
                return cls._of_text(plain_text(value))
            if isinstance(value, Mapping):
                return cls(**{plain_text(key): item for key, item in value.items()})
        except MessageError as error:
            problems.extend(error.problems)
            return None
        except TypeError:
            problems.append(Problem(field, f"`{field}` takes url, mailto and one_click"))
            return None
        reason = f"`{field}` must be a URL or Unsubscribe, not {type(value).__name__}"
        problems.append(Problem(field, reason, kind="type"))
        return None
