"""
What the tests of all faces share: a webhook that listens, and the vendors' own clients.

The clients are installed into directories of the run. Without PyPI or npm their tests fail rather
than pass unseen: leave them out with ``-m "not slow"``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Received:
    """One request that a webhook got."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Webhook:
    """A server that keeps what is posted to it."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    @property
    def types(self) -> list[str]:
        """The types of the events, in order."""
        return [each.json["type"] for each in self.received]


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """A webhook that answers 200, or the next of its `statuses`."""
    kept = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            kept.received.append(Received(self.path, dict(self.headers), b""))
            self.send_response(kept.statuses.pop(0) if kept.statuses else 200)
            self.end_headers()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.received.append(Received(self.path, dict(self.headers), body))
            self.send_response(kept.statuses.pop(0) if kept.statuses else 200)
            answer = b"thank you"
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


def finished(command: list[str], **options: Any) -> str:
    """What a program writes; one that fails, fails the test."""
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", timeout=300, check=False, **options
    )
    if done.returncode:
        pytest.fail(f"{command[:4]} ended with {done.returncode}: {done.stderr[-3000:]}")
    return done.stdout


@pytest.fixture(scope="session")
def python_client(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Callable[..., Any]]:
    """
    Clients of PyPI by their requirements.

    They give a function that runs a script with arguments, and reads the JSON that it prints.
    """
    places: dict[tuple[str, ...], Path] = {}

    def install(*requirements: str) -> Callable[..., Any]:
        if requirements not in places:
            place = tmp_path_factory.mktemp("python")
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(place)]
            finished([*pip, "--disable-pip-version-check", *requirements])
            places[requirements] = place
        environment = {**os.environ, "PYTHONPATH": str(places[requirements])}

        def run(script: str, *arguments: str) -> Any:
            return json.loads(finished([sys.executable, "-c", script, *arguments], env=environment))

        return run

    return install


@pytest.fixture(scope="session")
def node_client(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Callable[..., Any]]:
    """The same of npm, by name and version."""
    places: dict[tuple[tuple[str, str], ...], Path] = {}

    def install(packages: Mapping[str, str]) -> Callable[..., Any]:
        key = tuple(packages.items())
        if key not in places:
            npm = shutil.which("npm")
            if npm is None:
                pytest.fail('npm is not installed: install Node 18 or later, or use -m "not slow"')
            place = tmp_path_factory.mktemp("node")
            described = {"private": True, "dependencies": dict(packages)}
            (place / "package.json").write_text(json.dumps(described))
            finished([npm, "install", "--no-audit", "--no-fund", "--loglevel=error"], cwd=place)
            places[key] = place

        def run(script: str, *arguments: str) -> Any:
            place = places[key]
            (place / "script.js").write_text(script)
            return json.loads(finished(["node", "script.js", *arguments], cwd=place))

        return run

    return install
