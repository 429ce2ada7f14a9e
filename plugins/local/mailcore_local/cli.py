"""
``mailcore local``: a mailbox that speaks every provider, on the command line.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailcore.cli import exit_codes
from mailcore.cli.common import add_common
from mailcore.cli.failures import UsageError


if TYPE_CHECKING:
    from mailcore_local.app import LocalMail
    from mailcore_local.faces import Face

PASSWORD_VARIABLE = "MAILCORE_LOCAL_PASSWORD"  # noqa: S105 - the name of the variable
_AGAIN_SECONDS = 2.0


def add_parser(cli: argparse._SubParsersAction[Any]) -> None:
    """
    Add the command.
    """
    parser = cli.add_parser(
        "local",
        help="run a mailbox that speaks every provider, for development and tests",
        description="A mailbox for development and tests, until SIGTERM or Ctrl-C: it speaks the"
        " APIs of the providers and SMTP, shows in the browser what it was given, and posts the"
        " providers' webhooks. It sends no mail.",
        epilog=exit_codes.epilog(
            "local",
            "local --webhook postmark=http://127.0.0.1:8000/webhooks/postmark",
            "local --port 0 --smtp-port 0 --fault throttle=0.1 --directory mail",
            "local --store mail.db --host 0.0.0.0",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_common(parser)
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="interface to listen on (%(default)s)")
    add("--port", type=int, default=8025, help="port, 0 for any (%(default)s)")
    add("--smtp-port", type=int, default=1025, help="port of SMTP, 0 for any (%(default)s)")
    add("--public-url", metavar="URL", help="where others reach the server, when not at host:port")
    add(
        "--password-file",
        metavar="FILE",
        help=f"the mailbox asks for what is in it; else for what {PASSWORD_VARIABLE} has, if it is"
        " set. On another interface than loopback one of them is needed",
    )
    add("--store", metavar="FILE", help="keep mails in this file, not in memory")
    add("--keep", type=int, metavar="N", help="at most so many mails (1000; on disk a million)")
    add("--directory", metavar="DIR", help="also write accepted mails as .eml files here")
    add("--provider", action="append", metavar="NAME", help="speak only this one; repeatable")
    _add_webhooks(parser)
    _add_faults(parser)
    _add_ses(parser)
    parser.set_defaults(run=run)


def _add_webhooks(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "webhooks",
        "PROVIDER= may be left out where the path of the URL ends with the name, and {provider} in"
        " a URL stands for each of them.",
    )
    place = "[PROVIDER=]URL"
    for name, what in (("--webhook", "events"), ("--inbound-webhook", "inbound mail")):
        group.add_argument(
            name, action="append", default=[], metavar=place, help=f"post {what} here; repeatable"
        )
    group.add_argument(
        "--inbound-domain",
        action="append",
        default=[],
        metavar="DOMAIN=PROVIDER",
        help="hand what comes to it by SMTP to the provider's inbound webhook; repeatable",
    )
    group.add_argument(
        "--webhook-secret",
        action="append",
        default=[],
        metavar="PROVIDER=KEY",
        help="sign with this key, not with one that is made up; repeatable",
    )


def _add_faults(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("faults", "Without a provider, of all that know them.")
    rate, script = "[PROVIDER:]FAULT=RATE", "[PROVIDER=]FILE"
    group.add_argument(
        "--fault", action="append", default=[], metavar=rate, help="such as throttle=0.1"
    )
    group.add_argument(
        "--fault-script",
        action="append",
        default=[],
        metavar=script,
        help="faults step by step: one a line, or JSON",
    )
    group.add_argument("--seed", type=int, default=0, help="for faults by rate (%(default)s)")


def _add_ses(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("Amazon SES")
    add = group.add_argument
    add("--region", default="us-east-1", help="region of ARNs (%(default)s)")
    add("--signature-version", choices=("1", "2"), default="1", help="SNS signature (%(default)s)")
    add("--access-key-id", help="check request signatures with this key id")
    add("--secret-access-key", help="the secret that goes with it")
    add("--sandbox", action="store_true", help="behave like a new account")
    add("--require-verified", action="store_true", help="refuse senders that are not verified")
    add("--verify", action="append", default=[], metavar="IDENTITY", help="a verified identity")
    add("--max-24-hour-send", type=float, metavar="N", help="daily quota in recipients")
    add("--max-send-rate", type=float, metavar="N", help="recipients per second")


def run(arguments: argparse.Namespace) -> int:
    """
    Run the mailbox until SIGINT or SIGTERM.

    Returns:
        0 after a signal.

    Raises:
        UsageError: It could not start; the text says why.
    """
    from mailcore_local.cli_log import told

    with told(debug=getattr(arguments, "debug", False)):
        try:
            local = _local_mail(arguments)
            local.start()
        except (OSError, ValueError, LookupError) as error:
            raise UsageError(_reason(error)) from error
        try:
            _serve(local, arguments)
        except (OSError, ValueError, LookupError) as error:
            raise UsageError(_reason(error)) from error
        finally:
            local.stop()
    return exit_codes.OK


def _serve(local: LocalMail, arguments: argparse.Namespace) -> None:
    from mailcore_local.cli_lines import introduce
    from mailcore_local.cli_reading import set_all_faults

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    set_all_faults(local.hub, arguments.fault, arguments.fault_script)
    if arguments.verify:
        _check_identities(local)
    introduce(local)
    waiting = True
    while waiting and not stop.wait(_AGAIN_SECONDS):
        faces = local.hub.faces.values()
        waiting = True in [face.asked_again() for face in faces]
    stop.wait()


def _check_identities(local: LocalMail) -> None:
    """Make the local SES now, which reads what is verified: a mistake is to be told at once."""
    from mailcore_local.ses import ServiceError
    from mailcore_local.ses_face import SesFace

    face = local.hub.faces.get("ses")
    if isinstance(face, SesFace):
        try:
            face.service(local.hub)
        except ServiceError as error:
            raise ValueError(error.message) from None


def _local_mail(arguments: argparse.Namespace) -> LocalMail:
    from mailcore_local.app import LocalMail
    from mailcore_local.cli_reading import by_provider, pairs
    from mailcore_local.mailbox import MailStore

    faces = _faces(arguments)
    names = [face.name for face in faces]
    store = MailStore(arguments.store, max_messages=arguments.keep)
    try:
        return LocalMail(
            host=arguments.host,
            port=arguments.port,
            public_url=arguments.public_url,
            faces=faces,
            webhooks=by_provider("--webhook", arguments.webhook, names),
            inbound_webhooks=by_provider("--inbound-webhook", arguments.inbound_webhook, names),
            inbound_domains=pairs("--inbound-domain", arguments.inbound_domain, "DOMAIN=PROVIDER"),
            store=store,
            password=_password(arguments.password_file),
            smtp_port=arguments.smtp_port,
            directory=arguments.directory,
            seed=arguments.seed,
        )
    except BaseException:
        store.close()
        raise


def _faces(arguments: argparse.Namespace) -> list[Face]:
    from mailcore_local.cli_reading import pairs
    from mailcore_local.faces import FaceSettings
    from mailcore_local.known_faces import make_faces
    from mailcore_local.ses_face import SesFace, SesSettings

    secrets = pairs("--webhook-secret", arguments.webhook_secret, "PROVIDER=KEY")
    settings = {name: FaceSettings(webhook_secret=secret) for name, secret in secrets.items()}
    if (arguments.access_key_id is None) != (arguments.secret_access_key is None):
        raise ValueError("--access-key-id and --secret-access-key go together")
    ses = SesSettings(
        region_name=arguments.region,
        signature_version=arguments.signature_version,
        access_key_id=arguments.access_key_id,
        secret_access_key=arguments.secret_access_key,
        sandbox=arguments.sandbox,
        require_verified_identities=arguments.require_verified,
        verified_identities=tuple(arguments.verify),
        max_24_hour_send=arguments.max_24_hour_send,
        max_send_rate=arguments.max_send_rate,
    )
    made = make_faces(arguments.provider, settings)
    return [SesFace(face.settings, ses=ses) if face.name == "ses" else face for face in made]


def _password(file: str | None) -> str | None:
    if file is None:
        return os.environ.get(PASSWORD_VARIABLE) or None
    password = Path(file).read_text(encoding="utf-8").strip("\r\n")
    if not password:
        raise ValueError("--password-file: the file is empty")
    return password


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error.args[0]) if isinstance(error, LookupError) and error.args else str(error)
