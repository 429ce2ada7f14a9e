"""A message as a provider can send it: what it cannot express is raised, or dropped and told."""

from __future__ import annotations

import dataclasses
import logging

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from mailcore.errors import (
    InvalidMessage,
    Problem,
    RecipientsRefused,
    UnsupportedFeature,
    raise_problems,
)
from mailcore.features import Feature, UnsupportedPolicy
from mailcore.flow import Flow
from mailcore.message.dropping import applied, breaches, unsupported
from mailcore.message.fields import USES
from mailcore.message.merging import broken_lines, unanswered
from mailcore.message.message import Message
from mailcore.result import SendResult


if TYPE_CHECKING:
    from mailcore.provider import Provider
    from mailcore.registry.hooks import Hooks

logger = logging.getLogger("mailcore.checking")

# Each drops something, and a message has few fields: more means that a check never has enough.
_MOST_ROUNDS = 200


class Checked(NamedTuple):
    """
    What a provider is given.

    Attributes:
        message: The message, without what was dropped.
        dropped: Why, in order; the ``remedy`` of each says what was done.
    """

    message: Message
    dropped: tuple[Problem, ...] = ()


def check(
    provider: Provider[Any, Any], message: Message, hooks: Hooks, policy: UnsupportedPolicy
) -> Checked:
    """
    Have a provider check a message, and drop what the policy says, until nothing is found.

    What its features declare comes first. One thing is dropped at a time, and the rest checked
    again: what was found beside it may have been found because of it.

    Raises:
        InvalidMessage: If it has no recipients, or neither a sender nor a template that may have
            one.
        UnsupportedFeature: With everything that the provider cannot express, and that the policy
            does not drop or that must not be dropped; and every reference to a merge value that the
            message does not have.
    """
    incomplete = list(_incomplete(message))
    if incomplete:
        raise_problems(incomplete, InvalidMessage)
    dropped: list[Problem] = []
    for _ in range(_MOST_ROUNDS):
        problems = unsupported(message, provider.features)
        found = _dropped(problems, message, policy) if policy else None
        if found is None:
            own = _own_problems(provider, message, hooks, problems)
            if not problems and not own:
                return Checked(message, tuple(dropped))
            found = _dropped(own, message, policy) if policy else None
            problems += own
        if found is None:
            break
        problem, message = found
        dropped.append(problem)
    # Nobody is to be told to drop what would not be dropped.
    found_last = [_with_true_remedy(problem, message) for problem in problems]
    raise UnsupportedFeature(found_last, provider=provider.name)


def _with_true_remedy(problem: Problem, message: Message) -> Problem:
    if problem.remedy is None or not breaches(message, problem.remedy.apply(message)):
        return problem
    return dataclasses.replace(problem, remedy=None)


def _own_problems(
    provider: Provider[Any, Any], message: Message, hooks: Hooks, problems: Iterable[Problem]
) -> list[Problem]:
    if any(problem.feature == Feature.TEMPLATE_SENDER for problem in problems):
        # The checks of a provider that declares no such thing may count on a sender.
        return []
    missing = unanswered(message, provider.merge_syntax)
    broken = broken_lines(message, provider.merge_syntax)
    return [*missing, *broken, *hooks.check_features(provider, message)]


def _dropped(
    problems: Iterable[Problem], message: Message, policy: UnsupportedPolicy
) -> tuple[Problem, Message] | None:
    """The first of the problems that can be dropped, and the message without it."""
    for problem in problems:
        if problem.remedy is None:
            continue
        if policy.get(problem.feature, policy.get("*", "raise")) != "drop":
            continue
        changed = applied(problem.remedy, message)
        if changed is not None:
            return problem, changed
    return None


def _incomplete(message: Message) -> Iterator[Problem]:
    if message.from_email is None and not USES[Feature.TEMPLATE_SENDER](message):
        yield _no_sender(message)
    if not (message.to or message.cc or message.bcc):
        yield Problem("to", "the message has no recipients", "give to, cc or bcc")


def _no_sender(message: Message) -> Problem:
    if message.other_authors:
        return Problem("from_email", "`from_email` is missing beside `other_authors`")
    if message.template_id is not None:
        hint = "give it, or from_email=None if the template has a sender of its own"
        return Problem("from_email", "`from_email` is missing", hint)
    if "from_email" in message.declined:
        reason = "`from_email` is missing: None leaves it to a template, and there is none"
        return Problem("from_email", reason, "give from_email, or a template_id")
    return Problem("from_email", "`from_email` is missing")


def telling_what_was_dropped(
    provider: Provider[Any, Any], dropped: tuple[Problem, ...], sending: Flow[SendResult]
) -> Flow[SendResult]:
    """A send whose result, and the log, say what was dropped before it."""
    for problem in dropped:
        logger.info("%s: %s (%s)", provider.name, problem.remedy, problem.reason)
    try:
        result = yield from sending
    except RecipientsRefused as error:
        if error.result is not None:
            error.result = dataclasses.replace(error.result, dropped=dropped)
        raise
    return dataclasses.replace(result, dropped=dropped)
