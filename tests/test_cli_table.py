"""Tables of the command line."""

from __future__ import annotations

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.cli.output import printable
from mailcore.cli.table import display_width, parts_side_by_side, table, wrap


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param("Ada", 3, id="ascii"),
        pytest.param("Grüße", 5, id="latin"),
        pytest.param("日本", 4, id="wide"),
        pytest.param("Ａ", 2, id="fullwidth"),
        pytest.param("e\u0301", 1, id="combining mark"),
        pytest.param("a\u200bb", 2, id="zero-width space"),
    ],
)
def test_width_is_what_a_terminal_shows(text, expected):
    """Wide characters take two columns, marks none."""
    assert expected == display_width(text)


def test_columns_are_aligned_by_width():
    """A wide name does not push its row's next column aside."""
    laid_out = table(["name", "id"], [["Ada", "1"], ["日本", "2"], ["Grüße", "3"]])

    assert ["name   id", "-----  --", "Ada    1", "日本   2", "Grüße  3"] == laid_out.splitlines()


def test_cells_stay_whole_without_a_width():
    """Output that goes to a file is neither cut nor wrapped."""
    cell = "word " * 100 + "end"

    assert cell == table(["a", "b"], [["x", cell]]).splitlines()[2].partition("  ")[2]


def test_cells_wrap_between_words():
    """On a terminal the widest column wraps; the others keep their width."""
    laid_out = table(["id", "reason"], [["7", "mailbox is full, try later"]], width=16)

    assert [
        "id  reason",
        "--  ------------",
        "7   mailbox is",
        "    full, try",
        "    later",
    ] == laid_out.splitlines()


TEXT = st.text(st.characters(exclude_categories=["C", "Z", "M"]) | st.just(" "), max_size=60)


@given(TEXT, st.integers(min_value=2, max_value=30))
def test_wrapping_keeps_every_character(text, width):
    """Wrapped lines fit, and hold what the text held but for spaces at their ends."""
    lines = wrap(text, width)

    assert all(display_width(line) <= width for line in lines)
    assert text.replace(" ", "") == "".join(lines).replace(" ", "")


@given(st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=5), st.integers(22, 80))
def test_tables_fit_into_the_terminal(rows, width):
    """No line is wider than asked for."""
    laid_out = table(["one", "two", "three"], rows, width=width)

    assert all(display_width(line) <= width for line in laid_out.splitlines())


def test_wide_tables_are_cut_into_parts():
    """Columns that do not fit stand in a part of their own, beside the names of the rows."""
    rows = [["cc", "yes", "no [1]", "yes"], ["bcc", "yes", "no", "partly [2]"]]

    laid_out = parts_side_by_side(["feature", "one", "two", "three"], rows, width=22)

    assert [
        "feature  one  two",
        "-------  ---  ------",
        "cc       yes  no [1]",
        "bcc      yes  no",
        "",
        "feature  three",
        "-------  ----------",
        "cc       yes",
        "bcc      partly [2]",
    ] == laid_out.splitlines()


@pytest.mark.parametrize("width", [None, 200])
def test_tables_that_fit_are_whole(width):
    """With room enough, and in a file, a table is one."""
    headings, rows = ["a", "b", "c"], [["1", "2", "3"]]

    assert table(headings, rows) == parts_side_by_side(headings, rows, width=width)


@given(
    st.integers(0, 12).flatmap(
        lambda count: st.lists(st.lists(TEXT, min_size=count, max_size=count), min_size=1)
    ),
    st.integers(30, 120),
)
def test_parts_fit_and_lose_no_column(rows, width):
    """No line is wider than the terminal, and each heading stands there once."""
    headings = ["feature", *(f"provider{number}" for number in range(len(rows[0])))]
    cells = [[f"row{number}", *row] for number, row in enumerate(rows)]

    laid_out = parts_side_by_side(headings, cells, width=width)

    lines = laid_out.split("\n")
    assert all(display_width(line) <= width for line in lines)
    shown = [line.split() for line in lines if line.startswith("feature")]
    assert headings[1:] == [heading for line in shown for heading in line[1:]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("plain ü 日本", "plain ü 日本", id="text stays"),
        pytest.param("\x1b[2J", "\\x1b[2J", id="terminal sequence"),
        pytest.param("a\r\nb", "a\\r\\nb", id="line ends"),
        pytest.param("\u202eevil", "\\u202eevil", id="bidi override"),
        pytest.param("\udcff", "\\udcff", id="lone surrogate"),
    ],
)
def test_what_others_say_cannot_steer_the_terminal(text, expected):
    """Control and format characters are shown as escapes."""
    assert expected == printable(text)
