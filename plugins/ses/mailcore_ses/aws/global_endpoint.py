"""
What stands in the way of a global endpoint (``EndpointId``).

Its host is ``<endpoint id>.endpoints.email.<domain of the partition>``, and requests to it are
signed for all regions (SigV4a), which botocore does with the AWS Common Runtime only.
https://docs.aws.amazon.com/ses/latest/dg/global-endpoints.html and the endpoint rules in botocore's
model of sesv2 (read 2026-11-21).
"""

from __future__ import annotations

import os

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from mailcore.errors import ConfigurationError


# botocore reads them unless AWS_IGNORE_CONFIGURED_ENDPOINT_URLS says no.
_URL_VARIABLES = ("AWS_ENDPOINT_URL_SESV2", "AWS_ENDPOINT_URL")


def check_global_endpoint(endpoint_url: str | None, client_parameters: Mapping[str, Any]) -> None:
    """
    Make sure that calls with an EndpointId go to that endpoint.

    Args:
        endpoint_url: The provider's option.
        client_parameters: The provider's option.

    Raises:
        ConfigurationError: If an endpoint URL would override it, which botocore does silently; if
            FIPS is asked for, which it does not have; or if awscrt is missing.
    """
    if endpoint_url is not None or client_parameters.get("endpoint_url") is not None:
        raise ConfigurationError("ses: endpoint_url would override endpoint_id: give one of them")
    if os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() != "true":
        for variable in _URL_VARIABLES:
            if os.environ.get(variable):
                raise ConfigurationError(f"ses: {variable} would override endpoint_id: unset it")
    if _wants_fips(client_parameters.get("config")):
        raise ConfigurationError("ses: a global endpoint (endpoint_id) does not support FIPS")
    if find_spec("awscrt") is None:
        raise ConfigurationError("ses: endpoint_id needs awscrt: pip install 'botocore[crt]'")


def _wants_fips(config: Any) -> bool:
    if isinstance(config, Mapping):
        asked = config.get("use_fips_endpoint")
    else:
        asked = getattr(config, "use_fips_endpoint", None)
    if asked is None:
        return os.environ.get("AWS_USE_FIPS_ENDPOINT", "").lower() == "true"
    return bool(asked)
