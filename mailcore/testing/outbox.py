"""
What a program sent, with assertions.

::

    def test_sign_up_welcomes(mailcore_outbox: Outbox) -> None:
        sign_up("ada@example.net")

        mailcore_outbox.assert_sent(count=1, to="ada@example.net", subject="Welcome")
        assert "/confirm?" in mailcore_outbox.last.text

Failure messages list what was sent, with full addresses: mailcore redacts addresses everywhere
else, but a test that does not show them cannot be mended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from mailcore.address.domain import address_key
from mailcore.message.message import Message
from mailcore.result import SendResult


class Outbox(Sequence[Message]):
    """
    The messages that were sent, in order.

    Args:
        messages: A list to look at, such as the one of the ``memory`` provider; what is added to
            it later is seen as well.

    Attributes:
        results: What the senders were told, one for each message that
            :func:`mailcore.testing.capture` kept.

    Example:
        >>> from mailcore import Mailer, Message
        >>> from mailcore.testing import Outbox
        >>> from mailcore.builtin.memory import MemoryProvider
        >>> mailer = Mailer(MemoryProvider())
        >>> outbox = Outbox(mailer.provider.outbox)
        >>> outbox.assert_nothing_sent()
        >>> _ = mailer.send(
        ...     Message(from_email="shop@example.com", to=["ada@example.net"], subject="Welcome")
        ... )
        >>> outbox.assert_sent(count=1, to="ADA@example.net", subject_contains="come")
        (Message(recipients=['a***@example.net'], given=['from_email', 'subject']),)
    """

    def __init__(self, messages: list[Message] | None = None) -> None:
        self._messages = messages if messages is not None else []
        self.results: list[SendResult] = []

    @overload
    def __getitem__(self, index: int) -> Message: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Message, ...]: ...

    def __getitem__(self, index: int | slice) -> Message | tuple[Message, ...]:
        if isinstance(index, slice):
            return tuple(self._messages[index])
        return self._messages[index]

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        # A copy: senders in other threads may be adding.
        return iter(tuple(self._messages))

    @property
    def last(self) -> Message:
        """
        The message sent last.

        Raises:
            AssertionError: If there is none.
        """
        if not self._messages:
            raise AssertionError("nothing was sent")
        return self._messages[-1]

    def to(self, address: str) -> tuple[Message, ...]:
        """The messages to an address, in to, cc or bcc; case and punycode do not matter."""
        return self.matching(to=address)

    def matching(
        self,
        *,
        to: str | None = None,
        subject: str | None = None,
        subject_contains: str | None = None,
        body_contains: str | None = None,
        tag: str | None = None,
        template_id: str | int | None = None,
        attachment: str | None = None,
    ) -> tuple[Message, ...]:
        """
        The messages that are all that is asked for.

        Args:
            to: A recipient's address, in to, cc or bcc; case and punycode do not matter.
            subject: The whole subject that a message must have.
            subject_contains: A text that the subject must contain.
            body_contains: A part of the text, the HTML or an alternative.
            tag: A tag that a message must have among its tags.
            template_id: The template that a message must use.
            attachment: The file name of an attachment or inline image.
        """
        key = address_key(to) if to is not None else None
        return tuple(
            message
            for message in self
            if (key is None or key in map(address_key, message.recipients))
            and (subject is None or message.subject == subject)
            and (subject_contains is None or subject_contains in (message.subject or ""))
            and (body_contains is None or any(body_contains in body for body in _bodies(message)))
            and (tag is None or tag in message.tags)
            and (template_id is None or message.template_id == str(template_id))
            and (attachment is None or attachment in [a.filename for a in message.attachments])
        )

    def assert_sent(
        self,
        *,
        count: int | None = None,
        to: str | None = None,
        subject: str | None = None,
        subject_contains: str | None = None,
        body_contains: str | None = None,
        tag: str | None = None,
        template_id: str | int | None = None,
        attachment: str | None = None,
    ) -> tuple[Message, ...]:
        """
        Check that such a message was sent.

        Args:
            count: How many there must be; at least one if None.
            to: An address that a message must go to; this and the following are those of
                :meth:`matching`.
            subject: The whole subject that a message must have.
            subject_contains: A text that the subject must contain.
            body_contains: A part of a body.
            tag: A tag that a message must have among its tags.
            template_id: The template that a message must use.
            attachment: The file name of an attachment that a message must have.

        Returns:
            The messages found.

        Raises:
            AssertionError: If there are others than that many. Its text lists what was sent, with
                full addresses.
        """
        wanted = {
            "to": to,
            "subject": subject,
            "subject_contains": subject_contains,
            "body_contains": body_contains,
            "tag": tag,
            "template_id": None if template_id is None else str(template_id),
            "attachment": attachment,
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        found = self.matching(**given)
        if (not found) if count is None else (len(found) != count):
            expected = "at least one message" if count is None else f"{count} messages"
            asked = ", ".join(f"{name}={value!r}" for name, value in given.items())
            which = f" with {asked}" if asked else ""
            raise AssertionError(
                f"expected {expected}{which}, found {len(found)}; {self._listing()}"
            )
        return found

    def assert_nothing_sent(self) -> None:
        """
        Check that no message was sent.

        Raises:
            AssertionError: If any was, listing them with full addresses.
        """
        if self._messages:
            raise AssertionError(f"expected no message; {self._listing()}")

    def clear(self) -> None:
        """Forget what was sent so far."""
        self._messages.clear()
        self.results.clear()

    def record(self, message: Message, result: SendResult | None = None) -> None:
        """Add a message, as if it had been sent."""
        self._messages.append(message)
        if result is not None:
            self.results.append(result)

    def _listing(self) -> str:
        messages = tuple(self)
        if not messages:
            return "nothing was sent"
        lines = "".join(f"\n  {n}. {_described(m)}" for n, m in enumerate(messages, 1))
        return f"sent so far: {len(messages)}{lines}"

    def __repr__(self) -> str:
        return f"<Outbox: {len(self)} messages>"


def _bodies(message: Message) -> list[str]:
    bodies = [message.text, message.html, *(part.content for part in message.alternatives)]
    return [body for body in bodies if body is not None]


def _described(message: Message) -> str:
    parts = [f"to {', '.join(message.recipients)}"]
    if message.subject is not None:
        parts.append(f"subject {message.subject!r}")
    if message.template_id is not None:
        parts.append(f"template_id {message.template_id!r}")
    if message.tags:
        parts.append(f"tags {', '.join(message.tags)}")
    if message.attachments:
        names = [part.filename or "(no name)" for part in message.attachments]
        parts.append(f"attachments {', '.join(names)}")
    return "; ".join(parts)
