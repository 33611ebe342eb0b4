"""Reading files as the tests of each format do."""

from datetime import UTC, datetime

from trades.domain.formats.parsed import Declared
from trades.domain.importing import read_file

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def read(text, **more):
    return read_file(text.encode(), Declared(**more), now=NOW)


def broken(parsed):
    return [str(row) for row in parsed.broken]
