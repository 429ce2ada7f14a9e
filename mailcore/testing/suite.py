"""
The conformance suite: what every provider must do, proven on yours.

Subclass it in a test file of the plugin, and say how the service answers::

    from mailcore import HttpResponse
    from mailcore.testing import ProviderSuite

    class TestAcme(ProviderSuite):
        secrets = ("key-c2VjcmV0",)

        def make_provider(self):
            return AcmeProvider(api_key="key-c2VjcmV0")

        def accepting_response(self, request):
            return HttpResponse(status_code=200, body=b'{"id": "20261121.1@acme"}')

        def refusing_responses(self, request):
            yield HttpResponse(status_code=401, body=b'{"message": "Invalid key"}')
            yield HttpResponse(status_code=400, body=b'{"message": "Sender not verified"}')

The declaration is proven with canaries. Each feature has a message with tokens that occur nowhere
else. Declared supported means that the tokens are in the request, whatever they are wrapped in;
declared unsupported means that the message is refused. Anything else fails as *silently dropped*.

Any test runner will do that collects classes: pytest as it is, :mod:`unittest` with
``class TestAcme(ProviderSuite, unittest.TestCase)``.
"""

from __future__ import annotations

from mailcore.testing.answer_checks import AnswerChecks
from mailcore.testing.batch_checks import BatchChecks
from mailcore.testing.combining_checks import CombiningChecks
from mailcore.testing.dropping_checks import DroppingChecks
from mailcore.testing.event_checks import EventChecks
from mailcore.testing.feature_checks import FeatureChecks
from mailcore.testing.id_checks import IdChecks
from mailcore.testing.idempotency_checks import IdempotencyChecks
from mailcore.testing.inbound_checks import InboundChecks
from mailcore.testing.merge_checks import MergeChecks
from mailcore.testing.partial_checks import PartialChecks
from mailcore.testing.receiver_checks import ReceiverChecks
from mailcore.testing.secrecy_checks import SecrecyChecks
from mailcore.testing.sending_checks import SendingChecks
from mailcore.testing.suppression_checks import SuppressionChecks
from mailcore.testing.webhook_checks import WebhookChecks
from mailcore.testing.wire_checks import WireChecks


class ProviderSuite(
    FeatureChecks,
    DroppingChecks,
    SendingChecks,
    AnswerChecks,
    IdChecks,
    BatchChecks,
    MergeChecks,
    CombiningChecks,
    PartialChecks,
    IdempotencyChecks,
    SecrecyChecks,
    WireChecks,
    SuppressionChecks,
    WebhookChecks,
    ReceiverChecks,
    InboundChecks,
    EventChecks,
):
    """
    All checks; see :class:`~mailcore.testing.suite_hooks.SuiteHooks` for what to override.

    A check that finds several faults lists all of them.
    """
