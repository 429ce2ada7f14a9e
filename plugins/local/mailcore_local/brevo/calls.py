"""
A call of Brevo's API, as the functions that answer it take it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from mailcore_local.brevo.errors import BrevoError, from_model
from mailcore_local.documents import NotReadable, read_json
from mailcore_local.hub import part_of_request
from mailcore_local.mailbox import CapturedRequest


if TYPE_CHECKING:
    from mailcore_local.hub import Hub

ModelT = TypeVar("ModelT", bound=BaseModel)


class Call:
    """
    One request, its key checked.
    """

    def __init__(self, hub: Hub, request: Request, body: bytes, captured: CapturedRequest) -> None:
        self.hub = hub
        self.request = request
        self.captured = captured
        self._body = body

    @property
    def number(self) -> int:
        """
        The number of a template in the path.

        Raises:
            BrevoError: It is none.
        """
        text = self.request.path_params["id"]
        if not (text.isascii() and text.isdecimal() and len(text) < 19):
            raise BrevoError("invalid_parameter", "templateId is not valid")
        return int(text)

    def parts(self, count: int) -> Iterator[CapturedRequest]:
        """
        The call of each version; files stand in the first one only.

        Args:
            count: How many mails the call makes.
        """
        if count == 1:
            yield self.captured
            return
        body = read_json(self._body)
        for number, version in enumerate(body["messageVersions"]):
            part = {**body, "messageVersions": [version]}
            if number:
                part.pop("attachment", None)
            yield part_of_request(self.captured, part)

    def read(self, model: type[ModelT]) -> ModelT:
        """
        The body as a model has it.

        Raises:
            BrevoError: It is not as it has it.
        """
        try:
            return model.model_validate(read_json(self._body))
        except NotReadable as error:
            raise BrevoError("bad_request", f"Input must be a valid JSON object: {error}") from None
        except ValidationError as error:
            raise from_model(error) from None
