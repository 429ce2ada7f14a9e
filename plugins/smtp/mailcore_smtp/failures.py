"""What it means that a connection failed: whether the mail may be on its way, and what to do."""

from __future__ import annotations

import smtplib
import socket
import ssl

from collections.abc import Sequence

from mailcore.errors import MailcoreError, NetworkError, SendError, SendTimeout, UnexpectedResponse


def failure(error: Exception, *, place: str, began: bool) -> MailcoreError:
    """
    The error for what ended an exchange without an answer.

    Args:
        error: What smtplib, aiosmtplib, TLS or a socket raised.
        place: Where to, for the text.
        began: Whether the final dot was written, or may have been.
    """
    if isinstance(error, MailcoreError):
        if isinstance(error, SendError) and began:
            error.maybe_accepted, error.retryable = True, False
        return error
    chain = _chain(error)
    if any(isinstance(each, TimeoutError) or "Timeout" in type(each).__name__ for each in chain):
        if began:
            reason = f"no answer from {place} in time, after the whole mail"
            return SendTimeout(reason, retryable=False, maybe_accepted=True)
        return SendTimeout(f"no answer from {place} in time")
    if _is_nonsense(error):
        reason = f"{place} answers with something else than SMTP"
        return UnexpectedResponse(reason, category="protocol", maybe_accepted=began)
    if began:
        reason = f"the connection to {place} was lost after the whole mail ({_name(chain)})"
        return NetworkError(reason, retryable=False, maybe_accepted=True)
    return _before_the_dot(chain, place)


def _before_the_dot(chain: Sequence[BaseException], place: str) -> NetworkError:
    certificate = next((e for e in chain if isinstance(e, ssl.SSLCertVerificationError)), None)
    if certificate is not None:
        why = f"check the certificate: {certificate.verify_message}"
        return NetworkError(f"no TLS with {place}: {why}", category="tls", retryable=False)
    if any(isinstance(each, ssl.SSLError) for each in chain):
        reason = f"no TLS with {place} ({_name(chain)})"
        return NetworkError(reason, category="tls", retryable=False)
    if any(isinstance(each, socket.gaierror) for each in chain):
        return NetworkError(f"cannot find {place}: check the name")
    if any(isinstance(each, (OSError, EOFError, smtplib.SMTPException)) for each in chain):
        found = [e.strerror for e in chain if isinstance(e, OSError) and e.strerror]
        why = next(iter(found), _name(chain))
        return NetworkError(f"cannot connect to {place}, or the connection was lost: {why}")
    if any(type(each).__module__.startswith("aiosmtplib") for each in chain):
        return NetworkError(f"cannot connect to {place}, or the connection was lost")
    return NetworkError(f"no exchange with {place} ({_name(chain)})", retryable=False)


def _name(chain: Sequence[BaseException]) -> str:
    return type(chain[-1]).__name__


def _is_nonsense(error: Exception) -> bool:
    codes = getattr(error, "smtp_code", None), getattr(error, "code", None)
    return isinstance(error, smtplib.SMTPResponseException) or any(
        isinstance(code, int) for code in codes
    )


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
