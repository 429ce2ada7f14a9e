"""What the options of a provider say about the clients that call AWS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mailcore.errors import ConfigurationError
from mailcore.http import redirect_target
from mailcore_ses.aws.call import SES, SES_V1
from mailcore_ses.aws.clients import ClientSettings
from mailcore_ses.aws.credentials import with_credentials
from mailcore_ses.aws.endpoints import check_endpoints, check_instances, check_region
from mailcore_ses.aws.redirecting import redirected_clients


if TYPE_CHECKING:
    from mailcore_ses.options import SesOptions

# What the flows that set up events and receiving call beside SES.
_SERVICES_OF_SETUP = ("s3", "sns", "sqs", "sts")


def check_clients(options: SesOptions) -> None:
    """
    Refuse options about clients that contradict each other, or that AWS cannot be called by.

    Raises:
        ConfigurationError: With the first of them.
    """
    made = (options.session, options.session_parameters, options.client_parameters)
    if options.client is not None and made != (None,) * 3:
        raise ConfigurationError("ses: give either a client, or how to make one")
    if options.client is not None and options.endpoint_url is not None:
        raise ConfigurationError("ses: give endpoint_url to the client that you make")
    if options.session is not None and options.session_parameters is not None:
        raise ConfigurationError("ses: give either a session, or session_parameters")
    check_instances(options.session, options.client)
    check_region(options.region_name)
    urls = ("endpoint_url", "sns_endpoint_url", "s3_endpoint_url", "kms_endpoint_url")
    client_url = (options.client_parameters or {}).get("endpoint_url")
    check_endpoints(
        [
            *((name, getattr(options, name)) for name in urls),
            ("client_parameters['endpoint_url']", client_url),
        ]
    )


def clients_of_setup(options: SesOptions) -> ClientSettings:
    """
    How to make the clients of the flows in :mod:`mailcore_ses.setup`.

    An ``endpoint_url`` counts for all services then that have none of their own: what sets up an
    imitation of AWS must not make a topic at AWS itself.
    """
    target = redirect_target()
    if target is not None:
        return redirected_clients(options, f"{target}/ses")
    return clients_of(options, dict.fromkeys(_SERVICES_OF_SETUP, options.endpoint_url))


def clients_of(
    options: SesOptions, others: Mapping[str, str | None] | None = None
) -> ClientSettings:
    """
    How to make the clients.

    Args:
        options: The options of the provider.
        others: Endpoints of services that have none of their own, by service.
    """
    given = others or {}
    endpoints = {
        SES: options.endpoint_url,
        SES_V1: options.endpoint_url,
        "sns": options.sns_endpoint_url or given.get("sns"),
        "s3": options.s3_endpoint_url or given.get("s3"),
        "kms": options.kms_endpoint_url,
    }
    return ClientSettings(
        region_name=options.region_name,
        endpoint_urls={s: url for s, url in {**given, **endpoints}.items() if url is not None},
        session=options.session,
        session_parameters=with_credentials(
            options.access_key_id,
            options.secret_access_key,
            options.session_token,
            session_parameters=options.session_parameters,
            made_elsewhere=(options.session, options.client) != (None, None),
        ),
        client=options.client,
        client_parameters=options.client_parameters or {},
        connect_timeout_seconds=options.connect_timeout_seconds,
        read_timeout_seconds=options.read_timeout_seconds,
        max_pool_connections=options.max_pool_connections,
    )
