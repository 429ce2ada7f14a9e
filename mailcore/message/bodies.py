"""
Which text is the body, where a message names its forms as alternatives.

====================================  ==============================================================
Alternative                           What becomes of it
====================================  ==============================================================
the first ``text/html``, and the      ``html``, where that is not given or empty
message has no HTML
the first ``text/plain``, and the     ``text``, where that is not given or empty
message has no text
any further one of these types, or    stays an alternative, as it stands: a provider that has one
one beside a body of its own          body of each type refuses it
one with other parameters than        stays an alternative: ``text/plain; format=flowed`` is not
``charset``                           what ``text`` says
any other type                        stays an alternative
====================================  ==============================================================

So a message made from the parts of a mail, or from code that calls all forms alternatives, is the
message that ``text`` and ``html`` make, for every provider.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mailcore.message.alternative import Alternative
from mailcore.message.content_type import parameters_of


__all__ = ["settle_bodies"]

_FIELDS = {"text/html": "html", "text/plain": "text"}


def settle_bodies(held: dict[str, Any]) -> None:
    """
    Move alternatives that are the body to where they belong.

    Args:
        held: Fields of a message, ``alternatives`` among them; changed.
    """
    given: Sequence[Alternative] = held["alternatives"]
    if not any(part.mime_type in _FIELDS for part in given):
        return
    rest = []
    for part in given:
        field = _FIELDS.get(part.mime_type)
        is_body = part.content and parameters_of(part.content_type).keys() <= {"charset"}
        if field is None or held.get(field) or not is_body:
            rest.append(part)
        else:
            held[field] = part.content
    if rest:
        held["alternatives"] = tuple(rest)
    else:
        del held["alternatives"]
