from __future__ import annotations

import json
import pickle
import time

from email.message import EmailMessage
from email.mime.text import MIMEText

import pytest

from mailcore import Alternative, Attachment, InvalidMessage, InvalidMessageType


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(
            ("test.unknown", "string", "application/x-exotic"),
            (b"string", 'application/x-exotic; charset="utf-8"'),
            id="41 text gets its charset",
        ),
        pytest.param(
            ("a.csv", "ä", "text/csv; charset=utf-8"),
            ("ä".encode(), "text/csv; charset=utf-8"),
            id="41 a charset that is given stays",
        ),
        pytest.param(("a.txt", b"\xe4"), (b"\xe4", "text/plain"), id="bytes get none"),
        pytest.param(("a.pdf", b""), (b"", "application/pdf"), id="guessed"),
        pytest.param(("a.PNG", b""), (b"", "image/png"), id="guessed, capitals"),
        pytest.param(("a", b""), (b"", "application/octet-stream"), id="unknown bytes"),
        pytest.param(("a", "x"), (b"x", 'text/plain; charset="utf-8"'), id="unknown text"),
        pytest.param((None, b"x"), (b"x", "application/octet-stream"), id="no name"),
        pytest.param(("a.csv.gz", b""), (b"", "application/gzip"), id="packed"),
        pytest.param(("a.csv.bz2", b""), (b"", "application/octet-stream"), id="packed otherwise"),
        pytest.param(("data:text/x,y", b""), (b"", "application/octet-stream"), id="not a URL"),
        pytest.param(("a", bytearray(b"x"), "a/b"), (b"x", "a/b"), id="bytearray"),
        pytest.param(("a", memoryview(b"x"), "a/b"), (b"x", "a/b"), id="memoryview"),
        pytest.param(("a", "x", " a/b ; "), (b"x", 'a/b; charset="utf-8"'), id="loose ends"),
    ],
)
def test_content_and_type(arguments, expected):
    """Content becomes bytes; its type is given, guessed or unknown, and tells the charset."""
    attachment = Attachment(*arguments)

    assert expected == (attachment.content, attachment.content_type)


@pytest.mark.parametrize(
    ("options", "inline", "content_id"),
    [
        ({"content_id": "<logo@x>"}, True, "logo@x"),
        ({"content_id": "logo@x", "disposition": "attachment"}, False, None),
        ({"disposition": "inline"}, True, None),
        ({}, False, None),
    ],
)
def test_inline_or_not(options, inline, content_id):
    """Case 43: a Content-ID makes a part inline, unless it is said to be an attachment."""
    attachment = Attachment("a.png", b"", **options)

    assert (inline, content_id) == (attachment.inline, attachment.content_id)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_forwarded_message(line_end):
    """Case 44: line ends become CRLF, the type is message/rfc822 and has no charset."""
    attachment = Attachment.from_message(line_end.join([b"Subject: x", b"", b"body", b""]), "m.eml")

    assert b"Subject: x\r\n\r\nbody\r\n" == attachment.content
    assert "message/rfc822" == attachment.content_type


def test_forwarded_message_of_the_standard_library():
    """Both generations of the email package can be forwarded; case 42: bytes stay latin-1."""
    old = MIMEText("ä", _charset="iso-8859-1")
    new = EmailMessage()
    new.set_content("x")

    assert b"iso-8859-1" in Attachment.from_message(old).content
    assert b"\r\n\r\nx\r\n" in Attachment.from_message(new).content


@pytest.mark.parametrize("message", ["text", None, 5, object()])
def test_forwarding_something_else(message):
    """What is no message is refused by its type."""
    with pytest.raises(InvalidMessageType, match="forwarded message must be bytes"):
        Attachment.from_message(message)


def test_inline_image_has_a_content_id_of_a_constant_domain():
    """Case 45: the host's name stays out; every image has its own id."""
    first, second = (Attachment.inline_image("a.png", b"png") for _ in range(2))

    assert first.content_id.endswith("@inline")
    assert first.content_id != second.content_id
    assert "own" == Attachment.inline_image("a.png", b"", content_id="own").content_id


def test_names():
    """Cases 46 and 47: no name is None, and a name outside ASCII stays."""
    assert Attachment(None, b"").filename is None
    assert "émoticône.img" == Attachment("émoticône.img", b"").filename


def test_reads_files(tmp_path):
    """The name is the file's own, without its folder."""
    path = tmp_path / "repört.txt"
    path.write_bytes(b"\x00")

    attachment = Attachment.from_path(str(path))

    assert ("repört.txt", b"\x00", "text/plain") == (
        attachment.filename,
        attachment.content,
        attachment.content_type,
    )
    assert attachment == Attachment.from_path(path)


@pytest.mark.parametrize("name", ["missing.pdf", "folder", "nul\0l"])
def test_unreadable_file_is_named(tmp_path, name):
    """A file that cannot be read is an error of the message, and says which file."""
    (tmp_path / "folder").mkdir()

    with pytest.raises(InvalidMessage) as caught:
        Attachment.from_path(tmp_path / name)

    assert repr(name) in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("path", [5, None, b"x", []])
def test_path_of_another_type(path):
    """A path is text or PathLike."""
    with pytest.raises(InvalidMessageType, match="path of an attachment"):
        Attachment.from_path(path)


@pytest.mark.parametrize(
    "content_type",
    [
        *("", "text", "text/", "/plain", "text/plain/x", "te xt/plain", "text/plän", "text/plain,"),
        *("text/plain x", "text/plain; x", "text/plain; x=", "text/plain;; x=y", "text/plain; =y"),
        *('text/plain; x="y', 'text/plain; x=y"', "a/b; x=y z=w", "multipart/mixed", "Multipart/x"),
        *("a/b\r\nBcc: x", "a/b;\r\n x=y", 'a/b; x="\n"', 'a/b; x="\u2028"', "a/b\n", "a/b;\tx=\0"),
        *("a/b; x=" + "y" * 1000, "a/" + "b" * 1000, 'a/b; x="\ud800"'),
    ],
)
@pytest.mark.parametrize("kind", [Attachment, Alternative])
def test_wrong_content_types(kind, content_type):
    """What is no type/subtype with parameters, or could break its line, is refused."""
    arguments = ("a", b"") if kind is Attachment else ("a",)

    with pytest.raises(InvalidMessage, match="content_type"):
        kind(*arguments, content_type)


@pytest.mark.parametrize(
    "hostile",
    [
        "a/b" + " " * 100_000 + "x",
        "a/b;" + " " * 100_000 + "x",
        "a/b; x=y" + " ;" * 50_000,
        "a/b" + "; x=y" * 20_000,
        "a/b; " + "x" * 100_000,
        "a" * 100_000,
        'a/b; x="' + '"; x="' * 20_000,
        "\t" * 100_000,
    ],
    ids=range(8),
)
def test_hostile_content_types_take_linear_time(hostile):
    """An answer comes at once, however the text is made."""
    start = time.process_time()

    with pytest.raises(InvalidMessage):
        Attachment("a", b"", hostile)

    assert time.process_time() - start < 1


@pytest.mark.parametrize("content_id", ["", "<>", "a b", "a\r\nb", "ä", "a<b", "<a", "a" * 1000, 5])
def test_wrong_content_ids(content_id):
    """A Content-ID is one word of ASCII that fits a line."""
    if content_id == "<a":
        assert "a" == Attachment("a", b"", content_id=content_id).content_id
        return
    with pytest.raises(InvalidMessage, match="content_id"):
        Attachment("a", b"", content_id=content_id)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("", b""), "filename"),
        (("a" * 256, b""), "filename"),
        (("a\r\nb", b""), "filename"),
        (("a\0", b""), "filename"),
        (("\ud800", b""), "filename"),
        ((5, b""), "filename"),
        (("a", 5), "content"),
        (("a", None), "content"),
        (("a", ["x"]), "content"),
        (("a", "\ud800"), "content"),
        (("a", b"", 5), "content_type"),
    ],
)
def test_wrong_arguments_are_named(arguments, field):
    """Each argument has its own check."""
    with pytest.raises(InvalidMessage) as caught:
        Attachment(*arguments)

    assert [field] == [problem.field for problem in caught.value.problems]


@pytest.mark.parametrize(
    "disposition", ["Inline", "", 5, [], b"inline", pytest.param(10**4000, id="a long number")]
)
def test_wrong_dispositions(disposition):
    """There are two, and how it was given does not matter."""
    with pytest.raises(InvalidMessage, match="must be 'attachment' or 'inline'"):
        Attachment("a", b"", disposition=disposition)


def test_all_problems_at_once():
    """Every wrong argument is told."""
    with pytest.raises(InvalidMessageType) as caught:
        Attachment("", 5, "x", content_id=" ", disposition="x")

    assert {"filename", "content", "content_type", "content_id", "disposition"} == {
        problem.field for problem in caught.value.problems
    }


@pytest.mark.parametrize(
    "part",
    [
        Attachment(None, b""),
        Attachment("émoticône.img", bytes(range(256)), 'a/b; x="ä;"'),
        Attachment("a.txt", "text;", "text/plain;"),
        Attachment("l.png", b"x", content_id="<a@b>"),
        Attachment("l.png", b"x", disposition="inline"),
        Alternative("BEGIN:VCALENDAR\r\n", "text/calendar; method=REQUEST"),
    ],
)
def test_travels_unchanged(part):
    """Through JSON text, pickle and hash, a part stays itself."""
    assert part == type(part).from_dict(json.loads(json.dumps(part.to_dict())))
    assert part == pickle.loads(pickle.dumps(part))
    assert hash(part) == hash(pickle.loads(pickle.dumps(part)))


@pytest.mark.parametrize("kind", [Attachment, Alternative])
@pytest.mark.parametrize("document", [None, 5, "x", [], {"x": 1}, {5: 1, "x": 2}])
def test_documents_of_the_wrong_shape(kind, document):
    """One typed error for each."""
    with pytest.raises(InvalidMessage):
        kind.from_dict(document)


def test_contents_stay_out_of_the_repr():
    """A log has no use for a megabyte."""
    assert "s3cret" not in repr(Attachment("a", b"s3cret")) + repr(Alternative("s3cret", "a/b"))


def test_is_frozen():
    """Parts do not change."""
    with pytest.raises(AttributeError):
        Attachment("a", b"").content = b"x"
    with pytest.raises(AttributeError):
        Alternative("a", "a/b").content = "x"


@pytest.mark.parametrize(("content", "content_type"), [(5, "a/b"), (b"x", "a/b"), ("x", None)])
def test_alternative_of_other_types(content, content_type):
    """An alternative is text, and its type is never guessed."""
    with pytest.raises(InvalidMessageType):
        Alternative(content, content_type)


def test_mime_type_is_for_comparing():
    """Parameters and case do not matter to it."""
    assert "image/png" == Attachment("a", b"", "Image/PNG; x=y").mime_type
    assert "text/calendar" == Alternative("a", "TEXT/calendar; method=REQUEST").mime_type
