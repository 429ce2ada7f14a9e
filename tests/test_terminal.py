"""What others write is shown, and steers no terminal."""

from __future__ import annotations

import io
import unicodedata

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import Mailer, Message, Registry
from mailcore.builtin.console import ConsoleProvider, ConsoleTransport
from mailcore.cli import main, output
from mailcore.foundation.terminal import lines, one_line


EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\u202etxt.exe\u2066\u2028\x85\x0b\0\x7f\U000e0041"
HARMFUL = ("Cc", "Cf", "Cs", "Zl", "Zp")


def harmful(text, allowed="\n"):
    """The characters of a text that a terminal may obey, or a reader not see."""
    joiners = "\u200c\u200d"
    return [c for c in text if unicodedata.category(c) in HARMFUL and c not in allowed + joiners]


@given(st.text())
def test_nothing_in_a_line_is_obeyed(text):
    """Whatever it is, it stays one line and loses nothing that can be seen."""
    shown = one_line(text)

    assert [] == harmful(shown, allowed="")
    if not harmful(text, allowed="") and not any(unicodedata.category(c) == "Cn" for c in text):
        assert text == shown or any(unicodedata.category(c) == "Co" for c in text)


@given(st.text(alphabet=st.sampled_from("a\n\r\t\x1b\x85\u2028")))
def test_a_block_keeps_its_lines_and_tabs(text):
    """LF and CRLF end a line; everything else that might is an escape."""
    shown = lines(text)

    assert [] == harmful(shown, allowed="\n\t")
    assert text.count("\n") == shown.count("\n")
    assert text.count("\t") == shown.count("\t")


@pytest.mark.parametrize(
    "text",
    ["Zoë 日本 \u05d0\u05d1", "a\xa0b\u2009c", "\U0001f469\u200d\U0001f4bb", "می\u200cخ"],
)
def test_text_of_people_is_left_alone(text):
    """Letters of any direction, spaces of any width, and the joiners in them."""
    assert text == one_line(text) == lines(text)


def test_the_console_prints_a_message_that_steers_nothing():
    """Fields, names, headers, bodies, alternatives, file names and metadata."""
    body = f"one\r\n\ttwo {EVIL}"
    message = Message(
        from_email=("Shop", "shop@example.com"),
        to=["ada@example.net"],
        subject="\u202ereversed \u2066",
        text=body,
        html=body,
        alternatives=[(body, "text/calendar")],
        attachments=[("\u202efdp.exe", b"")],
        headers={"X-Note": "\u202e"},
        tags=["\u202e"],
        metadata={"k": EVIL, "\u202e": "x"},
        merge_data={"ada@example.net": {"\u202e": [EVIL]}},
    )
    stream = io.StringIO()
    transport = ConsoleTransport(stream)
    Mailer(ConsoleProvider(), transport=transport, registry=Registry(autoload=False)).send(message)

    printed = stream.getvalue()
    assert [] == harmful(printed, allowed="\n\t")
    assert "\\u202ereversed" in printed
    assert "\n\ttwo \\x1b]0;owned\\x07" in printed


@pytest.mark.parametrize("form", [[], ["--json"], ["--dry-run"], ["--dry-run", "--json"]])
def test_sending_from_the_command_line_steers_nothing(capsys, form):
    """The message, its result, and what would be sent."""
    fields = ["--from", "a@example.com", "--to", "b@example.com", "--text", EVIL, "--tag", "\u202e"]

    assert 0 == main(["send", "--provider", "console", *fields, *form])

    out, err = capsys.readouterr()
    assert [] == harmful(out + err)


def test_tracebacks_steer_nothing(capsys):
    """With --debug, the texts of exceptions are shown: they may be anybody's."""
    output.write_traceback(RuntimeError(EVIL))

    shown = capsys.readouterr().err
    assert [] == harmful(shown)
    assert "\\x1b]0;owned" in shown
