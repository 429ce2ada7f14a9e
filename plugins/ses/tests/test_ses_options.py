"""Options are declared once: what follows from the declaration."""

from __future__ import annotations

import inspect
import re

from dataclasses import fields
from pathlib import Path

import pytest

from mailcore import ConfigurationError, Message
from mailcore_ses import SesProvider, ses_options
from mailcore_ses.options import MessageOptions, SesOptions, SharedOptions


PAGE = Path(__file__).parents[3] / "docs" / "providers" / "ses" / "reference.md"
MESSAGE = {"from_email": "a@example.com", "to": ["b@example.net"], "subject": "x", "text": "x"}
PARAMETERS = {
    field.name: SharedOptions().parameter_of(field.name)
    for field in fields(SharedOptions)
    if SharedOptions().parameter_of(field.name)
}


def names(options_class: type) -> set[str]:
    """Of the options that a class declares."""
    return {field.name for field in fields(options_class)}


def test_what_takes_them():
    """Constructor and helper take the fields of their classes as keywords, typed and described."""
    for function, options_class in ((SesProvider, SesOptions), (ses_options, MessageOptions)):
        parameters = inspect.signature(function).parameters
        described = inspect.getdoc(function if function is ses_options else SesProvider.__init__)
        found = re.findall(r"^    ([a-z][a-z0-9_, ]*): ", described, re.MULTILINE)

        assert names(options_class) == set(parameters) == set(", ".join(found).split(", "))
        assert {inspect.Parameter.KEYWORD_ONLY} == {each.kind for each in parameters.values()}


def test_the_page_has_each():
    """The table of the provider's page names each option, and no other."""
    if not PAGE.exists():
        pytest.skip("the plugin without the repository")
    table = PAGE.read_text(encoding="utf-8").partition("| Option |")[2].partition("\n\n")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("|")]

    assert names(SesOptions) == {*re.findall("`([a-z0-9_]+)`", " ".join(cells))}


@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("made", [{}, {"merge_data": {}, "template_id": "t"}], ids=["one", "batch"])
def test_every_parameter_goes_into_every_call(name: str, made: dict):
    """What is declared with a parameter is in each call, from the provider and from a message."""
    message = {**MESSAGE, **made}
    if made:
        message |= {"subject": None, "text": None}

    (by_provider,) = SesProvider(**{name: "x-1"}).build(Message(**message))
    own = ses_options(**{name: "x-1"})
    (by_message,) = SesProvider().build(Message(**message, esp_extra=own))

    assert "x-1" == by_provider.params[PARAMETERS[name]] == by_message.params[PARAMETERS[name]]


def test_options_of_the_provider_stay_as_they_are():
    """What a message merges into the parameters of options is gone with the next message."""
    options = {"contact_list_name": "news", "topic_name": "all", "email_tags": {"a": "b"}}
    provider = SesProvider(**options, content="simple")
    before, *_ = provider.build(Message(**MESSAGE))
    extra = {"ListManagementOptions": {"TopicName": "own"}, "EmailTags": [{"Name": "c"}]}
    changed, *_ = provider.build(Message(**MESSAGE, esp_extra={"ses": extra}))
    after, *_ = provider.build(Message(**MESSAGE))

    assert "own" == changed.params["ListManagementOptions"]["TopicName"]
    assert dict(before.params) == dict(after.params)


def test_all_that_is_wrong_at_once():
    """Options of a wrong kind are told together, by name and not by value."""
    with pytest.raises(ConfigurationError) as caught:
        SesProvider(configuration_set_name="s e t", read_timeout_seconds=-1.5, tenant_name="")

    text = str(caught.value)
    assert all(
        name in text for name in ("configuration_set_name", "read_timeout_seconds", "tenant_name")
    )
    assert "s e t" not in text
    assert "-1.5" not in text


@pytest.mark.parametrize(
    "option", ["region_name", "topic_arns", "topic_account_ids", "topic_arn_patterns"]
)
def test_a_secret_in_the_wrong_place_is_not_repeated(option):
    """Two variables that were mixed up: the error names the option, and not what stands there."""
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    value = secret if option == "region_name" else [secret]
    with pytest.raises(ConfigurationError, match=option) as caught:
        SesProvider(**{option: value})
    assert secret[:10] not in str(caught.value)
