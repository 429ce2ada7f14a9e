"""
Which way SES's calls go: over our own HTTP, or through boto3.

boto3 knows things that only it knows: clients and sessions that are given, settings of AWS's own
configuration, what others hooked into it to watch or to replace it. Where any of it is there,
boto3 makes the calls.
"""

from __future__ import annotations

import os
import re
import sys

from collections.abc import Mapping
from pathlib import Path
from types import FunctionType
from typing import Any, Literal, TypeAlias

from mailcore.foundation import Variables
from mailcore_ses.aws.call import SES
from mailcore_ses.aws.clients import ClientSettings


Way: TypeAlias = Literal["auto", "http", "boto3"]
"""Who makes the calls that send: our own HTTP, or boto3; ``auto`` is boto3 where it is needed."""

# The partition "aws" and the one for the US government: email.REGION.amazonaws.com (endpoint rules
# in botocore's model of sesv2, 1.44.8). Regions of the others have other domains.
_REGION = re.compile(r"(?:us|us-gov|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d{1,2}", re.ASCII)

_OF_CLIENT = frozenset(
    {
        "region_name",
        "endpoint_url",
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
    }
)
_OF_SESSION = frozenset(_OF_CLIENT - {"endpoint_url"} | {"profile_name"})

# What botocore looks at, and we do not.
_VARIABLES = (
    "AWS_DATA_PATH",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SESV2",
    "AWS_AUTH_SCHEME_PREFERENCE",
    "AWS_SIGV4A_SIGNING_REGION_SET",
)
_SWITCHES = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT")
_OTHERS = Variables(*_VARIABLES, *_SWITCHES)
_BUNDLE = Variables("AWS_CA_BUNDLE")
_IN_FILE = re.compile(
    r"^\s*(ca_bundle|endpoint_url|services|use_fips_endpoint|use_dualstack_endpoint"
    r"|sigv4a_signing_region_set|auth_scheme_preference|api_versions)\s*=",
    re.MULTILINE,
)

# What others replace in order to watch calls, or to answer them: moto, Stubber and mocks,
# OpenTelemetry, X-Ray, Datadog, Sentry.
_REPLACEABLE = (
    ("botocore.client", "BaseClient", ("__init__", "_make_api_call", "_make_request")),
    (
        "botocore.endpoint",
        "Endpoint",
        ("make_request", "prepare_request", "_send_request", "_send"),
    ),
    ("botocore.httpsession", "URLLib3Session", ("__init__", "send")),
    ("botocore.session", "Session", ("create_client",)),
    ("boto3.session", "Session", ("__init__", "client")),
)


def reason_of_settings(settings: ClientSettings) -> str:
    """
    What of the settings and of AWS's own asks for boto3, for people; empty if nothing does.

    Args:
        settings: How clients would be made.
    """
    given = settings.client_parameters
    if settings.client is not None:
        return "a client is given"
    if settings.session is not None:
        return "a session is given"
    for option, names, known in (
        ("client_parameters", given, _OF_CLIENT),
        ("session_parameters", settings.session_parameters, _OF_SESSION),
    ):
        others = sorted(set(names) - known)
        if others:
            return f"{option} has {', '.join(map(str, others))}"
    found = _IN_FILE.search(_configuration())
    if found is not None:
        return f"the configuration file of AWS has {found[1]}"
    return ""


def reason_of_environment() -> str:
    """What of the environment asks for boto3 at this moment, for people; empty if nothing does."""
    if _BUNDLE.any_is_set():
        bundle = os.environ["AWS_CA_BUNDLE"]
        if bundle != os.environ.get("REQUESTS_CA_BUNDLE"):
            return "AWS_CA_BUNDLE is set, and REQUESTS_CA_BUNDLE is another"
    if not _OTHERS.any_is_set():
        return ""
    for name in _VARIABLES:
        if os.environ.get(name):
            return f"{name} is set"
    for name in _SWITCHES:
        if os.environ.get(name, "").lower() == "true":
            return f"{name} is set"
    return ""


def _configuration() -> str:
    path = os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config"
    try:
        return Path(path).expanduser().read_text("utf-8", errors="replace")
    except (OSError, RuntimeError):
        return ""


def reason_now() -> str:
    """
    What is hooked into boto3 at this moment, for people; empty if nothing is.

    It costs microseconds, and is asked before each call: mocks come and go.
    """
    # Nobody has replaced what was not imported.
    if "botocore" not in sys.modules:
        return ""
    for module_name, class_name, methods in _REPLACEABLE:
        module: Any = sys.modules.get(module_name)
        if module is None:
            continue
        cls = getattr(module, class_name, None)
        if not isinstance(cls, type):
            return f"{module_name}.{class_name} is replaced"
        # A mock is no function, and a function of somebody else's stands in another package.
        package = module.__file__.rpartition(module_name.rpartition(".")[2])[0]
        for name in methods:
            method = getattr(cls, name, None)
            if type(method) is not FunctionType or not method.__code__.co_filename.startswith(
                package
            ):
                return f"{module_name}.{class_name}.{name} is replaced"
    return _foreign_handler()


def _foreign_handler() -> str:
    """Handlers that others put among botocore's own, as moto does."""
    module: Any = sys.modules.get("botocore.handlers")
    handlers = getattr(module, "BUILTIN_HANDLERS", ())
    # moto's comes last; botocore has none of its own for this event.
    for entry in reversed(handlers[-20:]):
        if str(entry[0]).startswith("before-send"):
            owner = str(getattr(entry[1], "__module__", None) or "something")
            return f"{owner.partition('.')[0]} answers the calls of boto3"
    return ""


def endpoint_of(settings: ClientSettings, region_name: str) -> str | None:
    """
    Where SES is in a region; None if only botocore knows.

    Args:
        settings: How clients would be made; they may name an endpoint.
        region_name: The region that is asked.
    """
    given = settings.endpoint_urls.get(SES) or settings.client_parameters.get("endpoint_url")
    if given:
        return str(given)
    if _REGION.fullmatch(region_name):
        return f"https://email.{region_name}.amazonaws.com"
    return None


def first_given(name: str, *places: Mapping[str, Any]) -> str | None:
    """The first value of a name that is not empty, looked for in several mappings."""
    for place in places:
        if place.get(name):
            return str(place[name])
    return None
