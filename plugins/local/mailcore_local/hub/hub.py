"""
The hub: keeps mails, decides what becomes of them, and tells the webhooks.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
import time

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from starlette.types import ASGIApp

from mailcore_local.engine import (
    EventKind,
    Fate,
    Fault,
    Faults,
    is_test_virus,
)
from mailcore_local.faces import Envelope, Face
from mailcore_local.hub.answering import FaceEndpoint, Handler
from mailcore_local.hub.fates import common_fate, described, events_of, slow_seconds
from mailcore_local.hub.posting import WebhookRecord
from mailcore_local.hub.webhooks import Webhooks
from mailcore_local.mailbox import CapturedMail, MailEvent, MailStore, first_web_link
from mailcore_local.mailbox.mail import now
from mailcore_local.serving import Interruptions


logger = logging.getLogger("mailcore_local")


class UnknownFace(LookupError):
    """
    No provider of this name is spoken here.
    """


class Hub:
    """
    What the faces share. All methods may be called from any thread.

    Args:
        base_url: Where the server is reached, without a slash at its end.
        store: Where the mails are kept.
        faces: The providers that are spoken.
        webhooks: The URLs that events are posted to, by the name of the face.
        inbound_webhooks: The URLs that inbound mail is posted to, by the name of the face.
        stopping: Is set when requests that hang are to end.
        retry_delays_seconds: The pauses before the retries of a post.
        delivery_timeout_seconds: How many seconds one attempt of a post may take.
        slow_delivery_seconds: After how many seconds a slow address is delivered to.
        seed: The seed of the random numbers that faults by rate are drawn with.
        has_password: Whether the mailbox has a password: a face shows no mails then.
    """

    def __init__(
        self,
        *,
        base_url: str,
        store: MailStore,
        faces: Iterable[Face],
        webhooks: Mapping[str, Sequence[str]],
        inbound_webhooks: Mapping[str, Sequence[str]],
        stopping: asyncio.Event,
        retry_delays_seconds: Sequence[float] = (0.1, 0.2, 0.4),
        delivery_timeout_seconds: float = 5.0,
        slow_delivery_seconds: float = 3.0,
        seed: int = 0,
        has_password: bool = False,
    ) -> None:
        self.base_url = base_url
        self.mails = store
        self.faces: Mapping[str, Face] = {face.name: face for face in faces}
        self.stopping = stopping
        self.retry_delays_seconds = tuple(retry_delays_seconds)
        self.delivery_timeout_seconds = delivery_timeout_seconds
        self.slow_delivery_seconds = slow_delivery_seconds
        self.has_password = has_password
        self._seed = seed
        self._faults: dict[str, Faults] = {}
        self._lock = threading.Lock()
        self._interruptions = Interruptions(stopping)
        self._loop = asyncio.get_running_loop()
        self._webhooks = Webhooks(
            self.faces,
            events=webhooks,
            inbound=inbound_webhooks,
            store=store,
            retry_delays_seconds=retry_delays_seconds,
            timeout_seconds=delivery_timeout_seconds,
        )

    def start(self) -> None:
        """
        Begin to post; the server answers already.
        """
        self._webhooks.publisher.start()
        for face in self.faces.values():
            face.webhooks_changed(self)
            self._webhooks.try_addresses(face)

    def stop(self) -> None:
        """
        Give up what is not posted, and end the worker.
        """
        self._webhooks.publisher.stop()
        for face in self.faces.values():
            face.stopped()

    def face(self, name: str) -> Face:
        """
        The face with a name.

        Raises:
            UnknownFace: There is none.
        """
        face = self.faces.get(name)
        if face is None:
            known = ", ".join(sorted(self.faces))
            raise UnknownFace(f"no provider {name[:40]!r} is spoken here; there are {known}")
        return face

    def url_of(self, name: str) -> str:
        """
        The URL of a face, without a slash at its end.
        """
        return f"{self.base_url}/{name}"

    def endpoint(self, face: Face, handler: Handler, *, operation: str = "send") -> ASGIApp:
        """
        An endpoint for `Route`: faults in force happen to the request, and the handler answers.

        Args:
            face: The face that the route belongs to.
            handler: Takes the hub, the request and its body; what it raises is answered with the
                face's `error500`, but for Starlette's `HTTPException`.
            operation: The name by which faults are told to apply to it; requests of the face's
                `operations` use up the steps of scripts.
        """
        return FaceEndpoint(self, face, handler, operation, self._interruptions)

    def faults(self, name: str) -> Faults:
        """
        What is going to go wrong with one provider.

        Raises:
            UnknownFace: There is no such provider.
        """
        face = self.face(name)
        with self._lock:
            if name not in self._faults:
                self._faults[name] = face.make_faults(seed=self._seed)
            return self._faults[name]

    def webhooks(self, name: str) -> tuple[str, ...]:
        """
        Where events of a provider are posted to.
        """
        return self._webhooks.of(self.face(name))

    def inbound_webhooks(self, name: str) -> tuple[str, ...]:
        """
        Where inbound mail of a provider is posted to.
        """
        return self._webhooks.inbound_of(self.face(name))

    def set_inbound_webhooks(self, name: str, urls: Sequence[str]) -> None:
        """
        Post inbound mail of a provider to these URLs from now on.
        """
        self._webhooks.set_inbound(self.face(name), urls)

    def set_webhooks(self, name: str, urls: Sequence[str]) -> None:
        """
        Post events of a provider to these URLs from now on.
        """
        face = self.face(name)
        self._webhooks.set(face, urls)
        face.webhooks_changed(self)
        self._webhooks.try_addresses(face)

    @property
    def posts(self) -> Sequence[WebhookRecord]:
        """
        The requests to webhooks so far, in order, with their present state.
        """
        return self._webhooks.publisher.records

    def wait_for_posts(self, count: int, timeout_seconds: float) -> Sequence[WebhookRecord]:
        """
        Wait until so many requests to webhooks were delivered.

        Raises:
            TimeoutError: Fewer were delivered in time.
        """
        return self._webhooks.publisher.wait_for(count, timeout_seconds)

    def drain(self, timeout_seconds: float) -> None:
        """
        Wait until no request to a webhook is on its way.

        Raises:
            TimeoutError: One still is.
        """
        deadline = time.monotonic() + timeout_seconds
        self._webhooks.publisher.drain(timeout_seconds)
        for face in self.faces.values():
            face.drain(max(deadline - time.monotonic(), 0))

    def fate_of(self, face: Face, address: str) -> Fate:
        """
        What becomes of an address: the provider's own test addresses first, then the common ones.

        For faces whose answer depends on it, such as one that refuses suppressed addresses at once.
        """
        own = face.fate_of(address)
        if own is not None:
            return own
        return common_fate(address) or Fate.DELIVERED

    def accept(self, mail: CapturedMail, *, beforehand: Sequence[MailEvent] = ()) -> CapturedMail:
        """
        Keep a mail, let happen to it what its addresses stand for, and tell the webhooks.

        Args:
            mail: The mail as the face understood it.
            beforehand: What happened already, such as that a recipient was refused in the answer;
                nothing else happens to those recipients.

        Returns:
            The mail as it is kept, with its timeline so far.

        Raises:
            NotKept: The store cannot take it.
        """
        face = self.face(mail.face)
        self.mails.add(mail)
        if mail.failure:
            kind = EventKind.RENDERING_FAILED
            events = [described(kind, r.address, detail=mail.failure) for r in mail.recipients]
            return self._happen(face, mail, events)
        events = [described(EventKind.SENT, each.address) for each in mail.recipients]
        if is_test_virus(mail.raw):
            detail = "The message has a virus."
            events += [
                described(EventKind.REJECTED, each.address, detail=detail)
                for each in mail.recipients
            ]
            return self._happen(face, mail, events)
        events = list(beforehand)
        done = {event.recipient for event in beforehand}
        for each in mail.recipients:
            if each.address in done:
                continue
            fate = self.fate_of(face, each.address)
            told = events_of(fate, each.address, mail)
            if not told[0].suppressed:
                events.append(described(EventKind.SENT, each.address))
            if fate is Fate.SLOW:
                seconds = slow_seconds(each.address, self.slow_delivery_seconds)
                self.later(seconds, functools.partial(self._happen_later, mail.id, told))
            else:
                events += told
        return self._happen(face, mail, events)

    def make_event(
        self,
        mail_id: str,
        recipient: str,
        kind: EventKind,
        *,
        detail: str = "",
        status: str = "",
        url: str = "",
    ) -> MailEvent:
        """
        Let something happen by hand, and tell the webhooks.

        Args:
            mail_id: The id of the mail in this mailbox.
            recipient: The bare address of one of its recipients.
            kind: The kind of the event, in no provider's words.
            detail: What the receiving server or the person said; made up if it is empty.
            status: The enhanced status code, such as ``5.1.1``; made up if it is empty.
            url: The link that was clicked; of a click without, the first link of the mail.

        Raises:
            LookupError: There is no such mail, or it does not go to this recipient.
            NotKept: So much has happened to the mail that no more is kept.
        """
        mail = self.mails.get(mail_id)
        if mail is None:
            raise LookupError("no mail with this id is kept here")
        found = mail.recipient(recipient)
        if found is None:
            raise LookupError("the mail does not go to this recipient")
        if kind is EventKind.CLICKED:
            url = url or first_web_link(mail)
        event = described(kind, found.address, detail=detail, status=status, url=url, by_hand=True)
        self._happen(self.face(mail.face), mail, [event], fault=Fault("ok"))
        return event

    def receive(self, raw: bytes, envelope: Envelope, *, face: str | None = None) -> int:
        """
        Hand a mail that comes in to the webhooks of inbound mail.

        Args:
            raw: The mail as it was received.
            envelope: The addresses in MAIL FROM and RCPT TO.
            face: The provider that takes it in; by default all that have a webhook for it.

        Returns:
            The number of posts, one for each webhook or for each recipient.

        Raises:
            UnknownFace: There is no such provider.
        """
        faces = [*self.faces.values()] if face is None else [self.face(face)]
        return self._webhooks.hand_over(faces, raw, envelope)

    def later(self, seconds: float, function: Callable[[], object]) -> None:
        """
        Call a function in the event loop of the server after some seconds, unless it stops before.
        """

        def call() -> None:
            if not self.stopping.is_set():
                function()

        self._loop.call_soon_threadsafe(self._loop.call_later, seconds, call)

    def _happen(
        self,
        face: Face,
        mail: CapturedMail,
        events: Sequence[MailEvent],
        *,
        fault: Fault | None = None,
    ) -> CapturedMail:
        self.mails.record(mail.id, events)
        kept = self.mails.get(mail.id) or mail
        face.happened(kept, events)
        if face.publish(self, kept, events):
            return kept
        self._webhooks.tell(
            face, kept, events, lambda: fault or self.faults(face.name).for_notifications()
        )
        return kept

    def _happen_later(self, mail_id: str, events: Sequence[MailEvent]) -> None:
        mail = self.mails.get(mail_id)
        if mail is not None:
            at = [replace(event, at=now()) for event in events]
            self._happen(self.face(mail.face), mail, at)
