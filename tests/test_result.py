from __future__ import annotations

import copy
import json
import pickle

import pytest

from mailcore import (
    NetworkError,
    RateLimited,
    RecipientStatus,
    ResultStatus,
    SendResult,
    SendStatus,
)
from mailcore.result import RecipientStatuses


QUEUED = RecipientStatus(SendStatus.QUEUED, message_id="1")
FAILED = RecipientStatus(SendStatus.FAILED, code="Busy", detail="ada@x.org", retryable=True)


@pytest.mark.parametrize(
    "spelling", ["Ada@Faß.example", "ada@faß.example", "ADA@xn--fa-hia.EXAMPLE", "Ada@FASS.example"]
)
def test_lookups_work_with_any_spelling(spelling):
    """Case 38: providers report addresses in lower case or with an encoded domain."""
    statuses = RecipientStatuses({"Ada@Faß.example": QUEUED})

    assert (spelling != "Ada@FASS.example") == (spelling in statuses)
    assert ["Ada@Faß.example"] == list(statuses)


def test_keys_keep_the_first_spelling_and_the_last_status():
    """One recipient in two spellings is one."""
    statuses = RecipientStatuses({"Ada@x.org": QUEUED, "ada@X.org": FAILED})

    assert {"Ada@x.org": FAILED} == dict(statuses)
    assert 1 == len(statuses)


@pytest.mark.parametrize(
    ("status", "accepted"),
    [
        ("sent", True),
        ("queued", True),
        ("invalid", False),
        ("rejected", False),
        ("failed", False),
        ("unknown", False),
    ],
)
def test_what_counts_as_accepted(status, accepted):
    """Only what the provider took."""
    assert accepted == SendStatus(status).accepted == RecipientStatus(SendStatus(status)).accepted


def test_sums():
    """Who was accepted, who not, who may be tried again."""
    result = SendResult(
        provider="toy", recipients=RecipientStatuses({"a@x.org": QUEUED, "b@x.org": FAILED})
    )

    assert (("a@x.org",), ("b@x.org",), ("b@x.org",)) == (
        result.accepted,
        result.refused,
        result.retryable,
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("sent", "all_accepted"),
        ("sent queued", "all_accepted"),
        ("queued rejected", "some_accepted"),
        ("unknown queued", "some_accepted"),
        ("rejected invalid failed", "all_refused"),
        ("unknown rejected", "unknown"),
        ("unknown", "unknown"),
        ("", "unknown"),
    ],
)
def test_all_recipients_in_one_word(found, expected):
    """Whether all, some or none were accepted; nobody is called refused who may be accepted."""
    statuses = [SendStatus(each) for each in found.split()]
    result = SendResult(
        provider="toy",
        recipients=RecipientStatuses(
            {f"{n}@x.org": RecipientStatus(status) for n, status in enumerate(statuses)}
        ),
    )

    assert (ResultStatus(expected), expected) == (result.status, str(result.status))
    assert frozenset(statuses) == result.statuses
    assert expected == result.to_dict()["status"]


@pytest.mark.parametrize(("ids", "expected"), [((), None), (("1",), "1"), (("1", "2"), None)])
def test_message_id_is_for_messages_that_have_one(ids, expected):
    """With several, which one is not for us to choose."""
    result = SendResult(provider="toy", recipients=RecipientStatuses(), message_ids=ids)

    assert expected == result.message_id


def test_result_travels():
    """As JSON to a log, as a pickle through a queue."""
    result = SendResult(
        provider="toy",
        recipients=RecipientStatuses({"a@x.org": QUEUED, "b@x.org": FAILED}),
        message_ids=("1",),
        attempts=(RateLimited("slow down", provider="other"),),
    )
    document = json.loads(json.dumps(result.to_dict()))

    assert {"a@x.org": "queued", "b@x.org": "failed"} == {
        address: status["status"] for address, status in document["recipients"].items()
    }
    assert ["other: slow down"] == document["attempts"]
    assert result.recipients == pickle.loads(pickle.dumps(result)).recipients
    assert result.recipients == copy.deepcopy(result.recipients)


def test_reprs_are_redacted():
    """A provider's words may hold the address."""
    result = SendResult(
        provider="toy", recipients=RecipientStatuses({"ada@x.org": FAILED}), raw="ada@x.org"
    )

    assert "a***@x.org: failed" in repr(result)
    assert "ada@" not in repr(result) + repr(FAILED)


@pytest.mark.parametrize(
    ("error", "detail", "expected"),
    [
        (
            RateLimited("wait", code="slow"),
            None,
            RecipientStatus(SendStatus.FAILED, code="slow", detail="wait", retryable=True),
        ),
        (
            NetworkError("lost", retryable=False, maybe_accepted=True),
            "",
            RecipientStatus(SendStatus.UNKNOWN, code="network", maybe_accepted=True),
        ),
    ],
    ids=["refused", "lost"],
)
def test_the_outcome_of_a_request_that_failed(error, detail, expected):
    """What may be on its way is unknown; words of the provider come instead of the exception's."""
    assert expected == RecipientStatus.of_error(error, detail)
