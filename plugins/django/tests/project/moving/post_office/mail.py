"""What the shop sends."""

from datetime import timedelta

from django.core.mail import EmailMessage
from django.utils import timezone
from post_office import mail


def welcome(name, address):
    """Welcome a new customer, before anything else is sent."""
    mail.send(address, template="welcome", context={"name": name}, priority="high")


def remind(address):
    """Remind of a basket that was left, the next day."""
    mail.send(
        address,
        subject="Your basket",
        message="It is still there.",
        html_message="<p>It is still there.</p>",
        scheduled_time=timezone.now() + timedelta(days=1),
    )


def receipt(address):
    """Send a receipt, with a file."""
    message = EmailMessage("Receipt", "Total: 12.00", None, [address])
    message.attach("receipt.txt", "12.00", "text/plain")
    message.send()
