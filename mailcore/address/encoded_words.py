"""RFC 2047 encoded-words, for whatever header text is not plain ASCII."""

from __future__ import annotations

import re

from binascii import b2a_base64
from collections.abc import Iterator


__all__ = ["encode_words", "looks_encoded"]

# RFC 2047, section 2: a word has at most 75 characters, a line that holds one at most 76.
_MAX_WORD = 75
_MAX_LINE = 76
_BASE64_START = "=?utf-8?b?"
_QUOTED_START = "=?utf-8?q?"
_END = "?="
_FRAME = len(_BASE64_START) + len(_END)

# The widest single character: four octets, twelve columns as quoted-printable.
_WIDEST_CHARACTER = 12

# RFC 2047, section 5 (3): the only characters that stand for themselves in a display name, so
# that one form serves every header. The space, written as "_", costs one column as well.
_LITERAL = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/"
_ONE_COLUMN = _LITERAL + b" "
_QUOTED = {octet: chr(octet) if octet in _LITERAL else f"={octet:02X}" for octet in range(256)}
_QUOTED[0x20] = "_"
_quote_octet = _QUOTED.__getitem__

# More than RFC 2047 allows: readers decode words with spaces in them, or with no charset.
_START_OF_WORD = re.compile(r"=\?[^?]*\?[BbQq]\?")
_SURROGATE = re.compile("[\ud800-\udfff]")


def looks_encoded(text: str) -> bool:
    """
    Whether a reader would take something in a text for an encoded-word, and show something else.

    Only a whole word is one: ``What is 1+1=?`` stays as it is, since spam filters count what is
    encoded without need.
    """
    if "=?" not in text:
        return False
    start = _START_OF_WORD.search(text)
    # Behind the first start there is every end that stands behind a later one.
    return start is not None and text.find("?=", start.end()) >= 0


def encode_words(text: str, *, first_line_used: int = 0) -> list[str]:
    """
    Encode a text as RFC 2047 encoded-words, ready to be joined by spaces or folds.

    Each word is UTF-8, in "q" or "b" encoding by whichever is shorter for the whole text, and
    decodes on its own: no character is split between two words. In "b", only the last word has
    padding, because readers built on GMime join the words before they decode them; where no
    character ends at a multiple of three octets, some are in "q". The words are valid in a
    display name too, where RFC 2047 allows fewer literal characters than in a subject.

    Args:
        text: Any text; everything in it is encoded, line breaks and spaces included.
        first_line_used: Columns that are taken on the first line, such as the 9 of ``Subject:`` and
            a space. The first word is made to fit beside them. Where not one character would fit,
            it is made for a line of its own.

    Returns:
        Words of at most 75 ASCII characters; none for an empty text.

    Raises:
        ValueError: The text has a lone surrogate, which UTF-8 cannot express.

    Example:
        >>> encode_words("Liebe Grüße")
        ['=?utf-8?b?TGllYmUgR3LDvMOfZQ==?=']
        >>> encode_words("Alles Gute zum Jubiläum")
        ['=?utf-8?q?Alles_Gute_zum_Jubil=C3=A4um?=']
    """
    if not text:
        return []
    try:
        octets = text.encode("utf-8")
    except UnicodeEncodeError:
        # A fresh error, because UnicodeEncodeError carries the whole text.
        surrogate = _SURROGATE.findall(text)[0]
        reason = f"lone surrogate U+{ord(surrogate):04X} cannot be encoded"
        raise ValueError(reason) from None

    first_room = min(_MAX_WORD, _MAX_LINE - first_line_used) - _FRAME
    if first_room < _WIDEST_CHARACTER:
        first_room = _MAX_WORD - _FRAME

    base64_width = (len(octets) + 2) // 3 * 4
    quoted_width = len(octets) + 2 * len(octets.translate(None, _ONE_COLUMN))
    if quoted_width <= base64_width:
        if quoted_width <= first_room:
            return [_QUOTED_START + "".join(map(_quote_octet, octets)) + _END]
        return list(_quoted_words(octets, first_room))
    if base64_width <= first_room:
        return [_base64_word(octets)]
    return list(_base64_words(octets, first_room))


def _quoted_words(octets: bytes, room: int) -> Iterator[str]:
    quoted = "".join(map(_quote_octet, octets))
    start = 0
    while len(quoted) - start > room:
        end = start + room
        # "=" is no literal, so it begins an escape: do not cut one in two.
        escape = quoted.rfind("=", end - 2, end)
        if escape >= 0:
            end = escape
        # =80 to =BF continue a character: step back to where it begins.
        while quoted[end] == "=" and quoted[end + 1] in "89AB":
            end -= 3
        yield _QUOTED_START + quoted[start:end] + _END
        start = end
        room = _MAX_WORD - _FRAME
    yield _QUOTED_START + quoted[start:] + _END


def _base64_words(octets: bytes, room: int) -> Iterator[str]:
    start = 0
    while start < len(octets):
        end = _whole_triples(octets, start, room)
        if end > start:
            yield _base64_word(octets[start:end])
        else:
            end = _until_triples(octets, start, room)
            yield _QUOTED_START + "".join(map(_quote_octet, octets[start:end])) + _END
        start = end
        room = _MAX_WORD - _FRAME


def _whole_triples(octets: bytes, start: int, room: int) -> int:
    """
    Where the longest word in base64 ends that has no padding, or is the last.

    Returns:
        *start* if there is none.
    """
    end = start + room // 4 * 3
    if end >= len(octets):
        return len(octets)
    # 0b10xxxxxx continues a character.
    while end > start and octets[end] & 0xC0 == 0x80:
        end -= 3
    return max(end, start)


def _until_triples(octets: bytes, start: int, room: int) -> int:
    """Where a word in quoted-printable ends behind which one without padding can begin."""
    end = start
    columns = 0
    full = _MAX_WORD - _FRAME
    while end == start or (end < len(octets) and _whole_triples(octets, end, full) == end):
        after = end + 1
        while after < len(octets) and octets[after] & 0xC0 == 0x80:
            after += 1
        columns += sum(len(_quote_octet(octet)) for octet in octets[end:after])
        if columns > room:
            break
        end = after
    return end


def _base64_word(octets: bytes) -> str:
    return _BASE64_START + b2a_base64(octets, newline=False).decode("ascii") + _END
