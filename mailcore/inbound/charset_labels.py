"""
What charsets are called in mail, and which encoding each label stands for in practice.

The labels of https://encoding.spec.whatwg.org/#names-and-labels (read 2026-11-30), which browsers
and with them most writers of mail go by, and others that occur in mail. Different from browsers,
which refuse to decode a few encodings: those that RFCs define for mail are decoded.
"""

from __future__ import annotations

import re

from functools import lru_cache


__all__ = ["UNDECLARED", "encoding_of"]

UNDECLARED = "us-ascii"
"""The encoding of labels that say nothing about 8-bit text."""

# By encoding. What begins with "py:" is a codec of Python's, and no encoding of browsers.
_LABELS = {
    "utf-8": (
        "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8"
        " unicode-2-0-utf-8 utf8mb3 utf8mb4 utf-8n utf-8-sig utf-8-bom utf-8-mac csutf8 utf"
    ),
    "ibm866": "866 cp866 csibm866 ibm866",
    "iso-8859-2": (
        "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2"
    ),
    "iso-8859-3": (
        "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3"
    ),
    "iso-8859-4": (
        "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4"
    ),
    "iso-8859-5": (
        "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5"
        " iso_8859-5:1988"
    ),
    "iso-8859-6": (
        "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e"
        " iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987"
    ),
    "iso-8859-7": (
        "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597"
        " iso_8859-7 iso_8859-7:1987 sun_eu_greek"
    ),
    # In logical or visual order (RFC 1556), which concerns display and not decoding.
    "iso-8859-8": (
        "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598"
        " iso_8859-8 iso_8859-8:1988 visual csiso88598i iso-8859-8-i logical"
    ),
    "iso-8859-10": "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6",
    "iso-8859-13": "iso-8859-13 iso8859-13 iso885913 l7 latin7",
    "iso-8859-14": "iso-8859-14 iso8859-14 iso885914 iso-ir-199 iso-celtic l8 latin8",
    "iso-8859-15": "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9 latin9 latin0",
    "iso-8859-16": "iso-8859-16 iso8859-16 iso-ir-226 l10 latin10",
    "koi8-r": "cskoi8r koi koi8 koi8-r koi8_r",
    "koi8-u": "koi8-ru koi8-u",
    "macintosh": "csmacintosh mac macintosh x-mac-roman macroman",
    "windows-874": "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874 cp874",
    "windows-1250": "cp1250 windows-1250 x-cp1250",
    "windows-1251": "cp1251 windows-1251 x-cp1251",
    # ANSI X3.110 is the videotex charset; what mail calls so is not.
    "windows-1252": (
        "cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1"
        " iso_8859-1:1987 l1 latin1 windows-1252 x-cp1252 iso-latin-1 ansi ansi_x3.110"
        " ansi_x3.110-1983 iso-ir-99"
    ),
    "windows-1253": "cp1253 windows-1253 x-cp1253",
    "windows-1254": (
        "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5"
        " latin5 windows-1254 x-cp1254"
    ),
    "windows-1255": "cp1255 windows-1255 x-cp1255",
    "windows-1256": "cp1256 windows-1256 x-cp1256",
    "windows-1257": "cp1257 windows-1257 x-cp1257",
    "windows-1258": "cp1258 windows-1258 x-cp1258",
    "x-mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "gb18030": (
        "gb18030 chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk"
        " csgbk cp936 ms936 windows-936 euc-cn cn-gb gb18030-2000 gb18030-2005 gb18030-2022"
    ),
    "hz-gb-2312": "hz-gb-2312 hz",
    "iso-2022-cn": "iso-2022-cn iso-2022-cn-ext csiso2022cn",
    "big5": (
        "big5 big5-hkscs cn-big5 csbig5 x-x-big5 cp950 ms950 windows-950 big5-eten big5-tw"
        " csbig5hkscs hkscs-big5 ms950-hkscs"
    ),
    "euc-jp": "cseucpkdfmtjapanese euc-jp x-euc-jp ujis cp51932 cp20932",
    "iso-2022-jp": (
        "csiso2022jp iso-2022-jp iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-3 iso-2022-jp-2004"
        " iso-2022-jp-ext iso-2022-jp-ms csiso2022jp2 jis cp50220 cp50221 cp50222"
    ),
    "shift_jis": (
        "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis cp932 windows-932"
        " cswindows31j cp943 ibm943 ms-cp932"
    ),
    "euc-kr": (
        "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601"
        " ksc_5601 windows-949 cp949 ms949 uhc ks_c_5601 ksx1001 ks_x_1001"
    ),
    "py:iso2022_kr": "iso-2022-kr csiso2022kr",
    "py:johab": "johab cp1361 ms1361",
    "utf-16": "utf-16 csutf16 csunicode iso-10646-ucs-2 ucs-2 unicode",
    "utf-16le": "utf-16le unicodefeff",
    "utf-16be": "unicodefffe utf-16be unicodebig",
    "utf-32": "utf-32 utf-32le utf-32be ucs-4 iso-10646-ucs-4 csucs4",
    "utf-7": "utf-7 unicode-1-1-utf-7 csunicode11utf7 unicode-2-0-utf-7 csutf7",
    "x-user-defined": "x-user-defined",
    "py:mac_latin2": "x-mac-ce x-mac-centraleurroman",
    "py:mac_greek": "x-mac-greek",
    "py:mac_turkish": "x-mac-turkish",
    "py:mac_iceland": "x-mac-icelandic",
    "py:mac_croatian": "x-mac-croatian",
    "py:mac_romanian": "x-mac-romanian",
    UNDECLARED: (
        "us-ascii ascii ansi_x3.4-1968 ansi_x3.4-1986 iso646-us iso_646.irv:1991 iso-ir-6 us 646"
        " csascii cp367 ibm367 7bit 8bit binary none unknown unknown-7bit unknown-8bit"
        " csunknown8bit default undefined any auto ia5"
    ),
}
# Numbers of Microsoft's code pages that are not in the name of the encoding,
# https://learn.microsoft.com/windows/win32/intl/code-page-identifiers (read 2026-11-30).
_CODE_PAGES = {
    "1200": "utf-16le",
    "1201": "utf-16be",
    "10000": "macintosh",
    "10007": "x-mac-cyrillic",
    "12000": "utf-32",
    "12001": "utf-32",
    "20127": UNDECLARED,
    "20866": "koi8-r",
    "20936": "gb18030",
    "20949": "euc-kr",
    "21866": "koi8-u",
    "38598": "iso-8859-8",
    "50225": "py:iso2022_kr",
    "51936": "gb18030",
    "51949": "euc-kr",
    "52936": "hz-gb-2312",
    "54936": "gb18030",
    "65000": "utf-7",
    "65001": "utf-8",
}
# Of DOS and EBCDIC, as far as Python has them.
_OTHER_CODE_PAGES = {
    *("037", "437", "500", "720", "737", "775", "850", "852", "855", "856", "857", "858", "860"),
    *("861", "862", "863", "864", "865", "869", "875", "1006", "1026", "1125", "1140"),
}
# 28591 is ISO-8859-1, and so on.
_ISO_CODE_PAGES = 28590

_CLUTTER = " \t\r\n'\"`<>()[]\\;,_"
_LABEL = re.compile(r"(?:charset=)?(?:3d)?[\"'\\]*([a-z0-9][a-z0-9._:+$-]{0,63})")
_LONGEST_LABEL = 100
_NOT_IN_KEY = re.compile("[^a-z0-9]")
_CODE_PAGE = re.compile(r"(?:windows|win|codepage|cp|ibm|ms|dos)(\d{3,5})")
# A label that something else was glued to: windows-1252http-equivcontent-type.
_BEGINNING = re.compile(
    r"(?:utf8|utf16(?:le|be)?|iso8859\d{1,2}|windows\d{3,4}|cp125\d|koi8[ru]|usascii|gb2312|gbk|big5"
    r"|gb18030|shiftjis|euc(?:jp|kr)|iso2022(?:jp|kr)|ksc5601)(?=\D|\Z)"
)


def _key(label: str) -> str:
    return _NOT_IN_KEY.sub("", label)


_BY_KEY = {_key(label): name for name, labels in _LABELS.items() for label in labels.split()}


@lru_cache(maxsize=256)
def encoding_of(declared: str) -> str | None:
    """
    The encoding that a label stands for, whatever its case, hyphens, quotes and neighbours.

    Returns:
        A key of the table in this module; what begins with ``py:`` is a codec of Python's. None
        if the label is not known here.
    """
    label = declared[:_LONGEST_LABEL].lower().strip(_CLUTTER)
    match = _LABEL.match(label)
    if match is None:
        return None
    key = _key(match[1])
    # "x-" was put before names that were not registered.
    for candidate in (key, key.removeprefix("x"), _key(label)):
        known = _BY_KEY.get(candidate) or _code_page(candidate)
        if known is not None:
            return known
    beginning = _BEGINNING.match(key.removeprefix("x"))
    if beginning is None or beginning.group() == key:
        # It looks like a label, and there is none of its number: iso-8859-12.
        return None
    return encoding_of(beginning.group())


def _code_page(key: str) -> str | None:
    match = _CODE_PAGE.fullmatch(key)
    if match is None:
        return None
    number = match[1]
    return (
        _BY_KEY.get(f"windows{number}")
        or _BY_KEY.get(f"cp{number}")
        or _BY_KEY.get(f"iso8859{int(number) - _ISO_CODE_PAGES}")
        or _CODE_PAGES.get(number)
        or (f"py:cp{number}" if number in _OTHER_CODE_PAGES else None)
    )
