"""Credentials and region for calls that boto3 does not make: given, or as botocore finds them."""

from __future__ import annotations

import os

from typing import Any

from mailcore_ses.aws.clients import ClientSettings
from mailcore_ses.aws.half_pairs import half_pair
from mailcore_ses.aws.sessions import making, shared_session
from mailcore_ses.aws.sigv4 import Keys
from mailcore_ses.aws.way import first_given


class Identity:
    """
    Who asks, and in which region, at each moment.

    What the settings or the environment say costs nothing. Everything else (profiles, roles,
    containers, instances, single sign-on) is botocore's: one session of it, which also fetches
    credentials anew before they end. What it fails to find is none: then boto3 makes the call, and
    says why.

    Args:
        settings: How clients would be made.
    """

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._found: tuple[int, Any, Any] | None = None

    def simple_region_name(self) -> str | None:
        """The region that is simply given, or None."""
        settings = self._settings
        given = settings.region_name or first_given(
            "region_name", settings.client_parameters, settings.session_parameters
        )
        return given or os.environ.get("AWS_DEFAULT_REGION") or None

    def region_name(self) -> str | None:
        """The region, or None if there is none."""
        given = self.simple_region_name()
        if given is not None:
            return given
        try:
            session, _ = self._of_botocore()
            region_name: str | None = session.get_config_variable("region")
        except Exception:  # noqa: BLE001  # boto3 meets it again, and it is read there
            return None
        return region_name

    def keys(self) -> Keys | None:
        """
        Credentials, fresh ones if they come to an end; None if there are none that can be used.

        This may take a while, and use the network.

        Raises:
            AuthenticationFailed: If those that were found are half empty.
        """
        known, found = self.simple_keys()
        if known:
            return found
        try:
            _, credentials = self._of_botocore()
            frozen = credentials.get_frozen_credentials() if credentials is not None else None
        except Exception:  # noqa: BLE001  # boto3 meets it again, and it is read there
            return None
        if frozen is None:
            return None
        half = half_pair(frozen.access_key, frozen.secret_key, credentials.method)
        if half is not None:
            raise half
        return _keys(frozen.access_key, frozen.secret_key, frozen.token)

    def simple_keys(self) -> tuple[bool, Keys | None]:
        """Whether credentials are simply given, and those if they are whole."""
        settings = self._settings
        for place in (settings.client_parameters, settings.session_parameters):
            if place and any(map(place.get, _NAMES)):
                return True, _keys(*(place.get(name) for name in _NAMES))
        environ = os.environ
        if settings.session_parameters.get("profile_name") or not environ.get("AWS_ACCESS_KEY_ID"):
            return False, None
        if environ.get("AWS_CREDENTIAL_EXPIRATION"):
            return False, None
        # Of both, botocore takes the old name.
        token = environ.get("AWS_SECURITY_TOKEN") or environ.get("AWS_SESSION_TOKEN")
        return True, _keys(
            environ["AWS_ACCESS_KEY_ID"], environ.get("AWS_SECRET_ACCESS_KEY"), token
        )

    def _of_botocore(self) -> tuple[Any, Any]:
        found = self._found
        if found is None or found[0] != os.getpid():
            with making:
                found = self._found
                if found is None or found[0] != os.getpid():
                    from botocore.session import Session

                    profile_name = self._settings.session_parameters.get("profile_name")
                    session = shared_session(Session, {"profile": profile_name})
                    credentials = session.get_credentials()
                    found = self._found = (os.getpid(), session, credentials)
        return found[1], found[2]


_NAMES = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")


def _keys(access_key_id: Any, secret_access_key: Any, session_token: Any) -> Keys | None:
    if not access_key_id or not secret_access_key:
        return None
    return Keys(
        access_key_id=str(access_key_id),
        secret_access_key=str(secret_access_key),
        session_token=str(session_token) if session_token else None,
    )
