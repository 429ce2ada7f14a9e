"""The tables of events in the documentation are held against what the plugins make of events."""

from __future__ import annotations

import json
import re

from itertools import product
from pathlib import Path
from urllib.parse import urlencode

import pytest

import mailcore_brevo.events
import mailcore_mailgun.events
import mailcore_mailjet.events
import mailcore_mandrill.events
import mailcore_postmark.events
import mailcore_sendgrid.events
import mailcore_sparkpost.events

from mailcore.bounces import Cause, verdict_of
from mailcore.events import EventType, InboundEvent, RejectReason
from mailcore.webhook import WebhookRequest
from mailcore_brevo.event_map import EVENTS as BREVO_EVENTS
from mailcore_mailgun.event_map import OUTCOMES, REASONS
from mailcore_mailjet.event_map import ERRORS as MAILJET_ERRORS
from mailcore_mandrill.event_map import OUTCOMES as MANDRILL_EVENTS
from mailcore_postmark.event_map import BOUNCE_TYPES
from mailcore_ses.events import parse_ses_event
from mailcore_ses.events.event_map import KINDS
from mailcore_sparkpost.event_map import OUTCOMES as SPARKPOST_OUTCOMES


DOCS = Path(__file__).resolve().parent.parent / "docs"
NOBODY_HERE = ("550 5.1.1 No such user here", ("bounced", "hard"))
FULL = ("552 5.2.2 Mailbox is full", ("other", "soft"))
BY_SERVER = "by what the server said; else "


def rows_below(path, begins):
    """The rows of the table whose head begins so, each as the texts of its cells."""
    lines = iter((DOCS / path).read_text("utf-8").splitlines())
    for line in lines:
        if line.startswith(f"| {begins} |"):
            next(lines)
            break
    found = []
    for line in lines:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip().strip("|").split("|")])
    assert found, f"{path} has no table that begins with {begins}"
    return found


def event_rows(path, service):
    """The rows of the table of a service's events."""
    return rows_below(path, f"{service} | `event_type`")


# --- each provider: makes the events of a row; None stands for the server's answer


def ses(details, name="Bounce", **mail):
    """The events of an SES notification; details may depend on what the server said."""

    def events(said):
        payload = {"eventType": name, "mail": {"destination": ["ada@example.net"], **mail}}
        payload[KINDS[name].key if name in KINDS else "other"] = (
            details(said) if callable(details) else details
        )
        return parse_ses_event("ses", payload)

    return events


def ses_bounce(kind, subtype="General", *, names=True):
    """An SES bounce of one recipient, or of nobody."""

    def details(said):
        recipient = {"emailAddress": "ada@example.net"}
        if said is not None:
            recipient["diagnosticCode"] = f"smtp; {said}"
        return {
            "bounceType": kind,
            "bounceSubType": subtype,
            "bouncedRecipients": [recipient] if names else [],
        }

    return ses(details)


def ses_complaint(**details):
    """An SES complaint of one recipient."""
    return ses(
        {"complainedRecipients": [{"emailAddress": "ada@example.net"}], **details}, "Complaint"
    )


def ses_topics(old, new):
    """A change of the status of one topic."""

    def preferences(status):
        return {
            "topicSubscriptionStatus": [{"topicName": "a", "subscriptionStatus": status}],
        }

    details = {"oldTopicPreferences": preferences(old), "newTopicPreferences": preferences(new)}
    return ses(details, "Subscription")


SES = {
    "Send": [ses({}, "Send")],
    "Delivery": [ses({"recipients": ["ada@example.net"]}, "Delivery")],
    "Bounce, Permanent": [ses_bounce("Permanent")],
    "… `NoEmail`": [ses_bounce("Permanent", "NoEmail")],
    "Bounce, Permanent: `Suppressed`, `OnAccountSuppressionList`, `OnTenantSuppressionList`, "
    "`EmailValidationSuppressed`": [
        ses_bounce("Permanent", subtype)
        for subtype in (
            "Suppressed",
            "OnAccountSuppressionList",
            "OnTenantSuppressionList",
            "EmailValidationSuppressed",
        )
    ],
    "Bounce, Permanent: `UnsubscribedRecipient`": [
        ses_bounce("Permanent", "UnsubscribedRecipient")
    ],
    "Bounce, Transient": [ses_bounce("Transient")],
    "… `MailboxFull`": [ses_bounce("Transient", "MailboxFull")],
    "… `CustomTimeoutExceeded`": [ses_bounce("Transient", "CustomTimeoutExceeded")],
    "… `ContentRejected`, `AttachmentRejected`, `MessageTooLarge`": [
        ses_bounce("Transient", subtype)
        for subtype in ("ContentRejected", "AttachmentRejected", "MessageTooLarge")
    ],
    "Bounce, Transient/General or Undetermined, that names nobody": [
        ses_bounce(kind, names=False) for kind in ("Transient", "Undetermined")
    ],
    "Bounce, Undetermined": [ses_bounce("Undetermined", "Undetermined")],
    "Complaint": [ses_complaint(), ses_complaint(complaintFeedbackType="abuse")],
    "… with feedback `not-spam`": [ses_complaint(complaintFeedbackType="not-spam")],
    "… `OnAccountSuppressionList`, `OnTenantSuppressionList`": [
        ses_complaint(complaintSubType=subtype)
        for subtype in ("OnAccountSuppressionList", "OnTenantSuppressionList")
    ],
    "DeliveryDelay": [
        ses({"delayedRecipients": [{"emailAddress": "ada@example.net"}]}, "DeliveryDelay")
    ],
    "Reject (a virus: the message is to blame)": [ses({"reason": "Bad content"}, "Reject")],
    "Rendering Failure": [ses({}, "Rendering Failure")],
    "Open": [ses({}, "Open")],
    "Click": [ses({}, "Click")],
    "Subscription: the person left the list or a topic": [ses_topics("OptIn", "OptOut")],
    "… joined": [ses_topics("OptOut", "OptIn")],
    "… with no change that can be read": [ses_topics("OptIn", "OptIn")],
    "Received (an `InboundEvent`)": [ses({}, "Received")],
    "anything else": [ses({}, "Teleported")],
}


def postmark(record_type, **fields):
    """The events of a record of Postmark."""

    def events(said):
        payload = {"RecordType": record_type, **fields}
        if said is not None:
            payload["Details"] = said
        request = WebhookRequest("POST", {}, json.dumps(payload))
        return mailcore_postmark.events.parse_events("postmark", request)

    return events


def postmark_bounces(*names):
    """Bounces of Postmark, one of each type."""
    return [postmark("Bounce", Type=name) for name in names]


def postmark_suppression(reason, origin="Recipient"):
    """An address that came onto the list."""
    return postmark(
        "SubscriptionChange", SuppressSending=True, SuppressionReason=reason, Origin=origin
    )


POSTMARK = {
    "Delivery": [postmark("Delivery")],
    "Open": [postmark("Open")],
    "Click": [postmark("Click")],
    "SpamComplaint, of any type": [
        postmark("SpamComplaint", Type=name) for name in ("SpamComplaint", "HardBounce")
    ],
    "SubscriptionChange: reactivation": [postmark("SubscriptionChange", SuppressSending=False)],
    "… `HardBounce`": [postmark_suppression("HardBounce")],
    "… `SpamComplaint`": [postmark_suppression("SpamComplaint")],
    "… `ManualSuppression` by the recipient": [postmark_suppression("ManualSuppression")],
    "… `ManualSuppression` by `Customer` or `Admin`": [
        postmark_suppression("ManualSuppression", origin) for origin in ("Customer", "Admin")
    ],
    "… another reason": [postmark_suppression("Renamed")],
    "Bounce, `HardBounce`": postmark_bounces("HardBounce"),
    "… `SoftBounce`": postmark_bounces("SoftBounce"),
    "… `Blocked`, `DMARCPolicy`, `VirusNotification`": postmark_bounces(
        "Blocked", "DMARCPolicy", "VirusNotification"
    ),
    "… `SpamNotification`": postmark_bounces("SpamNotification"),
    "… `Unknown`, and types that are not documented": postmark_bounces("Unknown", "Renamed"),
    "… `Transient`, `DnsError`": postmark_bounces("Transient", "DnsError"),
    "… `BadEmailAddress`": postmark_bounces("BadEmailAddress"),
    "… `ManuallyDeactivated`": postmark_bounces("ManuallyDeactivated"),
    "… `Unconfirmed`": postmark_bounces("Unconfirmed"),
    "… `SMTPApiError`, `TemplateRenderingFailed`": postmark_bounces(
        "SMTPApiError", "TemplateRenderingFailed"
    ),
    "… `AutoResponder`, `AddressChange`, `ChallengeVerification`": postmark_bounces(
        "AutoResponder", "AddressChange", "ChallengeVerification"
    ),
    "… `SpamComplaint` (as a bounce)": postmark_bounces("SpamComplaint"),
    "… `Unsubscribe`": postmark_bounces("Unsubscribe"),
    "… `Subscribe`": postmark_bounces("Subscribe"),
    "… `OpenRelayTest`, `InboundError`": postmark_bounces("OpenRelayTest", "InboundError"),
    "a mail that was received (an `InboundEvent`)": [postmark("Inbound")],
    "anything else": [postmark("Teleported")],
}


def mailgun(event, **fields):
    """The events of a webhook of Mailgun."""

    def events(said):
        data = {"event": event, "recipient": "ada@example.net", **fields}
        if said is not None:
            data["delivery-status"] = {**data.get("delivery-status", {}), "message": said}
        request = WebhookRequest("POST", {}, json.dumps({"event-data": data}))
        return mailcore_mailgun.events.parse_events("mailgun", request)

    return events


def mailgun_failures(*reasons, code=None):
    """Permanent failures, for each reason and for the code."""
    found = [mailgun("failed", severity="permanent", reason=reason) for reason in reasons]
    if code is not None:
        status = {"code": code}
        found.append(mailgun("failed", severity="permanent", **{"delivery-status": status}))
    return found


def legacy(event, **fields):
    """The events of a form of before 2018."""

    def events(said):
        form = {"event": event, "recipient": "ada@example.net", **fields}
        if said is not None:
            form["error"] = said
        kind = {"content-type": "application/x-www-form-urlencoded"}
        request = WebhookRequest("POST", kind, urlencode(form))
        return mailcore_mailgun.events.parse_events("mailgun", request)

    return events


def route(_said):
    """The mail that a route posts."""
    form = urlencode({"sender": "ada@example.net", "recipient": "a@x.example", "body-plain": "Hi"})
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return mailcore_mailgun.events.parse_events("mailgun", WebhookRequest("POST", kind, form))


MAILGUN = {
    "accepted": [mailgun("accepted")],
    "rejected": [mailgun("rejected")],
    "delivered": [mailgun("delivered")],
    "failed, temporary": [
        mailgun("failed", severity="temporary", reason=reason) for reason in ("generic", "bounce")
    ],
    "failed, internal: Mailgun itself failed": [mailgun("failed", severity="internal")],
    "failed, permanent: `bounce`, `delayed-bounce`, `hardfail`": mailgun_failures(
        "bounce", "delayed-bounce", "hardfail"
    ),
    "… `espblock`, `blacklisted`": mailgun_failures("espblock", "blacklisted"),
    "… `old`, `greylisted`, or the code 602": mailgun_failures("old", "greylisted", code=602),
    "… `suppress-bounce`, or the code 605": mailgun_failures("suppress-bounce", code=605),
    "… `suppress-unsubscribe`, or the code 606": mailgun_failures("suppress-unsubscribe", code=606),
    "… `suppress-complaint`, or the code 607": mailgun_failures("suppress-complaint", code=607),
    "… `generic`, and reasons that are not known": mailgun_failures("generic", "renamed"),
    "dropped, otherwise": [mailgun("dropped"), mailgun("dropped", reason="renamed")],
    "opened": [mailgun("opened")],
    "clicked": [mailgun("clicked")],
    "complained": [mailgun("complained")],
    "unsubscribed": [mailgun("unsubscribed")],
    "stored, and posts of routes (an `InboundEvent`)": [
        mailgun("stored"),
        route,
    ],
    "`list_member_uploaded`, `list_member_upload_error`, `list_uploaded`, and anything else": [
        mailgun(name)
        for name in (
            "list_member_uploaded",
            "list_member_upload_error",
            "list_uploaded",
            "teleported",
        )
    ],
    "legacy: bounced": [legacy("bounced"), legacy("bounced", code="550")],
    "… with a code 4xx": [legacy("bounced", code="4.0.0")],
    "legacy: dropped": [legacy("dropped", reason="hardfail")],
    "… with the code 605": [legacy("dropped", code="605")],
    "… with the code 606": [legacy("dropped", code="606")],
    "… with the code 607": [legacy("dropped", code="607")],
    "… with the reason `old`, or the code 499 or 602": [
        legacy("dropped", reason="old"),
        legacy("dropped", code="499"),
        legacy("dropped", code="602"),
    ],
    **{
        f"legacy: {name}": [legacy(name)]
        for name in ("delivered", "opened", "clicked", "complained", "unsubscribed")
    },
}


def mailjet(name, *errors, **fields):
    """The events of Mailjet with each of these errors, or with none."""

    def events(said):
        payloads = [
            {"event": name, "time": 1796040000, "MessageID": 7, "email": "ada@example.net", **each}
            for each in ([{"error": error, **fields} for error in errors] or [fields])
        ]
        for payload in payloads:
            if said is not None:
                payload["comment"] = said
        request = WebhookRequest("POST", {}, json.dumps(payloads).encode())
        return mailcore_mailjet.events.parse_events("mailjet", request)

    return events


_OTHERS = (
    *("mailbox inactive", "invalid domain", "typofix"),
    *("system issue", "protocol issue", "connection issue", "preblocked", "renamed"),
)
MAILJET = {
    "`sent`": [mailjet("sent")],
    "`open`": [mailjet("open")],
    "`click`": [mailjet("click", url="https://example.com/")],
    "`spam`": [mailjet("spam", source="JMRPP")],
    "`unsub`": [mailjet("unsub")],
    "`bounce`: `greylisted`, if not hard": [
        mailjet("bounce", "greylisted"),
        mailjet("bounce", "greylisted", hard_bounce=False),
    ],
    "… `blacklisted`, `relay/access denied`, `sender blocked`, `policy issue`": [
        mailjet(
            *("bounce", "blacklisted", "relay/access denied", "sender blocked", "policy issue"),
            hard_bounce=True,
        ),
        mailjet("bounce", "", error_related_to="policy issue"),
    ],
    "… `content blocked`, `spam reporter`": [
        mailjet("bounce", "content blocked", "spam reporter", hard_bounce=False)
    ],
    "… `user unknown`, unless `hard_bounce` is false": [
        mailjet("bounce", "user unknown"),
        mailjet("bounce", "user unknown", hard_bounce=True),
    ],
    "… `quota exceeded`": [
        mailjet("bounce", "quota exceeded", hard_bounce=True),
        mailjet("bounce", "quota exceeded", hard_bounce=False),
    ],
    "… `no mail host`": [mailjet("bounce", "no mail host", hard_bounce=True)],
    "… `bad or empty template`, `error in template language`": [
        mailjet("bounce", "bad or empty template", "error in template language")
    ],
    "… `duplicate in campaign`": [mailjet("bounce", "duplicate in campaign")],
    "… anything else, `hard_bounce` true": [
        mailjet("bounce", *_OTHERS, "greylisted", hard_bounce=True)
    ],
    "… anything else, `hard_bounce` false": [
        mailjet("bounce", *_OTHERS, "user unknown", hard_bounce=False)
    ],
    "… anything else, without `hard_bounce`": [mailjet("bounce", *_OTHERS), mailjet("bounce")],
    "`blocked`: `user unknown`, `mailbox inactive`, `preblocked`": [
        mailjet("blocked", "user unknown", "mailbox inactive", "preblocked")
    ],
    "… `invalid domain`, `typofix`": [mailjet("blocked", "invalid domain", "typofix")],
    "… `spam reporter`": [mailjet("blocked", "spam reporter")],
    "… `blacklisted`, `relay/access denied`, `sender blocked`, `content blocked`, `policy issue`": [
        mailjet(
            *("blocked", "blacklisted", "relay/access denied", "sender blocked"),
            *("content blocked", "policy issue"),
        ),
        mailjet("blocked", "", error_related_to="policy issue"),
    ],
    "… `quota exceeded`, `no mail host`, `greylisted`, `duplicate in campaign`, and what is not "
    "documented": [
        mailjet(
            *("blocked", "quota exceeded", "no mail host", "greylisted"),
            *("duplicate in campaign", "renamed"),
        ),
        mailjet("blocked"),
    ],
    "… `bad or empty template`, `error in template language`, `system issue`, `protocol issue`, "
    "`connection issue`": [
        mailjet(
            *("blocked", "bad or empty template", "error in template language"),
            *("system issue", "protocol issue", "connection issue"),
        )
    ],
    "a mail that was received (an `InboundEvent`)": [
        lambda said: mailcore_mailjet.events.parse_events(
            "mailjet", WebhookRequest("POST", {}, b'{"Recipient": "a@example.net", "Headers": {}}')
        )
    ],
    "anything else": [mailjet("teleport")],
}


def brevo(*names):
    """The events of Brevo of these names."""

    def events(said):
        payloads = [{"event": name, "email": "ada@example.net"} for name in names]
        for payload in payloads:
            if said is not None:
                payload["reason"] = said
        request = WebhookRequest("POST", {}, json.dumps(payloads).encode())
        return mailcore_brevo.events.parse_events("brevo", request)

    return [events]


BREVO = {
    "`request`, `sent`: Brevo has it, no more": brevo("request", "sent"),
    "`delivered`": brevo("delivered"),
    "`deferred`": brevo("deferred"),
    "`hard_bounce`": brevo("hard_bounce"),
    "`soft_bounce`": brevo("soft_bounce"),
    "`blocked`: it is on the list of blocked contacts": brevo("blocked"),
    "`invalid_email`": brevo("invalid_email"),
    "`error`": brevo("error"),
    "`opened`, `unique_opened`, `proxy_open`, `unique_proxy_open`": brevo(
        "opened", "unique_opened", "proxy_open", "unique_proxy_open"
    ),
    "`click`": brevo("click"),
    "`spam`, `complaint` (of older documentation)": brevo("spam", "complaint"),
    "`unsubscribed`, `unsubscribe` (django-anymail's)": brevo("unsubscribed", "unsubscribe"),
    "`list_addition`, of webhooks for marketing": brevo("list_addition"),
    "a mail that was received (an `InboundEvent`)": [
        lambda said: mailcore_brevo.events.parse_events(
            "brevo", WebhookRequest("POST", {}, b'{"items": [{"Subject": "Hi"}]}')
        )
    ],
    "anything else": brevo("teleported"),
}


def mandrill(**fields):
    """The events of what Mandrill posts; of a message, with what the server said."""

    def events(said):
        item = {"ts": 1796000060, **fields}
        if "msg" in fields and said is not None:
            item["msg"] = {**fields["msg"], "diag": f"smtp;{said}"}
        body = urlencode({"mandrill_events": json.dumps([item])}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        request = WebhookRequest("POST", headers, body)
        return mailcore_mandrill.events.parse_events("mandrill", request)

    return events


def mandrill_message(name, **message):
    """What Mandrill posts about a message."""
    return mandrill(event=name, _id="m-1", msg={"email": "ada@example.net", **message})


def mandrill_list(action, reason=None, kind="denylist"):
    """What Mandrill posts about a change of a list."""
    return mandrill(type=kind, action=action, reject={"email": "ada@example.net", "reason": reason})


def mandrill_rejects(*reasons):
    """Messages that were rejected, in both forms in which the reason may stand."""
    return [
        mandrill_message("reject", **fields)
        for reason in reasons
        for fields in ({"reject_reason": reason}, {"reject": {"reason": reason}})
    ]


def mandrill_denials(reason):
    """An address that came onto the list."""
    return [
        mandrill_list(action, reason, kind)
        for action in ("add", "change")
        for kind in ("denylist", "blacklist")
    ]


MANDRILL = {
    **{f"`{name}`": [mandrill_message(name)] for name in MANDRILL_EVENTS},
    "… for `hard-bounce`": mandrill_rejects("hard-bounce"),
    "… for `soft-bounce`": mandrill_rejects("soft-bounce"),
    "… for `spam`": mandrill_rejects("spam"),
    "… for `unsub`": mandrill_rejects("unsub"),
    "… for `custom`, `rule`": mandrill_rejects("custom", "rule"),
    "… for `invalid`": mandrill_rejects("invalid"),
    "denylist, `add` or `change`: `hard-bounce`": mandrill_denials("hard-bounce"),
    "… `soft-bounce`": mandrill_denials("soft-bounce"),
    "… `spam`": mandrill_denials("spam"),
    "… `unsub`": mandrill_denials("unsub"),
    "… `custom`": mandrill_denials("custom"),
    "denylist, `remove`": [
        mandrill_list("remove", "spam"),
        mandrill_list("remove", kind="blacklist"),
    ],
    "allowlist": [mandrill_list("add", kind=kind) for kind in ("whitelist", "safelist")],
    "a mail that was received (an `InboundEvent`)": [mandrill(event="inbound", msg={})],
    "anything else, such as events of SMS": [
        mandrill_message("teleport"),
        mandrill_list("merge", "spam"),
        mandrill_list("add", "renamed"),
        mandrill(),
    ],
}


def sendgrid(event, **fields):
    """The events of an array of SendGrid's."""

    def events(said):
        document = {"event": event, "email": "ada@example.net", **fields}
        if event == "bounce" and said:
            document["reason"] = said
        request = WebhookRequest("POST", {}, json.dumps([document]))
        return mailcore_sendgrid.events.parse_events("sendgrid", request)

    return events


def sendgrid_mail(said):
    """A mail that SendGrid received."""
    kind = {"content-type": "application/x-www-form-urlencoded"}
    form = urlencode({"text": "Hi", "envelope": '{"to": ["ada@example.net"]}'})
    return mailcore_sendgrid.events.parse_events("sendgrid", WebhookRequest("POST", kind, form))


def classified(*words):
    """Bounces of both types."""
    return [
        sendgrid("bounce", type=kind, bounce_classification=each)
        for each, kind in product(words, ("bounce", "blocked"))
    ]


SENDGRID = {
    **{name: [sendgrid(name)] for name in ("processed", "deferred", "delivered", "open", "click")},
    "bounce, `bounce`": [sendgrid("bounce", type="bounce"), sendgrid("bounce")],
    "… `bounce`, classified as `Invalid Address`": [
        sendgrid("bounce", type="bounce", bounce_classification="Invalid Address")
    ],
    "… `blocked`": [
        sendgrid("bounce", type="blocked"),
        sendgrid("bounce", type="blocked", bounce_classification="Invalid Address"),
    ],
    "… of either type, classified as `Content`": classified("Content"),
    "… of either type, classified as `Reputation` or `Frequency/Volume`": classified(
        "Reputation", "Frequency/Volume", "Frequency or Volume Too High"
    ),
    "… `expired`": [sendgrid("bounce", type="expired", bounce_classification="Content")],
    "dropped: *Bounced Address*": [sendgrid("dropped", reason="Bounced Address")],
    "… *Unsubscribed Address*": [sendgrid("dropped", reason="Unsubscribed Address")],
    "… *Spam Reporting Address*": [sendgrid("dropped", reason="Spam Reporting Address")],
    "… *Invalid*": [sendgrid("dropped", reason="Invalid")],
    "… *Spam Content*": [sendgrid("dropped", reason="Spam Content (if spam checker app enabled)")],
    "… *Recipient List over Package Quota*, and reasons that are not known": [
        sendgrid("dropped", reason="Recipient List over Package Quota"),
        sendgrid("dropped", reason="renamed"),
        sendgrid("dropped"),
    ],
    "… *Invalid SMTPAPI header*": [sendgrid("dropped", reason="Invalid SMTPAPI header")],
    "spamreport": [sendgrid("spamreport")],
    "unsubscribe, group_unsubscribe": [sendgrid("unsubscribe"), sendgrid("group_unsubscribe")],
    "group_resubscribe": [sendgrid("group_resubscribe")],
    "a mail that was received (an `InboundEvent`)": [sendgrid_mail],
    "account_status_change, and anything else": [
        sendgrid("account_status_change"),
        sendgrid("renamed"),
    ],
}


def sparkpost(*names, words=None, **fields):
    """The events of SparkPost of these types."""

    def events(said):
        found = []
        for name in names:
            event = {"type": name, "event_id": "1", "rcpt_to": "ada@example.net", **fields}
            if said is not None or words is not None:
                event["raw_reason"] = words or said
            body = json.dumps([{"msys": {"message_event": event}}])
            request = WebhookRequest("POST", {}, body)
            found += mailcore_sparkpost.events.parse_events("sparkpost", request)
        return found

    return events


def sparkpost_bounces(*classes):
    """Bounces, at once and later, of each class."""
    return [sparkpost("bounce", "out_of_band", bounce_class=each) for each in classes]


def sparkpost_suppressed(*reasons):
    """Mail that was not sent, for each reason."""
    words = "554 5.7.1 recipient address suppressed due to customer policy: "
    return [
        maker
        for reason in reasons
        for maker in (
            sparkpost("generation_rejection", "policy_rejection", words=words + reason),
            sparkpost("bounce", words=words + reason, bounce_class="25"),
        )
    ]


SPARKPOST = {
    **{f"`{name}`": [sparkpost(name)] for name in ("injection", "delivery")},
    "`delay`, of any class": [sparkpost("delay", bounce_class=each) for each in ("1", "10", "25")],
    "`open`, `amp_open`": [sparkpost("open", "amp_open")],
    "`initial_open`, `amp_initial_open`": [sparkpost("initial_open", "amp_initial_open")],
    "`click`, `amp_click`": [sparkpost("click", "amp_click")],
    "`spam_complaint`": [sparkpost("spam_complaint"), sparkpost("spam_complaint", fbtype="abuse")],
    "`spam_complaint` with the `fbtype` `not-spam`": [
        sparkpost("spam_complaint", fbtype="not-spam")
    ],
    "`list_unsubscribe`, `link_unsubscribe`": [sparkpost("list_unsubscribe", "link_unsubscribe")],
    "`generation_failure`": [sparkpost("generation_failure")],
    "`generation_rejection`, `policy_rejection`; a bounce of class 25 (admin failure)": [
        sparkpost("generation_rejection", "policy_rejection"),
        *sparkpost_bounces("25"),
    ],
    "… suppressed for a *Bounce Rule*": sparkpost_suppressed("Bounce Rule"),
    "… suppressed for a *Spam Complaint*": sparkpost_suppressed("Spam Complaint"),
    "… suppressed for a *List Unsubscribe* or *Link Unsubscribe*": sparkpost_suppressed(
        "List Unsubscribe", "Link Unsubscribe"
    ),
    "`bounce`, `out_of_band`: class 10 (invalid recipient), 30 (no recipient)": sparkpost_bounces(
        "10", "30"
    ),
    "… 1 (undetermined), and classes that are not documented": sparkpost_bounces("1", "99", "x"),
    "… 20 (soft), 40 (unspecified), 70 (transient)": sparkpost_bounces("20", "40", "70"),
    "… 22 (mailbox full)": sparkpost_bounces("22"),
    "… 21 (DNS), 24 (timeout)": sparkpost_bounces("21", "24"),
    "… 23 (too large), 50 (mail block), 53 (attachment), 54 (relaying denied)": sparkpost_bounces(
        "23", "50", "53", "54"
    ),
    "… 51 (spam block), 52 (spam content)": sparkpost_bounces("51", "52"),
    "… 60 (auto-reply), 100 (challenge)": sparkpost_bounces("60", "100"),
    "… 80 (subscribe)": sparkpost_bounces("80"),
    "… 90 (unsubscribe)": sparkpost_bounces("90"),
    "a mail that was received (an `InboundEvent`)": [
        lambda said: mailcore_sparkpost.events.parse_events(
            "sparkpost", WebhookRequest("POST", {}, b'[{"msys": {"relay_message": {}}}]')
        )
    ],
    "anything else": [sparkpost("relay_delivery", "sms_status", "teleport")],
}

TABLES = {
    "SES": ("providers/ses/reference.md", SES),
    "Postmark": ("providers/postmark/reference.md", POSTMARK),
    "Mailgun": ("providers/mailgun/reference.md", MAILGUN),
    "Mandrill": ("providers/mandrill/reference.md", MANDRILL),
    "Brevo": ("providers/brevo/reference.md", BREVO),
    "Mailjet": ("providers/mailjet/reference.md", MAILJET),
    "SendGrid": ("providers/sendgrid/reference.md", SENDGRID),
    "SparkPost": ("providers/sparkpost/reference.md", SPARKPOST),
}
AS_FAILED = "dropped, with a reason or a code of these that is known"


def bare(cell):
    """The value in a cell; None for an empty one."""
    match = re.search(r"`([a-z_]+)`", cell)
    return match[1] if match else cell or None


def outcome(event):
    """Type, reason and class of an event, as plain texts."""
    if isinstance(event, InboundEvent):
        return str(event.event_type), None, None
    return tuple(
        None if value is None else str(value)
        for value in (event.event_type, event.reject_reason, event.bounce_class)
    )


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_a_row_for_each_event(name):
    """What the table lists and what is tried here are the same, and nothing is listed twice."""
    path, makers = TABLES[name]
    listed = [row[0] for row in event_rows(path, name)]

    assert sorted({*makers, AS_FAILED} if name == "Mailgun" else makers) == sorted(listed)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        pytest.param(name, row, id=f"{name}: {row[0]}")
        for name, (path, _) in TABLES.items()
        for row in event_rows(path, name)
        if row[0] != AS_FAILED
    ],
)
def test_rows_are_what_comes(name, row):
    """Each event of a row has the type, the reason and the class that the row says."""
    label, event_type, reason, bounce_class = row[:4]
    judged = reason.startswith(BY_SERVER)
    silent = (
        bare(event_type),
        bare(reason.removeprefix(BY_SERVER)),
        bare(bounce_class.rpartition("else ")[2]),
    )

    assert judged == bounce_class.startswith(BY_SERVER)
    for make in TABLES[name][1][label]:
        assert {silent} == {outcome(event) for event in make(None)}
        for said, judgement in (NOBODY_HERE, FULL):
            expected = (silent[0], *judgement) if judged else silent
            assert {expected} == {outcome(event) for event in make(said)}


def test_bounce_type_of_mailgun_decides_where_the_server_says_nothing():
    """As the table says of failures, between the server's words and the reason."""
    for reason, said in product(("bounce", "generic"), ("soft", "hard")):
        (event,) = mailgun(
            "failed",
            severity="permanent",
            reason=reason,
            **{"delivery-status": {"bounce-type": said}},
        )(None)

        assert said == event.bounce_class


def test_drops_of_mailgun_are_failures():
    """Those that have a reason or a code which is known."""
    known = [{"reason": reason} for reason in REASONS if reason != "generic"]
    known += [{"delivery-status": {"code": code}} for code in (602, 605, 606, 607)]
    for fields in known:
        (failed,) = mailgun("failed", severity="permanent", **fields)(None)
        (dropped,) = mailgun("dropped", **fields)(None)

        assert outcome(failed) == outcome(dropped)


def test_no_event_of_the_maps_is_left_out():
    """Each type that the code knows is named in a row of its table."""
    for names, table in (
        (KINDS, "SES"),
        (BOUNCE_TYPES, "Postmark"),
        ([*OUTCOMES, *REASONS], "Mailgun"),
        (SPARKPOST_OUTCOMES, "SparkPost"),
        (MANDRILL_EVENTS, "Mandrill"),
        (MAILJET_ERRORS, "Mailjet"),
        (BREVO_EVENTS, "Brevo"),
    ):
        path, _ = TABLES[table]
        text = "\n".join(row[0] for row in event_rows(path, table))

        assert [] == [name for name in names if name not in text]


REASON_TABLE = rows_below("how-to/webhooks.md", "`reject_reason`")


def test_each_reason_is_defined():
    """In its order, in the documentation and where it is declared."""
    assert [str(reason) for reason in RejectReason] == [bare(row[0]) for row in REASON_TABLE]


def test_reasons_come_with_the_types_that_are_told():
    """Every cell that says something happens with some provider, and no other combination does."""
    told = set()
    for reason, bounced, rejected, others in REASON_TABLE:
        told |= {("bounced", bare(reason))} if bounced else set()
        told |= {("rejected", bare(reason))} if rejected else set()
        told |= {(each, bare(reason)) for each in re.findall(r"`([a-z_]+)`:", others)}
    found = set()
    for _, makers in TABLES.values():
        for make in (make for group in makers.values() for make in group):
            answers = (None, NOBODY_HERE[0], FULL[0], "550 5.7.1 blocked", "554 5.4.7 expired")
            for said in (*answers, "550 5.7.1 message looks like spam"):
                found |= {outcome(event)[:2] for event in make(said)}

    assert told == {(kind, reason) for kind, reason in found if reason}


def test_types_of_events_are_words_of_the_table():
    """A typing error in a table is no type of event."""
    for path, name in ((path, name) for name, (path, _) in TABLES.items()):
        types = {bare(row[1]) for row in event_rows(path, name) if row[0] != AS_FAILED}

        assert types <= {str(each) for each in EventType}


def test_causes_are_those_of_the_table():
    """What an answer of a server comes to, cause by cause."""
    told = {
        cause: (bounce_class, bare(reason))
        for causes, bounce_class, reason in rows_below("how-to/webhooks.md", "Cause")
        for cause in re.findall(r"`([a-z_]+)`", causes)
    }

    assert told == {
        str(cause): (str(verdict_of(cause).bounce_class), str(verdict_of(cause).reject_reason))
        for cause in Cause
    }
