"""Send statistics: quarters of an hour, days, and two servers that tell them."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import boto3
import pytest
import requests

from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from mailcore import Attachment, Mailer, Message
from mailcore.flow import run
from mailcore_local.ses import LocalSes
from mailcore_ses.account import SesAccount
from mailcore_ses.account.statistics import (
    DailyStatistics,
    SendCounts,
    SendDataPoint,
    SendStatistics,
    every_day,
    get_statistics,
)
from mailcore_ses.aws import AwsCall, AwsResponse


UTC = timezone.utc
PLUS_TWO = timezone(timedelta(hours=2))


def entry(timestamp: datetime, attempts: int) -> dict[str, Any]:
    """A point as boto3 has it."""
    return {"Timestamp": timestamp, "DeliveryAttempts": attempts, "Bounces": 1, "Complaints": 0}


def counts(attempts: int, bounces: int = 0, complaints: int = 0, rejects: int = 0) -> SendCounts:
    """Figures."""
    return SendCounts(
        delivery_attempts=attempts, bounces=bounces, complaints=complaints, rejects=rejects
    )


def test_points_are_sorted_and_in_utc(answers):
    """SES gives points in no order and boto3 in any zone; ours are sorted, in UTC."""
    transport = answers(
        AwsResponse(
            status_code=200,
            body={
                "SendDataPoints": [
                    entry(datetime(2026, 11, 20, 12, 0, tzinfo=UTC), 3),
                    entry(datetime(2026, 11, 20, 1, 30, tzinfo=PLUS_TWO), 2),
                    entry(datetime(2026, 11, 20, 0, 15), 1),  # noqa: DTZ001  # as moto did
                ]
            },
        )
    )

    found = run(get_statistics(), transport)

    assert [AwsCall(service="ses", operation="GetSendStatistics", params={})] == transport.requests
    assert [
        (datetime(2026, 11, 19, 23, 30, tzinfo=UTC), 2),
        (datetime(2026, 11, 20, 0, 15, tzinfo=UTC), 1),
        (datetime(2026, 11, 20, 12, 0, tzinfo=UTC), 3),
    ] == [(point.timestamp, point.counts.delivery_attempts) for point in found.points]
    assert (
        DailyStatistics(day=date(2026, 11, 19), counts=counts(2, 1)),
        DailyStatistics(day=date(2026, 11, 20), counts=counts(4, 2)),
    ) == found.by_day()
    assert counts(6, 3) == found.total


def test_counts_add_up():
    """Each of the four by itself."""
    assert counts(11, 22, 33, 44) == counts(1, 2, 3, 4) + counts(10, 20, 30, 40)


def test_nothing_sent(answers):
    """An account that sent nothing has no points, no days and no rates."""
    found = run(get_statistics(), answers(AwsResponse(status_code=200, body={})))

    assert (SendStatistics(), (), SendCounts()) == (found, found.by_day(), found.total)
    assert (None, None) == (found.total.bounce_rate, found.total.complaint_rate)


def test_rates():
    """Rates are of attempts."""
    assert (0.05, 0.001) == (
        counts(1000, 50, 1).bounce_rate,
        counts(1000, 50, 1).complaint_rate,
    )


@given(
    st.lists(
        st.tuples(
            st.datetimes(
                datetime(2026, 1, 1),  # noqa: DTZ001  # hypothesis adds the zone
                datetime(2026, 3, 1),  # noqa: DTZ001
                timezones=st.sampled_from([UTC, PLUS_TWO]),
            ),
            st.builds(counts, st.integers(0, 99), st.integers(0, 9)),
        )
    )
)
def test_days_add_up(points: list[tuple[datetime, SendCounts]]):
    """Whatever the points, each day is there once, in order, and nothing is lost."""
    found = SendStatistics(
        points=tuple(SendDataPoint(timestamp=time, counts=each) for time, each in points)
    )
    days = found.by_day()

    assert sorted({each.day for each in days}) == [each.day for each in days]
    assert found.total == sum((each.counts for each in days), start=SendCounts())


def test_every_day():
    """Days without mail are rows too, and days outside are none."""
    known = [
        DailyStatistics(day=date(2026, 11, day), counts=counts(day)) for day in (17, 19, 20, 22)
    ]

    found = every_day(known, date(2026, 11, 19), date(2026, 11, 21))

    assert [(19, 19), (20, 20), (21, 0)] == [
        (each.day.day, each.counts.delivery_attempts) for each in found
    ]


def test_local_ses(invented_credentials):
    """The local SES counts what became of each recipient, by the quarter of an hour."""
    now = [datetime(2026, 11, 19, 23, 50, tzinfo=UTC).timestamp()]
    with (
        LocalSes(clock=lambda: now[0]) as ses,
        Mailer("ses", **ses.provider_options) as mailer,
    ):
        for to in ("success", "bounce", "complaint", "ooto", "suppressionlist"):
            mailer.send(message([f"{to}@simulator.amazonses.com"]))
        now[0] += 15 * 60
        mailer.send(message(["ada@example.net", "bob@example.net"]))
        now[0] += 15 * 60
        mailer.send(virus())
        found = mailer.provider.account.statistics()

    assert [
        (datetime(2026, 11, 19, 23, 45, tzinfo=UTC), counts(5, 2, 1)),
        (datetime(2026, 11, 20, 0, 0, tzinfo=UTC), counts(2)),
        (datetime(2026, 11, 20, 0, 15, tzinfo=UTC), counts(0, rejects=1)),
    ] == [(point.timestamp, point.counts) for point in found.points]
    assert [19, 20] == [each.day.day for each in found.by_day()]


def test_local_ses_forgets(invented_credentials):
    """As SES does, the local one forgets after fourteen days."""
    now = [datetime(2026, 11, 1, tzinfo=UTC).timestamp()]
    with (
        LocalSes(clock=lambda: now[0]) as ses,
        Mailer("ses", **ses.provider_options) as mailer,
    ):
        mailer.send(message(["ada@example.net"]))
        now[0] += 14 * 24 * 60 * 60 + 1
        found = mailer.provider.account.statistics()

    assert () == found.points


def message(to: list[str]) -> Message:
    """A message."""
    return Message(from_email="shop@example.com", to=to, subject="Hello", text="Hello")


def virus() -> Message:
    """A message with the EICAR test file, in two halves lest a scanner takes this one away."""
    content = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + rb"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    return message(["ada@example.net"]).replace(
        attachments=[Attachment(filename="eicar.txt", content=content)]
    )


def test_client_of_your_own(invented_credentials):
    """A sesv2 client that was given has no statistics: they are asked for where it leads."""
    with LocalSes() as ses:
        client = boto3.client("sesv2", region_name="eu-west-1", endpoint_url=ses.url)
        with Mailer("ses", client=client) as mailer:
            mailer.send(message(["ada@example.net"]))

            assert counts(1) == mailer.provider.account.statistics().total


@pytest.fixture(scope="module")
def moto_url():
    """The URL of a moto server on a free port."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_moto(moto_url, invented_credentials):
    """A server written by somebody else answers version 1 of the API, and is understood."""
    requests.post(f"{moto_url}/moto-api/reset", timeout=10)
    before = datetime.now(UTC) - timedelta(seconds=2)
    with Mailer("ses", endpoint_url=moto_url, region_name="eu-west-1") as mailer:
        mailer.provider.client.create_email_identity(EmailIdentity="shop@example.com")
        mailer.send(message(["ada@example.net"]))
        account: SesAccount = mailer.provider.account
        (point,) = account.statistics().points

    # For raw content moto adds the recipients in the header to those in the Destination.
    assert counts(2) == point.counts
    assert before <= point.timestamp <= datetime.now(UTC) + timedelta(seconds=2)
    assert UTC == point.timestamp.tzinfo


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (UTC, [(date(2026, 10, 24), 3), (date(2026, 10, 25), 4)]),
        (ZoneInfo("Europe/Berlin"), [(date(2026, 10, 25), 7)]),
        (ZoneInfo("Asia/Kathmandu"), [(date(2026, 10, 25), 3), (date(2026, 10, 26), 4)]),
        (ZoneInfo("America/New_York"), [(date(2026, 10, 24), 3), (date(2026, 10, 25), 4)]),
    ],
    ids=str,
)
def test_days_of_other_zones(zone, expected):
    """A quarter belongs to the day in which it begins there, and a day has 25 hours in autumn."""
    points = [
        SendDataPoint(timestamp=datetime(2026, 10, 24, 22, 0, tzinfo=UTC), counts=counts(1)),
        SendDataPoint(timestamp=datetime(2026, 10, 24, 23, 45, tzinfo=UTC), counts=counts(2)),
        SendDataPoint(timestamp=datetime(2026, 10, 25, 22, 45, tzinfo=UTC), counts=counts(4)),
    ]

    found = SendStatistics(points=tuple(points)).by_day(zone)

    assert expected == [(each.day, each.counts.delivery_attempts) for each in found]
