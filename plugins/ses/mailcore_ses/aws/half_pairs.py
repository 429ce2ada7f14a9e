"""Credentials of which one half is there and empty: no library says of these what is wrong."""

from __future__ import annotations

import os

from typing import Any

from mailcore.errors import AuthenticationFailed


# Where botocore 1.44 found them (`Credentials.method`), and the file that is meant.
_FILES = {
    "shared-credentials-file": ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
    "config-file": ("AWS_CONFIG_FILE", "~/.aws/config"),
}


def half_pair(
    access_key_id: object, secret_access_key: object, method: object
) -> AuthenticationFailed | None:
    """
    The error for credentials of botocore's that cannot sign; None if both halves are there.

    Args:
        access_key_id: The access key id.
        secret_access_key: The secret key that belongs to it.
        method: Where botocore found them, in its own word.
    """
    names = {"aws_access_key_id": access_key_id, "aws_secret_access_key": secret_access_key}
    missing = [name for name, value in names.items() if not value]
    if not missing:
        return None
    if method in _FILES:
        variable, path = _FILES[str(method)]
        place = f"the file {os.environ.get(variable) or path}"
    else:
        place = f"{method or 'an unknown place'} (where botocore found them)"
    return AuthenticationFailed(
        f"no AWS credentials: {' and '.join(missing)} in {place} is empty: write it there, or "
        "remove both lines so that other places are asked",
        category="credentials",
    )


def half_pair_of(client: Any) -> AuthenticationFailed | None:
    """The same for the credentials that a client of boto3 was made with, if they never change."""
    found: Any = getattr(getattr(client, "_request_signer", None), "_credentials", None)
    # Those of other classes are fetched when they are looked at.
    if found is None or type(found).__name__ != "Credentials":
        return None
    return half_pair(found.access_key, found.secret_key, found.method)
