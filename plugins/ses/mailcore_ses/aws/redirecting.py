"""
``MAILCORE_REDIRECT``: calls go to an imitation of AWS on this machine, with invented credentials.
"""

from __future__ import annotations

import os

from typing import TYPE_CHECKING

from mailcore.http import REPLACED_CREDENTIAL
from mailcore_ses.aws.call import SES, SES_V1
from mailcore_ses.aws.clients import ClientSettings


if TYPE_CHECKING:
    from mailcore_ses.options import SesOptions

_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
_OTHER_REGION = "us-east-1"


def redirected_clients(options: SesOptions, url: str) -> ClientSettings:
    """
    How to make clients of which no call, no credential and no signature reaches AWS.

    A client and a session that were given are left out: they have credentials and addresses of
    their own.

    Args:
        options: The provider's options; region and timeouts are theirs.
        url: The URL of the imitation, for whichever service is asked.
    """
    given = getattr(getattr(options.client, "meta", None), "region_name", None)
    region_name = options.region_name or given
    region_name = region_name or (options.client_parameters or {}).get("region_name")
    region_name = region_name or (options.session_parameters or {}).get("region_name")
    found = [os.environ[name] for name in _REGION_VARIABLES if os.environ.get(name)]
    return ClientSettings(
        region_name=region_name or (found[0] if found else _OTHER_REGION),
        endpoint_urls={SES: url, SES_V1: url},
        session_parameters={
            "aws_access_key_id": REPLACED_CREDENTIAL,
            "aws_secret_access_key": REPLACED_CREDENTIAL,
        },
        connect_timeout_seconds=options.connect_timeout_seconds,
        read_timeout_seconds=options.read_timeout_seconds,
        max_pool_connections=options.max_pool_connections,
        redirected_to=url,
    )
