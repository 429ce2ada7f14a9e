"""What one version of SES's API, or of its model in botocore, cannot express."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, Literal

from mailcore.errors import Problem
from mailcore.message import Emptied, Message, Remedy, Without, WithoutHeaders, WithoutItems
from mailcore_ses.payload.extra import asked_content
from mailcore_ses.payload.plan import Plan


TRACKING: Final[tuple[Literal["track_opens", "track_clicks"], ...]] = (
    "track_opens",
    "track_clicks",
)


def not_in_v1(message: Message, plan: Plan) -> Iterator[Problem]:
    """What SES API v1 has no parameter for."""
    for feature in TRACKING:
        if getattr(message, feature) is not None:
            why = "it has no ConfigurationOverrides"
            yield _not_in_v1(feature, why, remedy=Without(feature))
    for name in plan.extra:
        if name in plan.options.only_in_v2:
            place = f"esp_extra['ses'][{name!r}]"
            yield Problem(place, f"SES API v1 has no {name}", "use api_version='v2'")
    if asked_content(plan.extra) == "simple":
        place = "esp_extra['ses']['Content']"
        yield Problem(place, "simple content needs SES API v2", "use api_version='v2'")
    if plan.is_template:
        yield from _not_in_v1_templates(message, plan)


def _not_in_v1_templates(message: Message, plan: Plan) -> Iterator[Problem]:
    if message.template_id is None:
        field = "merge_global_data" if message.merge_data is None else "merge_data"
        yield _not_in_v1(field, "it fills in stored templates only: give a template_id")
    no_headers = "its templates take no headers"
    if message.headers:
        remedy: Remedy = WithoutHeaders(tuple(message.headers))
        yield _not_in_v1("headers", no_headers, remedy=remedy)
    if message.unsubscribe is not None:
        yield _not_in_v1("unsubscribe", no_headers, remedy=Without("unsubscribe"))
    if message.metadata:
        yield _not_in_v1("metadata", no_headers, remedy=Without("metadata"))
    if message.tags and plan.options.message_tag_name is None:
        why = f"{no_headers}; with message_tag_name it takes one"
        yield _not_in_v1("tags", why, remedy=Without("tags"))
    if any((message.merge_metadata or {}).values()):
        yield _not_in_v1("merge_metadata", no_headers, remedy=Emptied("merge_metadata"))
    if any((message.merge_headers or {}).values()):
        yield _not_in_v1("merge_headers", no_headers, remedy=Emptied("merge_headers"))
    for feature, is_inline in (("attachments", False), ("inline_images", True)):
        parts = enumerate(message.attachments)
        found = tuple(at for at, part in parts if part.inline is is_inline)
        if found:
            why, remedy = "its templates take no attachments", WithoutItems("attachments", found)
            yield _not_in_v1(feature, why, "attachments", remedy=remedy)


def _not_in_v1(feature: str, why: str, field: str = "", *, remedy: Remedy | None = None) -> Problem:
    reason = f"{feature} is not supported by SES API v1: {why}"
    hint = "use api_version='v2'"
    return Problem(field or feature, reason, hint, feature=feature, remedy=remedy)


def unknown_overrides(message: Message) -> Iterator[Problem]:
    """Tracking of a message, if the installed botocore cannot express it."""
    for feature in TRACKING:
        if getattr(message, feature) is not None and not knows("ConfigurationOverrides"):
            reason = f"{feature} is not supported: the installed botocore has no parameter for it"
            hint = "upgrade boto3, or choose a configuration set that tracks as you want"
            yield Problem(feature, reason, hint, feature=feature, remedy=Without(feature))


@lru_cache
def knows(parameter: str) -> bool:
    """Whether the installed botocore's model of ``SendEmail`` has a parameter."""
    # Reading the model costs some 30 ms: only for messages that need to know
    # (benchmarks/imports.py).
    from botocore.loaders import create_loader

    model = create_loader().load_service_model("sesv2", "service-2")
    request = model["operations"]["SendEmail"]["input"]["shape"]
    return parameter in model["shapes"][request]["members"]
