"""
The settings of django-mailer and django-post_office, each with what there is instead.

Sources: django-mailer 2.3.2 and django-post_office 3.12.0, their code and documentation
(https://github.com/pinax/django-mailer, https://github.com/ui/django-post_office; read 2026-11-30).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.conf import settings


__all__ = ["DJANGO_MAILER", "POST_OFFICE", "left_of_queues"]

_NOT_NEEDED = "not needed"
_PROVIDER = "the provider of the mailer"
_CONCURRENCY = "`manage.py mailcore work --concurrency`"

DJANGO_MAILER = {
    "MAILER_EMAIL_BACKEND": _PROVIDER,
    "MAILER_EMAIL_MAX_RETRIES": "MAILCORE['OUTBOX']['attempts']",
    "MAILER_EMAIL_MAX_BATCH": "not needed; Throttle(per_day=…) among POLICIES bounds a day's mail",
    "MAILER_EMAIL_MAX_DEFERRED": "not needed: a worker pauses while the provider fails",
    "MAILER_EMAIL_THROTTLE": "Throttle(per_second=…) among POLICIES",
    "MAILER_EMPTY_QUEUE_SLEEP": "`manage.py mailcore work --poll-seconds`",
    "MAILER_ERROR_HANDLER": "not needed: what is tried again, errors say themselves",
    "MAILER_EMAIL_LOG_MESSAGE_DATA": "MAILCORE['OUTBOX']['keep_bodies']; False if not given",
    "MAILER_MESSAGES_BATCH_SIZE": _NOT_NEEDED,
    "MAILER_USE_FILE_LOCK": "not needed: several workers share the table",
    "MAILER_LOCK_PATH": _NOT_NEEDED,
    "MAILER_LOCK_WAIT_TIMEOUT": _NOT_NEEDED,
    "MAILER_PAUSE_SEND": "stop `manage.py mailcore work`",
}
"""By name."""

POST_OFFICE = {
    "BACKENDS": "MAILERS, or MAILCORE['MAILERS']",
    "EMAIL_BACKEND": _PROVIDER,
    "DEFAULT_MAILER": _PROVIDER,
    "DEFAULT_PRIORITY": "keep(…, priority=…)",
    "SENDING_ORDER": "the larger priority first, then what was due first",
    "BATCH_SIZE": _NOT_NEEDED,
    "BATCH_DELIVERY_TIMEOUT": "the timeout of the provider",
    "THREADS_PER_PROCESS": _CONCURRENCY,
    "LOCK_FILE_NAME": "not needed: several workers share the table",
    "CELERY_ENABLED": "`manage.py mailcore work` in a process of its own",
    "MAX_RETRIES": "MAILCORE['OUTBOX']['attempts'], which counts the first one",
    "RETRY_INTERVAL": "MAILCORE['OUTBOX']['first_wait_seconds'], which doubles with each attempt",
    "LOG_LEVEL": "attempts are always kept; MAILCORE['OUTBOX']['keep_days'] says for how long",
    "MESSAGE_ID_ENABLED": "most services write a Message-ID of their own",
    "MESSAGE_ID_FQDN": "most services write a Message-ID of their own",
    "OVERRIDE_RECIPIENTS": "the policy Redirect among POLICIES",
    "TEMPLATE_ENGINE": "no templates in the database: render Django's own, or the provider's",
    "CONTEXT_FIELD_CLASS": "no templates in the database: the message is kept as it is sent",
    "FILE_STORAGE": "attachments are kept within the message",
    "WEBHOOKS": "MAILCORE['WEBHOOKS']",
}
"""By the key in ``POST_OFFICE``."""


def left_of_queues() -> Iterator[tuple[str, str]]:
    """Settings of the two that are there, each with what there is instead."""
    for name, instead in DJANGO_MAILER.items():
        if hasattr(settings, name):
            yield name, instead
    given = getattr(settings, "POST_OFFICE", None)
    for key in given if isinstance(given, Mapping) else ():
        yield f"POST_OFFICE[{key!r}]", POST_OFFICE.get(str(key), "nothing here is known as that")
