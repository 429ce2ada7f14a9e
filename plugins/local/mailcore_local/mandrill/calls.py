"""
A call of Mandrill's API, as the functions that answer it take it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from mailcore_local.hub import HIDDEN, part_of_request
from mailcore_local.mailbox import CapturedRequest
from mailcore_local.mandrill.errors import from_model
from mailcore_local.mandrill.sending import Letter


if TYPE_CHECKING:
    from mailcore_local.hub import Hub

ModelT = TypeVar("ModelT", bound=BaseModel)

# What a message has for each of its recipients, and where their address stands in it.
_OF_RECIPIENTS = {"to": "email", "merge_vars": "rcpt", "recipient_metadata": "rcpt"}
_FILES = ("attachments", "images")


class Call:
    """
    One request, its key checked.
    """

    def __init__(self, hub: Hub, fields: dict[str, Any], request: CapturedRequest) -> None:
        self.hub = hub
        self.fields = fields
        self.request = request

    def parts(self, letters: Sequence[Letter]) -> Iterator[CapturedRequest]:
        """
        The call as if it had the recipients of each mail; files stand in the first one only.
        """
        if len(letters) == 1:
            yield self.request
            return
        message = self.fields["message"]
        shared = {name: value for name, value in message.items() if name not in _OF_RECIPIENTS}
        bare = {name: value for name, value in shared.items() if name not in _FILES}
        own = {name: _by_address(message.get(name), key) for name, key in _OF_RECIPIENTS.items()}
        for number, letter in enumerate(letters):
            addresses = dict.fromkeys(copy.mailbox.email.lower() for copy in letter.copies)
            theirs = {
                name: [each for address in addresses for each in entries.get(address, ())]
                for name, entries in own.items()
                if name in message
            }
            part = {**(bare if number else shared), **theirs}
            yield part_of_request(self.request, {**self.fields, "key": HIDDEN, "message": part})

    def read(self, model: type[ModelT]) -> ModelT:
        """
        The fields as a model has them.

        Raises:
            MandrillError: They are not as it has them.
        """
        try:
            return model.model_validate(self.fields)
        except ValidationError as error:
            raise from_model(error) from None


def _by_address(entries: object, key: str) -> Mapping[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for each in entries if isinstance(entries, list) else ():
        found.setdefault(each[key].lower(), []).append(each)
    return found
