"""Files of our own kind, as people hand them in."""

from trades.services.importing import import_for
from trades.services.previewing import Source

HEAD = "external_id,symbol,side,quantity,price,executed_at\n"


def rows(count, *, broken=()):
    lines = [
        f"r{n},BTC-USD,{'hold' if n in broken else 'buy'},1,{n + 1},"
        f"2026-01-{n // 1440 + 1:02}T{n // 60 % 24:02}:{n % 60:02}:00Z\n"
        for n in range(count)
    ]
    return HEAD + "".join(lines)


def source(content, **more):
    return Source(
        content=content.encode(), **{"file_name": "a.csv", "book": "ada-main", **more}
    )


def booked(content, by):
    batch = import_for(source(content), by).batch
    assert batch is not None
    return batch
