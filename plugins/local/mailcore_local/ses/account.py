"""
The sending account: quota, rate, switches and verified identities.
"""

from __future__ import annotations

import hashlib

from collections import deque
from collections.abc import Callable, Iterable
from itertools import takewhile

from mailcore_local.ses.errors import ServiceError, already_exists, bad_request, not_found
from mailcore_local.ses.limits import bare_address
from mailcore_local.ses.model import Params
from mailcore_local.ses.paging import page, with_token
from mailcore_local.ses.simulator import is_simulator


_DAY_SECONDS = 24 * 60 * 60


class Account:
    """
    What GetAccount tells, and what it decides about a send.

    Not thread-safe: the server's lock guards it.

    Args:
        region_name: Named in the error for an unverified identity.
        sandbox: Whether it is like a new account: 200 messages a day, one a second, recipients must
            be verified too.
        require_verified_identities: Refuse senders that are not verified; the sandbox implies it.
        max_24_hour_send: Recipients per 24 hours; -1 is unlimited, as in SES's SendQuota.
        max_send_rate: How many recipients are accepted in a second.
        clock: A function that returns the seconds since the epoch.
    """

    def __init__(
        self,
        *,
        region_name: str,
        sandbox: bool,
        require_verified_identities: bool,
        max_24_hour_send: float | None,
        max_send_rate: float | None,
        clock: Callable[[], float],
    ) -> None:
        self._region_name = region_name
        self._sandbox = sandbox
        self._require_verified = require_verified_identities or sandbox
        # Sandbox figures: SES Developer Guide, "Request production access", read 2026-11-21.
        default_quota, default_rate = (200.0, 1.0) if sandbox else (-1.0, 10_000.0)
        self._max_24_hour_send = default_quota if max_24_hour_send is None else max_24_hour_send
        self._max_send_rate = default_rate if max_send_rate is None else max_send_rate
        self._clock = clock
        self._sent: deque[tuple[float, int]] = deque()
        self._sent_total = 0
        self._identities: dict[str, Params] = {}
        self._sending_enabled = True
        self._suppressed_reasons = ["BOUNCE", "COMPLAINT"]
        self.handlers: dict[str, Callable[[Params], Params]] = {
            "GetAccount": self._get_account,
            "PutAccountSendingAttributes": self._put_sending,
            "PutAccountSuppressionAttributes": self._put_suppression,
            "CreateEmailIdentity": self._create_identity,
            "GetEmailIdentity": self._get_identity,
            "DeleteEmailIdentity": self._delete_identity,
            "ListEmailIdentities": self._list_identities,
        }

    @property
    def suppressed_reasons(self) -> tuple[str, ...]:
        """
        The reasons for which the account's suppression list applies.
        """
        return tuple(self._suppressed_reasons)

    def verify(self, identity: str) -> None:
        """
        Add a verified identity: an address or a domain.

        Raises:
            ServiceError: `BadRequestException` when it is neither.
        """
        bare_address(identity if "@" in identity else f"postmaster@{identity}")
        self._identities.setdefault(identity, {})

    def check_sending_enabled(self) -> None:
        """
        Check that sending is not paused for the account.

        Raises:
            ServiceError: `SendingPausedException`.
        """
        if not self._sending_enabled:
            raise ServiceError(
                "SendingPausedException", "Email sending is disabled for your account."
            )

    def check_identities(self, senders: Iterable[str], recipients: Iterable[str]) -> None:
        """
        Check that bare sender addresses, and in the sandbox recipients too, are verified.

        Raises:
            ServiceError: `MessageRejected`, naming those that are not.
        """
        if not self._require_verified:
            return
        addresses = list(senders)
        if self._sandbox:
            addresses += [r for r in recipients if not is_simulator(r)]
        failed = [a for a in dict.fromkeys(addresses) if not self._is_verified(a)]
        if failed:
            raise ServiceError(
                "MessageRejected",
                "Email address is not verified. The following identities failed the check in region"
                f" {self._region_name.upper()}: {', '.join(failed)}",
            )

    def charge(self, recipients: int) -> None:
        """
        Count recipients against the quota and the rate.

        The code and the two messages are those of the SES Developer Guide, "Errors related to the
        sending quotas" (read 2026-11-21).

        Raises:
            ServiceError: `ThrottlingException`; nothing is counted then.
        """
        now = self._clock()
        self._forget(now)
        if 0 <= self._max_24_hour_send < self._sent_total + recipients:
            raise ServiceError("ThrottlingException", "Daily message quota exceeded.")
        recent = takewhile(lambda sent: sent[0] > now - 1, reversed(self._sent))
        last_second = sum(count for _, count in recent)
        # One message may always go: SES lets a message with more recipients than the rate pass.
        if last_second and last_second + recipients > self._max_send_rate:
            raise ServiceError("ThrottlingException", "Maximum sending rate exceeded.")
        self._sent.append((now, recipients))
        self._sent_total += recipients

    def _forget(self, now: float) -> None:
        while self._sent and self._sent[0][0] <= now - _DAY_SECONDS:
            self._sent_total -= self._sent.popleft()[1]

    def _is_verified(self, address: str) -> bool:
        local, _, domain = address.rpartition("@")
        labels = domain.lower().split(".")
        domains = {".".join(labels[i:]) for i in range(len(labels))}
        # A label after + belongs to the verified address; Developer Guide, "Verified identities",
        # 2026-11-21.
        unlabelled = f"{local.partition('+')[0]}@{domain.lower()}"
        wanted = {f"{local}@{domain.lower()}", unlabelled, *domains}
        return any(_normalized(identity) in wanted for identity in self._identities)

    def _get_account(self, params: Params) -> Params:
        self._forget(self._clock())
        return {
            "DedicatedIpAutoWarmupEnabled": False,
            "EnforcementStatus": "HEALTHY",
            "ProductionAccessEnabled": not self._sandbox,
            "SendQuota": {
                "Max24HourSend": float(self._max_24_hour_send),
                "MaxSendRate": float(self._max_send_rate),
                "SentLast24Hours": float(self._sent_total),
            },
            "SendingEnabled": self._sending_enabled,
            "SuppressionAttributes": {"SuppressedReasons": list(self._suppressed_reasons)},
        }

    def _put_sending(self, params: Params) -> Params:
        self._sending_enabled = params.get("SendingEnabled", False)
        return {}

    def _put_suppression(self, params: Params) -> Params:
        self._suppressed_reasons = params.get("SuppressedReasons", [])
        return {}

    def _create_identity(self, params: Params) -> Params:
        identity = params["EmailIdentity"]
        if identity in self._identities:
            raise already_exists(f"Email identity {identity} already exist.")
        if not identity or identity.startswith("@"):
            raise bad_request("EmailIdentity is neither an address nor a domain.")
        self.verify(identity)
        self._identities[identity] = {
            "ConfigurationSetName": params.get("ConfigurationSetName"),
            "Tags": params.get("Tags", []),
        }
        return {
            "IdentityType": _identity_type(identity),
            "VerifiedForSendingStatus": True,
            "DkimAttributes": _dkim(identity),
        }

    def _get_identity(self, params: Params) -> Params:
        identity = params["EmailIdentity"]
        details = self._identities.get(identity)
        if details is None:
            raise not_found(f"Email identity {identity} does not exist.")
        found: Params = {
            "IdentityType": _identity_type(identity),
            "FeedbackForwardingStatus": True,
            "VerifiedForSendingStatus": True,
            "VerificationStatus": "SUCCESS",
            "DkimAttributes": _dkim(identity),
            "MailFromAttributes": {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"},
            "Policies": {},
            "Tags": details.get("Tags", []),
        }
        if details.get("ConfigurationSetName"):
            found["ConfigurationSetName"] = details["ConfigurationSetName"]
        return found

    def _delete_identity(self, params: Params) -> Params:
        if self._identities.pop(params["EmailIdentity"], None) is None:
            raise not_found(f"Email identity {params['EmailIdentity']} does not exist.")
        return {}

    def _list_identities(self, params: Params) -> Params:
        wanted = params.get("Filter", {})
        found = [
            identity
            for identity in sorted(self._identities)
            if wanted.get("IDENTITY_NAME_CONTAINS", "") in identity
            and wanted.get("IDENTITY_TYPE") in (None, _identity_type(identity))
            and wanted.get("VERIFICATION_STATUS") in (None, "SUCCESS")
        ]
        identities, token = page(found, params, largest=1000)
        summaries = [
            {
                "IdentityType": _identity_type(identity),
                "IdentityName": identity,
                "SendingEnabled": True,
                "VerificationStatus": "SUCCESS",
            }
            for identity in identities
        ]
        return with_token({"EmailIdentities": summaries}, token)


def _dkim(identity: str) -> Params:
    if "@" in identity:
        return {"SigningEnabled": False, "Status": "NOT_STARTED"}
    # Easy DKIM has three tokens of 32 letters and digits; these are the same in every run.
    digests = (hashlib.sha256(f"{number}{identity}".encode()).hexdigest() for number in range(3))
    return {
        "SigningEnabled": True,
        "Status": "SUCCESS",
        "Tokens": [digest[:32] for digest in digests],
        "SigningAttributesOrigin": "AWS_SES",
        "SigningHostedZone": "dkim.amazonses.com",
    }


def _identity_type(identity: str) -> str:
    return "EMAIL_ADDRESS" if "@" in identity else "DOMAIN"


def _normalized(identity: str) -> str:
    local, at, domain = identity.rpartition("@")
    return f"{local}{at}{domain.lower()}"
