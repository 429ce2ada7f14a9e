"""The built-in providers pass the conformance suite."""

from __future__ import annotations

import io
import tempfile

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mailcore import Mailer, Message, Provider, Registry
from mailcore.builtin.console import ConsoleProvider, ConsoleTransport
from mailcore.builtin.file import FileProvider
from mailcore.builtin.memory import MemoryProvider
from mailcore.builtin.null import NullProvider
from mailcore.flow import Transport
from mailcore.testing import TransportFault
from mailcore.testing.suite import ProviderSuite


class BuiltinSuite(ProviderSuite):
    """What the built-in providers have in common: no secrets, no service that could refuse."""

    secrets = ()
    never_refuses = True

    def accepting_response(self, request: Any) -> str:
        return "message-1"

    def refusing_responses(self, request: Any) -> Iterable[str]:
        return ()


class TestMemory(BuiltinSuite):
    """``memory``."""

    transport_cannot_fail = True

    def make_provider(self) -> MemoryProvider:
        return MemoryProvider()

    def transport_faults(self) -> Iterable[TransportFault]:
        return ()


class TestNull(BuiltinSuite):
    """``null``."""

    transport_cannot_fail = True

    def make_provider(self) -> NullProvider:
        return NullProvider()

    def transport_faults(self) -> Iterable[TransportFault]:
        return ()


class TestConsole(BuiltinSuite):
    """``console``."""

    def make_provider(self) -> ConsoleProvider:
        return ConsoleProvider()

    def transport_faults(self) -> Iterable[TransportFault]:
        def print_to_closed_stream() -> object:
            stream = io.StringIO()
            stream.close()
            return send(self.make_provider(), ConsoleTransport(stream))

        yield TransportFault(
            name="the stream is closed", send=print_to_closed_stream, maybe_accepted=False
        )


class TestFile(BuiltinSuite):
    """``file``."""

    def make_provider(self) -> FileProvider:
        return FileProvider(directory="never-written")

    def transport_faults(self) -> Iterable[TransportFault]:
        def write_below_a_file() -> object:
            with tempfile.NamedTemporaryFile() as file:
                provider = FileProvider(directory=Path(file.name) / "outbox")
                return send(provider, provider.create_transport())

        yield TransportFault(
            name="the folder cannot be made", send=write_below_a_file, maybe_accepted=False
        )


def send(provider: Provider[Any, Any], transport: Transport) -> object:
    """Send something through the provider's own kind of transport."""
    message = Message(from_email="shop@example.com", to=["ada@example.net"], subject="Welcome")
    registry = Registry(autoload=False)
    return Mailer(provider, transport=transport, registry=registry).send(message)
