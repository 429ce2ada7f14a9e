"""
Options that most services have, declared as each of them does: a key, and the address of the API.

See :func:`mailcore.registry.provider_options.option`.
"""

from __future__ import annotations

from typing import TypeVar

from mailcore.registry.provider_options import is_base_url, is_token, option, without_last_slash


T = TypeVar("T", bound="str | None")


def key_option(
    must_be: str = "a key: ASCII without spaces", *, parameter: str = "", in_url: str = "username"
) -> str | None:
    """
    Declare the key of an API: a secret that may stand in a header; None, where it is not needed.

    Args:
        must_be: Follows "must be" in the error.
        parameter: What the service's API calls it, if a message may bring one.
        in_url: Where it stands in a URL: ``provider://KEY@host``, or its password.
    """
    return option(
        None, parameter=parameter, fits=is_token, must_be=must_be, in_url=in_url, secret=True
    )


def base_url_option(default: T, *, version: str = "", in_url: str = "host") -> T:
    """
    Declare the address of an API, which another host, a proxy or a server for tests may have.

    Args:
        default: The service's own; None, where another option chooses it.
        version: What the service's paths begin with, such as ``/v3``, where it is added later: one
            that is given with it is taken, too.
        in_url: Where it stands in a URL; empty if it does not.
    """

    def settled(url: str) -> str:
        return without_last_slash(without_last_slash(url).removesuffix(version))

    return option(
        default,
        fits=is_base_url,
        must_be="an http or https URL without credentials and query",
        in_url=in_url,
        settled=settled,
    )
