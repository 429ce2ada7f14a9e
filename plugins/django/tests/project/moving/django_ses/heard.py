"""What the shop hears of its mail."""

from django.dispatch import receiver
from django_ses.signals import bounce_received, delivery_received

heard = []


@receiver(bounce_received)
def note_bounce(sender, mail_obj, bounce_obj, raw_message, *args, **kwargs):
    for each in bounce_obj["bouncedRecipients"]:
        kind = bounce_obj["bounceType"]
        heard.append(("bounced", mail_obj["messageId"], each["emailAddress"], kind))


@receiver(delivery_received)
def note_delivery(sender, mail_obj, delivery_obj, raw_message, *args, **kwargs):
    for each in delivery_obj["recipients"]:
        heard.append(("delivered", mail_obj["messageId"], each, ""))
