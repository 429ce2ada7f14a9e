"""``mailcore outbox retry`` and ``cancel``: rows that people have sent again, or called off."""

from __future__ import annotations

import argparse

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

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
    from mailcore_outbox.outbox import Outbox

_What = Literal["retry", "cancel"]


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the commands."""
    retry = add_command(
        commands,
        "retry",
        partial(run, "retry"),
        help="have rows sent again that failed, are unknown, or were called off",
        description="Have rows sent again, to everybody who is not known to have the mail. Of an "
        "unknown row some may get it twice: look at the provider's account first. Rows without a "
        "body cannot be sent again.",
    )
    add_filter(retry, states=("failed", "unknown", "cancelled"))
    cancel = add_command(
        commands,
        "cancel",
        partial(run, "cancel"),
        help="call rows off that are not being sent yet",
        description="Call rows off whose send has not begun.",
    )
    add_filter(cancel, states=("pending", "sending"))


def run(what: _What, arguments: argparse.Namespace) -> int:
    """Change rows."""
    from mailcore.outbox import NewerDocument, cancel, retry

    if bool(arguments.ids) is is_filtered(arguments):
        raise UsageError(f"`{what}` needs the ids of rows, or what they have in common")
    change = retry if what == "retry" else cancel
    done: list[str] = []
    left: dict[str, str] = {}
    newer = 0
    with opened(arguments) as outbox:
        for row_id in _ids(what, arguments, outbox):
            try:
                changed = change(outbox.store, row_id)
            except NewerDocument as error:
                left[row_id] = f"left alone: {error}"
                continue
            if changed is None:
                left[row_id] = "left alone: not there, or not in such a state"
            else:
                done.append(row_id)
        if not arguments.ids:
            newer = told_of_newer(outbox, filter_of(arguments))
    if arguments.json:
        output.write_json({"changed": done, "left_alone": list(left), "newer": newer})
    else:
        said = "is sent again" if what == "retry" else "called off"
        rows = [[row_id, said] for row_id in done]
        rows += [[row_id, why] for row_id, why in left.items()]
        output.write_table(["row", "outcome"], rows)
    return NOT_DONE if left or newer else exit_codes.OK


def _ids(what: _What, arguments: argparse.Namespace, outbox: Outbox) -> Iterator[str]:
    from mailcore.outbox import can_cancel, can_retry

    if arguments.ids:
        yield from arguments.ids
        return
    fits = can_retry if what == "retry" else can_cancel
    # Before any is changed: what is sent again may be found again.
    rows = list(rows_of(outbox, filter_of(arguments), arguments.limit))
    yield from (row.id for row in rows if fits(row))
