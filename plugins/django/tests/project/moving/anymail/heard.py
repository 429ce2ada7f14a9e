"""What the shop hears of its mail."""

from anymail.signals import inbound, post_send, pre_send, tracking
from django.dispatch import receiver

heard = []


@receiver(pre_send)
def track_all(sender, message, esp_name, **kwargs):
    message.track_opens = True


@receiver(post_send)
def note_sent(sender, message, status, esp_name, **kwargs):
    heard.append(("sent", esp_name, message.subject, sorted(status.status)))


@receiver(tracking)
def note_event(sender, event, esp_name, **kwargs):
    heard.append((event.event_type, esp_name, event.recipient, event.reject_reason, event.tags))


@receiver(inbound)
def note_mail(sender, event, esp_name, **kwargs):
    mail = event.message
    heard.append(
        (
            event.event_type,
            mail.from_email.addr_spec,
            mail.subject,
            mail.text.strip(),
            [each.get_filename() for each in mail.attachments],
        )
    )
