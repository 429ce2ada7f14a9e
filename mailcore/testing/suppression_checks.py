"""Checks of the conformance suite: the list of suppressed addresses that a service keeps."""

from __future__ import annotations

import json

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from mailcore.account.suppressions import SuppressionFilter, SuppressionList
from mailcore.errors import MailcoreError, NetworkError, SendError
from mailcore.flow import Flow, HttpRequest, HttpResponse
from mailcore.testing.clock import drive
from mailcore.testing.script import Script
from mailcore.testing.suite_hooks import SuiteHooks, foreign, report


_ADDRESS = "ada@b.example"
_MOST_PAGES = 20
_VALUES: tuple[object, ...] = (None, 1, "a", True, [], {}, [1], [[]], [{}], {"a": 1}, 1e400)
_STATUSES = (200, 201, 204, 302, 400, 401, 403, 404, 413, 422, 429, 500, 502, 503)


class SuppressionChecks(SuiteHooks):
    """
    Whether ``provider.suppressions()`` reads any answer, and tells no secrets.

    Of a provider without it these check nothing.
    """

    def suppression_answers(self) -> Iterable[Any]:
        """
        Answers of any shape: by default of HTTP.

        Override it for a provider with a transport of its own; each needs `status_code` and
        `body`.
        """
        return _answers()

    def test_suppressions_leave_nothing_open(self) -> None:
        """No request sends mail, so no failure leaves open whether a mail is on its way."""
        failures: list[str] = []
        for name, flow in _flows(self.make_suppressions()):
            lost = NetworkError("the connection was lost", maybe_accepted=True)
            error = _error_of(flow(), lost)
            if not isinstance(error, SendError):
                failures.append(f"{name}: {foreign(error) if error else 'raises nothing'}")
            elif error.maybe_accepted or not error.provider:
                failures.append(f"{name}: maybe_accepted, or without the provider's name")
        report("suppressions: a lost connection", failures)

    def test_suppressions_survive_any_answer(self) -> None:
        """Whatever stands in an answer, it is read, or an error of ours is raised."""
        kept = self.make_suppressions()
        failures: list[str] = []
        for name, flow in _flows(kept):
            for response in self.suppression_answers():
                error = _error_of(flow(), response)
                shown = f"{name}, status {response.status_code}, {str(response.body)[:40]}"
                if error is not None and not isinstance(error, MailcoreError):
                    failures.append(f"{shown}: {foreign(error)}")
                elif isinstance(error, SendError) and error.maybe_accepted:
                    failures.append(f"{shown}: maybe_accepted")
        report("suppressions: answers", failures)

    def test_suppressions_tell_no_secrets(self) -> None:
        """Neither the list nor its requests show secrets and addresses; no URL has a secret."""
        kept = self.make_suppressions()
        failures: list[str] = []
        for name, flow in _flows(kept):
            script = Script(otherwise=NetworkError("no"))
            _error_of(flow(), script)
            for request in script.requests:
                told = repr(request)
                if isinstance(request, HttpRequest):
                    # Of an address, an API may have made a part of the URL.
                    told = told.replace(request.url, "")
                    failures += [f"{name}: a secret is in the URL" for _ in self._in(request.url)]
                failures += [f"{name}: {each} is in a request's repr" for each in _told(self, told)]
        failures += [f"{each} is in the repr of the list" for each in _told(self, repr(kept))]
        report("suppressions: secrets", dict.fromkeys(failures))

    def _in(self, text: str) -> Iterator[str]:
        return (secret for secret in self.secrets if secret in text)


def _told(suite: SuppressionChecks, text: str) -> Iterator[str]:
    if any(secret in text for secret in suite.secrets):
        yield "a secret"
    if _ADDRESS in text:
        yield "a full address"


def _flows(kept: SuppressionList | None) -> Iterator[tuple[str, Callable[[], Flow[Any]]]]:
    """Everything that the list can be asked, by name."""
    if kept is None:
        return
    yield "get", partial(kept.get, _ADDRESS)
    for reason in kept.put_reasons[:1]:
        yield "put", partial(kept.put, (_ADDRESS,), reason)
    yield "delete", partial(kept.delete, _ADDRESS, ())
    yield "page", partial(_all_pages, kept, SuppressionFilter())
    for reason in kept.reasons:
        chosen = SuppressionFilter(reasons=(reason,))
        yield f"page of {reason}", partial(_all_pages, kept, chosen)


def _all_pages(kept: SuppressionList, chosen: SuppressionFilter) -> Flow[None]:
    token = ""
    for _ in range(_MOST_PAGES):
        page = yield from kept.page(token, chosen, 10)
        token = page.next_token
        if not token:
            return


def _error_of(flow: Flow[Any], answer: object) -> Exception | None:
    """What a flow raises that gets nothing but this answer."""
    transport = answer if isinstance(answer, Script) else Script(otherwise=answer)
    try:
        drive(flow, transport)
    except AssertionError:
        raise
    except Exception as error:  # noqa: BLE001  # which one is the question
        return error
    return None


def _answers() -> Iterator[HttpResponse]:
    keys = [*("items", "paging", "Suppressions", "ErrorCode", "message", "address", "data")]
    keys += ["errors", "contacts", "count"]
    bodies = [b"", b"\xff", b"<html>", b"[" * 5000, *(_json(value) for value in _VALUES)]
    bodies += [_json({key: value}) for key in keys for value in _VALUES]
    for body in bodies:
        yield HttpResponse(status_code=200, body=body)
    for status_code in _STATUSES:
        for body in (b"", b"{}", b"<html>", _json({"message": 1}), _json({"ErrorCode": "x"})):
            yield HttpResponse(status_code=status_code, body=body)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
