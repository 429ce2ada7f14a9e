"""
`python -m mailcore_local.ses`.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading

from collections.abc import Sequence
from pathlib import Path

from mailcore_local.engine import set_faults
from mailcore_local.ses import LocalSes, ServiceError
from mailcore_local.ses.model import Params


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run a local SES until SIGINT or SIGTERM.

    Returns:
        0 after a signal, 2 when it could not start; the reason is on standard error.
    """
    options = _parser().parse_args(argv)
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    try:
        faults = _faults(options)
        ses = _local_ses(options)
        ses.start()
    except (OSError, ValueError, ServiceError) as error:
        return _fail(_reason(error))
    try:
        set_faults(ses.faults, faults)
        for endpoint in options.webhook:
            ses.subscribe(endpoint)
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        _introduce(ses)
        stop.wait()
    except (ValueError, ServiceError) as error:
        return _fail(_reason(error))
    finally:
        ses.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mailcore_local.ses",
        description="A local SES for development and tests: sesv2 and SNS on one loopback port.",
    )
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
    add("--verbose", action="store_true", help="log requests")
    return parser


def _local_ses(options: argparse.Namespace) -> LocalSes:
    return LocalSes(
        host=options.host,
        port=options.port,
        public_url=options.public_url,
        region_name=options.region,
        signature_version=options.signature_version,
        access_key_id=options.access_key_id,
        secret_access_key=options.secret_access_key,
        sandbox=options.sandbox,
        require_verified_identities=options.require_verified,
        verified_identities=options.verify,
        max_24_hour_send=options.max_24_hour_send,
        max_send_rate=options.max_send_rate,
        seed=options.seed,
        directory=options.directory,
    )


def _faults(options: argparse.Namespace) -> Params:
    document: Params = {}
    if options.fault_script is not None:
        document = _script(Path(options.fault_script).read_text(encoding="utf-8"))
    rules = list(document.get("rules", []))
    for text in options.fault:
        name, equals, rate = text.rpartition("=")
        if not equals:
            raise ValueError(f"--fault takes FAULT=RATE, as in throttle=0.1, not {text!r}")
        try:
            rules.append({"fault": name, "rate": float(rate)})
        except ValueError:
            raise ValueError(f"--fault {name}: {rate!r} is not a rate") from None
    return {**document, "rules": rules}


def _script(text: str) -> Params:
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
    print(  # noqa: T201 - a command talks to its user
        f"Local SES listening on {url} (region {region}); Ctrl-C stops it.\n"
        f"  messages           {url}/\n"
        f"  topic              {ses.topic_arn}\n"
        "  configuration set  local (publishes every event to the topic)\n"
        "Point boto3 at it:\n"
        f'  boto3.client("sesv2", region_name="{region}", endpoint_url="{url}")\n'
        "or, without touching the code, with any credentials:\n"
        f"  export AWS_DEFAULT_REGION={region}"
        f" AWS_ENDPOINT_URL_SESV2={url} AWS_ENDPOINT_URL_SNS={url}",
        flush=True,
    )


def _reason(error: Exception) -> str:
    if isinstance(error, ServiceError):
        return error.message
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error)


def _fail(reason: str) -> int:
    message = f"python -m mailcore_local.ses: error: {reason}"
    print(message, file=sys.stderr)  # noqa: T201 - see above
    return 2


if __name__ == "__main__":
    sys.exit(main())
