"""``mailcore outbox show``: rows, with their attempts and receipts."""

from __future__ import annotations

import argparse
import json

from typing import TYPE_CHECKING, Any

from mailcore.cli import exit_codes, output
from mailcore.cli.failures import UsageError
from mailcore_outbox.cli.common import (
    NOT_DONE,
    add_command,
    add_filter,
    filter_of,
    is_filtered,
    opened,
    rows_of,
    told_of_newer,
)


if TYPE_CHECKING:
    from datetime import datetime

    from mailcore.outbox import OutboxAttempt, OutboxRow, Receipt
    from mailcore_outbox.outbox import Outbox

_SHOWN = 50


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = add_command(
        commands,
        "show",
        run,
        help="list rows, or show some with their attempts and receipts",
        description=f"With ids, show rows with their attempts, and with what providers reported of "
        f"them. Without, list rows: {_SHOWN} of them unless told. It shows addresses.",
    )
    add_filter(parser)
    parser.add_argument("--body", action="store_true", help="with ids: the message too, as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Show rows."""
    if arguments.ids and is_filtered(arguments):
        raise UsageError("name rows by their ids, or by what they have in common, not both")
    if arguments.body and not arguments.ids:
        raise UsageError("--body goes with ids")
    with opened(arguments) as outbox:
        if arguments.ids:
            return _show(arguments, outbox)
        wanted = filter_of(arguments)
        rows = list(rows_of(outbox, wanted, arguments.limit or _SHOWN))
        newer = told_of_newer(outbox, wanted)
    if arguments.json:
        output.write_json({"rows": [described(row) for row in rows], "newer": newer})
        return exit_codes.OK
    output.write_table(
        ["id", "state", "due (UTC)", "tries", "to", "subject", "error"],
        [
            [
                row.id,
                str(row.state),
                _time(row.due_at),
                str(row.attempts),
                ", ".join(row.recipients[:2]) + (", …" if len(row.recipients) > 2 else ""),
                row.subject,
                row.error_category,
            ]
            for row in rows
        ],
    )
    return exit_codes.OK


def _show(arguments: argparse.Namespace, outbox: Outbox) -> int:
    from mailcore.outbox import NewerDocument

    found: list[dict[str, object]] = []
    missing: list[str] = []
    newer: list[str] = []
    for row_id in arguments.ids:
        try:
            row = outbox.store.get(row_id)
        except NewerDocument as error:
            output.note(f"{row_id}: {error}", always=True)
            newer.append(row_id)
            continue
        if row is None:
            missing.append(row_id)
            continue
        attempts, receipts = outbox.store.attempts(row_id), outbox.store.receipts(row_id)
        body = {"message": _body(row)} if arguments.body else {}
        found.append(
            {
                **described(row),
                "attempts_made": [_attempt(each) for each in attempts],
                "receipts": [_receipt(each) for each in receipts],
                **body,
            }
        )
    for row_id in missing:
        output.note(f"there is no row {row_id}", always=True)
    if arguments.json:
        output.write_json({"rows": found, "missing": missing, "newer": newer})
    else:
        for each in found:
            _write(each)
    return NOT_DONE if missing or newer else exit_codes.OK


def _write(row: dict[str, Any]) -> None:
    lists = [row.pop(name) for name in ("recipients", "attempts_made", "receipts")]
    message = row.pop("message", None)
    rows = [
        [name.replace("_", " "), _cell(value)]
        for name, value in row.items()
        if value not in (None, "", [])
    ]
    output.write_table(["row", ""], rows)
    for values in lists:
        if values:
            headings = list(values[0])
            output.write("")
            output.write_table(
                [each.replace("_", " ") for each in headings],
                [[_cell(value[each]) for each in headings] for value in values],
            )
    if message is not None:
        output.write("")
        output.write_json(message)
    output.write("")


def _cell(value: object) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def described(row: OutboxRow) -> dict[str, Any]:
    """Plain JSON of a row, without the message."""
    return {
        "id": row.id,
        "state": str(row.state),
        "key": row.key,
        "subject": row.subject,
        "tags": list(row.tags),
        "priority": row.priority,
        "created_at": _iso(row.created_at),
        "not_before": _iso(row.not_before),
        "due_at": _iso(row.due_at),
        "changed_at": _iso(row.changed_at),
        "attempts": row.attempts,
        "claimed_by": row.claimed_by,
        "claimed_until": _iso(row.claimed_until),
        "began_at": _iso(row.began_at),
        "provider": row.provider,
        "message_ids": list(row.message_ids),
        "error_category": row.error_category,
        "error_code": row.error_code,
        "error_text": row.error_text,
        "has_body": row.document is not None,
        "recipients": [
            {
                "address": address,
                "status": str(row.statuses[address].status) if address in row.statuses else "",
                "code": row.statuses[address].code if address in row.statuses else "",
            }
            for address in row.recipients
        ],
    }


def _attempt(attempt: OutboxAttempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "began_at": _iso(attempt.began_at),
        "ended_at": _iso(attempt.ended_at),
        "status": str(attempt.status),
        "provider": attempt.provider,
        "message_ids": list(attempt.message_ids),
        "error_category": attempt.error_category,
        "error_code": attempt.error_code,
        "error_text": attempt.error_text,
        "worker": attempt.worker_id,
    }


def _receipt(receipt: Receipt) -> dict[str, Any]:
    return {
        "happened_at": _iso(receipt.happened_at),
        "event": str(receipt.event_type),
        "recipient": receipt.recipient,
        "provider": receipt.provider,
        "message_id": receipt.message_id,
        "bounce_class": receipt.bounce_class,
        "reject_reason": receipt.reject_reason,
        "detail": receipt.detail,
    }


def _body(row: OutboxRow) -> object:
    """The message as it is kept, whether this release can read it or not."""
    if row.document is None:
        return None
    try:
        return json.loads(row.document)
    except (ValueError, RecursionError):
        return row.document


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _time(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}"
