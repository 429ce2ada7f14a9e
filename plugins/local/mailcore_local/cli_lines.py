"""
What ``mailcore local`` prints when it has started: lines to copy.
"""

from __future__ import annotations

import shlex

from typing import TYPE_CHECKING

from mailcore.cli import output
from mailcore.http import REDIRECT_VARIABLE


if TYPE_CHECKING:
    from mailcore_local.app import LocalMail


def introduce(local: LocalMail) -> None:
    """
    Say where the mailbox is, and how programs send to it.
    """
    output.write("\n".join(_lines(local)))
    output.flush()


def _lines(local: LocalMail) -> list[str]:
    kept = f"in {local.mails.path}" if local.mails.path else "in memory"
    lines = [
        f"Mailbox at {local.url}; Ctrl-C stops it.",
        "In the browser:",
        f"  {local.url}/",
        "For mailcore, whatever provider it is told to use, in development only:",
        f"  export {REDIRECT_VARIABLE}={local.url}",
        "For mailcore with one provider, whose webhooks are believed then:",
    ]
    for face in local.hub.faces.values():
        url = face.mailcore_url(local.face_url(face.name))
        if url is not None:
            lines.append(f"  export MAILCORE_URL={shlex.quote(url)}")
    lines.append("For SDKs and other programs:")
    for face in local.hub.faces.values():
        where = f": {local.face_url(face.name)}" if face.speaks_http else ""
        lines.append(f"  {face.label}{where}")
        for line in face.lines(local.face_url(face.name)):
            lines += [f"    {line.title}:", f"      {line.line}"]
    for name, face in local.hub.faces.items():
        lines += [f"Events of {face.label} are posted to {url}" for url in local.hub.webhooks(name)]
    lines.append(f"At most {local.mails.max_messages:,} mails are kept {kept}.")
    return lines
