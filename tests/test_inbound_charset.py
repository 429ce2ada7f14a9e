"""Charsets of received mail: what they are called, what they hold, and mail that does not say."""

from __future__ import annotations

import time

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.inbound import parse_inbound
from mailcore.inbound.charset import decode_charset


# All labels of https://encoding.spec.whatwg.org/#names-and-labels (read 2026-11-30) but those of
# ASCII and of encodings that browsers refuse to decode, with octets that tell encodings apart.
LABELS = [
    ("866 cp866 csibm866 ibm866", b"\x8f\xe0\xa8", "При"),
    (
        "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8",
        b"\xc3\xa9",
        "é",
    ),
    (
        (
            "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 "
            "l2 latin2"
        ),
        b"\xb1\xe6",
        "ąć",
    ),
    (
        (
            "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 "
            "l3 latin3"
        ),
        b"\xe6\xfd",
        "ĉŭ",
    ),
    (
        (
            "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 "
            "l4 latin4"
        ),
        b"\xb9\xe7",
        "šį",
    ),
    (
        (
            "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 "
            "iso_8859-5:1988"
        ),
        b"\xbf\xe0",
        "Пр",
    ),
    (
        (
            "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 "
            "iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 "
            "iso_8859-6:1987"
        ),
        b"\xc7\xe4",
        "ال",
    ),
    (
        (
            "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 "
            "iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek"
        ),
        b"\xa4\xc1",
        "€Α",
    ),
    (
        (
            "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 "
            "iso88598 iso_8859-8 iso_8859-8:1988 visual"
        ),
        b"\xf9\xec",
        "של",
    ),
    ("csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6", b"\xb9\xe8", "đč"),
    ("iso-8859-13 iso8859-13 iso885913", b"\xe0\xff", "ą’"),
    ("iso-8859-14 iso8859-14 iso885914", b"\xf0\xde", "ŵŶ"),
    ("csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9", b"\xa4\xbd", "€œ"),
    ("iso-8859-16", b"\xa4\xfe", "€ț"),
    ("cskoi8r koi koi8 koi8-r koi8_r", b"\xf0\xd2\xc9", "При"),
    ("koi8-ru koi8-u", b"\xa4\xae\xbe", "єўЎ"),
    ("csmacintosh mac macintosh x-mac-roman", b"\x8e\xdb", "é€"),
    ("dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874", b"\x80\xe4\xb7", "€ไท"),
    ("cp1250 windows-1250 x-cp1250", b"\x9c\xb9\x81", "śą\x81"),
    ("cp1251 windows-1251 x-cp1251", b"\xcf\xb9\x98", "П№\x98"),
    (
        (
            "cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 "
            "iso_8859-1 iso_8859-1:1987 l1 latin1 windows-1252 x-cp1252"
        ),
        b"\x80\x92\x81\xe9",
        "€’\x81é",
    ),
    ("cp1253 windows-1253 x-cp1253", b"\xa2\x81\xd2", "Ά\x81\ufffd"),
    (
        (
            "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 "
            "iso_8859-9:1989 l5 latin5 windows-1254 x-cp1254"
        ),
        b"\x93\xfd\x8e",
        "“ı\x8e",
    ),
    ("cp1255 windows-1255 x-cp1255", b"\xf9\x9f\xd9", "ש\x9f\ufffd"),
    ("cp1256 windows-1256 x-cp1256", b"\xc7\x8a", "اٹ"),
    ("cp1257 windows-1257 x-cp1257", b"\xe0\x9f", "ą\x9f"),
    ("cp1258 windows-1258 x-cp1258", b"\xfe\x8a", "₫\x8a"),
    (
        "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk",
        b"\xd6\xd0\x80\xa8\xbc",
        "中€ḿ",
    ),
    ("gb18030", b"\xd6\xd0\x810\x810", "中\x80"),
    ("big5 big5-hkscs cn-big5 csbig5 x-x-big5", b"\xa4\xa4\xf9\xd6\xa1\x45", "中碁‧"),
    ("cseucpkdfmtjapanese euc-jp x-euc-jp", b"\xad\xa1\xa1\xc1\xf9\xa1", "①～纊"),
    (
        "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis",
        b"\x87\x40\x81\x60\xb1",
        "①～ｱ",
    ),
    (
        (
            "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 "
            "ksc5601 ksc_5601 windows-949"
        ),
        b"\x8c\x63",
        "똠",
    ),
    ("unicodefffe utf-16be", b"\x00h\x30\xc6", "hテ"),
    (
        "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le",
        b"h\x00\xc6\x30i\x00",
        "hテi",
    ),
    ("x-user-defined", b"a\x80\xff", "a\uf780\uf7ff"),
    ("csiso88598i iso-8859-8-i logical", b"\xf9\xec", "של"),
    ("x-mac-cyrillic x-mac-ukrainian", b"\x8f\xa2", "ПҐ"),
    ("csiso2022jp iso-2022-jp", b"\x1b$B-!\x1b(B a \x1b(J~", "① a ‾"),
]


@pytest.mark.parametrize(("labels", "data", "text"), LABELS, ids=[row[0][:40] for row in LABELS])
def test_labels_of_the_standard(labels: str, data: bytes, text: str):
    """Every label stands for what readers of mail and browsers decode by it."""
    for label in labels.split():
        for declared in (label, label.upper(), f' "{label}" ', f"{label};format=flowed"):
            assert text == decode_charset(data, declared)[0], declared


@pytest.mark.parametrize(
    ("labels", "data", "text"),
    [
        ("us-ascii ascii ansi_x3.4-1968 8bit default unknown-8bit x-unknown", b"caf\xe9", "café"),
        ("us-ascii ascii binary x-unknown", "Grüße".encode(), "Grüße"),
        ("hz-gb-2312 hz x-hz", b"~{VPND~} x", "中文 x"),
        ("iso-2022-cn iso-2022-cn-ext", b"\x1b$)A\x0eVPND\x0f x", "中文 x"),
        ("iso-2022-cn", b"\x1b$)G\x0eVP\x0f x", "\ufffd\ufffd x"),
        ("iso-2022-kr csiso2022kr", "안녕 x".encode("iso2022_kr"), "안녕 x"),
        ("johab", "똠".encode("johab"), "똠"),
        ("utf-7 unicode-1-1-utf-7 csunicode11utf7", b"+AOk-", "é"),
        ("utf-7", b"+2AA-x+2D3eAA-", "\ufffdx😀"),
        ("utf8mb4 utf-8n utf-8;format=flowed 3Dutf-8 charset=3Dutf-8 utf-8.", "é".encode(), "é"),
        ("cp65001 windows-65001 x-unicode-2-0-utf-8", "é".encode(), "é"),
        ("utf-8*en", "é".encode(), "é"),
        ("cp850 ibm850 cp-850 dos-850", b"\x82", "é"),
        ("x-mac-greek", b"\xb0", "Α"),
        ("x-mac-ce", b"\x88", "ą"),
        ("windows-28605 cp28605", b"\xa4", "€"),
        ("windows-28599", b"\xfd", "ı"),
        ("ansi_x3.110-1983 iso_8859_1 latin-1 iso-8859-1en ansi", b"\x92", "’"),
        ("windows-1252http-equivcontent-type", b"\x92", "’"),
        ("_iso-2022-jp$sio cp50220 iso-2022-jp-ms iso-2022-jp-2", b"\x1b$B-!\x1b(B", "①"),
        ("iso-2022-jp", b"\x1b(I12\x1b(B \x0e12\x0f \xb1", "ｱｲ ｱｲ ｱ"),
        ("iso-2022-jp", b"\x1b$(D0!\n\x1b(B", "丂\n"),
        ("iso-2022-jp", b"\x1b$AVP\x1b$(C>H\x1b(B", "中안"),
        ("iso-2022-jp", "日本".encode(), "日本"),
        ("euc-jp", b"\x8f\xb0\xa1\x8e\xb1\xad\xa1", "丂ｱ①"),
        ("cp932 ms932 windows-932 x-ms-cp932", b"\x87@", "①"),
        ("cp936 ms936 euc-cn x-euc-cn", b"\xd6\xd0", "中"),
        ("cp949 uhc ms949 x-windows-949", b"\x8c\x63", "똠"),
        ("cp950 x-windows-950 big5-eten", b"\xf9\xd6", "碁"),
        ("utf-16", "\ufeffhé".encode("utf-16-be"), "hé"),
        ("utf-16 utf-16be ucs-2 unicode", "hé".encode("utf-16-be"), "hé"),
        ("utf-16 utf-16le", "テスト".encode("utf-16-le"), "テスト"),
        ("utf-16", b"", ""),
        ("utf-32", "hé".encode("utf-32-le"), "hé"),
        ("utf-32", "hé".encode("utf-32"), "hé"),
        ("nonsense viscii rot13 hex idna \x00", b"caf\xe9", "caf\ufffd"),
        ("nonsense", "Grüße \xff".encode() + b"\xff", "Grüße ÿ\ufffd"),
    ],
)
def test_labels_of_mail(labels: str, data: bytes, text: str):
    """Labels that no standard for browsers has, and clutter around labels."""
    for label in labels.split(" "):
        assert text == decode_charset(data, label)[0], label


@pytest.mark.parametrize(
    "label", ["iso-8859-12", "iso-8859-99", "ISO-8859-04 ", "windows-9999", "windows-9999glued"]
)
def test_labels_of_numbers_that_do_not_exist(label: str):
    """They look like labels of a table and stand in none: unknown, and read all the same."""
    assert ("caf\ufffd", f"its charset {label!r} is unknown") == decode_charset(b"caf\xe9", label)


@given(st.from_regex(r"(?:iso-?8859-?|windows-?|cp|koi8-?|utf-?|x-)[0-9a-z]{0,6}", fullmatch=True))
def test_any_label(label: str):
    """There is a text for whatever stands behind the name of a family."""
    assert "a" in decode_charset(b"a", label)[0] or label.lower().replace("-", "").startswith("utf")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x93quoted\x94", "“quoted”"),
        (b"caf\xe9 \xc9t\xe9", "café Été"),
        ("Картинка".encode()[:-1], "Картинк\ufffd"),
        ("Привет ".encode() + b"\xff", "Привет \ufffd"),
        (b"\xa4" + "Grüße".encode(), "\ufffdGrüße"),
        ("é".encode() + b"\xff", "é\ufffd"),
        ("日本語".encode()[:-1], "日本\ufffd"),
        ("Всё хорошо".encode("cp1251"), "Âñ¸ õîðîøî"),
        (b"\x1b$BF|K\\8l\x1b(B", "日本語"),
        (b"\x1b[1mbold\x1b[0m", "\x1b[1mbold\x1b[0m"),
        (b"\xef\xbb\xbfhi", "hi"),
        (b"\xff\xfeh\0i\0", "hi"),
        (b"\xfe\xff\0h\0i", "hi"),
    ],
)
def test_text_that_nobody_declares(data: bytes, text: str):
    """One octet that is wrong says nothing about the others."""
    assert text == decode_charset(data, "")[0]
    assert text == parse_inbound(b"From: a@example.com\n\n" + data).text


@pytest.mark.parametrize(
    "declared", ["utf-8", "iso-8859-1", "us-ascii", "", "shift_jis", "nonsense"]
)
def test_mark_of_utf_8(declared: str):
    """A byte order mark is no text, and says more than a label."""
    assert ("é", "") == decode_charset(b"\xef\xbb\xbf" + "é".encode(), declared)


@given(st.binary(max_size=80), st.sampled_from([row[0].split()[0] for row in LABELS]))
def test_every_octet_is_read(data: bytes, label: str):
    """Nothing raises, nothing is a surrogate, and what is wrong is said."""
    text, defect = decode_charset(data, label)

    text.encode("utf-8")
    if "\ufffd" in text and label not in ("utf-8", "utf-16be", "utf-16le", "gb18030"):
        assert defect


@pytest.mark.parametrize("size", [30_000, pytest.param(300_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("label", "piece"),
    [
        *(("euc-jp", piece) for piece in (b"\xad", b"\xad\xa1", b"\xff", b"\xa4\xa2")),
        *(("gb2312", piece) for piece in (b"\x80", b"\x81", b"\xff", b"\x810")),
        *(("iso-2022-jp", piece) for piece in (b"\x1b", b"\x1b$B", b"\x0e", b"\x1b$(D0", b"\xff")),
        *(("big5", piece) for piece in (b"\x80", b"\xa1", b"\xa1\x45")),
        *(("iso-2022-cn", piece) for piece in (b"\x1b$)A", b"\x0e")),
        *(("", piece) for piece in (b"\xff", b"\xc3\xa9\xff", b"\x1b$B")),
    ],
)
def test_hostile_text_takes_linear_time(label: str, piece: bytes, size: int):
    """Whatever a decoder has to look at twice: 60 KB a second at least, however long."""
    data = piece * (size // len(piece)) + b"\xff"
    start = time.process_time()
    decode_charset(data, label)

    assert time.process_time() - start < size / 60_000
