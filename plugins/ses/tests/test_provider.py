"""The provider as its users meet it: options, refusals before the send, results."""

from __future__ import annotations

import asyncio

import pytest

from mailcore import (
    AsyncMailer,
    ConfigurationError,
    Mailer,
    Message,
    NetworkError,
    RateLimited,
    SendError,
    SendStatus,
    UnexpectedResponse,
    UnsupportedFeature,
    connect,
    get_provider,
)
from mailcore_local.ses import LocalSes
from mailcore_ses import AwsCall, AwsResponse


MESSAGE = Message(
    from_email="Shop <shop@example.com>",
    to=["Ada <Ada@Example.net>"],
    cc=["c@faß.example"],
    subject="Welcome",
    text="Hello",
    html="<p>Hello</p>",
    tags=["welcome"],
    metadata={"user": 42},
)


@pytest.fixture
def local(monkeypatch):
    """A local SES, and credentials that it accepts."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    with LocalSes(region_name="eu-west-1") as ses:
        yield ses


def test_send(local):
    """Every recipient is queued under SES's id, whatever the spelling asked for."""
    with Mailer("ses", endpoint_url=local.url, region_name="eu-west-1") as mailer:
        result = mailer.send(MESSAGE)

    assert local.messages[0].message_id == result.message_id
    assert ["Ada@Example.net", "c@faß.example"] == list(result.recipients)
    assert SendStatus.QUEUED is result.recipients["ada@example.net"].status
    assert SendStatus.QUEUED is result.recipients["c@xn--fa-hia.example"].status


def test_async_send_gives_the_same(local):
    """The async twin sends the same request and returns the same statuses."""

    async def send():
        async with AsyncMailer("ses", endpoint_url=local.url, region_name="eu-west-1") as mailer:
            return await mailer.send(MESSAGE)

    result = asyncio.run(send())

    assert local.messages[0].message_id == result.message_id
    assert {SendStatus.QUEUED} == {status.status for status in result.recipients.values()}


def test_connect_by_url(local):
    """A URL has the options; the configuration set reaches SES."""
    query = f"region_name=eu-west-1&configuration_set_name=local&endpoint_url={local.url}"
    with connect(f"ses://?{query}&max_pool_connections=2") as mailer:
        mailer.send(MESSAGE)

    assert "local" == local.messages[0].configuration_set_name


def test_refusal_is_raised_with_its_kind(local):
    """SES's error answer reaches the caller as its class, named after the provider."""
    local.faults.script("throttle")

    with pytest.raises(RateLimited, match=r"^ses: ") as caught:
        Mailer("ses", endpoint_url=local.url, region_name="eu-west-1").send(MESSAGE)

    assert "ses" == caught.value.provider
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("fields", "feature"),
    [
        ({"idempotency_key": "k"}, "idempotency_key"),
        ({"to": ["відправник@example.com"]}, "international_addresses"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_unsupported_features(fields, feature):
    """57, 108: what SES cannot express raises before anything is sent, with its name."""
    with pytest.raises(UnsupportedFeature) as caught:
        Mailer("ses").send(MESSAGE.replace(**fields))

    assert [feature] == [problem.feature for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"headers": {"X-SES-CONFIGURATION-SET": "x"}}, "headers['X-SES-CONFIGURATION-SET']"),
        ({"headers": {"x-ses-message-tags": "a=b"}}, "headers['x-ses-message-tags']"),
        ({"headers": {"Message-ID": "<a@b.c>"}}, "headers['Message-ID']"),
        ({"headers": {"date": "now"}}, "headers['date']"),
        ({"headers": {"X-Metadata": "{}"}}, "headers['X-Metadata']"),
        ({"headers": {"x-tag": "a"}}, "headers['x-tag']"),
        ({"metadata": {"url": "x" * 1200}}, "metadata"),
        ({"tags": ["x" * 1200]}, "tags"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refused_values(fields, field):
    """98, 103, 105: headers that SES obeys or replaces, and values too long for a header line."""
    with pytest.raises(UnsupportedFeature) as caught:
        Mailer("ses").send(MESSAGE.replace(**fields))

    assert [field] == [problem.field for problem in caught.value.problems]


def test_all_refusals_at_once():
    """One error names every problem of the message for this provider."""
    message = MESSAGE.replace(
        template_id="t", headers={"X-SES-X": "1", "Date": "now"}, alternatives=[("x", "text/x")]
    )

    with pytest.raises(UnsupportedFeature) as caught:
        Mailer("ses").send(message)

    bodies = {"subject", "text", "html", "alternatives"}
    fields = bodies | {"headers['X-SES-X']", "headers['Date']"}
    assert fields == {problem.field for problem in caught.value.problems}


@pytest.mark.parametrize(
    "options",
    [
        {"configuration_set_name": "no spaces"},
        {"configuration_set_name": ""},
        {"region": "eu-west-1"},
        {"region_name": 5},
        {"topic_arns": "arn:aws:sns:eu-west-1:123456789012:t"},
        {"client": object(), "region_name": None, "session_parameters": {}},
        {"client": object(), "endpoint_url": "http://127.0.0.1"},
        {"session": object(), "session_parameters": {}},
        {"access_key_id": "AKID"},
        {"secret_access_key": "s"},
        {"session_token": "t"},
        {"access_key_id": "AKID", "secret_access_key": "s", "client": object()},
        {
            "access_key_id": "AKID",
            "secret_access_key": "s",
            "session_parameters": {"aws_access_key_id": "x", "aws_secret_access_key": "y"},
        },
        {"read_timeout_seconds": 0},
        {"max_pool_connections": -1},
    ],
    ids=",".join,
)
def test_wrong_options(options):
    """A wrong or contradictory option is a configuration error that names it."""
    with pytest.raises(ConfigurationError, match="ses: "):
        get_provider("ses", **options)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("garbage", UnexpectedResponse),
        ("half_answer", (UnexpectedResponse, NetworkError)),  # it depends on botocore's version
        ("malformed_answer", NetworkError),
    ],
)
def test_garbled_success(local, fault: str, error: type[SendError] | tuple[type[SendError], ...]):
    """66: an answer that is no JSON, breaks off or is no HTTP leaves open what was accepted."""
    local.faults.script(fault)

    with pytest.raises(error) as caught:
        Mailer("ses", endpoint_url=local.url, region_name="eu-west-1").send(MESSAGE)

    assert caught.value.maybe_accepted
    assert 1 == len(local.messages)


@pytest.mark.parametrize("body", [{}, {"MessageId": ""}, {"MessageId": 5}])
def test_success_without_an_id(body):
    """66: SES said yes without an id: the mail may be on its way, and the answer is kept."""
    request = AwsCall(service="sesv2", operation="SendEmail", params={}, recipients=("a@b.cd",))
    answer = AwsResponse(status_code=200, body=body)

    with pytest.raises(UnexpectedResponse) as caught:
        get_provider("ses").parse(request, answer)

    assert caught.value.maybe_accepted
    assert answer is caught.value.raw


@pytest.mark.parametrize(
    "given",
    [
        "ses://AKID:s3%2Fcr3t@?region_name=eu-west-1",
        "ses://?access_key_id=AKID&secret_access_key=s3%2Fcr3t&region_name=eu-west-1",
    ],
)
def test_credentials_in_a_url(given: str, monkeypatch):
    """They go before those that boto3 would find, for every service, and are not shown."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "other")

    with Mailer.from_url(given) as mailer:
        credentials = mailer.provider.client._request_signer._credentials
        assert ("AKID", "s3/cr3t") == (credentials.access_key, credentials.secret_key)
        assert "s3/cr3t" not in repr(mailer.provider) + repr(vars(mailer.provider))


@pytest.mark.parametrize(
    "url", ["ses://AKID:secret@host", "ses://AKID:secret@/path", "ses://AKID@"]
)
def test_urls_that_say_too_much_or_too_little(url: str):
    """A host is not asked for, and a key without its secret is none; neither is repeated."""
    with pytest.raises(ConfigurationError) as caught:
        Mailer.from_url(url)

    assert "secret@" not in str(caught.value)


def test_repr_shows_no_secrets():
    """Credentials among the options stay out of the repr."""
    provider = get_provider("ses", client_parameters={"aws_secret_access_key": "s3cr3t"})

    assert "s3cr3t" not in repr(provider) + repr(vars(provider))
