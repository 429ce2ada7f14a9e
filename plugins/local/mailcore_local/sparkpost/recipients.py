"""
Who gets a transmission: the recipients that SparkPost accepts, and what is wrong with the others.

https://developers.sparkpost.com/api/transmissions/ and
https://developers.sparkpost.com/api/recipient-lists/ (read 2026-11-30, in the repository
developers.sparkpost.com of https://github.com/SparkPost).
"""

from __future__ import annotations

import json
import re
import secrets

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Any

from pydantic import ValidationError

from mailcore_local.composing import Mailbox, is_address
from mailcore_local.sparkpost.errors import Problem, SparkPostError, refused
from mailcore_local.sparkpost.models import (
    MAX_SUBSTITUTION_BYTES,
    Address,
    Recipient,
    Transmission,
    merged_data,
    problems_of,
    read,
)


MAX_RECIPIENTS = 10_000

_BREAKS = re.compile(r"[\r\n]+")


@dataclass(frozen=True, kw_only=True)
class Person:
    """
    One recipient that was accepted.

    Attributes:
        email: The address in RCPT TO.
        shown: Who stands in To of this copy, as the header has it.
        name: The name of the recipient.
        data: The values for the template, those of the transmission among them.
        metadata: The metadata of the transmission and the recipient.
        tags: The tags of the recipient.
        place: Where the recipient stands in the request.
        message_id: The id in the events.
    """

    email: str
    shown: str
    name: str
    data: Mapping[str, Any]
    metadata: Mapping[str, Any]
    tags: tuple[str, ...]
    place: int
    message_id: str = field(default_factory=lambda: secrets.token_hex(10))


def read_people(
    given: object, transmission: Transmission, *, max_errors: int | None
) -> tuple[list[Person], list[Problem], int]:
    """
    The recipients of a transmission: those that are accepted, and what is wrong with the others.

    Args:
        given: The field ``recipients`` of the request.
        transmission: The fields beside it.
        max_errors: How many errors are told; None for all.

    Returns:
        The accepted ones, the errors that are told, and how many were rejected.

    Raises:
        SparkPostError: There are none, or none is valid.
    """
    if isinstance(given, dict):
        identifier = given.get("list_id")
        description = f"Resource not found:recipient list id {str(identifier)[:100]}"
        raise refused(1600, description)
    if given is None:
        raise refused(1400, "recipients or list_id required")
    if not isinstance(given, list):
        raise refused(1300, "recipients: must be an array of recipient objects")
    if len(given) > MAX_RECIPIENTS:
        raise refused(1300, f"recipients: there may be up to {MAX_RECIPIENTS}")
    people: list[Person] = []
    problems: list[Problem] = []
    rejected = 0
    for place, entry in enumerate(given):
        try:
            people.append(_person(entry, place, transmission))
        except SparkPostError as error:
            rejected += 1
            problems += error.problems
    if not people:
        told = problems or [Problem(code=1400, description="recipients: is empty")]
        raise SparkPostError([Problem(code=5002, description="No valid recipients"), *told])
    return people, problems if max_errors is None else problems[:max_errors], rejected


def _person(entry: object, place: int, transmission: Transmission) -> Person:
    if not isinstance(entry, dict):
        raise refused(1300, "each recipient must be an object")
    address = _address(entry.get("address"))
    own: Recipient = read(Recipient, entry, "recipient")
    data = merged_data(
        transmission.metadata,
        transmission.substitution_data,
        own.metadata,
        own.substitution_data,
        {
            "address": {"email": address.email, "name": address.name or ""},
            "email": address.email,
            "email_id": address.email,
            "env_from": transmission.return_path or "",
            "return_path": transmission.return_path or "",
        },
    )
    for values in (transmission.substitution_data, own.substitution_data):
        if len(json.dumps(values or {}).encode()) > MAX_SUBSTITUTION_BYTES:
            description = f"substitution_data: may have up to {MAX_SUBSTITUTION_BYTES} bytes"
            raise refused(2002, description)
    if address.header_to:
        # With a name as well it becomes `"name" <header_to>`, whatever header_to has.
        shown = f'"{address.name}" <{address.header_to}>' if address.name else address.header_to
    else:
        shown = str(Mailbox(address.email, address.name or ""))
    return Person(
        email=address.email,
        shown=_BREAKS.sub(" ", shown),
        name=address.name or "",
        data=data,
        metadata=merged_data(transmission.metadata, own.metadata),
        tags=tuple(own.tags or ()),
        place=place,
    )


def _address(given: object) -> Address:
    if given is None:
        raise refused(1400, "address.email is required for each recipient")
    if isinstance(given, str):
        name, email = parseaddr(given)
        address = Address(email=email, name=name or None)
    else:
        try:
            address = Address.model_validate(given)
        except ValidationError as error:
            raise SparkPostError(problems_of(error, "address")) from None
    if not is_address(address.email):
        raise refused(1300, "address.email must be a valid email address")
    return address
