"""Cases 1-20, 106-108 and 148-152 of the collected behaviours, by number in the ids."""

from __future__ import annotations

import copy
import dataclasses
import enum
import json
import pickle
import sys
import unicodedata

from collections import UserString
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest

from mailcore.address import (
    Address,
    address_key,
    mentioned,
    parse_address_list,
    parse_addresses,
)
from mailcore.address.address import collect_addresses
from mailcore.errors import InvalidAddress, InvalidMessageType, Problem
from mailcore.foundation import redact


QUOTES = "maybe missing quotes around a display-name?"


class Lazy(str, enum.Enum):
    """Text that prints differently on Python 3.10 and 3.12."""

    NAME = "Ada"


def refusal(value, field="to"):
    """The text of the InvalidAddress that a list of one item raises."""
    with pytest.raises(InvalidAddress) as caught:
        parse_addresses([value], field=field)
    return str(caught.value)


class TestParse:
    """Reading one address."""

    @pytest.mark.parametrize(
        ("text", "addr_spec", "display_name"),
        [
            ("ada@example.com", "ada@example.com", ""),
            (" \tada@example.com ", "ada@example.com", ""),
            ("<ada@example.com>", "ada@example.com", ""),
            ("Ada Lovelace <ada@example.com>", "ada@example.com", "Ada Lovelace"),
            ("  Ada\t  Lovelace< ada@example.com > ", "ada@example.com", "Ada Lovelace"),
            ("A. Lovelace <ada@example.com>", "ada@example.com", "A. Lovelace"),
            ('"Lovelace, Ada" <ada@example.com>', "ada@example.com", "Lovelace, Ada"),
            ('"  two  spaces " <a@example.com>', "a@example.com", "  two  spaces "),
            (r'"Ada \"The\" \\ L" <a@example.com>', "a@example.com", r'Ada "The" \ L'),
            ('"Ada" of "L, x" <a@example.com>', "a@example.com", "Ada of L, x"),
            ("Jörg Müller <j@example.com>", "j@example.com", "Jörg Müller"),
            ("日本\u3000太郎 <t@example.com>", "t@example.com", "日本\u3000太郎"),
            ("Family 👨‍👩‍👧 ❤️ <f@example.com>", "f@example.com", "Family 👨‍👩‍👧 ❤️"),
            ("نامه‌ای <f@example.com>", "f@example.com", "نامه‌ای"),
            ("Ada (Example (UK) Ltd) <a@example.com>", "a@example.com", "Ada (Example (UK) Ltd)"),
            ("ada@example.com (Ada)", "ada@example.com", "Ada"),
            ("=?utf-8?q?A?= <a@example.com>", "a@example.com", "=?utf-8?q?A?="),
            ("o'brien+tag=x@sub.example.com", "o'brien+tag=x@sub.example.com", ""),
            ("root@localhost", "root@localhost", ""),
            ("a@under_score.example.com", "a@under_score.example.com", ""),
            ("a@[192.0.2.1]", "a@[192.0.2.1]", ""),
            ("a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]", ""),
            ("idn@✉.example.com", "idn@✉.example.com", ""),  # case 9
            ("відправник@example.com", "відправник@example.com", ""),  # case 10
            ('"user@example.net"@example.com', '"user@example.net"@example.com', ""),  # case 11
            ('X <"a>b, c"@example.com>', '"a>b, c"@example.com', "X"),
            (UserString("Ada <ada@example.com>"), "ada@example.com", "Ada"),
        ],
    )
    def test_reads_text(self, text, addr_spec, display_name):
        """A text becomes its addr-spec, as given, and its decoded name."""
        address = Address.parse(text)

        assert (addr_spec, display_name) == (address.addr_spec, address.display_name)

    @pytest.mark.parametrize(
        ("pair", "display_name"),
        [
            (("Ada", "ada@example.com"), "Ada"),
            (("Lovelace, Ada", " ada@example.com "), "Lovelace, Ada"),
            ((None, "ada@example.com"), ""),
            (("", "ada@example.com"), ""),
            ((UserString("Ada"), UserString("ada@example.com")), "Ada"),
        ],
    )
    def test_reads_pairs(self, pair, display_name):
        """A pair is (display name, addr-spec), and its name is not parsed."""
        assert Address("ada@example.com", display_name) == Address.parse(pair)

    def test_keeps_an_address(self):
        """An Address needs no parsing."""
        address = Address("ada@example.com")

        assert address is Address.parse(address)

    @pytest.mark.parametrize(
        "text",
        [
            "=?utf-8?q?ceo=40example.com?=@example.net",
            "=?utf-8?b?Y2Vv?=@example.net",
            '"=?utf-8?q?a b?="@example.net',
            "x=?utf-8?Q?a?=y@example.net",
            "Boss <=?utf-8?q?a?=@example.net>",
        ],
    )
    def test_refuses_encoded_words(self, text):
        """RFC 2047, section 5: readers that decode one show another address."""
        with pytest.raises(InvalidAddress, match="an encoded-word stands before the @"):
            Address.parse(text)

    @pytest.mark.parametrize("text", ["1+1=?@example.net", "=?a?=@example.net"])
    def test_keeps_what_only_begins_like_one(self, text):
        """Its characters are allowed."""
        assert text == Address.parse(text).addr_spec

    @pytest.mark.parametrize("lazy", [UserString("Ada"), Lazy.NAME])
    def test_text_of_any_kind_is_plain(self, lazy):
        """Lazy texts and members of enumerations are the text that they hold."""
        address = Address.parse((lazy, UserString("ada@example.com")))

        assert "Ada <ada@example.com>" == str(address)
        assert [str, str] == [type(address.display_name), type(address.addr_spec)]
        assert address == Address(UserString("ada@example.com"), lazy)

    def test_refuses_several(self):
        """Case 5: exactly one address, or an error that counts and names the field."""
        with pytest.raises(InvalidAddress, match=r"found 2 .*in `envelope_sender`"):
            Address.parse("one@example.com, two@example.com", field="envelope_sender")

    @pytest.mark.parametrize("value", [None, 5, b"ada@example.com", ["ada@example.com"], ("a",)])
    def test_refuses_other_types(self, value):
        """Anything but text, pair or Address is a wrong type and an invalid message."""
        with pytest.raises(InvalidMessageType, match="`from_email`") as caught:
            Address.parse(value, field="from_email")

        assert isinstance(caught.value, TypeError)
        assert isinstance(caught.value, ValueError)


class TestRefusals:
    """What is no address, and what the error says."""

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("Display Name, Inc. <test@example.com>", QUOTES),  # case 1
            ("", "is empty"),  # case 4 from here
            (" ", "is empty"),
            ("localonly", "has no @"),
            ("localonly@", "after the @"),
            ("@domainonly", "before the @"),
            ("<localonly@>", "after the @"),
            ("<@domainonly>", "before the @"),
            ("<>", "is empty"),
            ("a@example.com,", "is empty"),
            ("a@b@example.com", "more than one @"),  # traps
            ("a@b@é.example", "more than one @"),
            (" a@x.com ; b@x.com ", "use commas"),  # case 150
            ("a@x.com;b@x.com", "use commas"),
            ("Friends: a@x.com, b@x.com;", "group syntax"),
            ("undisclosed-recipients:;", "group syntax"),
            ("Ada @ Work <a@x.com>", QUOTES),
            ("[Team] Ada <a@x.com>", QUOTES),
            ("Ada a@x.com", "white space"),
            ("a@x.com b@x.com", "white space"),
            ("a (who) @x.com", "comment"),
            ("<a@x.com> Ada", "behind the angle"),
            ("<a@x.com> <b@x.com>", "two addresses"),
            ('"Ada <a@x.com>', "never closed"),
            ("Ada <a@x.com", "never closed"),
            ("Ada (x <a@x.com>", "never closed"),
            ("a@[192.0.2.1", "never closed"),
            ("a@[192.0.2]", "no IP address"),
            ("a@[IPv6:fe80::1%eth0]", "no IP address"),
            ("<@relay.example:a@x.com>", "more than one @"),
            ("a..b@x.com", "dot"),
            (".a@x.com", "dot"),
            ("a.@x.com", "dot"),
            ("a@x..com", "dot"),
            ("a@x.com.", "dot"),
            ("a@x。。com", "dot"),
            ("a@-x.com", "hyphen"),
            ("a@x-.com", "hyphen"),
            ("a@x!y.com", "'!'"),
            ('""@x.com', "before the @"),
            ("a" * 65 + "@x.com", "64 octets"),
            ("é" * 33 + "@x.com", "64 octets"),
            ("a@" + "b" * 64 + ".com", "63 characters"),
            ("a@" + "b." * 126 + "com", "254 characters"),
            ("a\xa0b@x.com", "U+00A0"),
        ],
    )
    def test_says_why(self, text, says):
        """Every refusal names the cause, or what to do."""
        assert says in refusal(text)

    @pytest.mark.parametrize("length", [64, 65])
    def test_local_part_limit(self, length):
        """RFC 5321: 64 octets before the @ are allowed, one more is not."""
        text = "a" * length + "@example.com"

        assert (length == 64) == (len(collect_addresses([text], "to", [])) == 1)

    @pytest.mark.parametrize("length", [254, 255])
    def test_address_limit(self, length):
        """RFC 5321: an address of 254 octets is allowed, one more is not."""
        text = ("a@" + "b." * 130)[: length - 4] + "cc.d"

        assert length == len(text)
        assert (length == 254) == (len(collect_addresses([text], "to", [])) == 1)

    @pytest.mark.parametrize(
        ("values", "text"),
        [
            # case 6
            (
                ["ok@example.com", "oops"],
                "Invalid email address 'oops' in `to` parsed from 'o***@example.com, oops'",
            ),
            (["oops"], "Invalid email address 'oops' in `to`: it has no @"),
            (
                [Address("ada@example.com", "Secret"), ("Secret", "oops")],
                "Invalid email address 'oops' in `to` parsed from 'a***@example.com, oops'",
            ),
            (
                ["x\u200b" * 300 + "@example.com"],
                "Invalid email address 'x***@example.com' in `to`: it holds the character U+200B",
            ),
        ],
    )
    def test_names_field_and_source(self, values, text):
        """Case 6: field and source are named, without a full address or a name."""
        with pytest.raises(InvalidAddress) as caught:
            parse_addresses(values, field="to")

        assert str(caught.value).startswith(text)
        assert "Secret" not in str(caught.value)

    def test_names_the_header(self):
        """Case 7: the field may be a header."""
        with pytest.raises(InvalidAddress, match=r"in `headers\['From'\]`"):
            parse_address_list("oops", field="headers['From']")

    def test_refuses_text_only_where_lists_are_wanted(self):
        """A header value is text and nothing else."""
        with pytest.raises(InvalidMessageType, match="`x` must be str, not list"):
            parse_address_list(["ada@example.com"], field="x")

    @pytest.mark.parametrize(
        "character",
        [
            *("\r", "\n", "\0", "\x1f", "\x7f", "\x85", "\xad", "\u200b", "\u200e", "\u202e"),
            *("\u2028", "\u2066", "\ufeff", "\ud800", "\udfff", "\U000e0041"),
        ],
        ids=lambda character: f"U+{ord(character):04X}",
    )
    @pytest.mark.parametrize(
        "make",
        [
            lambda dirty: Address(f"{dirty}@x.com"),
            lambda dirty: Address("a@x.com", dirty),
            lambda dirty: Address.parse(f"{dirty}@x.com"),
            lambda dirty: Address.parse(f"{dirty} <a@x.com>"),
            lambda dirty: Address.parse((dirty, "a@x.com")),
            lambda dirty: Address.parse(("A", f"{dirty}@x.com")),
        ],
        ids=["addr-spec", "name", "text", "text with name", "pair's name", "pair's address"],
    )
    def test_refuses_invisible_characters(self, make, character):
        """Cases 8 and 148: in a name or an address, however given; the code point is named."""
        with pytest.raises(InvalidAddress, match=f"U\\+{ord(character):04X}") as caught:
            make(f"a{character}b")

        assert character not in str(caught.value)

    @pytest.mark.parametrize("text", ["a@x.com\u202e", "a@x.com\n", "a@x.com\r\nBcc: b@x.com"])
    def test_refuses_them_behind_an_address(self, text):
        """Cases 8 and 148: nothing unprintable is taken for white space."""
        assert "it holds the character U+" in refusal(text)

    @pytest.mark.parametrize("character", ["\u200c", "\u200d", "\ufe0f", "\u3164", "\u034f"])
    def test_refuses_joiners_in_addresses_only(self, character):
        """Joiners and variation selectors spell names; they forge addresses."""
        assert f"A{character}" == Address("a@x.com", f"A{character}").display_name
        assert f"U+{ord(character):04X}" in refusal(f"a{character}@x.com")

    def test_knows_every_format_character(self):
        """All of Unicode's Cc, Cf, Zl, Zp and Cs are refused in names, but for the two joiners."""
        accepted = [
            code
            for code in range(sys.maxunicode + 1)
            if unicodedata.category(chr(code)) in {"Cc", "Cf", "Zl", "Zp", "Cs"}
            and not collects_problem(("x" + chr(code), "a@x.com"))
        ]

        assert [0x200C, 0x200D] == accepted

    def test_hint_for_swapped_pairs(self):
        """A pair the wrong way round is recognised."""
        assert "(display name, address)" in refusal(("ada@example.com", "Ada"))

    def test_long_texts_stay_short(self):
        """An error does not repeat a page of input, nor millions of faults."""
        problems: list[Problem] = []
        collect_addresses(["oops " * 100_000, "," * 100_000], "to", problems)

        assert 51 == len(problems)
        assert all(len(str(problem)) < 500 for problem in problems)


def collects_problem(value):
    """Whether the item is refused."""
    problems: list[Problem] = []
    collect_addresses([value], "to", problems)
    return bool(problems)


class TestLists:
    """Reading several addresses."""

    def test_splits_at_commas(self):
        """Case 2: an item may hold a list."""
        found = parse_addresses(["first@example.com, second@example.com"], field="to")

        assert (Address("first@example.com"), Address("second@example.com")) == found

    def test_keeps_the_order(self):
        """Items of every kind come out in the order they came in."""
        values = ["a@x.com, B <b@x.com>", ("C", "c@x.com"), Address("d@x.com"), "e@x.com"]

        assert ["a@x.com", "b@x.com", "c@x.com", "d@x.com", "e@x.com"] == [
            address.addr_spec for address in parse_addresses(values, field="to")
        ]

    def test_never_glues_items(self):
        """Case 3: a name in one item does not belong to the address in the next."""
        with pytest.raises(InvalidAddress, match="Display Name"):
            parse_addresses(['"Display Name"', "<valid@example.com>"], field="to")

    @pytest.mark.parametrize("values", [None, [], (), iter([])])
    def test_nothing_is_nobody(self, values):
        """Case 4: None instead of a list stands for no addresses."""
        assert () == parse_addresses(values, field="to")

    @pytest.mark.parametrize(
        ("values", "places"),
        [
            ([None], ["to[0]"]),
            (("a@x.com", None), ["to[1]"]),
            (iter([None, "a@x.com", None]), ["to[0]", "to[2]"]),
        ],
    )
    def test_none_among_addresses_is_refused(self, values, places):
        """Case 4: whoever was meant must not be forgotten."""
        with pytest.raises(InvalidAddress) as caught:
            parse_addresses(values, field="to")

        assert places == [problem.reason.split("`")[1] for problem in caught.value.problems]

    @pytest.mark.parametrize(
        "item", ["", " ", "\t", ",", "a@x.com,", ("", ""), ("Ada", ""), ("Ada", None)]
    )
    def test_an_empty_item_is_refused(self, item):
        """Case 4: an item without an address is no item."""
        with pytest.raises(InvalidAddress):
            parse_addresses(["b@x.com", item], field="to")

    def test_reports_all(self):
        """Every bad item is a problem of its own; the good ones are still returned."""
        problems: list[Problem] = []
        found = collect_addresses(["ok@x.com", "oops", 5, ("N", "a@"), "u@x, v,"], "cc", problems)

        assert ["ok@x.com", "u@x"] == [address.addr_spec for address in found]
        assert {"cc"} == {problem.field for problem in problems}
        assert ["type", "value", "value", "value", "value"] == [p.kind for p in problems]

    @pytest.mark.parametrize(
        ("values", "name"),
        [
            ("ada@example.com", "str"),
            (UserString("ada@example.com"), "UserString"),
            (b"ada@example.com", "bytes"),
            (5, "int"),
            (Address("ada@example.com"), "Address"),
        ],
    )
    def test_wants_a_list(self, values, name):
        """Case 21: a single address, lazy or not, is not a list of its characters."""
        with pytest.raises(InvalidMessageType, match=f"must be a list or .*not {name}") as caught:
            parse_addresses(values, field="to")

        assert "write to=[...]" == caught.value.problems[0].hint

    def test_header_value(self):
        """A header value has at least one address."""
        assert 2 == len(parse_address_list('"A, B" <a@x.com>, c@x.com', field="Cc"))
        with pytest.raises(InvalidAddress):
            parse_address_list("", field="Cc")


class TestValue:
    """The value object."""

    @pytest.mark.parametrize(
        ("address", "uses_eai"),
        [
            (Address("відправник@example.com"), True),
            (Address("a@é.example"), False),
            (Address("a@example.com", "відправник"), False),
        ],
    )
    def test_uses_eai(self, address, uses_eai):
        """Case 10: only a local part that is not ASCII needs EAI."""
        assert uses_eai == address.uses_eai

    def test_parts(self):
        """User name and domain are divided at the last @."""
        address = Address('"user@example.net"@Example.com')

        assert ('"user@example.net"', "Example.com") == (address.username, address.domain)

    def test_none_is_no_name(self):
        """Case 12: None is an empty name, which the dict leaves out."""
        address = Address("ada@example.com", None)

        assert "" == address.display_name
        assert {"addr_spec": "ada@example.com"} == address.to_dict()

    @pytest.mark.parametrize(
        "address", [Address("ada@é.example", "Ada, 日本"), Address('"a b"@x.com')]
    )
    def test_round_trips(self, address):
        """JSON, pickle, copy and replace give an equal value."""
        copies = [
            Address.from_dict(json.loads(json.dumps(address.to_dict()))),
            pickle.loads(pickle.dumps(address)),
            copy.deepcopy(address),
            dataclasses.replace(address),
        ]

        assert [address] * 4 == copies
        assert {address} == set(copies)

    def test_cannot_change(self):
        """An address stays valid because it stays what it is."""
        with pytest.raises(dataclasses.FrozenInstanceError):
            Address("ada@example.com").addr_spec = "oops"

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            (("oops",), InvalidAddress),
            (("Ada <ada@example.com>",), InvalidAddress),
            ((" ada@example.com",), InvalidAddress),
            ((5,), InvalidMessageType),
            (("ada@example.com", 5), InvalidMessageType),
            (("oops", 5), InvalidMessageType),
        ],
    )
    def test_constructor_does_not_parse(self, arguments, error):
        """The constructor takes an addr-spec and a name, nothing else."""
        with pytest.raises(error):
            Address(*arguments)

    @pytest.mark.parametrize(
        ("data", "error"),
        [
            ({}, InvalidAddress),
            ({"display_name": "Ada"}, InvalidAddress),
            ({"addr_spec": "ada@example.com", "name": "Ada"}, InvalidAddress),
            ({"addr_spec": "oops"}, InvalidAddress),
            ({"addr_spec": None}, InvalidMessageType),
            ("ada@example.com", InvalidMessageType),
        ],
    )
    def test_from_dict_is_strict(self, data, error):
        """A dict that to_dict() did not write is refused."""
        with pytest.raises(error):
            Address.from_dict(data)

    def test_repr_is_redacted(self):
        """A repr ends in logs: it shows neither name nor user."""
        assert "Address('a***@example.net')" == repr(Address("ada@example.net", "Ada"))


class TestDomains:
    """Cases 18, 106, 107 and 151: the one encoder."""

    @pytest.mark.parametrize(
        ("domain", "encoded"),
        [
            ("faß.example", "xn--fa-hia.example"),
            ("příklad.cz", "xn--pklad-zsa96e.cz"),
            ("ހަންމަތި.mv", "xn--hqbevm1kcp4d.mv"),
            ("a_b.é.com", "a_b.xn--9ca.com"),
            ("EXAMPLE.É.com", "EXAMPLE.xn--9ca.com"),
            ("é。com", "xn--9ca.com"),
            ("ｅxample.com", "example.com"),
            ("Example.COM", "Example.COM"),
            ("xn--fa-hia.example", "xn--fa-hia.example"),
            ("[192.0.2.1]", "[192.0.2.1]"),
        ],
    )
    def test_encodes(self, domain, encoded):
        """IDNA 2008 with UTS 46; ASCII labels pass unchanged."""
        address = Address(f"user@{domain}")

        assert encoded == address.ascii_domain
        assert f"user@{encoded}" == address.ascii_addr_spec

    @pytest.mark.parametrize("domain", ["✉.example", "é＠x.com", "a_é.com", "é\u2100.com"])
    def test_refuses(self, domain):
        """What IDNA 2008 does not allow is an InvalidAddress that names the domain."""
        address = Address(f"user@{domain}")

        with pytest.raises(InvalidAddress, match=f"Invalid domain '{domain}': IDNA 2008"):
            _ = address.ascii_domain

    @pytest.mark.parametrize("times", [9, 30])
    def test_refuses_what_gets_too_long(self, times):
        """RFC 5321's limit holds for the encoded address too."""
        address = Address("a" * 60 + "@" + "ü.日本語." * times + "com")

        with pytest.raises(InvalidAddress, match="longer than 254"):
            _ = address.ascii_addr_spec

    def test_local_part_has_no_encoding(self):
        """Case 108: no encoded-word stands in for a local part; the problem names the feature."""
        with pytest.raises(InvalidAddress, match="SMTPUTF8") as caught:
            _ = Address("відправник@example.com").ascii_addr_spec

        assert "eai" == caught.value.problems[0].feature

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Ada@Example.COM", "ada@example.com"),
            ("ada@faß.example", "ADA@XN--FA-HIA.example"),
            ("Ü@É.example", "ü@xn--9ca.example"),
            ("a@✉.EXAMPLE", "A@✉.example"),
        ],
    )
    def test_key(self, one, other):
        """Case 38: spellings of one address have one key, even where IDNA fails."""
        assert Address(one).key == Address(other).key
        assert Address(one).key == address_key(other)

    @pytest.mark.parametrize("text", ["", "oops", "é", "@", "é@", "a@\ud800"])
    def test_key_of_anything(self, text):
        """What providers report may be no address at all."""
        assert text == address_key(text)


class TestFormat:
    """Writing addresses."""

    @pytest.mark.parametrize(
        ("name", "formatted"),
        [
            ("", "a@é.example"),
            ("Ada Lovelace", "Ada Lovelace <a@é.example>"),
            ('Name "Namey"', r'"Name \"Namey\"" <a@é.example>'),  # case 16
            ("back\\slash", r'"back\\slash" <a@é.example>'),
            ("Lovelace, Ada", '"Lovelace, Ada" <a@é.example>'),
            ("A. L.", '"A. L." <a@é.example>'),
            ("a@b", '"a@b" <a@é.example>'),
            (" two  spaces ", '" two  spaces " <a@é.example>'),
            ("Jörg", "Jörg <a@é.example>"),
            ("=?utf-8?q?Ada?=", '"=?utf-8?q?Ada?=" <a@é.example>'),
        ],
    )
    def test_quotes_where_needed(self, name, formatted):
        """The form for people is Unicode, and quoted only where RFC 5322 needs it."""
        address = Address("a@é.example", name)

        assert formatted == address.format()
        assert formatted == str(address)

    @pytest.mark.parametrize(
        ("name", "formatted"),
        [
            ("", "a@xn--9ca.example"),
            ("Ada", "Ada <a@xn--9ca.example>"),  # case 13: ASCII stays
            ("Lovelace, Ada", '"Lovelace, Ada" <a@xn--9ca.example>'),
            ("Jörg Mustermann", "=?utf-8?q?J=C3=B6rg_Mustermann?= <a@xn--9ca.example>"),
            ("Lovelace, Adä", "=?utf-8?q?Lovelace=2C_Ad=C3=A4?= <a@xn--9ca.example>"),
            ("日本語", "=?utf-8?b?5pel5pys6Kqe?= <a@xn--9ca.example>"),  # case 58
        ],
    )
    def test_header_form(self, name, formatted):
        """The form for headers is ASCII."""
        assert formatted == Address("a@é.example", name).format_ascii()

    @pytest.mark.parametrize(
        "name",
        [
            "💰 Win! " * 60,  # cases 15 and 152
            "Người nhận a very very long, name",  # case 51
            "A véry long name with non-ASCII char and, comma",
            "=?utf-8?b?QmFuaw==?=",  # case 149
            "x =?utf-8?q?Bank?= y",
            '"quoted" =?',
        ],
    )
    def test_reader_sees_the_name(self, name):
        """A reader decodes the very name, from words of at most 75 characters on one line."""
        formatted = Address("a@example.com", name).format_ascii()
        phrase, addr_spec = parseaddr(formatted)

        assert "a@example.com" == addr_spec
        assert name == str(make_header(decode_header(phrase)))
        assert formatted.isascii()
        assert formatted.isprintable()
        assert max(map(len, formatted.split(" "))) <= 75


class TestRedact:
    """Taking addresses out of texts."""

    @pytest.mark.parametrize(
        ("text", "redacted"),
        [
            ("", ""),
            ("nothing here", "nothing here"),
            ("ada@example.com", "a***@example.com"),
            ("Ada <ada@example.com>, bob@x.org.", "Ada <a***@example.com>, b***@x.org."),
            ("(mailto:ada@example.com)", "(mailto:a***@example.com)"),
            ("bounce+ada=example.net@example.com", "b***@example.com"),
            ("відправник@é.example", "в***@é.example"),
            ("a@b@example.com", "a***@example.com"),
            ('"john smith"@example.com', '"***@example.com'),
            (r'to "john \" smith"@example.com', 'to "***@example.com'),
            ('"user@example.net"@example.com', '"***@example.com'),
            ('x "ada: at home"@example.com', 'x "***@example.com'),
            (
                '{"to":"ada@example.com","cc":"bob@x.org"}',
                '{"to":"a***@example.com","cc":"b***@x.org"}',
            ),
            ("@ada and ada@", "@ada and a***@"),
            ("ada@[192.0.2.1]", "a***@[192.0.2.1]"),
        ],
    )
    def test_hides_users(self, text, redacted):
        """The first character and the domain remain; everything else of the text stays."""
        assert redacted == redact(text)


@pytest.mark.parametrize(
    ("addresses", "text", "expected"),
    [
        (["ada@example.net"], "invalid: ADA@example.net", ["ada@example.net"]),
        (["Ada@Example.net"], "found ada@example.net, bob@example.net.", ["Ada@Example.net"]),
        (["da@example.net"], "invalid: ada@example.net", []),
        (["ada@example.net"], "invalid: ada@example.net.au", []),
        (["ada@example.net"], "invalid: ada@example.net.", ["ada@example.net"]),
        (["ada@example.net"], "'ada@example.net'", ["ada@example.net"]),
        (["ada@bücher.example"], "ada@xn--bcher-kva.example", ["ada@bücher.example"]),
        (["ada@bücher.example"], "Ada@Bücher.example", ["ada@bücher.example"]),
        (["a.b@example.net", "b@example.net"], "a.b@example.net", ["a.b@example.net"]),
        (["ada@example.net"], "", []),
    ],
)
def test_addresses_in_what_a_service_says(addresses, text, expected):
    """In any case, with the domain in punycode or not, and not within a longer one."""
    assert expected == mentioned(addresses, text)
