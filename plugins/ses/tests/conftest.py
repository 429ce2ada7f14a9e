"""What the tests of receiving share: a signing SNS of our own, and a transport that answers it."""

from __future__ import annotations

import base64
import functools
import json
import re

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from mailcore.flow import HttpResponse
from mailcore.message import Message
from mailcore.webhook import WebhookRequest


# Nothing large is loaded here: pytest-xdist's own process, which runs no test, waits for it.
if TYPE_CHECKING:
    from mailcore_ses.aws import AwsResponse
    from mailcore_ses.provider import SesProvider


TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:ses-events"
CERTIFICATE_URL = (
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-"
    "0123456789abcdef0123456789abcdef.pem"
)
SIGNED_KEYS = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "confirmation": (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
}


@dataclass
class SnsKey:
    """A key with its certificate: the other end of what is tested, written on its own."""

    private: rsa.RSAPrivateKey
    pem: bytes

    def sign(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields with a signature over what they hold."""
        keys = SIGNED_KEYS.get(fields["Type"], SIGNED_KEYS["confirmation"])
        lines = [part for key in keys if key in fields for part in (key, fields[key])]
        text = "".join(f"{line}\n" for line in lines).encode()
        digest = hashes.SHA256() if fields["SignatureVersion"] == "2" else hashes.SHA1()
        signature = self.private.sign(text, padding.PKCS1v15(), digest)
        return {**fields, "Signature": base64.b64encode(signature).decode()}


def make_key(bits: int = 2048) -> SnsKey:
    """An RSA key with a self-signed certificate."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.example")])
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3650))
        .sign(private, hashes.SHA256())
    )
    return SnsKey(private, certificate.public_bytes(serialization.Encoding.PEM))


@dataclass
class Answers:
    """A transport that gives prepared answers, in order, and notes what it was asked."""

    answers: list[Any]
    requests: list[Any] = field(default_factory=list)

    def exchange(self, request: Any) -> Any:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        pass


@pytest.fixture(scope="session")
def sns_key() -> SnsKey:
    """The key of our SNS."""
    return make_key()


@pytest.fixture(scope="session")
def other_sns_key() -> SnsKey:
    """Another key: of an attacker, or the next one."""
    return make_key()


@pytest.fixture(scope="session")
def weak_sns_key() -> SnsKey:
    """A key that is too short."""
    return make_key(1024)


@pytest.fixture
def answers() -> Callable[..., Answers]:
    """Make a transport: a PEM is an HTTP answer, other values are given as they are."""

    def make(*given: Any) -> Answers:
        return Answers(
            [
                HttpResponse(status_code=200, body=answer) if isinstance(answer, bytes) else answer
                for answer in given
            ]
        )

    return make


@pytest.fixture
def fields() -> Callable[..., dict[str, Any]]:
    """Make the fields of an SNS message, unsigned; None removes one."""

    def make(kind: str = "Notification", **changes: Any) -> dict[str, Any]:
        values: dict[str, Any] = {
            "Type": kind,
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC_ARN,
            "Message": '{"eventType": "Send", "mail": {"messageId": "m-1"}, "send": {}}\n',
            "Timestamp": "2026-11-20T09:15:06.001Z",
            "SignatureVersion": "2",
            "SigningCertURL": CERTIFICATE_URL,
        }
        if kind == "Notification":
            values["Subject"] = "Amazon SES Email Event Notification"
            values["UnsubscribeURL"] = "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe"
        else:
            values["Token"] = "2336412f37fb687f5d51e6e241d09c805a5a57b30d712f794cc5f6a988666d92"
            values["SubscribeURL"] = "https://sns.eu-west-1.amazonaws.com/?Action=Confirm"
        values.update(changes)
        return {name: value for name, value in values.items() if value is not None}

    return make


@pytest.fixture
def post() -> Callable[..., WebhookRequest]:
    """Make the request by which SNS posts a message; None removes a header."""

    def make(
        fields: Mapping[str, Any] | bytes, *, method: str = "POST", **headers: str | None
    ) -> WebhookRequest:
        if isinstance(fields, bytes):
            body, known = fields, {}
        else:
            body, known = json.dumps(fields, indent=2).encode(), fields
        sent = {
            "Content-Type": "text/plain; charset=UTF-8",
            "x-amz-sns-message-type": str(known.get("Type", "Notification")),
            "x-amz-sns-message-id": str(known.get("MessageId", "")),
            "x-amz-sns-topic-arn": str(known.get("TopicArn", "")),
        }
        if not known:
            sent = {name: value for name, value in sent.items() if value}
        for name, value in headers.items():
            header = name.replace("_", "-")
            if value is None:
                sent.pop(header, None)
            else:
                sent[header] = value
        return WebhookRequest(method, sent, body)

    return make


@pytest.fixture
def confirmed() -> AwsResponse:
    """The answer to ConfirmSubscription."""
    from mailcore_ses.aws import AwsResponse

    return AwsResponse(status_code=200, body={"SubscriptionArn": f"{TOPIC_ARN}:1"})


@pytest.fixture(scope="session")
def valid() -> Callable[[Any], Any]:
    """Assert that a call fits the model of its service: types, and lengths, patterns, choices."""
    import botocore.session

    from botocore.validate import ParamValidator

    model_of = functools.cache(botocore.session.get_session().get_service_model)

    def check(call: Any) -> Any:
        shape = model_of(call.service).operation_model(call.operation).input_shape
        assert "" == ParamValidator().validate(dict(call.params), shape).generate_report()
        assert [] == list(_outside(call.params, shape, call.operation))
        return call

    return check


@pytest.fixture(autouse=True, scope="module")
def _every_call_fits_the_model(valid: Callable[[Any], Any]) -> Iterator[None]:
    """Hold what any test builds of a message that was checked against the model."""
    from mailcore_ses.provider import SesProvider

    build = SesProvider.build

    def built(provider: SesProvider, message: Message) -> Any:
        calls = build(provider, message)
        # What somebody writes into esp_extra is theirs.
        if "ses" not in message.esp_extra and not list(provider.check(message)):
            for call in calls:
                valid(call)
        return calls

    with pytest.MonkeyPatch.context() as changes:
        changes.setattr(SesProvider, "build", built)
        yield


def _outside(value: Any, shape: Any, place: str) -> Iterator[str]:
    """What botocore's own validator leaves to the service."""
    if shape.type_name == "structure":
        for name, item in value.items():
            yield from _outside(item, shape.members[name], f"{place}.{name}")
        return
    if shape.type_name == "map":
        for name, item in value.items():
            yield from _outside(name, shape.key, f"{place} (key)")
            yield from _outside(item, shape.value, f"{place}.{name}")
    elif shape.type_name == "list":
        for position, item in enumerate(value):
            yield from _outside(item, shape.member, f"{place}[{position}]")
    yield from _out_of_bounds(value, shape, place)


def _out_of_bounds(value: Any, shape: Any, place: str) -> Iterator[str]:
    limits = shape.metadata
    size = value if shape.type_name in ("integer", "long", "float", "double") else None
    if size is None and shape.type_name not in ("boolean", "timestamp"):
        size = len(value)
    if size is not None and not limits.get("min", size) <= size <= limits.get("max", size):
        yield f"{place}: {size}, not from {limits.get('min')} to {limits.get('max')}"
    if "pattern" in limits and not re.fullmatch(limits["pattern"], value):
        yield f"{place}: not {limits['pattern']}"
    if "enum" in limits and value not in limits["enum"]:
        yield f"{place}: {value}"


@pytest.fixture
def local_ses(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A local SES, and credentials that it accepts."""
    from mailcore_local.ses import LocalSes

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    with LocalSes(region_name="eu-west-1") as ses:
        yield ses


@pytest.fixture
def invented_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that lead nowhere, and no others."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("MAILCORE_URL", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAINVENTED00000000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "invented")
    monkeypatch.setenv("AWS_CONFIG_FILE", "no-such-file")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "no-such-file")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
