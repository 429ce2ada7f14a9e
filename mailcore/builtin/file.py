"""``file``: writes every message into a folder, as ``.eml`` for mail clients and as ``.json``."""

from __future__ import annotations

import json
import os

from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from mailcore.builtin._local import KEEPS_ALL, new_message_id
from mailcore.errors import ConfigurationError, ProviderUnavailable
from mailcore.features import NO, Features
from mailcore.flow import Request
from mailcore.message.message import Message
from mailcore.mime.writing import write_message
from mailcore.provider import Provider
from mailcore.result import RecipientStatus, SendStatus


@dataclass(frozen=True, kw_only=True)
class FileRequest(Request):
    """Both files of one message."""

    eml: bytes = field(repr=False)
    json: bytes = field(repr=False)


class FileTransport:
    """Writes files into a folder, which it makes if need be."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def exchange(self, request: FileRequest) -> str:
        """
        Write both files; answer with their common name.

        Raises:
            ProviderUnavailable: If the folder cannot be written; no half of a file stays.
        """
        now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
        name = f"{now}-{new_message_id()}"
        written: list[Path] = []
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            for suffix, content in ((".json", request.json), (".eml", request.eml)):
                path = self._directory / f"{name}{suffix}"
                partial = path.with_suffix(f"{suffix}.partial")
                written += [partial, path]
                partial.write_bytes(content)
                partial.replace(path)
        except (OSError, ValueError) as error:
            for path in written:
                path.unlink(missing_ok=True)
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise ProviderUnavailable(
                f"cannot write to {self._directory}: {reason}", retryable=False
            ) from error
        return name

    def close(self) -> None:
        """Nothing is open."""


class FileProvider(Provider[FileRequest, str]):
    """
    Writes every message into a folder.

    The ``.eml`` has what recipients would see; the ``.json`` has the whole message
    (:meth:`mailcore.Message.from_dict` reads it), the Bcc addresses too.

    Args:
        directory: The folder; as a URL: ``file:///var/mail/outbox``.
    """

    name = "file"
    label = "Files"
    reaches_out = False
    features = Features(
        **{
            **{feature.value: support for feature, support in KEEPS_ALL.items()},
            "international_addresses": NO("an .eml file has ASCII local parts"),
            "template_sender": NO("an .eml file has a From line, and no template is known here"),
        }
    )

    def __init__(self, *, directory: str | os.PathLike[str]) -> None:
        if not os.fspath(directory):
            raise ConfigurationError("file: directory is empty")
        self.directory: Path = Path(directory)

    @classmethod
    def options_from_url(
        cls, *, username: str, password: str, host: str, path: str
    ) -> dict[str, str]:
        """Take the folder from the path."""
        if username or password or host:
            raise ConfigurationError("file: write file:///folder, with three slashes")
        return {"directory": path} if path else {}

    def build(self, message: Message) -> list[FileRequest]:
        """The content of both files."""
        document = json.dumps(message.to_dict(), ensure_ascii=False, indent=1)
        return [
            FileRequest(
                eml=write_message(message),
                json=document.encode("utf-8"),
                recipients=message.recipients,
            )
        ]

    def parse(self, request: FileRequest, response: str) -> dict[str, RecipientStatus]:
        """Every recipient was sent to."""
        return dict.fromkeys(
            request.recipients, RecipientStatus(SendStatus.SENT, message_id=response)
        )

    def create_transport(self) -> FileTransport:
        """A transport that writes into the folder."""
        return FileTransport(self.directory)
