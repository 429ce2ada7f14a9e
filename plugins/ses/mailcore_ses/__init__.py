"""Amazon SES for mailcore: ``mailcore.Mailer("ses", region_name="eu-west-1")``."""

from __future__ import annotations

from typing import TYPE_CHECKING


try:
    from mailcore import Provider as _Provider  # noqa: F401  # is it there, and is it ours?
except ImportError as _error:
    if _error.name != "mailcore":
        raise
    raise ImportError(
        "mailcore-ses needs the `mailcore` of mailcore-esp, and no other "
        "project's: pip uninstall mailcore; pip install --force-reinstall mailcore-esp"
    ) from _error

if TYPE_CHECKING:
    from mailcore_ses.aws.call import AwsCall, AwsResponse
    from mailcore_ses.options import ses_options
    from mailcore_ses.provider import SesProvider
else:
    from mailcore.foundation import lazily

    __getattr__, __dir__ = lazily(
        __name__,
        {
            "AwsCall": "aws.call",
            "AwsResponse": "aws.call",
            "SesProvider": "provider",
            "ses_options": "options",
        },
    )


__all__ = ["AwsCall", "AwsResponse", "SesProvider", "ses_options"]
