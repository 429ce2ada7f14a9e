"""The pages of the providers: each has the same pages, with the same headings."""

from __future__ import annotations

import re

from pathlib import Path

import pytest

from mailcore import EventType, Registry


DOCS = Path(__file__).resolve().parent.parent / "docs"
PROVIDERS = DOCS / "providers"
SERVICES = [
    name
    for name in Registry().names()
    if not Registry().provider_class(name).__module__.startswith("mailcore.")
]

HEADINGS = {
    "start.md": ["Set-up", "The first message", "The first event", "Next"],
    "reference.md": [
        "Options",
        "What is supported",
        *("Which call", "Options of one message", "DKIM", "Headers", "Tags and metadata"),
        "Errors",
        "Events",
        "Whom a webhook trusts",
        "Suppressions",
        "Permissions",
        "Limits",
        "What is not there yet",
    ],
    "coming-from.md": ["django-anymail"],
}


def headings(page: Path) -> list[str]:
    """The headings of levels 2 and 3, in order, without what stands in blocks of code."""
    text = re.sub(
        r"^(```|<!--).*?^(```|-->)$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    return re.findall(r"^###? (.+)$", text, re.MULTILINE)


def test_each_service_has_its_pages() -> None:
    """There is a folder for each service whose plugin is in the repository, and no other."""
    assert sorted(SERVICES) == sorted(path.name for path in PROVIDERS.iterdir() if path.is_dir())


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("page", HEADINGS)
def test_headings_are_the_same(service: str, page: str) -> None:
    """The common headings stand in the common order, whatever else a service needs between them."""
    found = headings(PROVIDERS / service / page)

    assert [heading for heading in found if heading in HEADINGS[page]] == HEADINGS[page]


@pytest.mark.parametrize("service", SERVICES)
def test_navigation_leads_to_each_page(service: str) -> None:
    """The index names the first page, and that names all others beside it."""
    start = PROVIDERS / service / "start.md"
    below = start.read_text("utf-8").rpartition("```{toctree}")[2]

    assert f"providers/{service}/start\n" in (DOCS / "index.md").read_text("utf-8")
    assert {path.stem for path in start.parent.glob("*.md")} - {"start"} == {
        *re.findall(r"<([a-z-]+)>$", below, re.MULTILINE)
    }


def answer(service: str, feature: str) -> str:
    """What the provider says to a feature, in a word."""
    return str(Registry().provider_class(service).features[feature].kind)


def test_the_page_of_events_has_every_type_and_every_service() -> None:
    """A type that is new, and the events of a service that is, are missed here."""
    page = (DOCS / "how-to" / "webhooks.md").read_text("utf-8")
    table = page.partition("| Event | `may_write_again` |")[2].partition("\n\n")[0]

    told = {each for each in re.findall(r"`(\w+)`", table) if each in {*map(str, EventType)}}
    assert {str(each) for each in EventType} - {"inbound"} == told
    linked = set(re.findall(r"providers/(\w+)/reference\.md#events", page))
    assert {each for each in SERVICES if answer(each, "event_webhooks") != "no"} == linked


def test_the_page_of_templates_says_who_keeps_a_sender() -> None:
    """By the features that the providers declare."""
    page = (DOCS / "how-to" / "templates-and-batches.md").read_text("utf-8")
    sentence = r"with the template: ([^;]+?) do,\s+([^;]+?)\s+do\s+not"
    ((keeping, others),) = re.findall(sentence, page)
    labels = {
        each: Registry().provider_class(each).label.removeprefix("Amazon ")
        for each in SERVICES
        if answer(each, "templates") != "no"
    }

    for service, label in labels.items():
        assert label in (others if answer(service, "template_sender") == "no" else keeping)
