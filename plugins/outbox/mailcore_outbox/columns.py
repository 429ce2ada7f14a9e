"""What databases keep, and in which form: texts, times and digests."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from sqlalchemy import DateTime, LargeBinary, String, Text
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


MYSQL = ("mysql", "mariadb")
"""What SQLAlchemy calls MySQL's dialect, and MariaDB's when it is asked for by name."""

DIGEST_OCTETS = 16


class UtcTime(TypeDecorator[datetime]):
    """
    A point in time, to the microsecond, with time zone in Python and in UTC in the database.

    PostgreSQL keeps it as ``timestamptz``; SQLite, MySQL and MariaDB without a zone.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type of the database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        if dialect.name in MYSQL:
            # Without a precision MySQL rounds to seconds.
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the database the time in UTC."""
        if value is None:
            return None
        in_utc = value.astimezone(timezone.utc)
        return in_utc if dialect.name == "postgresql" else in_utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say that it is UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            return value.replace(tzinfo=timezone.utc)
        return value.astimezone(timezone.utc)


class KeptText(TypeDecorator[str]):
    """A text of any length; what no database keeps becomes a question mark or U+FFFD."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type of the database: MySQL's TEXT ends at 64 kB, and takes a for A."""
        if dialect.name in MYSQL:
            return dialect.type_descriptor(mysql.LONGTEXT(charset="utf8mb4", collation=_BINARY))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replace what no database keeps."""
        return None if value is None else as_text(value)


class KeptName(TypeDecorator[str]):
    """
    A text of limited length, compared and sorted by its characters' numbers everywhere.

    Args:
        length: The number of characters that it may have.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose a collation that takes ``a`` and ``A`` for two letters, as SQLite does anyway."""
        length = self.length
        if dialect.name in MYSQL:
            return dialect.type_descriptor(
                mysql.VARCHAR(length, charset="utf8mb4", collation=_BINARY)
            )
        if dialect.name == "postgresql":
            return dialect.type_descriptor(String(length, collation="C"))
        return dialect.type_descriptor(String(length))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replace what no database keeps."""
        return None if value is None else as_text(value)


class Digest(TypeDecorator[bytes]):
    """Sixteen octets that stand for a text."""

    impl = LargeBinary(DIGEST_OCTETS)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type of the database: MySQL has no index on a BLOB."""
        if dialect.name in MYSQL:
            return dialect.type_descriptor(mysql.BINARY(DIGEST_OCTETS))
        return dialect.type_descriptor(LargeBinary(DIGEST_OCTETS))


# In which texts have the order of their characters' numbers.
_BINARY = "utf8mb4_bin"


def as_text(text: str) -> str:
    """A text that every database keeps: PostgreSQL has no NUL, and none has surrogates."""
    if text.isascii() and "\0" not in text:
        # Most are: `benchmarks/outbox.py`.
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
