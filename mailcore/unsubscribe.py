"""How a recipient leaves a list with one click (RFC 2369, RFC 8058)."""

from __future__ import annotations

import dataclasses
import re

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mailcore.address import Address
from mailcore.errors import InvalidMessage, MessageError, Problem, raise_problems


_URL = re.compile(r"[!#-;=?-~]+")
# The URL cannot be folded: RFC 5322, section 2.1.1, less the header's name, brackets and a comma.
_LONGEST_URL = 998 - len("List-Unsubscribe: <>,")


@dataclass(frozen=True, kw_only=True)
class Unsubscribe:
    """
    The List-Unsubscribe header of a message, and List-Unsubscribe-Post with it.

    Args:
        url: Where mail clients POST ``List-Unsubscribe=One-Click``. For one click, RFC 8058
            section 3.1 wants https.
        mailto: Where clients that cannot do so send mail: an address.
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
            self._check_url(self.url, problems)
        if self.mailto is not None:
            try:
                mailto = Address.parse(self.mailto, field="unsubscribe.mailto").ascii_addr_spec
                object.__setattr__(self, "mailto", mailto)
            except MessageError as error:
                place = "unsubscribe.mailto"
                problems.extend(
                    dataclasses.replace(found, field=place, reason=f"`{place}`: {found.reason}")
                    for found in error.problems
                )
        if not isinstance(self.one_click, bool):
            reason = f"`unsubscribe.one_click` must be bool, not {type(self.one_click).__name__}"
            problems.append(Problem("unsubscribe.one_click", reason, kind="type"))
        if self.one_click and self.url is None:
            object.__setattr__(self, "one_click", False)
        if problems:
            raise_problems(problems, InvalidMessage)

    def _check_url(self, url: object, problems: list[Problem]) -> None:
        if not isinstance(url, str):
            reason = f"`unsubscribe.url` must be str, not {type(url).__name__}"
            problems.append(Problem("unsubscribe.url", reason, kind="type"))
            return
        from urllib.parse import urlsplit

        schemes = ("https",) if self.one_click else ("https", "http")
        try:
            parts = urlsplit(url)
            usable = parts.scheme in schemes and bool(parts.hostname)
        except ValueError:
            usable = False
        if not usable or not _URL.fullmatch(url):
            reason = f"`unsubscribe.url` is not an ASCII URL with {' or '.join(schemes)}"
            problems.append(Problem("unsubscribe.url", reason))
        elif len(url) > _LONGEST_URL:
            reason = f"`unsubscribe.url` is longer than {_LONGEST_URL} characters"
            problems.append(Problem("unsubscribe.url", reason, "a line of mail holds 998"))

    @property
    def headers(self) -> dict[str, str]:
        """The header fields, by name."""
        targets = [self.url] if self.url else []
        if self.mailto:
            from urllib.parse import quote

            # RFC 6068, section 2: a local part may hold what means something in a URL.
            targets.append("mailto:" + quote(self.mailto, safe="@!$'*+"))
        fields = {"List-Unsubscribe": ", ".join(f"<{target}>" for target in targets)}
        if self.one_click:
            fields["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return fields

    def to_dict(self) -> dict[str, object]:
        """Plain JSON."""
        return {"url": self.url, "mailto": self.mailto, "one_click": self.one_click}

    @classmethod
    def coerce(cls, value: Any, field: str, problems: list[Problem]) -> Unsubscribe | None:
        """Accept an Unsubscribe, a URL, or the mapping that :meth:`to_dict` returns."""
        try:
            if isinstance(value, Unsubscribe):
                return value
            if isinstance(value, str):
                return cls(url=value)
            if isinstance(value, Mapping):
                return cls(**value)
        except MessageError as error:
            problems.extend(error.problems)
            return None
        except TypeError:
            problems.append(Problem(field, f"`{field}` takes url, mailto and one_click"))
            return None
        reason = f"`{field}` must be a URL or Unsubscribe, not {type(value).__name__}"
        problems.append(Problem(field, reason, kind="type"))
        return None
