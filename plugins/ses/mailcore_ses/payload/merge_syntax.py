"""
How the subject and the bodies of a message refer to merge values: ``{{name}}``.

Without a stored template SES fills in the one that a request brings, by "simple substitutions"
only, without blocks and helpers (``TemplateContent`` in the reference of the API, as the SDK for
Kotlin has it: https://docs.aws.amazon.com/sdk-for-kotlin/api/latest/sesv2/, read 2026-11-30). A
value that is missing there loses the mail: SES accepts it, and publishes a Rendering Failure.
"""

from __future__ import annotations

import re

from mailcore.message import MergeSyntax


SYNTAX = MergeSyntax(
    example="{{name}}",
    # All that stands in braces, and braces that do not end: SES would not leave blocks as they are,
    # nor take what it cannot read. {{! … }} is a comment.
    pattern=re.compile(r"\{\{(?!!)(?:\{?(?P<name>[^{}]*)\}\}|)"),
    padding=" \t\r\n~&",
    # https://docs.aws.amazon.com/ses/latest/dg/sending-email-subscription-management.html (read
    # 2026-11-30).
    of_the_service=frozenset({"amazonSESUnsubscribeUrl"}),
    note="SES takes blocks and helpers in stored templates only",
    has_paths=True,
)
