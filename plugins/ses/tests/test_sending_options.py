"""Options for sending: by provider, by message, what wins, and what cannot be."""

from __future__ import annotations

import json
import sys

from collections import UserString

import boto3
import pytest

from botocore.awsrequest import AWSResponse

from mailcore import ConfigurationError, Mailer, Message, UnsupportedFeature, get_provider
from mailcore.registry.hooks import Hooks
from mailcore.sending.delivery import checked
from mailcore.testing.script import Script
from mailcore_ses import AwsResponse, SesProvider, ses_options
from mailcore_ses.payload import api_checks


ARN = "arn:aws:ses:eu-west-1:123456789012:identity/example.com"
ADA = "ada@example.net"
RAW = {"from_email": "shop@example.com", "to": [ADA], "subject": "x", "text": "x"}
FORMS = {
    "raw": RAW,
    "individual": {**RAW, "merge_metadata": {}},
    "template": {"from_email": "shop@example.com", "to": [ADA], "template_id": "t"},
    "bulk": {"from_email": "shop@example.com", "to": [ADA], "template_id": "t", "merge_data": {}},
}


def build(fields: dict, **options: object):
    """The one call of a message that passed the checks."""
    provider = SesProvider(**options)
    (call,) = provider.build(checked(provider, Message(**fields), Hooks(), {}))
    return call


OPTIONS = [
    ({"configuration_set_name": "tracking"}, {"ConfigurationSetName": "tracking"}),
    ({"tenant_name": "acme"}, {"TenantName": "acme"}),
    ({"endpoint_id": "abc.def"}, {"EndpointId": "abc.def"}),
    ({"from_identity_arn": ARN}, {"FromEmailAddressIdentityArn": ARN}),
    ({"feedback_identity_arn": ARN}, {"FeedbackForwardingEmailAddressIdentityArn": ARN}),
]


@pytest.mark.parametrize("fields", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(("options", "expected"), OPTIONS, ids=[next(iter(o)) for o, _ in OPTIONS])
def test_option_of_provider_and_message(fields, options, expected, valid):
    """Each option reaches every kind of call, from the provider and from the message alike."""
    by_provider = valid(build(fields, **options)).params
    by_message = valid(build({**fields, "esp_extra": ses_options(**options)})).params

    (name,) = expected
    assert expected == {name: by_provider[name]} == {name: by_message[name]}


@pytest.mark.parametrize("fields", [FORMS["raw"], FORMS["template"]], ids=["raw", "template"])
def test_list_management(fields, valid):
    """A contact list and topic, where SES has them."""
    options = {"contact_list_name": "news", "topic_name": "weekly"}
    expected = {"ContactListName": "news", "TopicName": "weekly"}

    assert expected == valid(build(fields, **options)).params["ListManagementOptions"]


LIST_A = {"contact_list_name": "A", "topic_name": "of-a"}
RAW_B = {"ses": {"ListManagementOptions": {"ContactListName": "B"}}}
RAW_TOPIC = {"ses": {"ListManagementOptions": {"TopicName": "another"}}}


@pytest.mark.parametrize("place", ["options", "defaults"])
@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (ses_options(contact_list_name="B"), {"ContactListName": "B"}),
        (ses_options(contact_list_name="A"), {"ContactListName": "A"}),
        (
            ses_options(contact_list_name="B", topic_name="of-b"),
            {"ContactListName": "B", "TopicName": "of-b"},
        ),
        (ses_options(tenant_name="acme"), {"ContactListName": "A", "TopicName": "of-a"}),
        (RAW_TOPIC, {"ContactListName": "A", "TopicName": "another"}),
    ],
    ids=["another", "the same", "with a topic", "something else", "a topic only"],
)
def test_a_list_brings_its_own_topic(place, extra, expected, valid):
    """A topic is one of its list: a message that names another list does not keep it."""
    given = LIST_A if place == "options" else {}
    defaults = {"esp_extra": ses_options(**LIST_A)} if place == "defaults" else {}
    mailer = Mailer(SesProvider(**given), defaults=defaults)

    (call,) = mailer.preview(Message(**FORMS["raw"], esp_extra=extra)).requests

    assert expected == valid(call).params["ListManagementOptions"]


def test_a_raw_list_brings_its_own_topic(valid):
    """The same without ses_options()."""
    call = build({**FORMS["raw"], "esp_extra": RAW_B}, **LIST_A)

    assert {"ContactListName": "B"} == valid(call).params["ListManagementOptions"]


def test_precedence():
    """62, 120: esp_extra wins over the fields of the message, and these over the provider."""
    options = {"email_tags": {"kind": "all", "shop": "books"}, "message_tag_name": "kind"}
    provider_only = build(RAW, **options).params["EmailTags"]
    field = build({**RAW, "tags": ["offer"]}, **options).params["EmailTags"]
    extra = ses_options(email_tags={"kind": "own"})
    own = build({**RAW, "tags": ["offer"], "esp_extra": extra}, **options).params["EmailTags"]

    assert {"kind": "all", "shop": "books"} == {tag["Name"]: tag["Value"] for tag in provider_only}
    assert {"kind": "offer", "shop": "books"} == {tag["Name"]: tag["Value"] for tag in field}
    assert [{"Name": "kind", "Value": "own"}] == own


def test_extra_in_the_api_names_merges_deeply():
    """32, 62: any parameter can be given by its own name; mappings merge, lists are replaced."""
    call = build(
        {
            **RAW,
            "cc": ["c@example.net"],
            "track_opens": True,
            "esp_extra": {
                "ses": {
                    "Destination": {"ToAddresses": ["other@example.net"]},
                    "ConfigurationOverrides": {"Tracking": {"ClickTrackingEnabled": "DISABLED"}},
                }
            },
        }
    )

    assert {
        "ToAddresses": ["other@example.net"],
        "CcAddresses": ["c@example.net"],
    } == call.params["Destination"]
    assert {"OpenTrackingEnabled": "ENABLED", "ClickTrackingEnabled": "DISABLED"} == (
        call.params["ConfigurationOverrides"]["Tracking"]
    )


def test_defaults_of_a_mailer_are_part_of_the_message():
    """110: a template, a batch and options that only the mailer's defaults name decide as well."""
    script = Script(
        [AwsResponse(status_code=200, body={"BulkEmailEntryResults": [{"MessageId": "id-1"}]})]
    )
    defaults = {
        "template_id": "default",
        "merge_metadata": {},
        "esp_extra": ses_options(configuration_set_name="default", tenant_name="default"),
    }
    provider = SesProvider(configuration_set_name="option", email_tags={"shop": "books"})
    mailer = Mailer(provider, transport=script, defaults=defaults)

    mailer.send(
        Message(from_email="a@example.com", to=[ADA], esp_extra=ses_options(tenant_name="own"))
    )

    (call,) = script.requests
    assert "SendBulkEmail" == call.operation
    assert {"TemplateName": "default", "TemplateData": "{}"} == (
        call.params["DefaultContent"]["Template"]
    )
    assert ("default", "own") == (call.params["ConfigurationSetName"], call.params["TenantName"])
    assert [{"Name": "shop", "Value": "books"}] == call.params["DefaultEmailTags"]


def test_message_tag():
    """56: the one tag is a message tag too, besides its header."""
    call = build({**RAW, "tags": ["offer"]}, message_tag_name="kind")

    assert [{"Name": "kind", "Value": "offer"}] == call.params["EmailTags"]
    assert b"X-Tag: offer" in call.params["Content"]["Raw"]["Data"]


@pytest.mark.parametrize("fields", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(
    ("tracking", "expected"),
    [
        ({"track_opens": True}, {"OpenTrackingEnabled": "ENABLED"}),
        ({"track_clicks": False}, {"ClickTrackingEnabled": "DISABLED"}),
        (
            {"track_opens": False, "track_clicks": True},
            {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "ENABLED"},
        ),
    ],
)
def test_tracking_of_a_message(fields, tracking, expected, valid):
    """Tracking of a message overrides what its configuration set says."""
    call = valid(build({**fields, **tracking}))

    assert {"Tracking": expected} == call.params["ConfigurationOverrides"]


def test_tracking_that_botocore_does_not_know(monkeypatch):
    """An older botocore has no such parameter: refused with the reason, before anything is sent."""
    monkeypatch.setattr(api_checks, "knows", lambda parameter: False)

    with pytest.raises(UnsupportedFeature, match="upgrade boto3") as caught:
        build({**RAW, "track_opens": True, "track_clicks": True})

    assert ["track_opens", "track_clicks"] == [p.feature for p in caught.value.problems]


def test_what_botocore_knows():
    """The installed model is asked, by the name of the parameter."""
    assert api_checks.knows("ConfigurationSetName")
    assert not api_checks.knows("Teleport")


@pytest.mark.parametrize(
    "options",
    [
        {"email_tags": {"no spaces": "x"}},
        {"email_tags": {"a": "ü"}},
        {"email_tags": {"a": 1}},
        {"message_tag_name": "no spaces"},
        {"message_tag_name": ""},
        {"tenant_name": ""},
        {"topic_name": "t"},
        {"source_identity_arn": ARN},
        {"api_version": "v3"},
        {"content": "html"},
        {"content": "simple", "api_version": "v1"},
        {"tenant_name": "a", "api_version": "v1"},
        {"endpoint_id": "a", "api_version": "v1"},
        {"contact_list_name": "a", "api_version": "v1"},
    ],
    ids=str,
)
def test_wrong_options(options):
    """A wrong option, or two that contradict each other, are configuration errors."""
    with pytest.raises(ConfigurationError, match="ses: "):
        get_provider("ses", **options)


@pytest.mark.parametrize(
    "options",
    [{"email_tags": {"a b": "x"}}, {"recipient_tags": {ADA: {"a": "ü"}}}, {"topic_name": "t"}],
)
def test_wrong_options_of_a_message(options):
    """A message's options are checked where they are written."""
    with pytest.raises(ConfigurationError, match="ses: "):
        ses_options(**options)


@pytest.mark.parametrize("entries", [[], {ADA: 1}, "x"])
def test_entries_must_be_by_address(entries):
    """BulkEmailEntries of a message is a mapping by address."""
    extra = {"ses": {"BulkEmailEntries": entries}}

    with pytest.raises(UnsupportedFeature, match="mapping of addresses"):
        build({**FORMS["bulk"], "esp_extra": extra})


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        ({"endpoint_url": "http://127.0.0.1:1"}, {}, "endpoint_url would override"),
        ({"client_parameters": {"endpoint_url": "http://x"}}, {}, "endpoint_url would override"),
        ({}, {"AWS_ENDPOINT_URL": "http://x"}, "AWS_ENDPOINT_URL would override"),
        ({}, {"AWS_ENDPOINT_URL_SESV2": "http://x"}, "AWS_ENDPOINT_URL_SESV2 would override"),
        ({"client_parameters": {"config": {"use_fips_endpoint": True}}}, {}, "FIPS"),
        ({}, {"AWS_USE_FIPS_ENDPOINT": "true"}, "FIPS"),
    ],
)
@pytest.mark.parametrize("by_message", [False, True], ids=["provider", "message"])
def test_global_endpoint_that_cannot_be(options, environment, said, by_message, monkeypatch):
    """What would send to another endpoint than asked for is a configuration error."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    extra = ses_options(endpoint_id="abc.def") if by_message else {}
    own = {} if by_message else {"endpoint_id": "abc.def"}

    with pytest.raises(ConfigurationError, match=said):
        build({**RAW, "esp_extra": extra}, **own, **options)


def test_global_endpoint_without_awscrt(monkeypatch):
    """Without the library that signs for it, the text says what to install."""
    monkeypatch.setitem(sys.modules, "awscrt", None)

    with pytest.raises(ConfigurationError, match=r"botocore\[crt\]"):
        SesProvider(endpoint_id="abc.def")


def test_global_endpoint_is_called(monkeypatch):
    """The request goes to the endpoint's host, signed for all regions."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    provider = SesProvider(region_name="eu-west-1", endpoint_id="abc.def")
    sent = []

    def answer(request, **_):
        sent.append(request)
        return AWSResponse(request.url, 200, {}, _Body(b'{"MessageId": "id-1"}'))

    provider.client.meta.events.register("before-send.sesv2.SendEmail", answer)
    result = Mailer(provider).send(Message(**RAW))

    assert "id-1" == result.message_id
    assert sent[0].url.startswith("https://abc.def.endpoints.email.amazonaws.com/")
    authorization = sent[0].headers["Authorization"]
    assert "AWS4-ECDSA-P256-SHA256" in str(authorization)


class _Body:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self, **_):
        yield self._data


def test_given_client_of_the_other_api():
    """A client is used for the API that it is of."""
    client = boto3.client("ses", region_name="eu-west-1")

    assert client is SesProvider(client=client, api_version="v1").client


def test_lazy_texts_are_options_of_a_message():
    """Whatever counts as text in a message, does so here: in mappings and lists as well."""
    options = {
        "configuration_set_name": "set",
        "tenant_name": "acme",
        "contact_list_name": "news",
        "topic_name": "daily",
        "content": "simple",
        "email_tags": {"kind": "own"},
        "recipient_tags": {ADA: {"kind": "hers"}},
    }

    made = ses_options(**{name: lazily(value) for name, value in options.items()})
    message = Message(esp_extra=made)

    assert message == Message(esp_extra=ses_options(**options))
    assert message == Message.from_dict(json.loads(json.dumps(message.to_dict())))


def lazily(value):
    """The same with texts that are no str."""
    if isinstance(value, dict):
        return {UserString(key): lazily(item) for key, item in value.items()}
    if isinstance(value, list):
        return [lazily(item) for item in value]
    return UserString(value)
