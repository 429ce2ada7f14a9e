"""The HTML of a mail as a tree, in bounded time and memory."""

from __future__ import annotations

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore_local.html_tree import MAX_CHARACTERS, read_tree


def size(html: str) -> int:
    """How many elements it becomes."""
    return len(read_tree(html).css("*"))


@pytest.mark.parametrize("name", ["b", "code", "FONT", "i", "strong", "u"])
@pytest.mark.parametrize("form", ["<p><{0} i={1}>x", "<p>x<{0} i={1}></p>", "<{0} i={1}><p>x</p>"])
def test_elements_grow_with_the_html(name, form):
    """Formatting that is never closed is opened again by each paragraph: of all there are few."""
    pieces = [form.format(name, number) for number in range(1_200)]

    small, large = (size("".join(pieces[:count])) for count in (600, 1_200))

    assert large < 3 * small
    assert large < 10 * len(pieces)


def test_formatting_of_a_mail_is_kept():
    """Where there is little of it, as in all mails that somebody wrote."""
    html = "<table><tr><td><p>Hello <b>Ada</b>, <i>here</i> you <a href=/x>go</a></p></table>" * 20

    found = read_tree(html)

    assert [20, 20, 20] == [len(found.css(name)) for name in ("b", "i", "a")]


def test_links_are_kept():
    """Whatever their formatting is read as."""
    html = "<p><b>x</b> <a href=/x>y</a></p>" * 1_000

    found = read_tree(html)

    assert [1_000, 0, 1_000] == [len(found.css(name)) for name in ("a", "b", "span")]


def test_the_end():
    """What is behind the bound is not read."""
    assert "x" * MAX_CHARACTERS == read_tree("x" * 200_000).root.text()


@given(st.text(alphabet=st.sampled_from(list("<>/\"'=!-? abip[]&;\ud800")), max_size=200))
def test_any_html(html):
    """Nothing of it raises."""
    read_tree(html)
