"""
SendEmail and SendBulkEmail.
"""

from __future__ import annotations

import uuid

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import format_datetime

from mailcore_local.ses import content, limits
from mailcore_local.ses.account import Account
from mailcore_local.ses.configuration_sets import ConfigurationSets
from mailcore_local.ses.content import Content, Stamp
from mailcore_local.ses.errors import ServiceError, bad_request
from mailcore_local.ses.model import Params
from mailcore_local.ses.records import MessageRecord
from mailcore_local.ses.template_store import TemplateStore


# ServiceError code -> status of a bulk entry, as the model spells it.
_BULK_STATUS = {
    "MessageRejected": "MESSAGE_REJECTED",
    "MailFromDomainNotVerifiedException": "MAIL_FROM_DOMAIN_NOT_VERIFIED",
    "BadRequestException": "INVALID_PARAMETER",
    "AccountSuspendedException": "ACCOUNT_SUSPENDED",
}


@dataclass(frozen=True, kw_only=True)
class Caller:
    """
    Who sent a request.
    """

    source_ip: str
    identity: str


class Sending:
    """
    Checks messages and turns them into records. Not thread-safe: the server's lock guards it.

    Args:
        accept: Keeps a record and publishes its events.
    """

    def __init__(
        self,
        *,
        account: Account,
        templates: TemplateStore,
        configuration_sets: ConfigurationSets,
        region_name: str,
        accept: Callable[[MessageRecord], None],
    ) -> None:
        self._account = account
        self._templates = templates
        self._configuration_sets = configuration_sets
        self._region_name = region_name
        self._accept = accept

    def send_email(self, params: Params, caller: Caller) -> Params:
        """
        SendEmail.
        """
        self._account.check_sending_enabled()
        record = self._record("SendEmail", params, caller, self._single(params))
        self._admit(record, params)
        return {"MessageId": record.message_id}

    def send_bulk_email(
        self, params: Params, caller: Caller, scripted_statuses: tuple[str, ...] = ()
    ) -> Params:
        """
        SendBulkEmail.

        Args:
            params: The parameters of the request.
            caller: The address and the identity that the request came from.
            scripted_statuses: Statuses that the first entries get whatever they are (a fault);
                `SUCCESS` lets the entry go its way.
        """
        self._account.check_sending_enabled()
        entries = params["BulkEmailEntries"]
        if not entries:
            raise bad_request("BulkEmailEntries is empty.")
        if len(entries) > limits.MAX_BULK_ENTRIES:
            raise bad_request(f"More than {limits.MAX_BULK_ENTRIES} bulk email entries.")
        if "Template" not in params["DefaultContent"]:
            raise bad_request("DefaultContent needs a Template.")
        if "FromEmailAddress" not in params:
            raise bad_request("Missing required parameter FromEmailAddress.")
        limits.bare_address(params["FromEmailAddress"])
        results = []
        for index, entry in enumerate(entries):
            scripted = scripted_statuses[index] if index < len(scripted_statuses) else "SUCCESS"
            results.append(self._bulk_entry(params, entry, caller, scripted))
        return {"BulkEmailEntryResults": results}

    def _bulk_entry(self, params: Params, entry: Params, caller: Caller, scripted: str) -> Params:
        if scripted != "SUCCESS":
            return {"Status": scripted, "Error": "Injected fault."}
        try:
            own = content.bulk_parameters(params, entry)
            record = self._record("SendBulkEmail", own, caller, self._single(own))
            self._admit(record, own)
        except ServiceError as error:
            return {"Status": _bulk_status(error), "Error": error.message}
        return {"Status": "SUCCESS", "MessageId": record.message_id}

    def _single(self, params: Params) -> Callable[[Stamp], Content]:
        given = [kind for kind in ("Simple", "Raw", "Template") if kind in params["Content"]]
        if len(given) != 1:
            raise bad_request("Content takes exactly one of Simple, Raw and Template.")
        if given == ["Raw"]:
            return lambda _: content.raw(params)
        if given == ["Simple"]:
            return lambda stamp: content.simple(params, stamp)
        return lambda stamp: content.templated(params, stamp, self._templates)

    def _record(
        self, operation: str, params: Params, caller: Caller, read: Callable[[Stamp], Content]
    ) -> MessageRecord:
        now = datetime.now(timezone.utc)
        message_id = _message_id(now)
        host = "email" if self._region_name == "us-east-1" else self._region_name
        stamp = Stamp(message_id=f"<{message_id}@{host}.amazonses.com>", date=format_datetime(now))
        found = read(stamp)
        limits.check_recipient_count(len(found.to) + len(found.cc) + len(found.bcc))
        limits.check_size(found.raw)
        name = params.get("ConfigurationSetName") or found.configuration_set_name
        if name:
            self._configuration_sets.check(name)
        # Tags of the request replace those of the X-SES-MESSAGE-TAGS header; SES does not merge
        # them.
        tags = limits.message_tags(params.get("EmailTags", [])) or found.tags
        return MessageRecord(
            message_id=message_id,
            operation=operation,
            accepted_at=now,
            from_email=found.from_email,
            to=found.to,
            cc=found.cc,
            bcc=found.bcc,
            raw=found.raw,
            headers=found.headers,
            subject=found.subject,
            configuration_set_name=name,
            tags=_all_tags(tags, operation, name, found.from_email, caller),
            header_message_id=stamp.message_id,
            header_date=stamp.date,
            rendering_error=found.rendering_error,
            parameters=params,
        )

    def _admit(self, record: MessageRecord, params: Params) -> None:
        senders = [limits.bare_address(record.from_email)]
        feedback = params.get("FeedbackForwardingEmailAddress")
        if feedback:
            senders.append(limits.bare_address(feedback))
        self._account.check_identities(senders, record.destination)
        self._account.charge(len(record.destination))
        self._accept(record)


def _bulk_status(error: ServiceError) -> str:
    if error.code == "NotFoundException":
        template = error.message.startswith("Template")
        return "TEMPLATE_NOT_FOUND" if template else "CONFIGURATION_SET_NOT_FOUND"
    if error.code == "SendingPausedException":
        return "CONFIGURATION_SET_SENDING_PAUSED"
    if error.code == "ThrottlingException":
        quota = error.message.startswith("Daily")
        return "ACCOUNT_DAILY_QUOTA_EXCEEDED" if quota else "ACCOUNT_THROTTLED"
    return _BULK_STATUS.get(error.code, "FAILED")


def _all_tags(
    tags: Mapping[str, str], operation: str, name: str | None, from_email: str, caller: Caller
) -> dict[str, tuple[str, ...]]:
    automatic = {
        "ses:operation": operation,
        "ses:source-ip": caller.source_ip,
        "ses:from-domain": limits.bare_address(from_email).rpartition("@")[2],
        "ses:caller-identity": caller.identity,
    }
    if name:
        automatic["ses:configuration-set"] = name
    return {key: (value,) for key, value in {**tags, **automatic}.items()}


def _message_id(now: datetime) -> str:
    # SES's ids start with a number for the region and the milliseconds of acceptance, in
    # hexadecimal.
    return f"0102{int(now.timestamp() * 1000):012x}-{uuid.uuid4()}-000000"
