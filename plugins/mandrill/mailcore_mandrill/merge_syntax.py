"""
How the texts of a message refer to merge values: ``*|NAME|*``, or ``{{name}}``.

https://mandrill.zendesk.com/hc/en-us/articles/360038786414 and 360039278653, and 360038786274 for
where: in the subject, the bodies and the sender's name, and in no other header (read 2026-11-30).
"""

from __future__ import annotations

import re

from collections.abc import Iterator

from mailcore.message import MergeSyntax, Message, OwnText, subject_and_bodies


def own_texts(message: Message) -> Iterator[OwnText]:
    """The texts of a message in which Mandrill evaluates merge tags."""
    yield from subject_and_bodies(message)
    if message.from_email is not None and message.from_email.display_name:
        yield OwnText("from_email", message.from_email.display_name)


MAILCHIMP = MergeSyntax(
    example="*|name|*",
    # Not what Mandrill makes by itself: a link to unsubscribe, a date, conditions.
    pattern=re.compile(
        r"\*\|(?!(?:UNSUB|DATE|IF|IFNOT|ELSEIF|END):|ELSE:?\|)(?P<name>[^|\r\n]*)\|\*",
        re.IGNORECASE,
    ),
    texts=own_texts,
    padding=" ",
    ignores_case=True,
)

HANDLEBARS = MergeSyntax(
    example="{{name}}",
    pattern=re.compile(r"\{\{\{?(?P<name>[^{}]*)\}?\}\}"),
    texts=own_texts,
    padding=" ",
    note="blocks and helpers are for stored templates",
    has_paths=True,
)

SYNTAXES = {None: MAILCHIMP, "mailchimp": MAILCHIMP, "handlebars": HANDLEBARS}
