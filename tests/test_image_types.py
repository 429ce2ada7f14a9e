"""Pictures told by their first bytes, where no name tells them."""

from __future__ import annotations

import struct
import time

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore import Attachment, InvalidMessage, inline_image
from mailcore.message.content_id import url_of
from mailcore.message.image_types import type_of_image


def ftyp(*brands):
    """The first box of a file in the format of ISO/IEC 14496-12."""
    body = b"ftyp" + brands[0] + bytes(4) + b"".join(brands)
    return struct.pack(">I", len(body) + 4) + body


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
BMP = b"BM" + bytes(12) + b"\x28\0\0\0" + bytes(30)
ICO = b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x18\0" + bytes(8)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
SVG_WITH_PROLOGUE = (
    b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- > --><!DOCTYPE svg [ <!ENTITY a 'b'> ]>\n" + SVG
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a;", "image/gif"),
        (b"RIFF\x1a\n\0\0WEBPVP8L", "image/webp"),
        (BMP, "image/bmp"),
        (ICO, "image/x-icon"),
        (b"II*\0\x08\0\0\0", "image/tiff"),
        (b"MM\0*\0\0\0\x08", "image/tiff"),
        (b"MM\0+\0\x08\0\0", "image/tiff"),
        (ftyp(b"avif", b"mif1"), "image/avif"),
        (ftyp(b"mif1", b"avif"), "image/avif"),
        (ftyp(b"avis", b"msf1"), "image/avif"),
        (ftyp(b"heic", b"mif1"), "image/heic"),
        (ftyp(b"mif1", b"heix"), "image/heic"),
        (ftyp(b"mif1", b"miaf"), "image/heif"),
        (SVG, "image/svg+xml"),
        (SVG_WITH_PROLOGUE, "image/svg+xml"),
        (b'<s:svg xmlns:s="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
        (b"", None),
        (b"%PDF-1.7", None),
        (b"BMW drivers, please read this before you turn the key.", None),
        (b"RIFF\x1a\n\0\0WAVEfmt ", None),
        (b"\0\0\1\0\0\0\x10\x10\0\0", None),
        (b"\0\0\1\0\1\0\x10\x10\0\x07\0\0", None),
        (ftyp(b"isom", b"mp41"), None),
        (b"\xff\xff\xff\xffftyp", None),
        (b"<html><svg/></html>", None),
        (b"<svgx/>", None),
        (b"<!-- <svg> -->", None),
        (PNG[:7], None),
    ],
)
def test_signatures(content, expected):
    """Each format by its own bytes, and nothing else."""
    assert expected == type_of_image(content)


@pytest.mark.parametrize(
    "hostile",
    [
        b"<!---->" * 600 + b"<p>",
        b"<?>" * 1_300 + b"<p>",
        b" " * 4_096,
        b"<!DOCTYPE" * 400,
        b"<!DOCTYPE a [" + b"]" * 4_000,
        ftyp(*[b"xxxx"] * 100_000),
        b"<a:svg " * 600,
    ],
    ids=range(7),
)
def test_hostile_files_take_little_time(hostile):
    """Whatever a file begins with, the answer comes at once."""
    start = time.process_time()

    assert type_of_image(hostile) is None
    assert time.process_time() - start < 0.5


@given(st.binary(max_size=64))
def test_any_bytes(content):
    """There is an answer for whatever bytes come."""
    assert type_of_image(content) is None or type_of_image(content).startswith("image/")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("photo", PNG), "image/png"),
        ((None, PNG), "image/png"),
        (("photo.original", PNG), "image/png"),
        (("photo", bytearray(PNG)), "image/png"),
        (("photo.jpg", PNG), "image/jpeg"),
        (("photo.bin", PNG), "application/octet-stream"),
        (("photo", PNG, "application/x-own"), "application/x-own"),
        (("photo", SVG.decode()), 'text/plain; charset="utf-8"'),
    ],
)
def test_content_is_asked_last(arguments, expected):
    """A type that is given counts, then the name; text is no file that was read."""
    assert expected == Attachment(*arguments).content_type


def test_inline_image_from_a_path(tmp_path):
    """The file is read; its name says the type, or else its content does."""
    (tmp_path / "logo.gif").write_bytes(b"GIF89a")
    (tmp_path / "upload").write_bytes(PNG)

    logo, upload = inline_image(tmp_path / "logo.gif"), inline_image(str(tmp_path / "upload"))

    assert ("logo.gif", b"GIF89a", "image/gif") == (logo.filename, logo.content, logo.content_type)
    assert ("upload", "image/png") == (upload.filename, upload.content_type)
    assert logo.inline
    assert f"cid:{logo.content_id}" == logo.cid_url
    assert logo.cid_url != upload.cid_url


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_inline_image_from_bytes(kind):
    """Bytes are the image itself, and everything else can be given."""
    image = inline_image(kind(PNG), filename="a", content_type="image/x-own", content_id="a@b")

    assert Attachment("a", PNG, "image/x-own", content_id="a@b") == image
    assert inline_image(kind(PNG)).filename is None


@pytest.mark.parametrize(
    ("source", "options", "problem"),
    [
        ("missing.png", {}, "cannot read attachment 'missing.png'"),
        (5, {}, "path of an attachment must be str or PathLike, not int"),
        (None, {}, "path of an attachment must be str or PathLike, not NoneType"),
        (b"plain", {}, "neither the file name nor the content say what kind of image"),
        (PNG, {"filename": "terms.pdf"}, "neither the file name nor the content"),
        (PNG, {"content_id": "a b"}, "content_id"),
    ],
)
def test_what_is_no_inline_image(source, options, problem):
    """What no mail client would show is refused, and the text says what to give."""
    with pytest.raises(InvalidMessage, match=problem):
        inline_image(source, **options)


def test_only_what_has_a_content_id_has_a_url():
    """An f-string never writes a URL of nothing into the HTML."""
    with pytest.raises(InvalidMessage, match="no Content-ID that HTML could name"):
        _ = Attachment("a.png", PNG).cid_url


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="<>"), min_size=1)
)
def test_urls_are_harmless_in_html_and_read_back(content_id):
    """Quotes, ampersands and percent signs are encoded; the id that the URL names is the same."""
    url = url_of(content_id)

    assert not set(url) & set("\"'<>& ()\\")
    assert Attachment(None, b"", content_id=url).content_id == content_id
