"""Content types from names: the same everywhere."""

from __future__ import annotations

import mimetypes
import subprocess
import sys

import pytest

from mailcore.message import Attachment
from mailcore.message.file_types import extension_of, type_of_file


OFFICE = "application/vnd.openxmlformats-officedocument"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.xlsx", f"{OFFICE}.spreadsheetml.sheet"),
        ("a.docx", f"{OFFICE}.wordprocessingml.document"),
        ("a.pptx", f"{OFFICE}.presentationml.presentation"),
        ("a.odt", "application/vnd.oasis.opendocument.text"),
        ("a.ics", "text/calendar"),
        ("a.vcf", "text/vcard"),
        ("a.md", "text/markdown"),
        ("a.csv", "text/csv"),
        ("a.json", "application/json"),
        ("a.xml", "application/xml"),
        ("a.webp", "image/webp"),
        ("a.heic", "image/heic"),
        ("a.woff2", "font/woff2"),
        ("a.p7s", "application/pkcs7-signature"),
        ("a.pkpass", "application/vnd.apple.pkpass"),
        ("a.eml", "message/rfc822"),
        ("a.zip", "application/zip"),
        ("a.tar.gz", "application/gzip"),
        ("a.tgz", "application/gzip"),
        ("a.csv.bz2", "application/octet-stream"),
        ("A.B.PDF", "application/pdf"),
        ("a", None),
        ("pdf", None),
        ("a.", None),
        ("a.unheard-of", None),
    ],
)
def test_types(name, expected):
    """The last extension says it, in any case."""
    assert expected == type_of_file(name)


def test_machine_has_no_say(tmp_path):
    """Neither /etc/mime.types, nor the registry of Windows, nor another library."""
    own = tmp_path / "mime.types"
    own.write_text("application/x-wrong pdf xlsx csv\n")
    code = (
        f"import mimetypes; mimetypes.init([{str(own)!r}]); mimetypes.add_type('x/y', '.ics')\n"
        "from mailcore import Attachment\n"
        "print(*[Attachment(n, b'').content_type for n in ('a.pdf', 'a.csv', 'a.ics')])"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert "application/pdf text/csv text/calendar" == finished.stdout.strip()


def test_common_names_of_the_standard_library_are_known():
    """What Python itself calls common in mail, it calls by the same name."""
    known = mimetypes.MimeTypes(filenames=()).types_map[True]
    common = [".pdf", ".png", ".jpg", ".gif", ".csv", ".txt", ".html", ".zip", ".doc", ".xls"]

    assert [known[each] for each in common] == [type_of_file(f"a{each}") for each in common]


@pytest.mark.parametrize(
    ("mime_type", "expected"),
    [("image/png", ".png"), ("Image/JPEG", ".jpg"), ("text/plain", ".txt"), ("x/y", "")],
)
def test_extensions(mime_type, expected):
    """The usual extension of a type, for a file without a name."""
    assert expected == extension_of(mime_type)


def test_packed_and_unknown_attachments():
    """What nothing is known of is octets, or text if it was given as one."""
    assert "application/octet-stream" == Attachment("a.unheard-of", b"").content_type
    assert 'text/plain; charset="utf-8"' == Attachment("a.unheard-of", "").content_type
