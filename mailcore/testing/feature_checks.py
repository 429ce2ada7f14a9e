"""Checks of the conformance suite: what is declared is what is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mailcore.errors import MessageError, UnsupportedFeature
from mailcore.features import Feature, Features, Support
from mailcore.message.fields import USES
from mailcore.message.message import Message
from mailcore.provider import Provider
from mailcore.testing.canaries import (
    COUNTED,
    PLAIN,
    Canary,
    injected,
    merged,
    plain_fields,
    token,
)
from mailcore.testing.decoding import HEADER, Finding, contains, innermost
from mailcore.testing.suite_hooks import SuiteHooks, report


_MOST_ITEMS = 20
_ENCODINGS = frozenset({"json", "form", "query", "base64", "words"})


class FeatureChecks(SuiteHooks):
    """Canaries, Bcc, and injected headers."""

    def test_it_introduces_itself(self) -> None:
        """The provider has a name that can be a URL's scheme, a label, and a declaration."""
        provider = self.make_provider()
        name = provider.name
        failures = []
        if not (name.isascii() and name.replace("-", "").isalnum() and name == name.lower()):
            failures.append(f"name {name!r} is not lower-case letters, digits and '-'")
        if not provider.label.strip():
            failures.append("label is empty")
        if not isinstance(provider.features, Features):
            failures.append("features is no mailcore.Features")
        elif provider.features[Feature.RECIPIENTS].kind == "no":
            failures.append("features refuses every recipient: declare recipients=YES or a limit")
        elif (
            provider.idempotency == "native"
            and provider.features[Feature.IDEMPOTENCY_KEY].kind == "no"
        ):
            failures.append("idempotency is native, and features has no idempotency_key")
        report("the provider does not introduce itself", failures)

    def test_plain_fields_are_sent(self) -> None:
        """Sender, recipients, subject and bodies reach the request, in any script."""
        provider = self.make_provider()
        failures = [
            failure
            for name in PLAIN
            for failure in self._missing(provider, name, self.canary(name), {})
        ]
        report("silently dropped", failures)

    def test_features_are_as_declared(self) -> None:
        """What is declared supported is in the request, everything else raises."""
        provider = self.make_provider()
        failures = [
            failure
            for feature in USES
            for failure in self._feature_failures(provider, feature, provider.features[feature])
        ]
        report("the declaration is not true", failures)

    def test_features_are_sent_together(self) -> None:
        """A message with all features at once arrives complete, or is refused."""
        provider = self.make_provider()
        canaries = {
            feature: self.canary(feature.value)
            for feature in USES
            if self._supports(provider, feature) and feature not in _ALONE
        }
        message = merged(plain_fields(), *(canary.fields for canary in canaries.values()))
        try:
            findings = self._findings(message, provider)
        except UnsupportedFeature:
            return
        failures = [
            f"{feature}: {text!r} is lost beside other features"
            for feature, canary in canaries.items()
            for text in canary.tokens
            if not contains(findings, text)
        ]
        report("silently dropped", failures)

    def test_esp_extra_is_its_own(self) -> None:
        """Its namespace of esp_extra reaches the request, and no other provider's does."""
        provider = self.make_provider()
        stranger = token("esp_extra of another")
        canary = self.canary("esp_extra")
        others = {"esp_extra": {f"other-than-{provider.name}": {"key": stranger}}}
        failures = list(self._missing(provider, "esp_extra", canary, others))
        findings = self._findings(merged(plain_fields(), others, canary.fields), provider)
        failures += [
            f"esp_extra of another provider is sent, at {finding.place}"
            for finding in innermost(findings, stranger)
            if "esp_extra" not in finding.path
        ]
        report("esp_extra is not namespaced", failures)

    def test_bcc_stays_hidden(self) -> None:
        """No Bcc address stands where recipients can see it."""
        provider = self.make_provider()
        if not self._supports(provider, Feature.BCC):
            self._require_refusal(provider, Feature.BCC)
            return
        fields = [self.canary("bcc").fields]
        visible = [Feature.CC] if self._supports(provider, Feature.CC) else []
        fields += [self.canary(feature.value).fields for feature in visible]
        findings = self._findings(merged(plain_fields(), *fields), provider)
        bcc = self.canary("bcc").tokens[0]
        hidden = _places(findings, bcc)
        allowed = {*self.bcc_places(), *self._places_with_kind(findings, bcc)}
        failures = [
            f"a Bcc address is in the message that recipients get, at {finding.place}"
            for finding in findings
            if bcc in finding.text and self._is_visible(finding)
        ]
        shown = {"to": token("to"), **{f.value: self.canary(f.value).tokens[0] for f in visible}}
        for name, text in shown.items():
            places = _places(findings, text)
            if places and places <= hidden and not places <= allowed:
                listed = ", ".join(" > ".join(place) for place in sorted(places))
                failures.append(f"Bcc addresses stand wherever those of `{name}` do: {listed}")
        for name, text in {**shown, "bcc": bcc}.items():
            failures += self._wrong_kinds(findings, name, text)
        report("Bcc leaks", failures)

    def test_no_header_can_be_injected(self) -> None:
        """No line end in a value begins a header field, whoever writes the header."""
        provider = self.make_provider()
        name = f"x-{token('injected')}"
        failures = []
        for end in ("\r\n", "\n", "\r"):
            for field_name, fields in _injections(f"{end}{name}: yes{end}{end}"):
                try:
                    findings = self._findings(merged(plain_fields(), fields), provider)
                except MessageError:
                    continue
                failures += [
                    f"{field_name} with {end!r} begins a header field, at {finding.place}"
                    for finding in findings
                    if self._is_injected(finding, name)
                ]
        report("header fields can be injected", failures)

    def _feature_failures(
        self, provider: Provider[Any, Any], feature: Feature, support: Support
    ) -> Iterator[str]:
        needed: Mapping[str, Any] = {}
        if support.kind == "no":
            yield from self._not_refused(provider, feature, self.canary(feature.value), {})
            return
        if support.needed is not None:
            if provider.features[support.needed].kind == "no":
                yield f"{feature} needs {support.needed}, which is declared NO"
                return
            yield from self._not_refused(provider, feature, self.canary(feature.value), {})
            needed = self.canary(support.needed.value).fields
        count = 2 if support.limit is None else min(support.limit, _MOST_ITEMS)
        if support.kind == "limited" and support.limit is not None:
            if feature not in COUNTED:
                yield f"{feature} is declared limited, but there is only one of it"
                return
            count = support.limit
            canary = self.canary(feature.value, count + 1)
            yield from self._not_refused(provider, feature, canary, needed)
        if support.kind == "partial":
            count = 1
        canary = self.canary(feature.value, count)
        yield from self._missing(provider, feature.value, canary, needed)

    def _missing(
        self,
        provider: Provider[Any, Any],
        name: str,
        canary: Canary,
        needed: Mapping[str, Any],
    ) -> Iterator[str]:
        """Say what of a canary does not reach the request."""
        message = merged(plain_fields(), needed, canary.fields)
        try:
            findings = self._findings(message, provider)
        except UnsupportedFeature as error:
            yield f"{name} is declared supported, and refused: {error}"
            return
        missing = [text for text in canary.tokens if not contains(findings, text)]
        if missing:
            yield f"{name} is silently dropped: {', '.join(map(repr, missing))} not in the request"
        if canary.variations:
            yield from self._same(provider, name, canary, merged(plain_fields(), needed))

    def _same(
        self, provider: Provider[Any, Any], name: str, canary: Canary, without: Message
    ) -> Iterator[str]:
        """Say which variations of a canary make no difference."""
        seen = {"not given": self._stable(provider, without)}
        for fields in (canary.fields, *canary.variations):
            value = ", ".join(f"{key}={item!r}" for key, item in fields.items() if key != "html")
            try:
                stable = self._stable(provider, without.replace(**fields))
            except UnsupportedFeature:
                # Said out loud; only a provider that declares all of it may not do so.
                if provider.features[Feature(name)].kind != "partial":
                    yield f"{name} is declared supported, and {value} is refused"
                continue
            for other, before in seen.items():
                if stable == before:
                    yield f"{name} is silently dropped: {value} makes the same request as {other}"
            seen[value] = stable
        if len(seen) == 1:
            yield f"{name} is declared partly supported, and refused altogether"

    def _stable(
        self, provider: Provider[Any, Any], message: Message
    ) -> frozenset[tuple[tuple[str, ...], str]]:
        """What is the same whenever the message is built: no boundaries, no times of building."""
        first, second = (
            {(finding.path, finding.text) for finding in self._findings(message, provider)}
            for _ in range(2)
        )
        return frozenset(first & second)

    def _not_refused(
        self,
        provider: Provider[Any, Any],
        feature: Feature,
        canary: Canary,
        needed: Mapping[str, Any],
    ) -> Iterator[str]:
        """Say if a message is sent that cannot be expressed."""
        message = merged(plain_fields(), needed, canary.fields)
        if not USES[feature](message):
            yield f"canary({feature.value!r}) does not use {feature}"
            return
        try:
            findings = self._findings(message, provider)
        except UnsupportedFeature as error:
            if feature.value not in [problem.feature for problem in error.problems]:
                yield f"{feature} is refused without its name: {error}"
            return
        sent = [text for text in canary.tokens if contains(findings, text)]
        outcome = "sent all the same" if sent else "silently dropped"
        yield f"{feature} is declared {provider.features[feature]}, and {outcome}"

    def _require_refusal(self, provider: Provider[Any, Any], feature: Feature) -> None:
        canary = self.canary(feature.value)
        report("not refused", self._not_refused(provider, feature, canary, {}))

    def _places_with_kind(self, findings: list[Finding], text: str) -> set[tuple[str, ...]]:
        """Fields that hold a text, with a field beside them that tells its kind."""
        return {
            finding.field
            for finding in innermost(findings, text)
            if self._kinds_beside(findings, finding)
        }

    def _wrong_kinds(self, findings: list[Finding], name: str, text: str) -> Iterator[str]:
        for finding in innermost(findings, text):
            for kind in self._kinds_beside(findings, finding):
                if kind.lower() != name:
                    yield f"an address of `{name}` is told to be `{kind}`, at {finding.place}"

    def _kinds_beside(self, findings: list[Finding], finding: Finding) -> list[str]:
        beside = (*finding.path[:-1], self.recipient_kind)
        return [each.text for each in findings if self.recipient_kind and each.path == beside]

    def _is_visible(self, finding: Finding) -> bool:
        """Whether recipients get to see it: in a MIME message, or in a list of header fields."""
        return finding.in_mime or any(
            self.is_header_step(step) and not step.startswith(HEADER) for step in finding.path
        )

    def _is_injected(self, finding: Finding, name: str) -> bool:
        if finding.path[-1] == "name" and finding.text.strip().lower() == name:
            return True
        if "\r" not in finding.text and "\n" not in finding.text:
            return False
        lines = [
            position
            for position, step in enumerate(finding.path)
            if step.startswith(HEADER) or self.is_header_step(step) or step in ("url", "method")
        ]
        # What had to be decoded inside the header was harmless on its line.
        return bool(lines) and not _ENCODINGS & set(finding.path[lines[-1] :])


# They turn the message into another kind of message, or replace its recipient.
_ALONE = frozenset(
    {
        Feature.TEMPLATES,
        Feature.TEMPLATE_SENDER,
        Feature.MERGE_DATA,
        Feature.MERGE_GLOBAL_DATA,
        Feature.MERGE_METADATA,
        Feature.MERGE_HEADERS,
        Feature.INTERNATIONAL_ADDRESSES,
        Feature.RECIPIENTS,
    }
)


def _places(findings: list[Finding], text: str) -> set[tuple[str, ...]]:
    """Fields that hold a text, wherever in their lists."""
    return {finding.field for finding in innermost(findings, text)}


def _injections(evil: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field with a line break in it; most of them no Message can hold."""
    recipient = plain_fields()["to"][0][1]
    yield "subject", {"subject": f"a{evil}"}
    yield "text", {"text": f"a{evil}"}
    yield "html", {"html": f"a{evil}"}
    yield "from_email", {"from_email": (f"a{evil}", "a@example.com")}
    yield "to", {"to": [(f"a{evil}", recipient)]}
    yield "cc", {"cc": [(f"a{evil}", "a@example.org")]}
    yield "template_id", {"template_id": f"a{evil}"}
    yield "file names", {"attachments": [(f"a{evil}.txt", b"content", "text/plain")]}
    yield "content types", {"attachments": [("a.txt", b"content", f"text/plain; a=b{evil}")]}
    yield from injected(f"a{evil}")
