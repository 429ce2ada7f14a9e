"""The servers that a run needs, each for itself alone: Redis, PostgreSQL."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


_DEADLINE_SECONDS = 30.0


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """The URL of a Redis that writes to disk at once."""
    program = shutil.which("redis-server")
    if program is None:
        sys.exit("Redis is not installed: apt-get install redis-server")
    port = _free_port()
    data = folder / "redis"
    data.mkdir()
    command = [
        *(program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(data)),
        *("--save", "", "--appendonly", "yes", "--appendfsync", "always"),
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port, server)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(_DEADLINE_SECONDS)


@contextmanager
def postgresql_server(folder: Path) -> Iterator[Path]:
    """The directory of the socket of a PostgreSQL; its database and its user are ``postgres``."""
    found = [shutil.which("initdb"), *Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    initdb = next((Path(each) for each in found if each), None)
    if initdb is None:
        sys.exit("PostgreSQL is not installed: apt-get install postgresql")
    # It refuses to run as root, and a socket has a path of at most 107 bytes.
    is_root = os.geteuid() == 0
    if is_root:
        shutil.chown(folder, "nobody", "nogroup")

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [initdb.with_name(program), "-D", folder / "data", *arguments],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            user="nobody" if is_root else None,
            group="nogroup" if is_root else None,
            extra_groups=[] if is_root else None,
        )

    run("initdb", "-U", "postgres", "-A", "trust", "--no-sync")
    run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", f"-k {folder} -h ''", "start")
    try:
        yield folder
    finally:
        run("pg_ctl", "-m", "immediate", "stop")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
