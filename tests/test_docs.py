"""The documentation is held against the code."""

from __future__ import annotations

import subprocess
import sys

from importlib.metadata import version
from pathlib import Path

import pytest


ROOT = Path(__file__).resolve().parent.parent


def run_mailcore(*arguments: str) -> str:
    """Return what the command prints."""
    finished = subprocess.run(
        [sys.executable, "-m", "mailcore", *arguments],
        capture_output=True,
        check=True,
        encoding="utf-8",
        cwd=ROOT / "docs",
    )
    return finished.stdout


@pytest.mark.slow
def test_feature_matrix_is_the_one_that_the_command_prints() -> None:
    """docs/features.md is what `mailcore features --format md` prints; see `make features`."""
    expected = run_mailcore("features", "--format", "md")

    assert expected == (ROOT / "docs" / "features.md").read_text(encoding="utf-8")


# Of django_ses/conf.py of django-ses 4.8.2, and the proxy settings that earlier versions had.
DJANGO_SES = """
AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_SES_ACCESS_KEY_ID
AWS_SES_SECRET_ACCESS_KEY AWS_SES_SESSION_TOKEN AWS_SESSION_PROFILE AWS_SES_REGION_NAME
AWS_DEFAULT_REGION AWS_SES_REGION_ENDPOINT AWS_SES_REGION_ENDPOINT_URL AWS_SES_AUTO_THROTTLE
AWS_SES_CONFIG AWS_SES_RETURN_PATH AWS_SES_CONFIGURATION_SET DKIM_DOMAIN DKIM_PRIVATE_KEY
DKIM_SELECTOR DKIM_HEADERS AWS_SES_SOURCE_ARN AWS_SES_FROM_ARN AWS_SES_RETURN_PATH_ARN
USE_SES_V2 AWS_SES_GLOBAL_ENDPOINT_ID AWS_SES_FROM_EMAIL TIME_ZONE
AWS_SES_VERIFY_EVENT_SIGNATURES AWS_SES_VERIFY_BOUNCE_SIGNATURES
AWS_SNS_EVENT_TRUSTED_TOPIC_ARNS AWS_SNS_EVENT_CERT_TRUSTED_DOMAINS
AWS_SNS_BOUNCE_CERT_TRUSTED_DOMAINS AWS_SES_ADD_BOUNCE_TO_BLACKLIST
AWS_SES_ADD_COMPLAINT_TO_BLACKLIST AWS_SES_USE_BLACKLIST AWS_SES_INBOUND_HANDLER
AWS_SES_INBOUND_ACCESS_KEY_ID AWS_SES_INBOUND_SECRET_ACCESS_KEY AWS_SES_INBOUND_SESSION_TOKEN
AWS_SES_PROXY AWS_SES_PROXY_PORT AWS_SES_PROXY_USER AWS_SES_PROXY_PASS
"""


def rows_of_migration() -> list[tuple[str, str]]:
    """The tables of the page about other libraries: what was there, and what is here."""
    page = (ROOT / "docs" / "how-to" / "migrate.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    return [(cells[0], cells[-1]) for cells in rows if len(cells) > 1]


@pytest.mark.parametrize("setting", DJANGO_SES.split())
def test_migration_answers_each_setting_of_django_ses(setting: str) -> None:
    """docs/how-to/migrate.md says of every setting what there is instead."""
    answers = [now for before, now in rows_of_migration() if f"`{setting}`" in before]

    assert answers
    assert all(answer.strip() for answer in answers)


@pytest.mark.parametrize("changelog", ["CHANGELOG.md", "plugins/ses/CHANGELOG.md"])
def test_changelog_names_the_version_that_is_built(changelog: str) -> None:
    """Each changelog has a section for the version of its distribution."""
    name = "mailcore-ses" if "ses" in changelog else "mailcore-esp"
    text = (ROOT / changelog).read_text(encoding="utf-8")

    assert f"## [{version(name)}]" in text
