"""
``mailcore local``: a local SES on the command line.
"""

from __future__ import annotations

import argparse
import json
import logging
import shlex
import signal
import sys
import threading

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailcore.cli import exit_codes, output
from mailcore.cli.common import add_common
from mailcore.cli.failures import UsageError


if TYPE_CHECKING:
    from mailcore_local.ses import LocalSes

# How long a webhook that took the request to confirm its subscription may need for it.
_CONFIRMATION_SECONDS = 3.0
_AGAIN_SECONDS = 2.0

logger = logging.getLogger("mailcore_local.cli")


def add_parser(cli: argparse._SubParsersAction[Any]) -> None:
    """
    Add the command.
    """
    parser = cli.add_parser(
        "local",
        help="run a local Amazon SES, for development and tests",
        description="A local Amazon SES for development and tests: sesv2 and SNS on one loopback"
        " port, until SIGTERM or Ctrl-C. It sends no mail.",
        epilog=exit_codes.epilog(
            "local",
            "local --webhook http://127.0.0.1:8000/webhooks/ses",
            "local --port 0 --fault throttle=0.1 --directory mail",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_common(parser)
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="interface to listen on (%(default)s)")
    add("--port", type=int, default=8005, help="port, 0 for any (%(default)s)")
    add("--public-url", metavar="URL", help="where others reach the server, when not at host:port")
    add("--region", default="us-east-1", help="region of ARNs (%(default)s)")
    add("--signature-version", choices=("1", "2"), default="1", help="SNS signature (%(default)s)")
    add("--webhook", action="append", default=[], metavar="URL", help="endpoint to subscribe")
    add("--access-key-id", help="check request signatures with this key id")
    add("--secret-access-key", help="the secret that goes with it")
    add("--sandbox", action="store_true", help="behave like a new account")
    add("--require-verified", action="store_true", help="refuse senders that are not verified")
    add("--verify", action="append", default=[], metavar="IDENTITY", help="a verified identity")
    add("--max-24-hour-send", type=float, metavar="N", help="daily quota in recipients")
    add("--max-send-rate", type=float, metavar="N", help="recipients per second")
    add("--fault", action="append", default=[], metavar="FAULT=RATE", help="such as throttle=0.1")
    add("--fault-script", metavar="FILE", help="faults step by step: one a line, or JSON")
    add("--seed", type=int, default=0, help="for faults by rate (%(default)s)")
    add("--directory", metavar="DIR", help="also write accepted messages as .eml files here")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """
    Run a local SES until SIGINT or SIGTERM.

    Returns:
        0 after a signal.

    Raises:
        UsageError: It could not start; the text says why.
    """
    from mailcore_local.engine import set_faults
    from mailcore_local.ses import ServiceError

    try:
        faults = _faults(arguments)
        ses = _local_ses(arguments)
        ses.start()
    except (OSError, ValueError, ServiceError) as error:
        raise UsageError(_reason(error)) from error
    with _told(debug=getattr(arguments, "debug", False)):
        try:
            set_faults(ses.faults, faults)
            _serve(ses, arguments.webhook)
        except (ValueError, ServiceError) as error:
            raise UsageError(_reason(error)) from error
        finally:
            ses.stop()
    return exit_codes.OK


def _serve(ses: LocalSes, webhooks: list[str]) -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    unconfirmed = {ses.subscribe(endpoint): endpoint for endpoint in webhooks}
    _introduce(ses)
    stop.wait(_CONFIRMATION_SECONDS if unconfirmed else None)
    while unconfirmed and not stop.is_set():
        unconfirmed = {arn: e for arn, e in unconfirmed.items() if _ask_again(ses, arn, e)}
        stop.wait(_AGAIN_SECONDS)
    stop.wait()


def _ask_again(ses: LocalSes, subscription_arn: str, endpoint: str) -> bool:
    """
    Ask a webhook once more if it did not take the request: the application may start later.

    Returns:
        Whether to look at it again.
    """
    from mailcore_local.ses.confirming import not_confirmed

    if ses.is_confirmed(subscription_arn):
        return False
    asked = [r for r in ses.notifications if r.subscription_arn == subscription_arn]
    if asked[-1].state == "delivered":
        logger.warning("%s", not_confirmed(endpoint))
        return False
    if asked[-1].state == "failed":
        ses.subscribe(endpoint)
    return True


def _local_ses(arguments: argparse.Namespace) -> LocalSes:
    from mailcore_local.ses import LocalSes

    return LocalSes(
        host=arguments.host,
        port=arguments.port,
        public_url=arguments.public_url,
        region_name=arguments.region,
        signature_version=arguments.signature_version,
        access_key_id=arguments.access_key_id,
        secret_access_key=arguments.secret_access_key,
        sandbox=arguments.sandbox,
        require_verified_identities=arguments.require_verified,
        verified_identities=arguments.verify,
        max_24_hour_send=arguments.max_24_hour_send,
        max_send_rate=arguments.max_send_rate,
        seed=arguments.seed,
        directory=arguments.directory,
    )


def _faults(arguments: argparse.Namespace) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if arguments.fault_script is not None:
        document = _script(Path(arguments.fault_script).read_text(encoding="utf-8"))
    rules = list(document.get("rules", []))
    for text in arguments.fault:
        name, equals, rate = text.rpartition("=")
        if not equals:
            raise ValueError(f"--fault takes FAULT=RATE, as in throttle=0.1, not {text!r}")
        try:
            rules.append({"fault": name, "rate": float(rate)})
        except ValueError:
            raise ValueError(f"--fault {name}: {rate!r} is not a rate") from None
    return {**document, "rules": rules}


def _script(text: str) -> dict[str, Any]:
    if text.lstrip()[:1] not in ("[", "{"):
        lines = [line.partition("#")[0].strip() for line in text.splitlines()]
        return {"script": [line for line in lines if line]}
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ValueError(f"the fault script is not valid JSON: {error}") from None
    return document if isinstance(document, dict) else {"script": document}


def _introduce(ses: LocalSes) -> None:
    region, url = ses.region_name, ses.url
    output.write(
        f"Local SES at {url} (region {region}); Ctrl-C stops it.\n"
        "In the browser:\n"
        f"  {url}/\n"
        "For mailcore:\n"
        f"  export MAILCORE_URL={shlex.quote(ses.mailcore_url)}\n"
        "For boto3:\n"
        f'  boto3.client("sesv2", region_name="{region}", endpoint_url="{url}")\n'
        "For any AWS SDK, with any credentials:\n"
        f"  export AWS_DEFAULT_REGION={region}"
        f" AWS_ENDPOINT_URL_SESV2={url} AWS_ENDPOINT_URL_SNS={url}\n"
        f"Events of the configuration set local go to {ses.topic_arn}"
    )
    output.flush()


class _Notes(logging.Handler):
    """What the server has to say, a line each."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write it to standard error."""
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        always = record.levelno >= logging.ERROR
        output.note(f"{level}{record.getMessage()}", always=always)


@contextmanager
def _told(*, debug: bool) -> Iterator[None]:
    """Show the log of the server for as long as it runs; with tracebacks and requests if asked."""
    logger = logging.getLogger("mailcore_local")
    handler: logging.Handler = _Notes()
    if debug:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


def _reason(error: Exception) -> str:
    from mailcore_local.ses import ServiceError

    if isinstance(error, ServiceError):
        return error.message
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)
