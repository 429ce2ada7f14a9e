"""
What a provider keeps for an account: the addresses that it does not deliver to, and its quota.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailcore._lazy import lazily


if TYPE_CHECKING:
    from mailcore.account.calls import AccountCalls
    from mailcore.account.paging import Page, aiterate, iterate
    from mailcore.account.quota import AsyncQuotaAccount, QuotaAccount, QuotaList
    from mailcore.account.sending_quota import SendingQuota, TellsQuota
    from mailcore.account.suppression_account import (
        AsyncSuppressionAccount,
        SuppressionAccount,
        account_of,
    )
    from mailcore.account.suppressions import (
        BOUNCE,
        COMPLAINT,
        LARGEST_PAGE,
        MANUAL,
        UNSUBSCRIBE,
        KeepsSuppressions,
        ManagesSuppressions,
        ManagesSuppressionsAsync,
        SuppressedAddress,
        SuppressionFilter,
        SuppressionList,
    )
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "AccountCalls": "account.calls",
            "TellsQuota": "account.sending_quota",
            "SendingQuota": "account.sending_quota",
            "Page": "account.paging",
            "aiterate": "account.paging",
            "iterate": "account.paging",
            "AsyncQuotaAccount": "account.quota",
            "QuotaAccount": "account.quota",
            "QuotaList": "account.quota",
            "AsyncSuppressionAccount": "account.suppression_account",
            "SuppressionAccount": "account.suppression_account",
            "account_of": "account.suppression_account",
            "BOUNCE": "account.suppressions",
            "COMPLAINT": "account.suppressions",
            "KeepsSuppressions": "account.suppressions",
            "LARGEST_PAGE": "account.suppressions",
            "MANUAL": "account.suppressions",
            "ManagesSuppressions": "account.suppressions",
            "ManagesSuppressionsAsync": "account.suppressions",
            "SuppressedAddress": "account.suppressions",
            "SuppressionFilter": "account.suppressions",
            "SuppressionList": "account.suppressions",
            "UNSUBSCRIBE": "account.suppressions",
        },
    )

__all__ = [
    "BOUNCE",
    "COMPLAINT",
    "LARGEST_PAGE",
    "MANUAL",
    "UNSUBSCRIBE",
    "AccountCalls",
    "AsyncQuotaAccount",
    "AsyncSuppressionAccount",
    "KeepsSuppressions",
    "ManagesSuppressions",
    "ManagesSuppressionsAsync",
    "Page",
    "QuotaAccount",
    "QuotaList",
    "SendingQuota",
    "SuppressedAddress",
    "SuppressionAccount",
    "SuppressionFilter",
    "SuppressionList",
    "TellsQuota",
    "account_of",
    "aiterate",
    "iterate",
]
