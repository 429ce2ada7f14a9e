"""`mailcore ses stats`: figures, charts and the file that keeps them."""

from __future__ import annotations

import io
import json
import sys
import zoneinfo

from datetime import datetime, timedelta, timezone
from xml.etree import ElementTree as ET

import pytest

from mailcore import Mailer, Message
from mailcore.cli import main
from mailcore_local.ses import LocalSes
from mailcore_ses.account.statistics import DailyStatistics, SendCounts
from mailcore_ses.account.statistics_store import StatisticsStore
from mailcore_ses.cli import stats


NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
TODAY = NOON.date()


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    """It is the same day as long as a test runs."""
    monkeypatch.setattr(stats, "_now", lambda: NOON)


@pytest.fixture
def ses(invented_credentials):
    """A local SES that took three recipients, one of whom bounced."""
    with (
        LocalSes(region_name="eu-west-1", clock=NOON.timestamp) as running,
        Mailer("ses", **running.provider_options) as mailer,
    ):
        for to in ("success", "bounce", "success+2"):
            mailer.send(
                Message(
                    from_email="shop@example.com",
                    to=[f"{to}@simulator.amazonses.com"],
                    subject="Hello",
                    text="Hello",
                )
            )
        yield running


@pytest.fixture
def where(ses):
    """Options that lead to it."""
    return ["--option", "region_name=eu-west-1", "--option", f"endpoint_url={ses.url}"]


def last_day(written: str) -> dict[str, object]:
    """The last day in JSON."""
    found: dict[str, object] = json.loads(written)["days"][-1]
    return found


def test_table_and_bars(where, capsys):
    """The table has a row for each day and the sum; the bars stand below it."""
    assert 0 == main(["ses", "stats", "--days", "3", *where])
    lines = capsys.readouterr().out.splitlines()

    assert [f"{TODAY - timedelta(days=back)}" for back in (2, 1, 0)] == [
        line.split()[0] for line in lines[2:5]
    ]
    assert ["3", "1", "0", "0", "33.33%", "0.00%"] == lines[5].split()[1:]
    assert "total" == lines[5].split()[0]
    assert [f"{TODAY - timedelta(days=1)} 0", f"{TODAY} {'█' * 50} 3"] == lines[-2:]


def test_fourteen_days(where, capsys):
    """Without a number, all days that SES keeps are shown."""
    main(["ses", "stats", "--json", *where])
    value = json.loads(capsys.readouterr().out)

    assert 14 == len(value["days"])
    assert (
        {
            "day": str(TODAY),
            "delivery_attempts": 3,
            "bounces": 1,
            "complaints": 0,
            "rejects": 0,
            "bounce_rate": pytest.approx(1 / 3),
            "complaint_rate": 0.0,
        }
        == value["days"][-1]
        == {"day": str(TODAY), **value["total"]}
    )


def test_bars_in_ascii(where, monkeypatch):
    """A terminal without block characters gets bars all the same."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii"))

    assert 0 == main(["ses", "stats", "--days", "1", *where])
    assert written.getvalue().decode().endswith(f"{TODAY} {'#' * 50} 3\n")


def test_charts(where, capsys, tmp_path):
    """The chart is written as what the name of the file says."""
    vector, raster = tmp_path / "chart.svg", tmp_path / "chart.PNG"
    for path in (vector, raster):
        assert 0 == main(["ses", "stats", "--output", str(path), *where])

    assert "the chart is in" in capsys.readouterr().err
    assert ET.parse(vector).getroot().tag.endswith("svg")
    assert raster.read_bytes().startswith(b"\x89PNG\r\n")


@pytest.mark.parametrize(
    ("output", "said"),
    [("chart.gif", ".svg and .png"), ("no/such/place.svg", "cannot write")],
)
def test_charts_that_cannot_be_written(where, capsys, tmp_path, output: str, said: str):
    """A format that nobody draws and a place that is not there are errors of usage."""
    code = main(["ses", "stats", "--output", str(tmp_path / output), *where])

    assert 2 == code
    assert said in capsys.readouterr().err


def test_png_without_pillow(where, capsys, tmp_path, monkeypatch):
    """Without the library for PNG, the error names the extra."""
    monkeypatch.setitem(sys.modules, "PIL", None)

    code = main(["ses", "stats", "--output", str(tmp_path / "chart.png"), *where])

    assert 2 == code
    assert "pip install 'mailcore-ses[charts]'" in capsys.readouterr().err


def test_figures_outlive_ses(where, ses, capsys, tmp_path):
    """What was saved, even twice, is shown without AWS when SES has forgotten it."""
    path = tmp_path / "stats.sqlite"
    old = DailyStatistics(
        day=TODAY - timedelta(days=400), counts=SendCounts(delivery_attempts=7, bounces=2)
    )
    StatisticsStore(path).save("eu-west-1", [old])
    for _ in range(2):
        assert 0 == main(["ses", "stats", "--save", str(path), *where])
    assert "has 2 days of eu-west-1" in capsys.readouterr().err
    ses.stop()

    assert 0 == main(["ses", "stats", "--from", str(path), "--json"])
    everything = capsys.readouterr().out
    assert 0 == main(["ses", "stats", "--from", str(path), "--days", "999", "--json"])
    assert everything == capsys.readouterr().out
    assert 0 == main(["ses", "stats", "--from", str(path), "--days", "2", "--json"])
    days = json.loads(capsys.readouterr().out)["days"]

    assert (401, 10) == (
        len(json.loads(everything)["days"]),
        json.loads(everything)["total"]["delivery_attempts"],
    )
    assert [0, 3] == [each["delivery_attempts"] for each in days]


def test_one_region_of_a_file(capsys, tmp_path):
    """A file of several regions is added up, or shown by region."""
    path = tmp_path / "stats.sqlite"
    for region, attempts in (("eu-west-1", 7), ("us-east-1", 5)):
        StatisticsStore(path).save(
            region,
            [DailyStatistics(day=TODAY, counts=SendCounts(delivery_attempts=attempts))],
        )
    found = []
    for options in ([], ["--region", "us-east-1"]):
        assert 0 == main(["ses", "stats", "--from", str(path), "--json", *options])
        found.append(last_day(capsys.readouterr().out)["delivery_attempts"])

    assert [12, 5] == found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "no-such-file"], "unable to open"),
        (["--from", "a", "--save", "b"], "not allowed with"),
        (["--region", "eu-west-1"], "goes with --from"),
        (["--days", "0"], "above 0"),
        (["--days", "15"], "SES keeps 14 days"),
        (["--days", "two"], "above 0"),
        (["--time-zone", "Europe/Berln"], "'Europe/Berln': did you mean 'Europe/Berlin'?"),
        (["--time-zone", "Nowhere"], "no time zone 'Nowhere'"),
        (["--time-zone", "Europe"], "no time zone 'Europe'"),
        (["--time-zone", "../../etc/passwd"], "no time zone <16 characters>"),
        (["--time-zone", "s3cr3t"], "no time zone <6 characters>: write it as Europe/Berlin"),
        (["--time-zone", "Asia/Tokyo", "--from", "a"], "a file has days of UTC"),
    ],
    ids=" ".join,
)
def test_usage(invented_credentials, capsys, tmp_path, monkeypatch, arguments, said: str):
    """What cannot be meant is refused, and no file is made."""
    monkeypatch.chdir(tmp_path)

    assert 2 == main(["ses", "stats", *arguments])
    assert said in capsys.readouterr().err
    assert [] == list(tmp_path.iterdir())


def test_days_of_a_time_zone(where, capsys, tmp_path):
    """At noon UTC the next day has begun in Kiribati: table, chart and JSON say whose days."""
    zone = ["--time-zone", "Pacific/Kiritimati"]
    tomorrow = TODAY + timedelta(days=1)

    assert 0 == main(["ses", "stats", "--json", *zone, *where])
    value = json.loads(capsys.readouterr().out)
    assert ("Pacific/Kiritimati", 14) == (value["time_zone"], len(value["days"]))
    assert (str(tomorrow), 3) == (
        value["days"][-1]["day"],
        value["days"][-1]["delivery_attempts"],
    )

    chart = tmp_path / "chart.svg"
    assert 0 == main(["ses", "stats", "--days", "1", "--output", str(chart), *zone, *where])
    assert "day (Pacific/Kiritimati)" in capsys.readouterr().out
    assert "days in Pacific/Kiritimati" in chart.read_text(encoding="utf-8")


def test_a_file_has_days_of_utc(where, capsys, tmp_path):
    """Whatever is shown: days of several zones in one file would overlap."""
    path = tmp_path / "stats.sqlite"

    assert 0 == main(["ses", "stats", "--save", str(path), "--time-zone", "Asia/Tokyo", *where])

    (kept,) = StatisticsStore(path).load()
    assert (TODAY, 3) == (kept.day, kept.counts.delivery_attempts)


def test_a_system_without_time_zones(where, capsys, monkeypatch):
    """It has UTC, and for all others the error says what to install."""
    for name in ("tzdata", *(each for each in sys.modules if each.startswith("tzdata."))):
        monkeypatch.setitem(sys.modules, name, None)
    zoneinfo.ZoneInfo.clear_cache()
    zoneinfo.reset_tzpath(to=[])
    try:
        assert 0 == main(["ses", "stats", "--time-zone", "utc", *where])
        assert 2 == main(["ses", "stats", "--time-zone", "Europe/Berlin", *where])
    finally:
        zoneinfo.reset_tzpath()

    assert "no time zones but UTC: pip install tzdata" in capsys.readouterr().err


def test_quiet(where, capsys, tmp_path):
    """Files are written, and nothing is said."""
    chart = tmp_path / "chart.svg"

    assert 0 == main(["ses", "stats", "--output", str(chart), "--quiet", *where])
    assert chart.exists()
    assert ("", "") == capsys.readouterr()
