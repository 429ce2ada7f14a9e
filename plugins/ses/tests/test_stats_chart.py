"""The bar chart, as text, SVG and PNG."""

from __future__ import annotations

import io
import sys

from datetime import date, timedelta
from xml.etree import ElementTree as ET

import pytest

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mailcore.errors import ConfigurationError
from mailcore_ses.account.statistics import DailyStatistics, SendCounts
from mailcore_ses.cli import chart, chart_png


SVG = "{http://www.w3.org/2000/svg}"


def days(*attempts: int) -> list[DailyStatistics]:
    """Consecutive days, a tenth of each bounced."""
    return [
        DailyStatistics(
            day=date(2026, 11, 1) + timedelta(days=number),
            counts=SendCounts(delivery_attempts=each, bounces=each // 10),
        )
        for number, each in enumerate(attempts)
    ]


def bars(document: str, colour: str) -> list[float]:
    """Heights of the bars of a colour, without the legend's."""
    root = ET.fromstring(document)
    return [
        float(each.attrib["height"])
        for each in root.iter(f"{SVG}rect")
        if each.attrib["fill"] == colour and each.attrib["y"] != "14.00"
    ]


def test_heights():
    """Bars are as high as the figures are large, and a day without mail has none."""
    document = chart.svg(days(500, 1000, 0, 250), "Recipients")
    full = chart.HEIGHT - 100

    assert [full / 2, full, full / 4] == bars(document, chart.SENT)
    assert [full / 20, full / 10, pytest.approx(full / 40)] == bars(document, chart.REFUSED)


def test_words():
    """The chart says what it shows, the scale, the days; and markup in it is text."""
    root = ET.fromstring(chart.svg(days(500, 1000), "a <b> & c"))
    texts = [each.text for each in root.iter(f"{SVG}text")]

    assert "a <b> & c" == root.findtext(f"{SVG}title") == texts[0]
    assert {"0", "250", "1,000", "11-01", "11-02", "sent"} <= set(texts)
    assert "2026-11-01 to 2026-11-02, days in UTC" in texts


@pytest.mark.parametrize("count", [0, 1, 14, 15, 90, 3000])
def test_any_number_of_days(count: int):
    """From no day to years: labels never are more than fit."""
    figures = days(*range(count))
    root = ET.fromstring(chart.svg(figures, "Recipients"))

    labels = [each for each in root.iter(f"{SVG}text") if each.attrib["text-anchor"] == "middle"]
    assert min(count, 1) <= len(labels) <= 14
    assert chart_png.png(figures[:400], "Recipients").startswith(b"\x89PNG\r\n")


def test_png():
    """The PNG is an image of twice the size, with the same bars."""
    with Image.open(io.BytesIO(chart_png.png(days(1000), "Recipients"))) as image:
        middle = image.size[0] // 2
        foot = 2 * (chart.HEIGHT - 50)
        found = [image.getpixel((middle, foot - above)) for above in (10, 200)]
        size = image.size

    assert (2 * chart.WIDTH, 2 * chart.HEIGHT) == size
    expected = [tuple(bytes.fromhex(each[1:])) for each in (chart.REFUSED, chart.SENT)]
    assert expected == found


def test_png_without_pillow(monkeypatch):
    """Without the library, the error names the extra to install."""
    monkeypatch.setitem(sys.modules, "PIL", None)

    with pytest.raises(ConfigurationError, match=r"pip install 'mailcore-ses\[charts\]'"):
        chart_png.png(days(1), "Recipients")


@given(st.integers(0, 10**7))
def test_scale(most: int):
    """The axis ends above the largest figure, not far above, and divides by four."""
    top = chart._scale(most)

    assert most <= top <= max(4, 2 * most)
    assert 0 == top % 4


@given(st.integers(0, 1000), st.integers(1, 1000), st.integers(1, 80), st.booleans())
def test_bars_of_terminals(value: int, most: int, width: int, ascii_only: bool):
    """A bar fits, is never nothing for something, and never something for nothing."""
    line = chart.bar(min(value, most), most, width, ascii_only=ascii_only)

    assert (0 if value == 0 else 1) <= len(line) <= width
    assert (value == 0) == (line == "")
    assert line.isascii() or not ascii_only
    assert (
        chart.bar(most, most, width, ascii_only=ascii_only) == ("#" if ascii_only else "█") * width
    )
