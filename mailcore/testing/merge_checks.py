"""Checks of the conformance suite: values are filled in where a message asks for it, only there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mailcore.errors import UnsupportedFeature
from mailcore.features import Feature
from mailcore.provider import Provider
from mailcore.testing.canaries import RECIPIENT, merged, plain_fields, token
from mailcore.testing.decoding import contains
from mailcore.testing.suite_hooks import SuiteHooks, report


_NAME, _OTHER, _VALUE = (token(f"merge checks {each}") for each in ("name", "other", "value"))
# How some services write it, for providers that fill in none of the message's own texts.
_ANYBODYS = ("{{name}}", "%recipient.name%", "*|NAME|*")


class MergeChecks(SuiteHooks):
    """The rule of :mod:`mailcore.message.merging`."""

    def test_texts_arrive_as_they_are_unless_values_are_asked_for(self) -> None:
        """An empty merge_data, and values that no text refers to, make a template of no text."""
        provider = self.make_provider()
        syntax = provider.merge_syntax
        references = _ANYBODYS if syntax is None else (syntax.reference_to(_NAME),)
        failures = [
            f"{', '.join(fields)}: {failure}"
            for fields in self._not_asking(provider)
            for failure in self._changed(provider, fields, references)
        ]
        report("a text is not left as it is", failures)

    def test_values_are_filled_in_where_a_text_refers_to_them(self) -> None:
        """A reference to a value is the value, and one to no value is refused."""
        provider = self.make_provider()
        syntax = provider.merge_syntax
        if syntax is None:
            return
        failures = []
        text = {"text": f"Dear {syntax.reference_to(_NAME)}"}
        for fields in _asking(provider, _NAME):
            message = merged(plain_fields(), text, fields)
            for request in self._requests(message, provider):
                is_done = not contains(self.decode_request(request), text["text"])
                if not is_done and not self.is_filled_in(request):
                    failures.append(f"{', '.join(fields)}: the text is sent as it is")
        for fields in _asking(provider, _OTHER):
            if "merge_data" in fields:
                try:
                    self._requests(merged(plain_fields(), text, fields), provider)
                except UnsupportedFeature:
                    continue
                failures.append("a reference to a value that nobody has is sent")
        report("values are not filled in", failures)

    def _not_asking(self, provider: Provider[Any, Any]) -> Iterator[Mapping[str, Any]]:
        if provider.features[Feature.MERGE_DATA].kind not in ("no", "needs"):
            yield {"merge_data": {}}
            yield {"merge_data": {RECIPIENT: {}}}
        if provider.merge_syntax is not None and self._supports(
            provider, Feature.MERGE_GLOBAL_DATA
        ):
            yield {"merge_global_data": {_OTHER: _VALUE}}

    def _changed(
        self, provider: Provider[Any, Any], fields: Mapping[str, Any], references: tuple[str, ...]
    ) -> Iterator[str]:
        text = f"Write {' or '.join(references)} here"
        message = merged(plain_fields(), {"text": text}, fields)
        try:
            requests = self._requests(message, provider)
        except UnsupportedFeature as error:
            yield f"it is refused: {error}"
            return
        for request in requests:
            if not contains(self.decode_request(request), text):
                yield f"{text!r} is not in the request"
            elif provider.merge_syntax is not None and self.is_filled_in(request):
                yield "the service is told to fill it in"


def _asking(provider: Provider[Any, Any], name: str) -> Iterator[Mapping[str, Any]]:
    if provider.features[Feature.MERGE_DATA].kind not in ("no", "needs"):
        yield {"merge_data": {RECIPIENT: {name: _VALUE}}}
    if provider.features[Feature.MERGE_GLOBAL_DATA].kind not in ("no", "needs"):
        yield {"merge_global_data": {name: _VALUE}}
