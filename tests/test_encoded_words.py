"""RFC 2047 encoded-words."""

from __future__ import annotations

import re
import time

from email.header import decode_header, make_header

import pytest

from hypothesis import example, given
from hypothesis import strategies as st

from mailcore.address.encoded_words import encode_words, looks_encoded


TEXT = st.text(st.characters(exclude_categories={"Cs"}))
# RFC 2047, section 5 (3), as a display name has it.
WORD = re.compile(r"=\?utf-8\?(?:q\?[A-Za-z0-9!*+/=_-]+|b\?[A-Za-z0-9+/]+={0,2})\?=")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("Liebe Grüße", ["=?utf-8?b?TGllYmUgR3LDvMOfZQ==?="]),
        ("Gute Grüsse, Jörg", ["=?utf-8?b?R3V0ZSBHcsO8c3NlLCBKw7ZyZw==?="]),
        ("Alles Gute zum Jubiläum", ["=?utf-8?q?Alles_Gute_zum_Jubil=C3=A4um?="]),
        ("日本語", ["=?utf-8?b?5pel5pys6Kqe?="]),
        ("=?utf-8?q?a?=", ["=?utf-8?b?PT91dGYtOD9xP2E/PQ==?="]),
        ("a_b c", ["=?utf-8?q?a=5Fb_c?="]),
        ("line\nbreak", ["=?utf-8?q?line=0Abreak?="]),
    ],
)
def test_encodes(text, words):
    """The shorter encoding is taken, and everything that could be misread is encoded."""
    assert words == encode_words(text)


@given(TEXT, st.integers(0, 100))
@example("é" * 200, 0)
@example("a" * 500 + "é", 70)
@example("日" * 100, 40)
@example("🇩🇪" * 40, 9)
def test_stdlib_reads_it_back(text, used):
    """Any text survives, however it is cut, in words of the form and length of RFC 2047."""
    words = encode_words(text, first_line_used=used)

    assert text == str(make_header(decode_header(" ".join(words))))
    assert all(WORD.fullmatch(word) for word in words)
    assert all(len(word) <= 75 for word in words)


@given(TEXT)
@example("aé日" * 50)
def test_no_character_is_split(text):
    """Every word decodes on its own, as RFC 2047, section 5 wants it."""
    decoded = [str(make_header(decode_header(word))) for word in encode_words(text)]

    assert text == "".join(decoded)


# Mixed, so that characters end at all remainders of three octets.
MIXED = st.text(st.sampled_from("aé日😀 ="), max_size=150)


@given(TEXT | MIXED, st.integers(0, 60))
@example("a" + "日" * 60, 9)
@example("aa" + "日" * 60, 9)
@example("日" * 14 + "a" + "日" * 60, 0)
@example("é" + "日" * 60, 9)
@example("😀" + "日" * 60 + "éa", 9)
@example("😀" * 60, 9)
def test_only_the_last_word_is_padded(text, used):
    """Readers built on GMime join the words of base64 and decode them then."""
    words = encode_words(text, first_line_used=used)

    assert not [word for word in words[:-1] if "?b?" in word and word.endswith("=?=")]
    joined = ""
    for word in words:
        assert len(word) <= 75
        decoded = str(make_header(decode_header(word)))
        assert "\ufffd" not in decoded.replace("\ufffd", "", text.count("\ufffd"))
        joined += decoded
    assert text == joined


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "日本語" * 10,
            [
                "=?utf-8?b?5pel5pys6Kqe5pel5pys6Kqe5pel5pys6Kqe5pel5pys6Kqe5pel5pys6Kqe?=",
                "=?utf-8?b?5pel5pys6Kqe5pel5pys6Kqe5pel5pys6Kqe5pel5pys6Kqe5pel5pys6Kqe?=",
            ],
        ),
        (
            "a" + "日本語" * 6,
            [
                "=?utf-8?q?a?=",
                "=?utf-8?b?5pel5pys6Kqe5pel5pys6Kqe5pel5pys6Kqe5pel5pys6Kqe5pel5pys6Kqe?=",
                "=?utf-8?b?5pel5pys6Kqe?=",
            ],
        ),
    ],
)
def test_words_without_padding(text, words):
    """A character that leaves no multiple of three goes in the other encoding."""
    assert words == encode_words(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=?utf-8?q?x?=", True),
        ("Re: =?ISO-8859-1?B?eA==?= x", True),
        ("=?utf-8*en?q?a b?=", True),
        ("=?=?utf-8?q??=", True),
        ("=??q?x?=", True),
        ("What is 1+1=?", False),
        ("=?", False),
        ("a =?b?= c", False),
        ("=?utf-8?q?x", False),
        ("?= =?utf-8?q?x", False),
        ("=?utf-8?x?y?=", False),
        ("", False),
    ],
)
def test_looks_encoded(text, expected):
    """Only a whole word is one, as readers are lenient."""
    assert expected == looks_encoded(text)


def test_looking_takes_linear_time():
    """Nothing but beginnings."""
    start = time.process_time()
    assert not looks_encoded("=?a?q?x" * 200_000)
    assert not looks_encoded("=?" * 500_000)
    assert time.process_time() - start < 1


@given(TEXT.filter(bool), st.integers(0, 52))
def test_first_word_fits_its_line(text, used):
    """Beside up to 52 columns, the line with the first word stays within 76."""
    assert used + len(encode_words(text, first_line_used=used)[0]) <= 76


@pytest.mark.parametrize("used", [53, 76, 1000])
def test_first_word_gets_its_own_line(used):
    """Where no character fits any more, the first word is not squeezed."""
    assert encode_words("é" * 100) == encode_words("é" * 100, first_line_used=used)


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\ud83d \ude00"])
def test_refuses_lone_surrogates(text):
    """No crash deep inside a codec, and no text in the error but the code point."""
    with pytest.raises(ValueError, match=r"lone surrogate U\+D"):
        encode_words(text)
