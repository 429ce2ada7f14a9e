"""Who asks and in which region, where boto3 is not asked: the same as if it were."""

from __future__ import annotations

import os

import boto3
import pytest

from mailcore import AuthenticationFailed
from mailcore_ses.aws.clients import ClientSettings
from mailcore_ses.aws.identity import Identity
from mailcore_ses.aws.sigv4 import Keys


KEYS = {"aws_access_key_id": "ID", "aws_secret_access_key": "secret"}
OTHERS = {"aws_access_key_id": "OTHER", "aws_secret_access_key": "another"}
VARIABLES = {"AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "of-env"}
FILE = "[default]\naws_access_key_id = FILE\naws_secret_access_key = of-file\n"
FILE += "[other]\naws_access_key_id = PROFILE\naws_secret_access_key = of-profile\n"
FILE += "aws_session_token = token-of-profile\n"
LATER = {"AWS_CREDENTIAL_EXPIRATION": "2099-01-01T00:00:00Z"}


@pytest.fixture
def surroundings(monkeypatch, tmp_path):
    """An environment with files of AWS, and with the variables that a test gives."""
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    (tmp_path / "credentials").write_text(FILE)
    (tmp_path / "config").write_text(
        "[default]\nregion = eu-north-1\n[profile other]\nregion = eu-south-1\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def give(variables: dict[str, str]) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return give


def keys_of_boto3(session: dict[str, str], client: dict[str, str]) -> Keys:
    """Those that a client signs with."""
    made = boto3.session.Session(**session).client("sesv2", **{"region_name": "a", **client})
    found = made._request_signer._credentials.get_frozen_credentials()
    made.close()
    return Keys(
        access_key_id=found.access_key,
        secret_access_key=found.secret_key,
        session_token=found.token,
    )


CREDENTIALS = {
    # parameters of the session, of the client, variables, the key id, whether it is simply given
    "client": ({}, KEYS, VARIABLES, "ID", True),
    "client, with a token": ({}, {**KEYS, "aws_session_token": "t"}, {}, "ID", True),
    "client before session": (OTHERS, KEYS, {}, "ID", True),
    "session": (KEYS, {}, VARIABLES, "ID", True),
    "session, with a token": ({**KEYS, "aws_session_token": "t"}, {}, {}, "ID", True),
    "session before profile": ({**KEYS, "profile_name": "other"}, {}, {}, "ID", True),
    "variables": ({}, {}, VARIABLES, "ENV", True),
    "variables, with a token": ({}, {}, {**VARIABLES, "AWS_SESSION_TOKEN": "t"}, "ENV", True),
    "the old name of a token": ({}, {}, {**VARIABLES, "AWS_SECURITY_TOKEN": "t"}, "ENV", True),
    "both names of a token": (
        *({}, {}, {**VARIABLES, "AWS_SECURITY_TOKEN": "old", "AWS_SESSION_TOKEN": "t"}),
        *("ENV", True),
    ),
    "profile before variables": ({"profile_name": "other"}, {}, VARIABLES, "PROFILE", False),
    "variables before a variable's profile": (
        *({}, {}, {**VARIABLES, "AWS_PROFILE": "other"}),
        *("ENV", True),
    ),
    "variables that end": ({}, {}, {**VARIABLES, **LATER}, "ENV", False),
    "file": ({}, {}, {}, "FILE", False),
    "no id": ({}, {}, {"AWS_SECRET_ACCESS_KEY": "s"}, "FILE", False),
}


@pytest.mark.parametrize(
    ("session", "client", "variables", "key_id", "is_simple"), CREDENTIALS.values(), ids=CREDENTIALS
)
def test_credentials_are_those_of_boto3(
    surroundings, session, client, variables, key_id, is_simple
):
    """Whatever is given in several places; and what is simply given costs nothing."""
    surroundings(variables)
    identity = Identity(
        ClientSettings(region_name="a", session_parameters=session, client_parameters=client)
    )

    found = identity.keys()

    assert keys_of_boto3(session, client) == found
    assert key_id == found.access_key_id
    assert ((True, found) if is_simple else (False, None)) == identity.simple_keys()


@pytest.mark.parametrize(
    ("session", "client", "variables"),
    [
        ({}, {"aws_access_key_id": "ID"}, VARIABLES),
        ({}, {"aws_secret_access_key": "s"}, VARIABLES),
        ({}, {"aws_session_token": "t"}, VARIABLES),
        ({"aws_access_key_id": "ID"}, {}, VARIABLES),
        ({"aws_secret_access_key": "s"}, {}, VARIABLES),
        ({}, {}, {"AWS_ACCESS_KEY_ID": "ID"}),
    ],
    ids=str,
)
def test_halves_are_left_to_boto3(surroundings, session, client, variables):
    """It says what is missing; nobody signs with keys of another place meanwhile."""
    surroundings(variables)
    identity = Identity(
        ClientSettings(region_name="a", session_parameters=session, client_parameters=client)
    )

    assert (True, None) == identity.simple_keys()
    assert identity.keys() is None


REGIONS = {
    # the option, parameters of the session, of the client, variables, whether it is simply given
    "option": ("eu-west-1", {"region_name": "b"}, {}, {"AWS_DEFAULT_REGION": "c"}, True),
    "client": (None, {"region_name": "b"}, {"region_name": "eu-west-1"}, {}, True),
    "session": (None, {"region_name": "eu-west-1"}, {}, {"AWS_DEFAULT_REGION": "c"}, True),
    "variable": (None, {}, {}, {"AWS_DEFAULT_REGION": "eu-west-1"}, True),
    "file": (None, {}, {}, {}, False),
    "profile": (None, {"profile_name": "other"}, {}, {}, False),
    "no region": (None, {}, {}, {"AWS_CONFIG_FILE": "no-such-file"}, False),
}


@pytest.mark.parametrize(
    ("option", "session", "client", "variables", "is_simple"), REGIONS.values(), ids=REGIONS
)
def test_region_is_that_of_boto3(surroundings, option, session, client, variables, is_simple):
    """The option first, then as boto3 looks for it."""
    surroundings({**VARIABLES, **variables})
    expected = option or client.get("region_name") or boto3.session.Session(**session).region_name
    identity = Identity(
        ClientSettings(region_name=option, session_parameters=session, client_parameters=client)
    )

    assert expected == identity.region_name()
    assert (expected if is_simple else None) == identity.simple_region_name()


@pytest.mark.parametrize("missing", ["id", "secret"])
def test_empty_keys_of_a_file_are_told_of(surroundings, tmp_path, missing):
    """Nothing is signed with half of a pair, and boto3 does not say what is wrong with it."""
    surroundings({})
    given = {"id": "FILE", "secret": "of-file", missing: ""}
    (tmp_path / "credentials").write_text(
        f"[default]\naws_access_key_id = {given['id']}\naws_secret_access_key = {given['secret']}\n"
    )

    with pytest.raises(AuthenticationFailed, match=r"in the file .*credentials is empty"):
        Identity(ClientSettings(region_name="a")).keys()


def test_what_botocore_found_stays(surroundings, tmp_path, monkeypatch):
    """As in a client of boto3, until another process looks for itself."""
    surroundings({})
    identity = Identity(ClientSettings(region_name="a"))
    before = identity.keys()
    (tmp_path / "credentials").write_text(FILE.replace("FILE", "CHANGED"))
    after = identity.keys()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    elsewhere = identity.keys()

    assert ["FILE", "FILE", "CHANGED"] == [
        each.access_key_id for each in (before, after, elsewhere)
    ]


def test_nothing_is_found_where_nothing_is(surroundings):
    """Neither files nor variables, nor an instance that would be asked."""
    surroundings({"AWS_SHARED_CREDENTIALS_FILE": "no-such", "AWS_CONFIG_FILE": "no-such"})
    identity = Identity(ClientSettings())

    assert (None, None) == (identity.keys(), identity.region_name())
    assert (False, None) == identity.simple_keys()


def test_keys_of_a_session_are_texts(surroundings):
    """Whatever stands for one, such as a value of lazy settings."""

    class Lazy:
        def __str__(self) -> str:
            return "lazy"

    surroundings({})
    given = dict.fromkeys(
        ("aws_access_key_id", "aws_secret_access_key", "aws_session_token"), Lazy()
    )
    identity = Identity(ClientSettings(client_parameters=given))

    assert Keys(access_key_id="lazy", secret_access_key="lazy", session_token="lazy") == (
        identity.keys()
    )
