"""What the shop sends."""

from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused
from anymail.message import AnymailMessage, attach_inline_image
from django.core.mail import EmailMultiAlternatives, send_mail


def welcome(address):
    """A mail with a picture; returns its id and its status."""
    message = EmailMultiAlternatives("Welcome", "Hello", None, [address])
    logo = attach_inline_image(message, b"GIF89a", "logo.gif", "gif")
    message.attach_alternative(f'<img src="cid:{logo}" alt=""> Hello', "text/html")
    message.metadata = {"user_id": "8675309"}
    message.tags = ["onboarding"]
    message.track_clicks = True
    message.send()
    status = message.anymail_status
    return status.message_id, sorted(status.status), status.recipients[address].status


def newsletter(names):
    """One mail for each reader, filled in by the service."""
    message = AnymailMessage(
        to=list(names),
        template_id="newsletter",
        merge_data={address: {"name": name} for address, name in names.items()},
        merge_global_data={"issue": 7},
    )
    message.send()
    return {address: each.status for address, each in message.anymail_status.recipients.items()}


def reminder(address):
    """What became of it, in a word."""
    try:
        send_mail("Reminder", "Hello", None, [address])
    except AnymailRecipientsRefused:
        return "refused"
    except AnymailAPIError as error:
        return f"failed with {error.status_code}"
    return "sent"
