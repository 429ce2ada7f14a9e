"""How the sources of facts are found and looked for: `tools/links.py`."""

from __future__ import annotations

import importlib.util
import sys
import threading

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


TOOL = Path(__file__).parent.parent / "tools" / "links.py"


@pytest.fixture(scope="module")
def links():
    """The tool as a module."""
    specification = importlib.util.spec_from_file_location("links", TOOL)
    module = sys.modules["links"] = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    yield module
    del sys.modules["links"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See https://a.test/x (read 2026-11-21).", [("https://a.test/x", "2026-11-21")]),
        ("# https://a.test/x,\n# which says so (read\n# 2026-11-21).", None),
        ("`<https://a.test/x>` (read 2026-11-21)", [("https://a.test/x", "2026-11-21")]),
        ("[it](https://a.test/x) says so; read 2026-11-21", [("https://a.test/x", "2026-11-21")]),
        (
            "https://a.test/guide/one.html and two.html (read 2026-11-21), x-y (read 2026-11-30)",
            [
                ("https://a.test/guide/one.html", "2026-11-21"),
                ("https://a.test/guide/two.html", "2026-11-21"),
                ("https://a.test/guide/x-y", "2026-11-30"),
            ],
        ),
        (
            "https://a.test/x and https://b.test/y\n(read 2026-11-21). Later https://c.test/z.",
            [("https://a.test/x", "2026-11-21"), ("https://b.test/y", "2026-11-21")],
        ),
        (
            "https://a.test/long/\nname (read 2026-11-21)",
            [("https://a.test/long/name", "2026-11-21")],
        ),
        (
            "| Names | read 2026-11-21 |\n| --- | --- |\n| one | <https://a.test/x> |",
            [("https://a.test/x", "2026-11-21")],
        ),
        ("https://a.test/x\n\nAnother paragraph (read 2026-11-21).", [("", "2026-11-21")]),
        ("https://u:p@example.com/hook (read 2026-11-21)", [("", "2026-11-21")]),
        ("Nothing was read at https://a.test/x.", []),
    ],
)
def test_an_address_has_the_date_behind_it(links, text, expected):
    """The addresses of a paragraph up to a date were read on it, neighbouring pages as well."""
    found = [(each.address, each.date) for each in links.readings_of(text, "file.md")]

    assert ([("https://a.test/x", "2026-11-21")] if expected is None else expected) == found


def test_the_table_has_a_row_for_each_address(links):
    """The last date counts, and all files are named."""
    found = [
        *links.readings_of("https://a.test/x (read 2026-11-21)", "one.py"),
        *links.readings_of("https://a.test/x (read 2026-11-30)", "two.py"),
    ]

    assert ["| <https://a.test/x> | 2026-11-30 | `one.py`, `two.py` |"] == [*links.table(found)][2:]


class Pages(BaseHTTPRequestHandler):
    """Pages that are there, have moved, are gone, or are not for programs."""

    asked: list[str] = []  # noqa: RUF012  # the server makes a handler for each request

    def do_GET(self):
        """Answer with the status that the path names."""
        self.asked.append(self.path)
        status = int(self.path.strip("/").partition("-")[0])
        self.send_response(status)
        if status == 301:
            self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        """Print nothing."""


@pytest.fixture
def pages():
    """The address of a server on this machine."""
    Pages.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.002})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_each_page_is_asked_once(links, pages, capsys):
    """What is there passes; what is gone, or not shown, is counted and makes the check fail."""
    addresses = [f"{pages}/{name}" for name in ("200", "200#part", "301", "404", "410", "403")]

    exit_code = links.check(addresses, pause_seconds=0)

    printed = capsys.readouterr().out.replace(pages, "").splitlines()
    assert (
        1,
        [
            "/200: there",
            "/301: moved to /200",
            "/403: not shown: 403",
            "/404: gone: 404",
            "/410: gone: 410",
            "3 not found",
        ],
    ) == (exit_code, printed)
    assert ["/200", "/301", "/200", "/403", "/404", "/410"] == Pages.asked


def test_a_host_that_does_not_answer_is_told(links, pages, capsys):
    """Nobody listens there: one line, no traceback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as closed:
        port = closed.server_port

    exit_code = links.check([f"http://127.0.0.1:{port}/x"], pause_seconds=0)

    assert (1, True) == (exit_code, "not reached: ConnectionError" in capsys.readouterr().out)


def test_all_pages_there_is_a_success(links, pages):
    """The exit code says so."""
    assert 0 == links.check([f"{pages}/200", f"{pages}/301"], pause_seconds=0)
