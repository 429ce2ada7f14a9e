"""
What other programs read from the mail that is written here: the same as was given.

The standard library reads every mail in the fast tests. The slow ones add mailparser and
postal-mime from npm, in a directory of the run. Without npm they fail rather than pass unseen:
leave them out with ``-m "not slow"``.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses

import pytest

from mailcore.address import Address
from mailcore.message import Attachment, Message
from mailcore.mime import write_message


MAILS = 150
PACKAGES = {"private": True, "dependencies": {"mailparser": "3.9.12", "postal-mime": "2.4.4"}}
WORDS = {
    "ascii": "order shipped What is 1+1=? a=b =?x 100% <b> & From .dot",
    "latin": "Grüße Straße Zürich naïve façade È vero ñandú",
    "cyrillic": "Здравствуйте ваш заказ отправлен",
    "chinese": "您的订单已经发货 感谢您的购买 客户服务部",
    "japanese": "ご注文の商品を発送いたしました。 株式会社例 カスタマー",
    "emoji": "Hi 👩‍👩‍👧 🎉 ok 🇩🇪 done",
}
READ = """
const fs = require('fs');
const kind = process.argv[2];
const text = (value) => (value || '').replace(/\\r\\n/g, '\\n').trim();
const file = (each) => [each.filename || null, Buffer.from(each.content).toString('base64')];
async function withMailparser(raw) {
  const mail = await require('mailparser').simpleParser(raw, { skipTextToHtml: true,
    skipHtmlToText: true, skipImageLinks: true, skipTextLinks: true });
  return { subject: mail.subject || '', from: mail.from.value[0].name,
    to: mail.to.value.map((each) => each.name), text: text(mail.text), html: text(mail.html),
    files: mail.attachments.map(file) };
}
async function withPostalMime(raw) {
  const mail = await require('postal-mime').default.parse(raw);
  return { subject: mail.subject || '', from: mail.from.name,
    to: mail.to.map((each) => each.name), text: text(mail.text), html: text(mail.html),
    files: mail.attachments.map(file) };
}
const read = kind === 'mailparser' ? withMailparser : withPostalMime;
(async () => {
  const found = [];
  for (const raw of JSON.parse(fs.readFileSync(0, 'utf8'))) {
    found.push(await read(Buffer.from(raw, 'base64')));
  }
  console.log(JSON.stringify(found));
})();
"""


def words(dice: random.Random, most: int) -> str:
    """Some words of one script or of two."""
    chosen = " ".join(WORDS[name] for name in dice.sample(sorted(WORDS), dice.choice([1, 1, 2])))
    pool = chosen.split(" ")
    return " ".join(dice.choice(pool) for _ in range(dice.randint(1, most)))


def body(dice: random.Random, before: str = "") -> str:
    """Paragraphs."""
    return before + "\n".join(words(dice, 30) for _ in range(dice.randint(1, 12)))


def given(number: int) -> Message:
    """A mail as applications write them."""
    dice = random.Random(number)
    files: list[Attachment] = []
    html = body(dice, "<p>") if dice.random() < 0.6 else None
    for place in range(dice.choice([0, 0, 1, 2])):
        name = f"{words(dice, 4).replace('/', '')}-{place}"
        kind = dice.choice(["csv", "txt", "bin", "png"])
        if kind == "png":
            files.append(Attachment(f"{name}.png", b"\x89PNG\r\n", content_id=f"i{place}@inline"))
            if html is not None and dice.random() < 0.5:
                html += f'<img src="cid:i{place}@inline">'
        elif kind == "bin":
            files.append(Attachment(f"{name}.bin", dice.randbytes(200)))
        else:
            line_end = dice.choice(["\n", "\r\n", "\r"])
            text = line_end.join(words(dice, 20) for _ in range(5)) + dice.choice(["", " ", "\n"])
            files.append(Attachment(f"{name}.{kind}", text.encode()))
    return Message(
        from_email=Address("from@example.com", words(dice, 6)),
        to=[Address(f"to{n}@example.net", words(dice, 9)) for n in range(dice.randint(1, 3))],
        subject=words(dice, 14),
        text=body(dice) if html is None or dice.random() < 0.8 else None,
        html=html,
        attachments=files,
    )


def expected(message: Message) -> dict[str, object]:
    """What a reader is to find."""
    return {
        "subject": message.subject,
        "from": message.from_email.display_name,
        "to": [address.display_name for address in message.to],
        "text": (message.text or "").strip(),
        "html": (message.html or "").strip(),
        "files": sorted(
            [part.filename, part.to_dict()["content_base64"]] for part in message.attachments
        ),
    }


def names(mail: EmailMessage, header: str) -> list[str]:
    """Display names; the new API puts spaces between the encoded-words of one."""
    raw = dict(mail.raw_items())[header].replace("\r\n", "")
    return [str(make_header(decode_header(name))) for name, _ in getaddresses([raw])]


def read_by_the_standard_library(raw: bytes) -> dict[str, object]:
    """The same of its new API."""
    mail = message_from_bytes(raw, policy=policy.default)
    bodies = {"text/plain": "", "text/html": ""}
    files = []
    for part in mail.walk():
        if part.get_content_disposition() is not None:
            octets = part.get_payload(decode=True)
            files.append(Attachment(part.get_filename(), octets, "x/y").to_dict())
        elif not part.is_multipart():
            bodies[part.get_content_type()] = part.get_content()
    return {
        "subject": mail["Subject"],
        "from": names(mail, "From")[0],
        "to": names(mail, "To"),
        "text": bodies["text/plain"].replace("\r\n", "\n").strip(),
        "html": bodies["text/html"].replace("\r\n", "\n").strip(),
        "files": sorted([each["filename"], each["content_base64"]] for each in files),
    }


def differences(wanted: list[dict[str, object]], found: list[dict[str, object]]) -> list[str]:
    """Fields that were read differently, with the number of the mail."""
    for each in found:
        each["files"] = sorted(each["files"])
    return [
        f"{number}.{field}: {own[field]!r} read as {other[field]!r}"
        for number, (own, other) in enumerate(zip(wanted, found, strict=True))
        for field in own
        if own[field] != other[field]
    ]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The directory with the Node packages."""
    directory = tmp_path_factory.mktemp("readers")
    npm = shutil.which("npm")
    if npm is None:
        pytest.fail('npm is not installed: install Node 18 or later, or run with -m "not slow"')
    (directory / "package.json").write_text(json.dumps(PACKAGES))
    (directory / "read.cjs").write_text(READ)
    finished = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if finished.returncode:
        pytest.fail(f"npm cannot install {PACKAGES['dependencies']}: {finished.stderr[-1000:]}")
    return directory


@pytest.mark.slow
def test_standard_library():
    """Every field of every mail."""
    messages = [given(number) for number in range(MAILS)]
    found = [read_by_the_standard_library(write_message(message)) for message in messages]

    assert [] == differences([expected(message) for message in messages], found)


@pytest.mark.slow
@pytest.mark.parametrize("reader", ["mailparser", "postal-mime"])
def test_readers_of_node(installed, reader):
    """The two that most programs of JavaScript read mail with."""
    messages = [given(number) for number in range(MAILS)]
    raw = [
        Attachment(None, write_message(message), "x/y").to_dict()["content_base64"]
        for message in messages
    ]
    finished = subprocess.run(
        ["node", "read.cjs", reader],
        cwd=installed,
        input=json.dumps(raw),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert "" == finished.stderr
    found = json.loads(finished.stdout)
    assert [] == differences([expected(message) for message in messages], found)
