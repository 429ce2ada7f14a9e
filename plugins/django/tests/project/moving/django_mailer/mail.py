"""What the shop sends."""

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from mailer import send_mail
from mailer.models import PRIORITY_HIGH


def order(address):
    """Confirm an order."""
    with transaction.atomic():
        send_mail("Your order", "It is on its way.", None, [address], PRIORITY_HIGH)


def news(address):
    """Tell what is new."""
    message = EmailMultiAlternatives("News", "It is new.", None, [address])
    message.attach_alternative("<p>It is new.</p>", "text/html")
    message.send()
