"""What a send returns and raises, as types."""

from __future__ import annotations

from typing_extensions import assert_type

from mailcore import (
    ConfigurationError,
    HttpResponse,
    MailcoreError,
    Mailer,
    Message,
    MessageError,
    Problem,
    RateLimited,
    RecipientsRefused,
    RecipientStatus,
    ResultStatus,
    SendError,
    SendResult,
    SendStatus,
    UnsupportedFeature,
)


def a_result_has_a_status_for_each_recipient(result: SendResult) -> None:
    assert_type(result.message_id, str | None)
    assert_type(result.message_ids, tuple[str, ...])
    assert_type(result.status, ResultStatus)
    assert_type(result.statuses, frozenset[SendStatus])
    assert_type(result.accepted, tuple[str, ...])
    assert_type(result.retryable, tuple[str, ...])
    assert_type(result.dropped, tuple[Problem, ...])
    assert_type(result.recipients["ada@example.net"], RecipientStatus)
    for address, status in result.recipients.items():
        assert_type(address, str)
        assert_type(status.status, SendStatus)
        assert_type(status.accepted, bool)
        assert_type(status.code, str)
    assert_type(result.to_dict(), dict[str, object])


def a_result_is_no_place_to_write(result: SendResult) -> None:
    result.provider = "other"  # E: misc, reportAttributeAccessIssue
    status = RecipientStatus(SendStatus.SENT)
    result.recipients["a@b.c"] = status  # E: index, reportIndexIssue


def a_status_is_one_of_six() -> None:
    RecipientStatus(SendStatus.SENT, message_id="1", retryable=False)
    RecipientStatus("sent")  # E: arg-type, reportArgumentType
    SendStatus.LOST  # E: attr-defined, reportAttributeAccessIssue


def errors_say_what_to_do(mailer: Mailer, message: Message) -> None:
    try:
        mailer.send(message)
    except UnsupportedFeature as error:
        assert_type(error.problems, tuple[Problem, ...])
        assert_type(error.problems[0].feature, str)
    except MessageError as error:
        assert_type(error.problems[0].field, str)
    except RecipientsRefused as error:
        assert_type(error.result, SendResult | None)
    except SendError as error:
        assert_type(error.retryable, bool)
        assert_type(error.maybe_accepted, bool)
        assert_type(error.retry_after_seconds, float | None)
        assert_type(error.status_code, int | None)
        assert_type(error.category, str)


def every_error_is_of_one_family() -> None:
    family: list[type[MailcoreError]] = [SendError, MessageError, ConfigurationError, RateLimited]
    values: list[type[ValueError]] = [MessageError, UnsupportedFeature]
    values[0] = SendError  # E: assignment, reportArgumentType, reportCallIssue
    family[0] = ValueError  # E: assignment, reportArgumentType, reportCallIssue


def raw_answers_can_be_read(response: HttpResponse) -> None:
    assert_type(response.status_code, int)
    assert_type(response.body, bytes)
