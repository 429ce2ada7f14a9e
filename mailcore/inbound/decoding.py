"""
From the octets of a part to its content: transfer encodings.

Nothing here raises for what a mail holds.
"""

from __future__ import annotations

import binascii
import io

from mailcore.inbound.entity import Buffer


__all__ = ["IDENTITY", "decode_transfer"]

IDENTITY = ("", "7bit", "8bit", "binary")
"""Transfer encodings that leave the content as it is."""

_UU = ("x-uuencode", "uuencode", "uue", "x-uue")

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
# What stands behind the last characters of base64: line ends, a footer.
_MAX_TAIL = 10_000


def decode_transfer(body: Buffer, encoding: str) -> tuple[bytes, str]:
    """
    Undo a Content-Transfer-Encoding (RFC 2045, section 6), as much of it as can be.

    Args:
        body: The bytes that stand in the message.
        encoding: The value of Content-Transfer-Encoding in lower case; empty if there is none.

    Returns:
        The content, and what is wrong with it, if anything.
    """
    if encoding in IDENTITY:
        return bytes(body), ""
    if encoding == "base64":
        return _base64(body)
    if encoding == "quoted-printable":
        return _quoted_printable(bytes(body)), ""
    if encoding in _UU:
        return _uuencoded(bytes(body))
    return bytes(body), f"its transfer encoding {encoding[:40]!r} is unknown"


def _base64(body: Buffer) -> tuple[bytes, str]:
    try:
        return binascii.a2b_base64(body), ""
    except binascii.Error:
        pass
    # The last group is not complete: decode all before it, without a copy.
    view = memoryview(body)
    group = b""
    for end in range(len(view) - 1, max(len(view) - _MAX_TAIL, -1), -1):
        character = bytes(view[end : end + 1])
        if character not in _BASE64:
            continue
        group = character + group
        try:
            decoded = binascii.a2b_base64(view[:end])
        except binascii.Error:
            continue
        # One character alone is six bits of an octet that is lost.
        last = binascii.a2b_base64(group + b"==") if len(group) > 1 else b""
        return decoded + last, "its base64 is cut off"
    return bytes(body), "it is not base64, as it says"


def _quoted_printable(data: bytes) -> bytes:
    if data.count(b"\r") != data.count(b"\r\n"):
        # binascii drops everything between "=" CR and the next LF.
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return binascii.a2b_qp(data)


def _uuencoded(data: bytes) -> tuple[bytes, str]:
    # Line by line: a list of very short ones takes twenty times their bytes.
    lines = io.BytesIO(data)
    if not any(line.startswith(b"begin ") for line in lines):
        return data, "it is not uuencoded, as it says"
    decoded = bytearray()
    for line in lines:
        if line.strip() == b"end":
            return bytes(decoded), ""
        try:
            decoded += binascii.a2b_uu(line)
        except binascii.Error:
            # Encoders that count wrongly: the line's first character is its length.
            count = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                decoded += binascii.a2b_uu(line[:count])
            except binascii.Error:
                return data, "its uuencoding is broken"
    return bytes(decoded), "its uuencoding has no end"
