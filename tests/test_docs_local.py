"""The page about `mailcore local` is held against the command."""

from __future__ import annotations

from pathlib import Path

from mailcore_local import LocalMail
from mailcore_local.cli_lines import introduce
from mailcore_local.ses_face import SesFace
from mailcore_local.smtp import SmtpFace


PAGE = Path(__file__).parent.parent / "docs" / "how-to" / "local-mail.md"


def test_the_page_shows_what_the_command_prints(capsys) -> None:
    """Line by line, for the ports that it takes by default."""
    smtp = SmtpFace()
    with LocalMail(public_url="http://127.0.0.1:8025", faces=[SesFace(), smtp]) as local:
        smtp.address = ("127.0.0.1", 1025)
        introduce(local)

    assert capsys.readouterr().out in PAGE.read_text(encoding="utf-8")
