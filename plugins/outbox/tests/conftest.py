"""What tests of the outbox share: databases, and servers that run for these tests alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest


# Nothing large is loaded here: pytest-xdist's own process, which runs no test, waits for it.
if TYPE_CHECKING:
    from sqlalchemy import Engine

    from mailcore_outbox import Outbox
    from mailcore_outbox.database import Database
    from mailcore_outbox.tables import Tables


DEADLINE_SECONDS = 60
_NUMBERS = count(1)


class Server:
    """
    A server of databases in a folder of its own; `url(name)` is that of a database in it.

    It is started as another user if this one is root, since PostgreSQL refuses that.
    """

    packages = ""

    def __init__(self) -> None:
        # A socket has a path of at most 107 octets; tmp_path lies below a folder of mode 0700.
        self.folder = Path(tempfile.mkdtemp(prefix="mailcore-db-", dir="/tmp"))
        self._other_user = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
        if self._other_user:
            shutil.chown(self.folder, "nobody", "nogroup")
        self.make()

    def run(self, *command: str | Path) -> None:
        """Run a command of the server's, and wait for its end."""
        with self.folder.joinpath("commands.log").open("ab") as log:
            subprocess.run(
                command,
                check=True,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                timeout=DEADLINE_SECONDS,
                **self.as_other(),
            )

    def as_other(self) -> dict[str, object]:
        """How a process runs as the other user."""
        return {**self._other_user, "extra_groups": []} if self._other_user else {}

    def new_database(self) -> str:
        """Make a database with nothing in it; its URL."""
        from sqlalchemy import create_engine, text

        name = f"test{next(_NUMBERS)}"
        engine = create_engine(self.url(self.first), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self.url(name)

    first = ""

    def make(self) -> None:
        """Make the folder of the data."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        raise NotImplementedError

    def stop(self, *, at_once: bool = False) -> None:
        """Stop the server, and wait for its end; at once is as if the power were cut."""
        raise NotImplementedError

    def url(self, name: str) -> str:
        """The URL of a database."""
        raise NotImplementedError

    def remove(self) -> None:
        """Stop the server, and remove what it wrote."""
        try:
            self.stop(at_once=True)
        finally:
            shutil.rmtree(self.folder)


class PostgreSql(Server):
    """A server of PostgreSQL on a socket; it can be stopped and started."""

    first = "postgres"

    def make(self) -> None:
        found = [shutil.which("initdb"), *Path("/usr/lib/postgresql").glob("*/bin/initdb")]
        initdb = next((Path(each) for each in found if each), None)
        if initdb is None:
            pytest.fail("PostgreSQL is not installed: `apt-get install postgresql`")
        self._programs = initdb.parent
        self.run(initdb, "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "--no-sync")

    def start(self) -> None:
        options = f"-k {self.folder} -h '' -F"
        self._control("-w", "-l", f"{self.folder}/log", "-o", options, "start")

    def stop(self, *, at_once: bool = False) -> None:
        self._control("-w", "-m", "immediate" if at_once else "fast", "stop")

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def _control(self, *arguments: str) -> None:
        self.run(self._programs / "pg_ctl", "-D", self.folder / "data", *arguments)


class MariaDb(Server):
    """A server of MariaDB on a socket."""

    first = "mysql"

    def make(self) -> None:
        server, install = (
            shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
            for name in ("mariadbd", "mariadb-install-db")
        )
        if server is None or install is None:
            pytest.fail("MariaDB is not installed: `apt-get install mariadb-server`")
        self._server = server
        self.run(
            install,
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        )

    def start(self) -> None:
        self._log = self.folder.joinpath("log").open("ab")
        self._process = subprocess.Popen(
            [
                self._server,
                "--no-defaults",
                f"--datadir={self.folder / 'data'}",
                f"--socket={self.socket}",
                f"--pid-file={self.folder / 'pid'}",
                "--skip-networking",
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-flush-method=nosync",
                "--innodb-file-per-table=0",
                "--skip-innodb-doublewrite",
                "--innodb-buffer-pool-size=32M",
            ],
            stdout=self._log,
            stderr=self._log,
            **self.as_other(),
        )
        deadline = time.monotonic() + DEADLINE_SECONDS
        # Not by trying: PyMySQL leaves a socket open when it cannot connect.
        while not self.socket.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(self.folder.joinpath("log").read_text("utf-8", "replace")[-2000:])
            time.sleep(0.02)

    def stop(self, *, at_once: bool = False) -> None:
        if at_once:
            self._process.kill()
        else:
            self._process.terminate()
        self._process.wait(DEADLINE_SECONDS)
        self._log.close()

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / "socket"

    def url(self, name: str) -> str:
        return f"mysql+pymysql://root@/{name}?unix_socket={self.socket}&charset=utf8mb4"


def _served(kind: type[Server]) -> Iterator[Server]:
    server = kind()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSql]:
    """A server of PostgreSQL."""
    yield from _served(PostgreSql)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDb]:
    """A server of MariaDB."""
    yield from _served(MariaDb)


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """The kind of database that a test runs on: SQLite, unless it is parametrised."""
    return getattr(request, "param", "sqlite")


@pytest.fixture
def database_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The URL of a database with nothing in it."""
    if database_kind == "sqlite":
        return f"sqlite:///{tmp_path / 'mail.db'}"
    return request.getfixturevalue(database_kind).new_database()


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the tables of an outbox: copying it is quicker than making them for each test."""
    from mailcore_outbox import Outbox

    path = tmp_path_factory.mktemp("outbox") / "tables.db"
    with Outbox(f"sqlite:///{path}") as outbox:
        outbox.create()
    return path


@pytest.fixture
def make_tables(
    database_kind: str, tmp_path: Path, sqlite_with_tables: Path
) -> Callable[[Outbox | Database], None]:
    """Make the tables of an outbox in a database; those of `create()` in SQLite are copied."""

    def make(outbox: Outbox | Database) -> None:
        file = tmp_path / "mail.db"
        if database_kind == "sqlite" and not file.exists():
            shutil.copyfile(sqlite_with_tables, file)
        else:
            outbox.create()

    return make


@pytest.fixture
def database(
    database_url: str, make_tables: Callable[[Database], None]
) -> Iterator[tuple[Database, Tables]]:
    """A database with the tables of an outbox."""
    from sqlalchemy import MetaData

    from mailcore_outbox.database import Database
    from mailcore_outbox.tables import tables_in

    tables = tables_in(MetaData())
    database = Database(database_url, tables)
    make_tables(database)
    yield database, tables
    database.dispose()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine of the application's."""
    from sqlalchemy import create_engine, event

    engine = create_engine(database_url)
    if engine.dialect.name == "sqlite":
        # A disk that is busy is waited for otherwise; no test cuts the power.
        event.listen(engine, "connect", lambda it, _: it.execute("PRAGMA synchronous = OFF"))
    yield engine
    engine.dispose()


@pytest.fixture
def outbox(engine: Engine, make_tables: Callable[[Outbox], None]) -> Outbox:
    """An outbox on the engine of the application, with its tables."""
    from mailcore_outbox import Outbox

    outbox = Outbox(engine)
    make_tables(outbox)
    return outbox
