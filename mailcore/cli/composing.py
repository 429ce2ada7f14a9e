"""A message from the options of ``send``, from a JSON file, or from both."""

from __future__ import annotations

import argparse

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mailcore.cli.failures import UsageError
from mailcore.cli.inputs import (
    STDIN,
    NotJson,
    header,
    key_value,
    named,
    parse_json,
    read_bytes,
    read_text,
    require_one_stdin,
    unique,
)
from mailcore.errors import InvalidMessage, MessageError, Problem, raise_problems
from mailcore.message.attachment import Attachment
from mailcore.message.message import Message


_AS_GIVEN = (
    "from_email",
    "to",
    "cc",
    "bcc",
    "reply_to",
    "subject",
    "text",
    "html",
    "headers",
    "envelope_sender",
    "tags",
    "track_opens",
    "track_clicks",
    "send_at",
    "template_id",
    "unsubscribe",
    "idempotency_key",
)
"""Fields whose options have the form that Message.from_dict reads."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that make a message."""
    _add_addressing(parser)
    _add_content(parser)
    _add_extras(parser)


def _add_addressing(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "addresses", "As 'Name <user@example.com>'; repeat an option, or use commas."
    )
    sender = group.add_mutually_exclusive_group()
    sender.add_argument("--from", dest="from_email", metavar="ADDRESS")
    sender.add_argument(
        "--template-sender",
        action="store_true",
        help="the sender that the template has, if the provider keeps one with it",
    )
    for option in ("--to", "--cc", "--bcc", "--reply-to"):
        group.add_argument(option, metavar="ADDRESS", action="append")
    group.add_argument("--envelope-sender", metavar="ADDRESS", help="where bounces go")


def _add_content(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("content", "FILE may be - for standard input.")
    group.add_argument("--subject", metavar="TEXT")
    text = group.add_mutually_exclusive_group()
    text.add_argument("--text", metavar="TEXT")
    text.add_argument("--text-file", metavar="FILE", help="the text, in UTF-8")
    html = group.add_mutually_exclusive_group()
    html.add_argument("--html", metavar="HTML")
    html.add_argument("--html-file", metavar="FILE", help="the HTML, in UTF-8")
    group.add_argument("--attach", metavar="FILE", action="append", default=[], help="repeatable")
    group.add_argument(
        "--inline",
        metavar="[CID=]FILE",
        action="append",
        default=[],
        help="an image that the HTML shows as cid:CID; without CID, by its file name",
    )


def _add_extras(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("further fields", "Those of mailcore.Message.")
    group.add_argument(
        "--header",
        dest="headers",
        metavar="'NAME: VALUE'",
        action="append",
        type=header,
        help="repeatable",
    )
    group.add_argument("--tag", dest="tags", metavar="TAG", action="append", help="repeatable")
    group.add_argument(
        "--metadata",
        metavar="KEY=VALUE",
        action="append",
        type=key_value,
        default=[],
        help="repeatable",
    )
    group.add_argument("--track-opens", action=argparse.BooleanOptionalAction)
    group.add_argument("--track-clicks", action=argparse.BooleanOptionalAction)
    group.add_argument("--send-at", metavar="TIME", help="ISO 8601, with its time zone")
    group.add_argument("--template-id", metavar="ID")
    group.add_argument("--unsubscribe", metavar="URL", help="one-click (RFC 8058)")
    group.add_argument("--idempotency-key", metavar="KEY")


def has_fields(arguments: argparse.Namespace) -> bool:
    """Whether any option gives a field."""
    given = [getattr(arguments, name) is not None for name in _AS_GIVEN]
    return any(given) or bool(
        arguments.template_sender
        or arguments.attach
        or arguments.inline
        or arguments.metadata
        or arguments.text_file is not None
        or arguments.html_file is not None
    )


def compose(arguments: argparse.Namespace) -> Message:
    """
    Make the message; options replace the fields of the JSON file.

    Raises:
        UsageError: If options contradict each other.
        InputError: If a file cannot be read.
        MessageError: With everything that is wrong with the message.
    """
    files = [arguments.message, arguments.text_file, arguments.html_file, *arguments.attach]
    require_one_stdin([*files, *(path for _, path in _inline(arguments))])
    problems: list[Problem] = []
    fields: Any = {}
    if arguments.message is not None:
        fields = message_fields(read_bytes(arguments.message), named(arguments.message))
    given = _from_options(arguments, problems)
    if "from_email" in given:
        # The author of the command line is no further one of the file's.
        fields.pop("other_authors", None)
    fields = {**fields, **given}
    try:
        message = Message.from_dict(fields)
    except MessageError as error:
        problems.extend(error.problems)
    if problems:
        raise_problems(problems, InvalidMessage)
    return message


def message_fields(data: bytes, source: str) -> dict[str, Any]:
    """
    Read a message's JSON.

    Raises:
        InvalidMessage: If it is no JSON object, naming *source*.
    """
    try:
        fields = parse_json(data)
    except NotJson as error:
        raise InvalidMessage([Problem("message", f"{source} is not JSON: {error}")]) from error
    if not isinstance(fields, dict):
        reason = f"{source} holds no JSON object"
        hint = 'write {"from_email": …, "to": […], …}'
        raise InvalidMessage([Problem("message", reason, hint)])
    return fields


def _from_options(arguments: argparse.Namespace, problems: list[Problem]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: getattr(arguments, name) for name in _AS_GIVEN if getattr(arguments, name) is not None
    }
    if arguments.template_sender:
        fields["from_email"] = None
    if arguments.text_file is not None:
        fields["text"] = read_text(arguments.text_file)
    if arguments.html_file is not None:
        fields["html"] = read_text(arguments.html_file)
    if arguments.metadata:
        fields["metadata"] = unique(arguments.metadata, "--metadata")
    attachments = list(_attachments(arguments, problems))
    if attachments:
        fields["attachments"] = attachments
    return fields


def _attachments(arguments: argparse.Namespace, problems: list[Problem]) -> Iterator[Attachment]:
    files: list[tuple[str, str, str | None]]
    files = [("--attach", path, None) for path in arguments.attach]
    files += [("--inline", path, cid) for cid, path in _inline(arguments)]
    for option, path, cid in files:
        content = read_bytes(path)
        name = None if path == STDIN else Path(path).name
        try:
            yield Attachment(name, content, content_id=cid)
        except MessageError as error:
            place = f"{option} {named(path)}"
            problems.extend(
                Problem("attachments", f"{place}: {problem.reason}", problem.hint)
                for problem in error.problems
            )


def _inline(arguments: argparse.Namespace) -> Iterator[tuple[str, str]]:
    for value in arguments.inline:
        cid, separator, path = value.partition("=")
        if not separator:
            cid, path = Path(value).name, value
        if not cid or not path or (path == STDIN and not separator):
            raise UsageError("--inline takes CID=FILE, or FILE")
        yield cid, path
