"""Signatures of AWS, held against botocore's."""

from __future__ import annotations

import time

from datetime import datetime, timezone
from urllib.parse import quote

import botocore.auth
import pytest

from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from mailcore_ses.aws.sigv4 import Keys, signed_headers


WORD = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", min_size=1)
SEGMENT = st.text(max_size=8).map(lambda text: quote(text, safe="")) | st.sampled_from(
    ["", ".", "..", "~", "a%20b", "a+b", "v2", "%C3%BC"]
)
VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
RESERVED = {"host", "date", "authorization", *botocore.auth.SIGNED_HEADERS_BLACKLIST}
NAME = st.from_regex(r"\A[A-Za-z][A-Za-z0-9-]{0,12}\Z").filter(
    lambda name: (
        name.lower()
        not in {"host", "date", "authorization", *botocore.auth.SIGNED_HEADERS_BLACKLIST}
        and not name.lower().startswith("x-amz-")
    )
)
PAIR = st.builds("{}={}".format, SEGMENT, SEGMENT) | SEGMENT
URL = st.builds(
    lambda scheme, host, port, segments, pairs: (
        f"{scheme}://{host}{port}/{'/'.join(segments)}{'?' + '&'.join(pairs) if pairs else ''}"
    ),
    st.sampled_from(["http", "https"]),
    st.sampled_from(["email.eu-west-1.amazonaws.com", "Mail.Example", "127.0.0.1", "[::1]"]),
    st.sampled_from(["", ":80", ":443", ":8080"]),
    st.lists(SEGMENT, max_size=5),
    st.lists(PAIR, max_size=4),
)


def signed_by_botocore(
    method: str, url: str, headers: dict[str, str], body: bytes, keys: Keys, **where: str
) -> dict[str, str]:
    """The headers that botocore makes of the same request, and its moment."""
    request = AWSRequest(method=method, url=url, headers=dict(headers), data=body)
    credentials = Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
    botocore.auth.SigV4Auth(credentials, where["service"], where["region_name"]).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@given(
    url=URL,
    headers=st.dictionaries(NAME, VALUE, max_size=4),
    body=st.binary(max_size=50),
    keys=st.builds(
        Keys,
        access_key_id=WORD,
        secret_access_key=st.text(min_size=1).filter(lambda text: "\ud800" > max(text)),
        session_token=st.none() | WORD,
    ),
    region_name=WORD,
    service=WORD,
)
def test_signatures_are_those_of_botocore(url, headers, body, keys, region_name, service):
    """Of any request: its path, query, headers, body, region and credentials."""
    where = {"region_name": region_name, "service": service}
    if len({name.lower() for name in headers}) < len(headers):
        headers = {}
    expected = signed_by_botocore("POST", url, headers, body, keys, **where)
    moment = datetime.strptime(f"{expected['x-amz-date']}+0000", "%Y%m%dT%H%M%SZ%z")

    found = signed_headers("POST", url, headers, body, keys=keys, now=moment, **where)

    assert expected == {name.lower(): value for name, value in found.items()}


@pytest.mark.parametrize(
    "url",
    [
        "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails",
        "http://127.0.0.1:8005",
        "http://127.0.0.1:80/",
        "http://127.0.0.1:443/a",
        "https://[::1]:443/a",
        "https://[::1]:8443/a/",
        "https://Mail.Example/",
        "https://mail.example//a///b/",
        "https://mail.example/a/./b/../c/..",
        "https://mail.example/../../a",
        "https://mail.example/a%20b/%C3%BC/~/a+b/x=y,z",
        "https://mail.example/?b=2&a=1&a&c=d=e&a=0",
        "https://mail.example/a?=&&x=%20",
    ],
)
def test_each_part_of_a_url_is_signed(url):
    """As botocore does it: dots, slashes, ports, what is quoted, and the order of a query."""
    keys = Keys(access_key_id="AKIA", secret_access_key="s3cret", session_token="t0ken")
    where = {"region_name": "eu-west-1", "service": "ses"}
    headers = {"Content-Type": " application/json;  charset=utf-8 ", "X-B": "b"}
    expected = signed_by_botocore("PUT", url, headers, b"{}", keys, **where)
    moment = datetime.strptime(f"{expected['x-amz-date']}+0000", "%Y%m%dT%H%M%SZ%z")

    found = signed_headers("PUT", url, headers, b"{}", keys=keys, now=moment, **where)

    assert expected == {name.lower(): value for name, value in found.items()}


def test_the_moment_is_that_of_utc(monkeypatch):
    """Wherever the machine stands."""
    keys = Keys(access_key_id="AKIA", secret_access_key="s3cret")
    monkeypatch.setenv("TZ", "XYZ-9")
    time.tzset()
    try:
        before = datetime.now(timezone.utc).replace(microsecond=0)
        headers = signed_headers(
            "GET", "https://a.example", {}, b"", keys=keys, region_name="a", service="b"
        )
        after = datetime.now(timezone.utc)
    finally:
        monkeypatch.undo()
        time.tzset()

    signed_at = datetime.strptime(f"{headers['X-Amz-Date']}+0000", "%Y%m%dT%H%M%SZ%z")
    assert before <= signed_at <= after


@pytest.mark.parametrize("token", [None, "t0ken"])
def test_keys_are_no_text(token):
    """Secrets stay out of the repr."""
    keys = Keys(access_key_id="AKIA", secret_access_key="s3cret", session_token=token)

    assert "Keys()" == repr(keys)
