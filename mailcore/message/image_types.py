"""
What the first bytes of a file say about it, if it is a picture: for files whose name says nothing.

==============  ====================================================================================
Type            Signature, and its source
==============  ====================================================================================
image/png       ``89 50 4E 47 0D 0A 1A 0A``; this, GIF, JPEG and WebP as
                https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern has them (read
                2026-11-30 as ``review-drafts/2026-07.bs`` of https://github.com/whatwg/mimesniff)
image/jpeg      ``FF D8 FF``
image/gif       ``GIF87a``, ``GIF89a``
image/webp      ``RIFF``, four bytes, ``WEBPVP``
image/x-icon    ``00 00 01 00``, which that standard has, and, since other files begin like that,
                the number of pictures, which is not 0, and the 0 of the first one's fourth byte
image/bmp       ``BM``, and behind the header of 14 bytes the size of a known one: two letters
                alone begin texts, too
image/tiff      ``II 2A 00`` or ``MM 00 2A`` (TIFF 6.0, section 2), or 2B for files above 4 GB
image/avif      a box ``ftyp`` (ISO/IEC 14496-12) with the brand ``avif`` or ``avis``
                (https://aomediacodec.github.io/av1-avif/)
image/heic      … ``heic``, ``heix``, ``heim`` or ``heis``, as IANA registered it
                (https://www.iana.org/assignments/media-types/image/heic, read 2026-11-30)
image/heif      … ``mif1``, and none of those
image/svg+xml   the element ``svg``, or one of SVG's namespace, behind declaration, comments and
                document type
==============  ====================================================================================

That standard has ``BM`` alone for image/bmp and ``00 00 01 00`` alone for image/x-icon; it calls
``00 00 02 00``, a cursor, image/x-icon as well, which is not done here: a cursor is no picture for
a mail. Pages not marked as read were not at hand: their values are those in common use.
"""

from __future__ import annotations

import re


__all__ = ["type_of_image"]

_PATTERNS = (
    ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", re.compile(rb"\xff\xd8\xff")),
    ("image/gif", re.compile(rb"GIF8[79]a")),
    ("image/webp", re.compile(rb"RIFF.{4}WEBPVP", re.DOTALL)),
    ("image/x-icon", re.compile(rb"\x00\x00\x01\x00(?!\x00\x00)..(?:...\x00)", re.DOTALL)),
    (
        "image/bmp",
        re.compile(rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\x00\x00\x00", re.DOTALL),
    ),
    ("image/tiff", re.compile(rb"II[\x2a\x2b]\x00|MM\x00[\x2a\x2b]")),
)
# Each piece that may stand before the element can be read in one way only, or a hostile file would
# take long.
_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*"
    rb"(?:(?:<\?[^>]*>|<!--(?:(?!-->).)*-->|<!DOCTYPE[^>\[]*(?:\[[^\]]*\]\s*)?>)\s*){0,10}"
    rb"<(?:svg(?=[\s/>])|[\w.-]+:svg\s[^>]*http://www\.w3\.org/2000/svg)",
    re.DOTALL,
)
_SVG_HEAD = 4_096

_AVIF = frozenset([b"avif", b"avis"])
_HEIC = frozenset([b"heic", b"heix", b"heim", b"heis"])
_MAX_FTYP = 256


def type_of_image(content: bytes) -> str | None:
    """The content type of a picture, by its signature; None if it is none of the known ones."""
    for kind, pattern in _PATTERNS:
        if pattern.match(content):
            return kind
    if content[4:8] == b"ftyp":
        return _by_brands(content)
    return "image/svg+xml" if _SVG.match(content[:_SVG_HEAD]) else None


def _by_brands(content: bytes) -> str | None:
    """The type that the brands of a file name: the first one is how it is best read."""
    end = min(int.from_bytes(content[:4], "big"), _MAX_FTYP, len(content))
    # Behind the major brand stands its version.
    brands = [content[8:12], *(content[at : at + 4] for at in range(16, end - 3, 4))]
    for brand in brands:
        if brand in _AVIF:
            return "image/avif"
        if brand in _HEIC:
            return "image/heic"
    return "image/heif" if b"mif1" in brands else None
