"""Properties of addresses over arbitrary text."""

from __future__ import annotations

import time
import unicodedata

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.address import Address, address_key, parse_addresses
from mailcore.address.address import collect_addresses
from mailcore.errors import MessageError, Problem
from mailcore.foundation import redact
from mailcore.foundation.terminal import one_line


ATEXT = "abcXYZ019!#$%&'*+/=?^_`{|}~-"
LABEL = st.text("abcxyz019éß日", min_size=1, max_size=8)
DOMAIN = st.lists(LABEL, min_size=1, max_size=4).map(".".join)
DOT_ATOM = st.lists(st.text(ATEXT + "éж", min_size=1, max_size=5), min_size=1, max_size=3)
QUOTED = st.text(ATEXT + ' @,;:<>()[]."\\', min_size=1, max_size=10).map(
    lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
)
LOCAL_PART = st.one_of(DOT_ATOM.map(".".join), QUOTED)
ADDR_SPEC = st.builds("{}@{}".format, LOCAL_PART, DOMAIN)
REFUSED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
NAME = st.text(
    st.one_of(
        st.characters(exclude_categories=REFUSED),
        st.sampled_from('"\\,;:<>()[]@. =?'),
    ).filter(lambda character: unicodedata.category(character) not in REFUSED),
    max_size=40,
)
ADDRESS = st.builds(Address, ADDR_SPEC, NAME)
# Rich in what the grammar is about.
JUNK = st.text(st.sampled_from('ab@@.,,;:<>()[]"\\ \t\r\n=?é\u200b\ud800'), max_size=60)


@given(ADDRESS)
def test_reads_what_it_writes(address):
    """format() and parse() are inverse for every name and address."""
    assert address == Address.parse(address.format())


@given(st.lists(ADDRESS, min_size=1, max_size=5))
def test_lists_read_as_they_are_written(addresses):
    """Joined by commas, no address runs into the next."""
    text = ", ".join(map(str, addresses))

    assert tuple(addresses) == parse_addresses([text], field="to")


@given(ADDRESS)
def test_dict_and_key_round_trip(address):
    """JSON keeps an address exactly, and its key does not change by itself."""
    assert address == Address.from_dict(address.to_dict())
    assert address.key == Address(address.addr_spec.lower()).key


@given(ADDRESS)
def test_header_form_is_one_ascii_line(address):
    """Either a header-safe text or an InvalidAddress, for every address."""
    try:
        formatted = address.format_ascii()
    except MessageError:
        assert not address.addr_spec.isascii()
        return

    assert formatted.isascii()
    assert formatted.isprintable()
    assert address.ascii_addr_spec == Address.parse(formatted).addr_spec


@given(st.one_of(JUNK, st.text()))
def test_any_text_is_read_or_refused(text):
    """Nothing but a MessageError ever comes out, and what is read is valid by itself."""
    problems: list[Problem] = []
    for address in collect_addresses([text], "to", problems):
        assert address == Address(address.addr_spec, address.display_name)
        assert "\n" not in str(address)
        assert "\r" not in str(address)
    for problem in problems:
        assert str(problem) == one_line(str(problem))


@given(JUNK, JUNK)
def test_every_value_is_valid_or_refused(addr_spec, name):
    """The constructor and the parser of pairs agree."""
    problems: list[Problem] = []
    found = collect_addresses([(name, addr_spec.strip(" \t"))], "to", problems)
    try:
        expected = (Address(addr_spec.strip(" \t"), name),)
    except MessageError:
        expected = ()

    assert expected == found
    assert bool(problems) != bool(found)


@given(st.builds("abc{}@{}".format, DOT_ATOM.map(".".join), DOMAIN), JUNK, JUNK)
def test_errors_hide_addresses(addr_spec, before, after):
    """No error text shows a whole address, wherever it stands in the input."""
    problems: list[Problem] = []
    collect_addresses([f"{before} {addr_spec} {after}"], "to", problems)

    assert not [problem for problem in problems if addr_spec in str(problem)]


@given(st.text(), ADDR_SPEC)
def test_redact_keeps_the_rest(text, addr_spec):
    """A text without @ stays as it is, and redaction leaves the domain of an address."""
    plain = text.replace("@", "")

    assert plain == redact(plain)
    assert redact(f"<{addr_spec}>").endswith(f"***@{addr_spec.rpartition('@')[2]}>")


@given(st.one_of(JUNK, st.text(), st.builds("a@{}".format, st.text())))
def test_key_of_any_text(text):
    """The key of what a provider reports never fails; of ASCII it is the lower-case text."""
    key = address_key(text)

    assert text.isascii() is False or text.lower() == key
    assert key.lower() == key


HOSTILE = ["a", "@", '"', '\\"', '"@', "a@", '"a', " @", "<", ",", "(", '<"', "a,", "()", "[", "a "]
HOSTILE += ['<"a"', "a@a.", "a b@", '"\\', "a@b.c,", "=?", ":", ";", "<a@b>"]


@pytest.mark.parametrize("size", [50_000, pytest.param(500_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("pattern", HOSTILE)
def test_hostile_text_takes_linear_time(pattern, size):
    """Half a megabyte of anything is done in seconds; a quadratic reader would take an hour."""
    text = f"{pattern * (size // len(pattern))}x@y"
    started = time.process_time()
    redact(text)
    collect_addresses([text, (text, text)], "to", [])

    assert time.process_time() - started < size / 50_000
