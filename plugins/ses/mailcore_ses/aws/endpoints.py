"""
What an endpoint, a region, a session and a client must be, found when the provider is made.

:func:`place_of` is how errors name an endpoint.
"""

from __future__ import annotations

import re

from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from mailcore.errors import ConfigurationError
from mailcore.foundation import shown_name
from mailcore_ses.aws.call import SES, SES_V1


# As botocore.utils.validate_region_name has it (1.44.8).
_REGION = re.compile(r"(?![0-9]+\Z)(?!-)[a-zA-Z0-9-]{1,63}(?<!-)", re.ASCII)
_SERVICES = (SES, SES_V1)


def check_endpoints(options: Iterable[tuple[str, Any]]) -> None:
    """
    Make sure that endpoints are URLs.

    Args:
        options: The names of options with what they were given; None is no endpoint.

    Raises:
        ConfigurationError: If one is not a URL; the text does not show it, as it may hold a
            password.
    """
    for option, url in options:
        if url is not None and not _is_url(url):
            raise ConfigurationError(
                f"ses: {option} is no URL: give one such as https://email.eu-west-1.amazonaws.com"
            )


def _is_url(url: Any) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
        host = parts.hostname or ""
    except (ValueError, AttributeError, TypeError):
        return False
    printable = isinstance(url, str) and url.isprintable() and " " not in url
    return printable and parts.scheme in ("http", "https") and bool(host)


@lru_cache(maxsize=32)
def place_of(endpoint_url: str, region_name: str) -> str:
    """Where calls go, for a text: the host with its port, and the region."""
    try:
        parts = urlsplit(endpoint_url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = f"{parts.hostname}:{port}"
    except ValueError:
        host = "the endpoint"
    return f"{host} (region {region_name})"


def check_region(region_name: str | None) -> None:
    """
    Make sure that the name of a region can be one.

    Raises:
        ConfigurationError: If it cannot.
    """
    if region_name is not None and not _REGION.fullmatch(region_name):
        raise ConfigurationError(
            f"ses: region_name {shown_name(region_name)} is no name of an AWS region: give one "
            "such as eu-west-1, or None for the one that boto3 finds"
        )


def check_instances(session: Any, client: Any) -> None:
    """
    Make sure that a session and a client were made, and the client for SES.

    Raises:
        ConfigurationError: If not.
    """
    if isinstance(session, type):
        raise ConfigurationError(
            "ses: session is a class: give an instance, such as boto3.session.Session()"
        )
    if session is not None and not callable(getattr(session, "client", None)):
        raise ConfigurationError(
            f"ses: session is a {type(session).__name__}: give an instance of boto3.session.Session"
        )
    if client is None:
        return
    model = getattr(getattr(client, "meta", None), "service_model", None)
    if isinstance(client, type) or model is None:
        raise ConfigurationError(
            "ses: client is none of boto3: give an instance, such as boto3.client('sesv2')"
        )
    if model.service_name not in _SERVICES:
        raise ConfigurationError(
            f"ses: client is one for {model.service_name}: give one for sesv2, or for ses with "
            "api_version='v1'"
        )
