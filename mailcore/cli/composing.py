"""A message from the options of ``send``, from a JSON file, or from both."""

from __future__ import annotations

import argparse

from collections.abc import Iterator, Mapping, Sequence
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
from mailcore.message.field_types import Option
from mailcore.message.fields import FIELDS
from mailcore.message.message import Message


_OPTIONS: Sequence[tuple[str, Option]] = [
    (each.name, each.option) for each in FIELDS if isinstance(each.option, Option)
]
"""Fields that have an option of their own, with it."""

_GROUPS = {
    "addresses": "As 'Name <user@example.com>'; repeat an option, or use commas.",
    "content": "FILE may be - for standard input.",
    "further fields": "Those of mailcore.Message.",
}
_KINDS: Mapping[str, Mapping[str, Any]] = {
    "text": {},
    "file": {},
    "list": {"action": "append"},
    "header": {"action": "append", "type": header},
    "pair": {"action": "append", "type": key_value},
    "switch": {"action": argparse.BooleanOptionalAction},
}
"""How argparse is told of each kind of option."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that make a message."""
    for title, text in _GROUPS.items():
        group = parser.add_argument_group(title, text)
        for name, option in _OPTIONS:
            if option.group == title:
                _add_option(group, name, option)
        if title == "content":
            _add_files(group)


def _add_option(group: Any, name: str, option: Option) -> None:
    if name == "from_email" or option.kind == "file":
        group = group.add_mutually_exclusive_group()
    told = {"dest": name, **_KINDS[option.kind]}
    if option.metavar:
        told["metavar"] = option.metavar
    if option.kind != "file":
        group.add_argument(option.flag, help=option.help, **told)
    else:
        group.add_argument(option.flag, **told)
        group.add_argument(f"{option.flag}-file", metavar="FILE", help=option.help)
    if name == "from_email":
        _add_template_sender(group)


def _add_template_sender(group: Any) -> None:
    group.add_argument(
        "--template-sender",
        action="store_true",
        help="the sender that the template has, if the provider keeps one with it",
    )


def _add_files(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--attach", metavar="FILE", action="append", default=[], help="repeatable")
    group.add_argument(
        "--inline",
        metavar="[CID=]FILE",
        action="append",
        default=[],
        help="an image that the HTML shows as cid:CID; without CID, by its file name",
    )


def _files_of(arguments: argparse.Namespace) -> dict[str, str]:
    """The files that hold the text of a field, by the field."""
    paths = {
        name: getattr(arguments, f"{name}_file")
        for name, option in _OPTIONS
        if option.kind == "file"
    }
    return {name: path for name, path in paths.items() if path is not None}


def has_fields(arguments: argparse.Namespace) -> bool:
    """Whether any option gives a field."""
    given = [getattr(arguments, name) is not None for name, _ in _OPTIONS]
    return any(given) or bool(
        arguments.template_sender or arguments.attach or arguments.inline or _files_of(arguments)
    )


def compose(arguments: argparse.Namespace) -> Message:
    """
    Make the message; options replace the fields of the JSON file.

    Raises:
        UsageError: If options contradict each other.
        InputError: If a file cannot be read.
        MessageError: With everything that is wrong with the message.
    """
    files = [arguments.message, *_files_of(arguments).values(), *arguments.attach]
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
    given = {name: getattr(arguments, name) for name, _ in _OPTIONS}
    fields: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if arguments.template_sender:
        fields["from_email"] = None
    for name, path in _files_of(arguments).items():
        fields[name] = read_text(path)
    for name, option in _OPTIONS:
        if option.kind == "pair" and name in fields:
            fields[name] = unique(fields[name], option.flag)
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
