"""File names of strangers, made safe to use in a directory of one's own."""

from __future__ import annotations

import re
import unicodedata


__all__ = ["safe_filename"]

# What separates directories, or means something to Windows, shells or URLs.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f<>:\"|?*%$`~;&{}\[\]!#^']+")
# RFC 3629 has no surrogates, and format characters turn "gpj.exe" round or hide what stands there.
_UNSAFE_CATEGORIES = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])
_SEPARATORS = r"[/\\\u2215\u2044\u29f8\uff0f\uff3c]"
_SPACES = re.compile(r"\s+")
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file (read 2026-11-21)
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE
)
_MAX_EXTENSION = 20


def safe_filename(
    filename: str | None, *, default: str = "attachment", max_bytes: int = 200
) -> str:
    r"""
    Make a file name that is one, and nothing else, on every file system.

    No directories, no control, format or bidirectional characters, nothing reserved by Windows, no
    leading or trailing dot. The extension is kept, if it is short; whether it may be trusted is
    another question.

    Args:
        filename: The name that was received; None and what is left empty become *default*.
        default: What is returned, as it is, where there is no usable name.
        max_bytes: Longest name in UTF-8; file systems take 255.

    Example:
        >>> safe_filename("../../etc/passwd")
        'passwd'
        >>> safe_filename("invoice\u202efdp.exe")
        'invoicefdp.exe'
    """
    name = re.split(_SEPARATORS, (filename or "").rstrip("/\\"))[-1]
    name = _SPACES.sub(" ", name)
    name = "".join(c for c in name if unicodedata.category(c) not in _UNSAFE_CATEGORIES)
    name = unicodedata.normalize("NFC", _UNSAFE.sub("_", name))
    name = _without_ends(_SPACES.sub(" ", name))
    if _RESERVED.fullmatch(name):
        name = f"_{name}"
    return _without_ends(_shortened(name, max_bytes)) or default


def _without_ends(name: str) -> str:
    # A dot hides a file or is no part of its name; a hyphen makes it an option.
    return name.lstrip("-. ").rstrip(". ")


def _shortened(name: str, max_bytes: int) -> str:
    if len(name.encode("utf-8")) <= max_bytes:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > _MAX_EXTENSION:
        stem, dot, extension = name, "", ""
    room = max_bytes - len((dot + extension).encode("utf-8"))
    return stem.encode("utf-8")[: max(room, 0)].decode("utf-8", "ignore") + dot + extension
