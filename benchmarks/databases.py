"""Databases on this machine, with everything on that keeps what is committed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def folder() -> Path:
    """A new folder on a disk; MAILCORE_BENCH_DATA says where, if temporary files are in memory."""
    return Path(
        tempfile.mkdtemp(prefix="mailcore-bench-", dir=os.environ.get("MAILCORE_BENCH_DATA"))
    )


@contextmanager
def sqlite() -> Iterator[str]:
    """The URL of a new SQLite file."""
    path = folder()
    try:
        yield f"sqlite:///{path}/bench.db"
    finally:
        shutil.rmtree(path)


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of a new database of a server of its own, which syncs each commit to the disk."""
    found = [shutil.which("initdb"), *Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    initdb = next((Path(each) for each in found if each), None)
    if initdb is None:
        raise SystemExit("PostgreSQL is not installed: `apt-get install postgresql`")
    path = folder()
    # PostgreSQL refuses to be run by root.
    user: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    other: dict[str, Any] = user if os.geteuid() == 0 else {}
    if other:
        shutil.chown(path, "nobody", "nogroup")

    def run(*command: str | Path) -> None:
        with path.joinpath("commands.log").open("ab") as log:
            subprocess.run(command, check=True, cwd=path, stdout=log, stderr=log, **other)

    control = (initdb.parent / "pg_ctl", "-D", path / "data", "-w")
    try:
        run(initdb, "-D", path / "data", "-U", "postgres", "-A", "trust")
        run(*control, "-l", path / "log", "-o", f"-k {path} -h ''", "start")
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={path}"
        finally:
            run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(path)
