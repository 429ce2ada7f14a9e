"""Credentials among the options, for URLs: ``ses://KEY:SECRET@?region_name=eu-west-1``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailcore.errors import ConfigurationError


def with_credentials(
    access_key_id: str | None,
    secret_access_key: str | None,
    session_token: str | None,
    *,
    session_parameters: Mapping[str, Any] | None,
    made_elsewhere: bool,
) -> Mapping[str, Any]:
    """
    The arguments of boto3's session, with the credentials that are given as options.

    Args:
        access_key_id: The access key id of the credentials.
        secret_access_key: The secret key that belongs to it.
        session_token: The token of temporary credentials.
        session_parameters: The other arguments of the session.
        made_elsewhere: Whether a session or a client is given, which has its credentials.

    Raises:
        ConfigurationError: One of the two is missing, or there are others.
    """
    given = {
        "aws_access_key_id": access_key_id,
        "aws_secret_access_key": secret_access_key,
        "aws_session_token": session_token,
    }
    own = {name: value for name, value in given.items() if value is not None}
    parameters = dict(session_parameters or {})
    if not own:
        return parameters
    if not access_key_id or not secret_access_key:
        raise ConfigurationError("ses: access_key_id and secret_access_key go together")
    if made_elsewhere or own.keys() & parameters.keys():
        raise ConfigurationError(
            "ses: give credentials once: as access_key_id and secret_access_key, in "
            "session_parameters, or with a session or a client"
        )
    return {**parameters, **own}
