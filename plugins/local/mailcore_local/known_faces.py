"""
The faces that are there, none of which is imported before it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module

from mailcore_local.faces import Face, FaceSettings


# The name of the provider -> the module, and the class in it.
KNOWN_FACES: Mapping[str, tuple[str, str]] = {
    "ses": ("mailcore_local.ses_face", "SesFace"),
    "mailgun": ("mailcore_local.mailgun.face", "MailgunFace"),
    "postmark": ("mailcore_local.postmark.face", "PostmarkFace"),
    "mailjet": ("mailcore_local.mailjet.face", "MailjetFace"),
    "mandrill": ("mailcore_local.mandrill.face", "MandrillFace"),
    "sendgrid": ("mailcore_local.sendgrid.face", "SendGridFace"),
    "smtp": ("mailcore_local.smtp", "SmtpFace"),
    "brevo": ("mailcore_local.brevo.face", "BrevoFace"),
    "sparkpost": ("mailcore_local.sparkpost.face", "SparkPostFace"),
}


def make_faces(
    names: Iterable[str] | None = None, settings: Mapping[str, FaceSettings] | None = None
) -> list[Face]:
    """
    Faces by name.

    Args:
        names: The names of the providers; all that are known by default.
        settings: Keys, by the name of the provider, where faces are not to make their own.

    Raises:
        ValueError: A name is unknown.
    """
    settings = settings or {}
    wanted = list(KNOWN_FACES if names is None else names)
    unknown = [name for name in [*wanted, *settings] if name not in KNOWN_FACES]
    if unknown:
        known = ", ".join(sorted(KNOWN_FACES))
        raise ValueError(f"no provider {unknown[0][:40]!r} is spoken here; there are {known}")
    return [_made(name, settings.get(name)) for name in wanted]


def _made(name: str, settings: FaceSettings | None) -> Face:
    module, class_name = KNOWN_FACES[name]
    made = getattr(import_module(module), class_name)(settings)
    assert isinstance(made, Face)
    return made
