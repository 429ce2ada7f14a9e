"""
The guides for those who come from django-anymail and django-ses, executed.

A project of `startproject` uses the other package; the changes that the guide shows are applied to
it one after the other, and it sends and hears the same things before and after. Then the other
package cannot be imported any more.
"""

from __future__ import annotations

import json
import re
import threading

from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

import pytest

from moved import DOCS, HAS_MAILERS, SETTINGS, made, used

from mailcore import Mailer, Message
from mailcore_local.ses import LocalSes


pytestmark = pytest.mark.slow


class Postmark(BaseHTTPRequestHandler):
    """Answers as Postmark does, and keeps what it was asked."""

    def do_POST(self):
        """Take one message, or several."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers["X-Postmark-Server-Token"], body))
        several = body["Messages"] if isinstance(body, dict) and "Messages" in body else body
        messages = several if isinstance(several, list) else [body]
        if "down@" in messages[0]["To"]:
            return self._answer(500, {"ErrorCode": 0, "Message": "It is down."})
        if "inactive@" in messages[0]["To"]:
            told = "Found inactive addresses: {}. Inactive recipients are some."
            return self._answer(422, {"ErrorCode": 406, "Message": told.format(messages[0]["To"])})
        answers = [
            {
                "To": each["To"],
                "SubmittedAt": "2026-11-30T12:00:00.0000000-05:00",
                "MessageID": f"0a129aee-e1cd-480d-b08d-4f48548ff48{number}",
                "ErrorCode": 0,
                "Message": "OK",
            }
            for number, each in enumerate(messages)
        ]
        return self._answer(
            200, answers if several is not body or isinstance(body, list) else answers[0]
        )

    def _answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Keep quiet."""


@pytest.fixture
def postmark():
    """A server that answers as Postmark's."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Postmark)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


ANYMAIL = SETTINGS + (
    """
INSTALLED_APPS += ["anymail"]
MAILERS = {
    "default": {
        "BACKEND": "anymail.backends.postmark.EmailBackend",
        "OPTIONS": {"server_token": os.environ["POSTMARK_TOKEN"]},
    },
}
ANYMAIL = {
    "WEBHOOK_SECRET": os.environ["WEBHOOK_SECRET"],
    "SEND_DEFAULTS": {"metadata": {"site": "shop"}},
}
"""
    if HAS_MAILERS
    else """
INSTALLED_APPS += ["anymail"]
EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
ANYMAIL = {
    "POSTMARK_SERVER_TOKEN": os.environ["POSTMARK_TOKEN"],
    "WEBHOOK_SECRET": os.environ["WEBHOOK_SECRET"],
    "SEND_DEFAULTS": {"metadata": {"site": "shop"}},
}
"""
)
ANYMAIL_OF_TESTS = (
    """
_options = MAILERS["default"]["OPTIONS"]
_options["base_url" if "provider" in _options else "api_url"] = os.environ["POSTMARK_URL"]
"""
    if HAS_MAILERS
    else """
if "MAILCORE" in globals():
    MAILCORE["OPTIONS"]["base_url"] = os.environ["POSTMARK_URL"]
else:
    ANYMAIL["POSTMARK_API_URL"] = os.environ["POSTMARK_URL"]
"""
)
# What Postmark posts, of the fields that it documents
# (https://postmarkapp.com/developer/webhooks/webhooks-overview, read 2026-11-30).
BOUNCE = {
    "RecordType": "Bounce",
    "Type": "HardBounce",
    "TypeCode": 1,
    "ID": 42,
    "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
    "Email": "ada@example.net",
    "Tag": "onboarding",
    "BouncedAt": "2026-11-30T10:00:00Z",
}
MAIL = {
    "FromFull": {"Email": "ada@example.net", "Name": "Ada", "MailboxHash": ""},
    "From": "ada@example.net",
    "ToFull": [{"Email": "help@example.com", "Name": "", "MailboxHash": ""}],
    "To": "help@example.com",
    "CcFull": [],
    "BccFull": [],
    "OriginalRecipient": "help@example.com",
    "Subject": "A question",
    "MessageID": "73e6d360-66eb-11e1-8e72-a8904824019b",
    "Date": "Mon, 30 Nov 2026 10:00:00 +0000",
    "TextBody": "How?",
    "HtmlBody": "",
    "Headers": [],
    "Attachments": [
        {
            "Name": "picture.gif",
            "Content": b64encode(b"GIF89a").decode(),
            "ContentType": "image/gif",
            "ContentLength": 6,
        }
    ],
}
USED = """
import json, os, sys
from base64 import b64encode

from django.test import Client

from shop import heard, mail

told = {
    "welcome": mail.welcome("ada@example.net"),
    "newsletter": mail.newsletter({"ada@example.net": "Ada", "ben@example.net": "Ben"}),
    "reminders": [mail.reminder(f"{name}@example.net") for name in ("ada", "inactive", "down")],
}
answers = []
for path, body in json.loads(os.environ["POSTED"]):
    for secret in (os.environ["WEBHOOK_SECRET"], "shop:wrong"):
        basic = "Basic " + b64encode(secret.encode()).decode()
        headers = {"Authorization": basic}
        answer = Client().post(path, json.dumps(body), "application/json", headers=headers)
        answers.append(answer.status_code < 400)
told["answers"] = answers
told["heard"] = heard.heard
print(json.dumps(told))
"""


def test_from_django_anymail(tmp_path, postmark):
    """Each step of the guide; the program is the same but for its imports."""
    page = "from-django-anymail.md"
    project = made(tmp_path, "anymail", ANYMAIL, ANYMAIL_OF_TESTS)
    project.environment |= {
        "POSTMARK_URL": f"http://127.0.0.1:{postmark.server_port}/",
        "POSTMARK_TOKEN": "s3cr3t",
        "WEBHOOK_SECRET": "shop:s3cr3t",
        "POSTED": json.dumps(
            [["/anymail/postmark/tracking/", BOUNCE], ["/anymail/postmark/inbound/", MAIL]]
        ),
    }
    before, asked_before = used(project, USED), [*postmark.asked]
    assert ["sent", "refused", "failed with 500"] == before["reminders"]
    assert [True, False] * 2 == before["answers"]
    assert {"bounced", "inbound", "sent"} == {each[0] for each in before["heard"]}
    assert before["heard"][0] == ["sent", "Postmark", "Welcome", ["sent"]]
    postmark.asked.clear()

    project.change(page, "1.")
    printed = project.manage("mailcore", "settings")
    assert "MAILCORE_POSTMARK_SERVER_TOKEN" in printed
    assert "s3cr3t" not in printed
    assert before == used(project, USED)
    postmark.asked.clear()

    project.change(page, "2.")
    told = project.manage("check", "--fail-level", "WARNING", code=1)
    assert "mailcore_django.W003" in told
    assert "the address 'anymail/postmark/tracking/' is a view of anymail" in told
    for section in ("3.", "4.", "5."):
        project.change(page, section)
    assert "no issues" in project.manage("check", "--fail-level", "WARNING")

    after = used(project, USED, without="anymail")
    # Postmark has taken it, which django-anymail calls `sent`; the guide says so.
    assert before == json.loads(json.dumps(after).replace('"queued"', '"sent"'))
    assert [essence(*each) for each in asked_before] == [essence(*each) for each in postmark.asked]
    project.environment["POSTED"] = json.dumps([["/mail/postmark/", BOUNCE]])
    assert [True, False] == used(project, USED, without="anymail")["answers"]


def essence(path, token, body):
    """Of a request to Postmark what a reader or the service could tell apart."""
    several = body["Messages"] if isinstance(body, dict) and "Messages" in body else body
    return (
        path.rstrip("/"),
        token,
        [
            {
                "to": each["To"],
                "from": each["From"],
                "subject": each.get("Subject"),
                "text": each.get("TextBody"),
                "tag": each.get("Tag"),
                "metadata": each.get("Metadata"),
                "template": each.get("TemplateAlias"),
                "model": each.get("TemplateModel"),
                "tracked": (each.get("TrackLinks"), each.get("TrackOpens")),
                "files": [(file["Name"], file["Content"]) for file in each.get("Attachments", ())],
            }
            for each in (several if isinstance(several, list) else [several])
        ],
    )


DJANGO_SES = SETTINGS + (
    """
INSTALLED_APPS += ["django_ses"]
MAILERS = {
    "default": {
        "BACKEND": "django_ses.SESBackend",
    },
}
AWS_SES_REGION_NAME = "us-east-1"
AWS_SES_CONFIGURATION_SET = "local"
USE_SES_V2 = True
AWS_SNS_EVENT_TRUSTED_TOPIC_ARNS = [os.environ["MAIL_TOPIC_ARN"]]
"""
    if HAS_MAILERS
    else """
INSTALLED_APPS += ["django_ses"]
EMAIL_BACKEND = "django_ses.SESBackend"
AWS_SES_REGION_NAME = "us-east-1"
AWS_SES_CONFIGURATION_SET = "local"
USE_SES_V2 = True
AWS_SNS_EVENT_TRUSTED_TOPIC_ARNS = [os.environ["MAIL_TOPIC_ARN"]]
"""
)
# django-ses believes certificates of AWS only, and cannot be told of another server's.
DJANGO_SES_OF_TESTS = """
if "MAILCORE" in globals():
    _options = MAILERS["default"]["OPTIONS"] if "MAILERS" in globals() else MAILCORE["OPTIONS"]
    _options["endpoint_url"] = os.environ["SHOP_SES"]
    MAILCORE["WEBHOOKS"]["ses"]["certificate_base_urls"] = [os.environ["SHOP_SES"]]
else:
    AWS_SES_REGION_ENDPOINT_URL = os.environ["SHOP_SES"]
    AWS_SES_VERIFY_EVENT_SIGNATURES = False
"""
HEARD = """
import json, os, sys
from django.test import Client
from shop import heard, mail

ids = [mail.receipt(f"{name}@example.net") for name in ("ada", "ben")]
answers = [
    Client().post(
        "/ses/event-webhook/",
        body,
        content_type="text/plain; charset=UTF-8",
        headers={"x-amz-sns-message-type": json.loads(body)["Type"]},
    ).status_code
    for body in json.loads(os.environ["POSTED"])
]
print(json.dumps({"ids": ids, "answers": answers, "heard": sorted(heard.heard)}))
"""
COMMAND = re.compile(r"\| `manage\.py (mailcore [^`]+)` \|$", re.MULTILINE)


class Topic(BaseHTTPRequestHandler):
    """Confirms its subscription, and keeps what it is told."""

    def do_POST(self):
        """Take a notification."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.headers["x-amz-sns-message-type"] == "SubscriptionConfirmation":
            with urlopen(json.loads(body)["SubscribeURL"], timeout=5) as answer:
                answer.read()
        else:
            self.server.told.append(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Keep quiet."""


@pytest.fixture
def notifications():
    """A local SES, and signed notifications of it about mail that bounced and that arrived."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Topic)
    server.told = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with LocalSes() as local:
        try:
            local.subscribe(f"http://127.0.0.1:{server.server_port}/", timeout_seconds=10)
            with Mailer(
                "ses",
                access_key_id="AKIAINVENTED00000000",
                secret_access_key="invented",
                configuration_set_name="local",
                **local.provider_options,
            ) as mailer:
                for fate in ("bounce", "success"):
                    to = f"{fate}@simulator.amazonses.com"
                    mailer.send(
                        Message(from_email="s@example.com", to=[to], subject="Hi", text="Hello")
                    )
            local.drain(10)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
        yield local, [*server.told]


def test_from_django_ses(tmp_path, notifications):
    """Each step of the guide, what is in the database and the commands among them."""
    page = "from-django-ses.md"
    ses, told = notifications
    project = made(tmp_path, "django_ses", DJANGO_SES, DJANGO_SES_OF_TESTS)
    project.environment |= {
        "SHOP_SES": ses.url,
        "MAIL_TOPIC_ARN": ses.topic_arn,
        "POSTED": json.dumps(told),
    }
    project.manage("migrate", "--verbosity", "0")
    project.manage("blacklist", "--add", "gone@example.net")
    project.script(
        "from django_ses.models import SESStat\n"
        "SESStat.objects.create(date='2026-01-01', delivery_attempts=9, bounces=2,\n"
        "    complaints=1, rejects=0)"
    )
    before = used(project, HEARD)
    assert {"bounced", "delivered"} == {each[0] for each in before["heard"]}

    project.change(page, "1.")
    assert "configuration_set_name" in project.manage("mailcore", "settings")
    project.change(page, "2.")
    told = project.manage("check", "--fail-level", "WARNING", code=1)
    assert "mailcore_django.W003" in told
    assert "the address 'ses/event-webhook/' is a view of django_ses" in told
    assert "the address 'admin/django-ses/' is a view of django_ses" in told
    for section in ("3.", "4.", "5."):
        project.change(page, section)
    project.manage("migrate", "--verbosity", "0")
    text = (DOCS / page).read_text("utf-8")
    for block in re.findall(r"^```py\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        project.script(block)
    project.manage("migrate", "--verbosity", "0", "django_ses", "zero")
    project.change(page, "8.")
    assert "no issues" in project.manage("check", "--fail-level", "WARNING")

    after = used(project, HEARD, without="django_ses")
    assert before["heard"] == after["heard"]
    assert {200} == {*before["answers"], *after["answers"]}
    assert ["Receipt"] * 4 == [each.subject for each in ses.messages][-4:]
    assert 4 == len({*before["ids"], *after["ids"]} & {each.message_id for each in ses.messages})
    shown = {command: project.manage(*command.split()) for command in COMMAND.findall(text)}
    assert 9 == len(shown)
    assert "2026-01-01" in shown["mailcore ses stats --from statistics.sqlite"]
    assert "gone@example.net" in shown["mailcore ses suppressions get gone@example.net"]
