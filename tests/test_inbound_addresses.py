"""Address fields as they arrive: obsolete syntax, which must be accepted, and what is none."""

from __future__ import annotations

import time

import pytest

from hypothesis import given
from hypothesis import strategies as st

from mailcore.address import Address
from mailcore.inbound import parse_inbound, read_addresses
from mailcore.inbound.comments import without_comments
from mailcore.inbound.headers import message_ids


def read(text: str) -> list[tuple[str, str]]:
    """Names and addresses."""
    found = read_addresses(text, "To").addresses
    return [(address.display_name, address.addr_spec) for address in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # RFC 5322, A.5 and A.6.
        (r"Pete(A nice \) chap) <pete(his account)@silly.test(his host)>", "Pete|pete@silly.test"),
        (
            "Joe Q. Public <john . q . public@example.com>",
            "Joe Q. Public|john.q.public@example.com",
        ),
        (
            "Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
            "Mary Smith|mary@example.net |jdoe@test.example",
        ),
        (
            "A Group(So)\t:Chris <c@(Its host.)x.example>,\tj@x.example,Jo <o@x.example>(A); (B)",
            "Chris|c |j Jo|o",
        ),
        ("(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", ""),
        # Groups, and what follows them.
        ("A: a@x.example, b@x.example; c@x.example, d@x.example", "|a |b |c |d"),
        ("A: a@x.example; B <b@x.example>, C: c@x.example; d@x.example", "|a B|b |c |d"),
        ("A:;, a@x.example", "|a"),
        ("A:; (nobody) , a@x.example (b)", "b|a"),
        ("A: a@x.example, b@x.example", "|a |b"),
        ("A: B: a@x.example;; b@x.example", "|a |b"),
        ('"A, B": a@x.example;', "|a"),
        ("A: , , a@x.example, ; ;, b@x.example", "|a |b"),
        ("A: <@n.example,@m.example:a@x.example>; b@x.example", "|a |b"),
        # Nobody.
        ("MAILER-DAEMON <>", ""),
        ('"Mail System" < (x) >', ""),
        ("(nobody)", ""),
        (", (a), ,", ""),
        ("a@x.example <>", "|a"),
        # Names in comments, or elsewhere.
        ("<a@x.example> (Mail Delivery System)", "Mail Delivery System|a"),
        ("a@x.example (Ada (Countess))", "Ada (Countess)|a"),
        ("(Ada) a@x.example", "Ada|a"),
        ("a@x.example (=?utf-8?q?Ad=C3=A9la?=)", "Adéla|a"),
        ("nsb (Nathaniel B)", "Nathaniel B|nsb"),
        ("Ada (work) <a@x.example> (home)", "Ada|a"),
        ("<a@x.example> Ada", "Ada|a"),
        ("Ada Lovelace a@x.example", "Ada Lovelace|a"),
        # Routes, schemes, quotes and brackets around addresses.
        ("Ada <@n.example, @m.example : a@x.example>", "Ada|a"),
        ("<,@n.example,,@m.example:a@x.example>", "|a"),
        ("<mailto:a@x.example>, MAILTO:b@x.example", "|a |b"),
        ("<mailto:a%2Bb@x.example?subject=Hi>", "|a+b"),
        ("Ada <SMTP:a@x.example>", "Ada|a"),
        ("<<a@x.example>>", "|a"),
        ("'a@x.example' <'a@x.example'>", "'a@x.example'|a"),
        ('"a@x.example"', "|a"),
        ('<"a@x.example">', "|a"),
        ("a@x.example>", "|a"),
        ("Ada <a@x.example", "Ada|a"),
        ("Ada <a@x.example, Bo <b@x.example>", "Ada|a Bo|b"),
        ("<a@x.example, b@x.example>", "|a |b"),
        ("<a@x.example> <b@x.example>", "|a |b"),
        ("Ada <a@x.example> Bo <b@x.example>", "Ada|a Bo|b"),
        # Local parts and domains.
        ('"john" . q . "public"@x.example', "|john.q.public"),
        ('"john q".public@x.example', '|"john q.public"'),
        ('"john q"@x.example', '|"john q"'),
        ("a@[192.0.2.1], b@[IPv6:2001:db8::1]", "|a@[192.0.2.1] |b@[IPv6:2001:db8::1]"),
        # Phrases.
        ('"Ada" "King" <a@x.example>', "Ada King|a"),
        ('Ada "The \\"Countess\\"" L. <a@x.example>', 'Ada The "Countess" L.|a'),
        ("J.\tR. (x) Doe <a@x.example>", "J. R. Doe|a"),
        ("Doe\\, Jo <a@x.example>", "Doe, Jo|a"),
        ("=?utf-8?q?Doe,_(Jo)?= <a@x.example>, b@x.example", "Doe, (Jo)|a |b"),
        ("=?utf-8?q?a=3Ab?=: a@x.example;", "|a"),
        ("Ada [Ext] <a@x.example>", "Ada [Ext]|a"),
        ("Ada (Ltd <a@x.example>", "Ada (Ltd|a"),
    ],
)
def test_addresses_of_section_4(text: str, expected: str):
    """Name and address of each; ``|a`` is a@x.example without a name."""
    found = [
        f"{name}|{address.removesuffix('@x.example')}" if "[" not in address else f"|{address}"
        for name, address in read(text)
    ]

    assert expected == " ".join(found)


@pytest.mark.parametrize(
    ("text", "defect"),
    [
        ("Mary <@node.test:mary@example.net>, john . q@x.example (John), A:;", ""),
        ("<>", "it is empty"),
        ("one", "it has no @"),
        ("Doe, J <a@x.example>", "a comma stands in a display name without quotes"),
        ("<a@x.example, b@x.example>", "an angle bracket is never closed"),
        ("a@x.example b@x.example", "neither commas nor brackets"),
        ("a@b@x.example", "more than one @"),
    ],
)
def test_what_is_obsolete_is_no_defect(text: str, defect: str):
    """What no grammar allows is one, in words without addresses."""
    defects = read_addresses(text, "To").defects

    assert bool(defect) == bool(defects)
    assert all(found.startswith("To: an address is faulty: ") for found in defects)
    assert all(defect in found and "example" not in found for found in defects)


WORDS = st.text("abcXYZ019!#-_", min_size=1, max_size=8)
SPACE = st.sampled_from(["", "", " ", "\t ", "(c)", " (c (d) \\) e) ", '("<x@y>, z:;")'])


@st.composite
def obsolete(draw: st.DrawFn) -> tuple[str, str, str]:
    """An address with comments and white space wherever RFC 5322 allows them."""
    local_part = draw(st.lists(WORDS, min_size=1, max_size=3))
    domain = draw(st.lists(st.text("abc01", min_size=1, max_size=5), min_size=1, max_size=3))
    name = draw(st.lists(WORDS, min_size=1, max_size=3))
    pieces = [draw(SPACE)]
    for number, word in enumerate(local_part):
        pieces += [".", draw(SPACE)] if number else []
        pieces += [word, draw(SPACE)]
    pieces += ["@", draw(SPACE)]
    for number, word in enumerate(domain):
        pieces += [".", draw(SPACE)] if number else []
        pieces += [word, draw(SPACE)]
    route = draw(st.sampled_from(["", "@n.example:", " , @n.example (x),@m.example : "]))
    phrase = f" {draw(SPACE)}".join(name)
    text = f"{draw(SPACE)}{phrase} {draw(SPACE)}<{route}{''.join(pieces)}>{draw(SPACE)}"
    return text, " ".join(name), ".".join(local_part) + "@" + ".".join(domain)


@given(st.lists(obsolete(), min_size=1, max_size=4), st.sampled_from([",", ", ,", ";", ",(x),"]))
def test_comments_stand_anywhere(addresses: list[tuple[str, str, str]], separator: str):
    """Comments, white space and routes change neither addresses nor names."""
    text = separator.join(written for written, _, _ in addresses)

    assert [(name, addr_spec) for _, name, addr_spec in addresses] == read(text)
    assert () == read_addresses(text, "To").defects
    assert read(text) == read(f"Group (x) : {text} ;")


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories={"C", "Z"}, include_characters=" ")),
            st.from_regex(r"[a-z0-9.!#]{1,9}@[a-z]{1,9}\.example", fullmatch=True),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_addresses_that_we_write_are_read(pairs: list[tuple[str, str]]):
    """The reader is the inverse of the writer."""
    wanted = [
        Address(addr_spec.replace("..", ".").strip("."), name.strip())
        for name, addr_spec in pairs
        if not addr_spec.startswith(".") and ".@" not in addr_spec and ".." not in addr_spec
    ]
    header = ", ".join(str(address) for address in wanted)

    assert wanted == [found.address for found in read_addresses(header, "To").addresses]


@given(st.text("ab<>@,;:()\"\\[] .=?\t'", max_size=40))
def test_every_address_field_is_read(text: str):
    """Nothing raises, and nothing with an @ between two letters gets lost."""
    found = read_addresses(text, "To").addresses

    if text.strip("ab@") == "" and "a@b" in text[1:-1]:
        assert [text] == [address.addr_spec for address in found]


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (b"<1234   @   local(blah)  .machine .example>", "<1234@local.machine.example>"),
        (b"(<no@x>) <a@b> (c)", "<a@b>"),
        (b'<"a (b) c"@d>', '<"a (b) c"@d>'),
        (b'Message of "Mon, 1 Jan" (x) <a@b>', "<a@b>"),
        (b"<a@b>,(c)<d@e>", "<a@b> <d@e>"),
        (b"a@b (c@d)", "<a@b>"),
        (b"<a@b", "<a@b>"),
        (b"<<a@b>>", "<a@b>"),
        (b"<a(b@c>", "<a(b@c>"),
        (b"<a@[192.0.2.1]>", "<a@[192.0.2.1]>"),
    ],
)
def test_ids_with_comments(value: bytes, ids: str):
    """RFC 5322, 4.5.4: comments and white space in ids."""
    assert ids == " ".join(message_ids(value))


@pytest.mark.parametrize(
    ("field", "content_id"),
    [
        (b"<a@b>", "a@b"),
        (b"(c) <a@b> (d)", "a@b"),
        (b"a@b", "a@b"),
        (b"<logo>", "logo"),
        (b"logo", "logo"),
        (b"<>", None),
    ],
)
def test_content_id_with_comments(field: bytes, content_id: str | None):
    """What the HTML refers to, without brackets and comments."""
    mail = parse_inbound(b"Content-Type: image/png\nContent-ID: " + field + b"\n\nx")

    assert content_id == (*mail.attachments, *mail.inlines)[0].content_id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a (b) c", "a   c"),
        ('"a (b)" (c (d\\)) e)f', '"a (b)"  f'),
        ("a (b", "a (b"),
        ("((a) b", "(  b"),
        ("a) (b)", "a)  "),
    ],
)
def test_comments(text: str, expected: str):
    """Nested, escaped, quoted or not closed."""
    assert expected == without_comments(text)


@pytest.mark.parametrize("size", [30_000, pytest.param(300_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "piece",
    [
        *(
            "(",
            ")",
            "()",
            "(()",
            "<",
            "<(",
            "(<",
            "<@a,",
            "<@a:",
            '<"',
            '"\\',
            '\\"',
            "[",
            "[]",
            "=",
        ),
        *(
            "=?",
            "=?a?q?b?=",
            "=?a?q?",
            "a@b ",
            "a@b c ",
            "a b",
            "a:",
            "mailto:",
            "<mailto:",
            "@",
            ".",
        ),
        *(".@", '"a".', '"a"', "a@b<c@d>", "<>", "a,<b@c>", "'", ">", "\\", ", ", "<,", "<;", " "),
    ],
)
def test_hostile_lists_take_linear_time(piece: str, size: int):
    """Whatever makes patterns explode: 60 KB a second at least, however long."""
    text = piece * (size // len(piece))
    start = time.process_time()
    read_addresses(text, "To")
    message_ids(text.encode())

    assert time.process_time() - start < size / 60_000
