"""
How the texts of a message refer to merge values: ``{{params.name}}``.

https://developers.brevo.com/docs/batch-send-transactional-emails (as of 2026-11-30) has it in the
HTML, and the examples of Brevo's own clients in the subject, too; of the text nobody says so.
Whether a message without values is left alone is not confirmed either. Tags (``{% … %}``) and other
names (``{{contact.NAME}}``) belong to the same language.
"""

from __future__ import annotations

import re

from mailcore.message import MergeSyntax


SYNTAX = MergeSyntax(
    example="{{params.name}}",
    pattern=re.compile(
        r"\{\{\s*params\.(?P<name>[A-Za-z0-9_.]+)\s*(?:\|[^{}]*)?\}\}|\{\{[^{}]*\}\}|\{%[^{}]*%\}"
    ),
    note="beside {{params.…}}, Brevo reads every {{…}} and {%…%}",
    has_paths=True,
)
