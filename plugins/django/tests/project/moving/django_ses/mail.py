"""What the shop sends."""

from django.core.mail import EmailMessage


def receipt(address):
    """The id of the mail."""
    message = EmailMessage("Receipt", "Total: 12.00", None, [address])
    message.send()
    return message.extra_headers["message_id"]
