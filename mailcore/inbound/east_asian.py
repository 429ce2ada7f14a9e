"""
Japanese, Chinese and Korean text as it is written, not as its standard has it.

What mail calls Shift_JIS, ISO-2022-JP, EUC-JP, Big5 or GB2312 holds the characters that Windows
added to the standard, and Python's codecs of those names have only the standard. The encodings are
those of https://encoding.spec.whatwg.org (read 2026-11-30).
"""

from __future__ import annotations

import re

from functools import lru_cache


__all__ = [
    "decode_big5",
    "decode_euc_jp",
    "decode_gb18030",
    "decode_hz",
    "decode_iso_2022_cn",
    "decode_iso_2022_jp",
]

# Windows has these where Python's codecs follow JIS.
_JIS_TO_WINDOWS = str.maketrans(
    "\u301c\u2016\u2212\u00a2\u00a3\u00ac", "\uff5e\u2225\uff0d\uffe0\uffe1\uffe2"
)
# The counts bound the memory that matching takes.
_EUC_JP = re.compile(
    rb"[\x00-\x7f]+|(?:[\xa1-\xfe][\xa1-\xfe]|\x8e[\xa1-\xdf]){1,500}|\x8f[\xa1-\xfe][\xa1-\xfe]|.",
    re.DOTALL,
)
_PAIR = re.compile(rb"..", re.DOTALL)

_BIG5_HKSCS_TO_BIG5 = str.maketrans(
    "\u2022\uff64\u203e\u223c\u2641\u2609\u00a5\u00a2\u00a3",
    "\u2027\ufe51\u00af\uff5e\u2295\u2299\uffe5\uffe0\uffe1",
)

_GB18030_2000_TO_2005 = str.maketrans("\ue7c7\ue5e5", "\u1e3f\u3000")
_GB18030 = re.compile(
    rb"[\x00-\x7f]+|(?:[\x81-\xfe](?:[\x40-\x7e\x80-\xfe]|[0-9][\x81-\xfe][0-9])){1,500}|.",
    re.DOTALL,
)

_JIS_ESCAPE = re.compile(rb"\x1b(\$\([BDCOPQ]|\$[@AB]|\([BJIH]|&@)|([\x0e\x0f])")
_CN_ESCAPE = re.compile(rb"\x1b\$[)*+][A-Z]|([\x0e\x0f])")
_TO_HIGH = bytes(octet | 0x80 if 0x21 <= octet < 0x7F else octet for octet in range(256))
_BLANKS = b" \t\r\n"


def decode_euc_jp(data: bytes, errors: str) -> str:
    """EUC-JP with the characters of NEC and IBM (CP51932), and JIS X 0212."""
    try:
        return data.decode("euc_jp").translate(_JIS_TO_WINDOWS)
    except UnicodeDecodeError:
        pass
    return "".join(_euc_jp_run(match.group(), errors) for match in _EUC_JP.finditer(data))


def _euc_jp_run(run: bytes, errors: str) -> str:
    try:
        return run.decode("euc_jp").translate(_JIS_TO_WINDOWS)
    except UnicodeDecodeError:
        pass
    if len(run) % 2:
        return run.decode("euc_jp", errors)
    return "".join(_windows_pair(pair, errors) for pair in _PAIR.findall(run))


@lru_cache(maxsize=1024)
def _windows_pair(pair: bytes, errors: str) -> str:
    """Two octets of EUC-JP, by way of the same character in Shift_JIS."""
    first, second = pair
    if first == 0x8E:
        return pair[1:].decode("cp932", errors)
    row, cell = first - 0xA1, second - 0xA1
    lead = row // 2 + (0x81 if row < 62 else 0xC1)
    trail = cell + 0x9F if row % 2 else cell + (0x40 if cell < 63 else 0x41)
    return bytes([lead, trail]).decode("cp932", errors)


def decode_iso_2022_jp(data: bytes, errors: str) -> str:
    """
    ISO-2022-JP (RFC 1468, RFC 1554, RFC 2237) with the characters of NEC and IBM (CP50221).

    Octets above 127 are UTF-8 or Shift_JIS that is declared wrongly, or half-width katakana.
    """
    if b"\x1b" not in data and not data.isascii():
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    decoded: list[str] = []
    mode = b"(B"
    is_shifted = False
    done = 0
    for match in _JIS_ESCAPE.finditer(data):
        decoded.append(_jis_run(data[done : match.start()], b"(I" if is_shifted else mode, errors))
        done = match.end()
        if match[2]:
            is_shifted = match[2] == b"\x0e"
        elif match[1] != b"&@":
            mode = match[1]
    decoded.append(_jis_run(data[done:], b"(I" if is_shifted else mode, errors))
    return "".join(decoded)


def _jis_run(run: bytes, mode: bytes, errors: str) -> str:
    if not run:
        return ""
    if mode == b"(I":
        return run.translate(_TO_HIGH).decode("cp932", errors)
    if mode in (b"(J", b"(H"):
        return run.decode("cp932", errors).replace("\\", "\u00a5").replace("~", "\u203e")
    if mode == b"(B":
        return run.decode("cp932", errors)
    high = run.translate(_TO_HIGH)
    if mode == b"$A":
        return decode_gb18030(high, errors)
    if mode == b"$(C":
        return high.decode("cp949", errors)
    if mode == b"$(D":
        return "".join(
            pair.decode("ascii", errors) if pair[:1] in _BLANKS else _jis_x_0212(pair, errors)
            for pair in re.findall(rb"[ \t\r\n]|..?", high, re.DOTALL)
        )
    if mode in (b"$(O", b"$(P", b"$(Q"):
        return (b"\x1b" + mode + run + b"\x1b(B").decode("iso2022_jp_2004", errors)
    return decode_euc_jp(high, errors)


def _jis_x_0212(pair: bytes, errors: str) -> str:
    return (b"\x8f" + pair).decode("euc_jp", errors)


def decode_big5(data: bytes, errors: str) -> str:
    """Big5 with the characters of ETEN and of Hong Kong."""
    return data.decode("big5hkscs", errors).translate(_BIG5_HKSCS_TO_BIG5)


def decode_gb18030(data: bytes, errors: str) -> str:
    """GB18030, which holds GBK and GB2312; 0x80 is the euro sign of CP936."""
    try:
        return data.decode("gb18030").translate(_GB18030_2000_TO_2005)
    except UnicodeDecodeError:
        pass
    return "".join(
        "\u20ac" if match.group() == b"\x80" else match.group().decode("gb18030", errors)
        for match in _GB18030.finditer(data)
    ).translate(_GB18030_2000_TO_2005)


def decode_hz(data: bytes, errors: str) -> str:
    """HZ (RFC 1843), with 8-bit text of other charsets of China where it has any."""
    if not data.isascii():
        return decode_gb18030(data, errors)
    return data.decode("hz", errors)


def decode_iso_2022_cn(data: bytes, errors: str) -> str:
    """ISO-2022-CN (RFC 1922) as far as it is GB2312; other planes are not known here."""
    decoded: list[str] = []
    designated, is_shifted, done = b"A", False, 0
    for match in (*_CN_ESCAPE.finditer(data), None):
        run = data[done : match.start() if match else len(data)]
        decoded.append(_cn_run(run, designated if is_shifted else b"", errors))
        if match is None:
            break
        done = match.end()
        if match[1]:
            is_shifted = match[1] == b"\x0e"
        elif match.group()[2:3] == b")":
            designated = match.group()[3:]
    return "".join(decoded)


def _cn_run(run: bytes, charset: bytes, errors: str) -> str:
    if not charset:
        return run.decode("gb18030", errors)
    high = run.translate(_TO_HIGH)
    return decode_gb18030(high, errors) if charset in b"AE" else high.decode("ascii", errors)
