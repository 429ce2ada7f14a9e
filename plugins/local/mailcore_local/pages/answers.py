"""
Answers of the pages, each with a policy that lets nothing of a mail act in their origin.
"""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import HTMLResponse, RedirectResponse, Response

from mailcore_local.pages.preview import SHOWN_IMAGE_TYPES


# Our own files and nothing else; no inline script or style, so that no text of a mail becomes one.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_PAGE_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    # With `no-referrer` the forms of the page would come from the origin `null`.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

# A file of a mail is looked at or kept, and acts nowhere: not as a script of a page either.
_FILE_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def page(html: str, *, status_code: int = 200) -> Response:
    """
    A page of ours.
    """
    return HTMLResponse(html.encode("utf-8", "replace"), status_code, _PAGE_HEADERS)


def see_other(path: str) -> Response:
    """
    Go on with a page after a form was taken: loading it again does nothing twice.
    """
    return RedirectResponse(path, 303, _PAGE_HEADERS)


def file(content: bytes, content_type: str, name: str, *, shown: bool = False) -> Response:
    """
    A file of a mail.

    Args:
        content: The octets of the file.
        content_type: The type as the mail declares it, which is believed of pictures only: all else
            is octets, and never a script or a style of a page.
        name: The name to keep it by, without directories.
        shown: Whether a picture is to be shown and not kept.
    """
    is_picture = content_type in SHOWN_IMAGE_TYPES
    is_mail = content_type == "message/rfc822"
    disposition = "inline" if shown and is_picture else "attachment"
    encoded = quote(name, safe="")
    return Response(
        content,
        headers={
            **_FILE_HEADERS,
            "Content-Type": content_type if is_picture or is_mail else "application/octet-stream",
            "Content-Disposition": f"{disposition}; filename*=UTF-8''{encoded}",
        },
    )
