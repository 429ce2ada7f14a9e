"""
A query as SQL.
"""

from __future__ import annotations

import re

from mailcore_local.mailbox.query import MailQuery
from mailcore_local.mailbox.tables import SUMMARY_COLUMNS


_WORD = re.compile(r"\w+", re.UNICODE)

# Columns of the table of words, and the field of the query that looks into each.
_COLUMNS = ("sender", "recipient", "subject", "tag", "metadata")


def select(query: MailQuery, before: int | None, *, full_text: bool) -> tuple[str, list[object]]:
    """
    The statement that finds summaries, the last mail first; a LIMIT is to be added.

    Args:
        query: What is looked for.
        before: The number below which mails are wanted.
        full_text: Whether the table of words is one of FTS5.
    """
    tables, conditions, values = _parts(query, full_text=full_text)
    if before is not None:
        conditions.append("mails.number < ?")
        values.append(before)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    # Nothing but names of this module is put into the text.
    statement = f"SELECT mails.number, {SUMMARY_COLUMNS} FROM {tables}{where}"  # noqa: S608
    order = "words.rowid" if tables.startswith("words") else "mails.number"
    return f"{statement} ORDER BY {order} DESC", values


def _parts(query: MailQuery, *, full_text: bool) -> tuple[str, list[str], list[object]]:
    conditions: list[str] = []
    values: list[object] = []
    tables = "mails"
    texts = [(column, getattr(query, column)) for column in _COLUMNS]
    texts = [(column, text) for column, text in [("", query.words), *texts] if text]
    if texts:
        tables = "words JOIN mails ON mails.number = words.rowid"
        find = _matching if full_text else _scanning
        found, looked_for = find(texts)
        conditions += found
        values += looked_for
    if query.face:
        conditions.append("mails.face = ?")
        values.append(query.face)
    if query.state:
        # By the index of the states: a state that nobody has would be looked for in every mail.
        conditions.append("mails.number IN (SELECT mail FROM recipients WHERE state = ?)")
        values.append(query.state)
    return tables, conditions, values


def _matching(texts: list[tuple[str, str]]) -> tuple[list[str], list[object]]:
    terms = []
    for column, text in texts:
        for term in text.split():
            words = _WORD.findall(term)
            if not words:
                # No word at all, such as a lone dash: nothing has it.
                return ["0"], []
            # The pieces of `ada@example.com` stand beside each other; the last may go on.
            phrase = '"' + " ".join(words) + '" *'
            terms.append(f"{column} : {phrase}" if column else phrase)
    return ["words MATCH ?"], [" AND ".join(terms)]


def _scanning(texts: list[tuple[str, str]]) -> tuple[list[str], list[object]]:
    conditions: list[str] = []
    values: list[object] = []
    for column, text in texts:
        columns = (column,) if column else _COLUMNS
        for term in text.split():
            pattern = "%" + re.sub(r"([%_\\])", r"\\\1", term.casefold()) + "%"
            either = " OR ".join(f"words.{each} LIKE ? ESCAPE '\\'" for each in columns)
            conditions.append(f"({either})")
            values += [pattern] * len(columns)
    return conditions, values
