r"""
Texts of others, shown on a terminal: what steers it, or only looks like another text, is escaped.

Controls move the cursor, set titles and answer as if the user had typed (``ESC [ … ``, C1, BEL);
bidirectional overrides make a name read otherwise (https://trojansource.codes, read 2026-11-30);
tags and other format characters are not seen at all. The two joiners that names and emoji are
spelled with stay, and spaces of every width.
"""

from __future__ import annotations

import re
import unicodedata


_JOINERS = "\u200c\u200d"
# U+2028 and its like end a line on some terminals only.
_LINE_END = re.compile(r"\r?\n")


def one_line(text: str) -> str:
    r"""
    A text on one line that does nothing to a terminal.

    Example:
        >>> one_line("red \x1b[31m\nand ü")
        'red \\x1b[31m\\nand ü'
    """
    if text.isprintable():
        return text
    return "".join(char if _is_harmless(char) else _escaped(char) for char in text)


def lines(text: str) -> str:
    """A text of several lines that does nothing to a terminal; tabs stay, line ends become LF."""
    return "\n".join("\t".join(map(one_line, line.split("\t"))) for line in _LINE_END.split(text))


def _is_harmless(char: str) -> bool:
    return char.isprintable() or char in _JOINERS or unicodedata.category(char) == "Zs"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
