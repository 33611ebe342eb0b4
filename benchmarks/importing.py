"""`.venv/bin/python -m benchmarks.importing`: what importing a file costs, in CPU time
from its bytes to its commit, with values sent to the database and with bulk_create, on
a database of its own (DATABASE_URL: an empty one).
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.installation import locks, prepare, trader

if TYPE_CHECKING:
    from accounts.models import User

START = datetime(2025, 1, 1, tzinfo=UTC)
SYMBOLS = ("BTC-USD", "ETH-USD", "SOL-USD", "ADA-USD", "XRP-USD")
HEADER = (
    "external_id,symbol,side,quantity,price,fee,fee_currency,executed_at,strategy\n"
)


def file_of(fills: int) -> bytes:
    """Our own CSV: five instruments in turn, buys and sales of what is held."""
    draw = random.Random(7)
    held = dict.fromkeys(SYMBOLS, Decimal(0))
    lines = [HEADER]
    for number in range(fills):
        symbol = SYMBOLS[number % len(SYMBOLS)]
        quantity = Decimal(draw.randint(1, 400)) / 100
        price = Decimal(draw.randint(9000, 11000)) / 100
        sells = held[symbol] > quantity and draw.random() < 0.5
        held[symbol] += -quantity if sells else quantity
        at = (START + timedelta(seconds=37 * number)).isoformat()
        side = "sell" if sells else "buy"
        fee = quantity * price / 1000
        lines.append(f"x{number},{symbol},{side},{quantity},{price},{fee},USD,{at},m\n")
    return "".join(lines).encode()


def measure(fills: int, by: User, *, values: bool) -> float:
    """CPU seconds of one import; prints its row."""
    from kernel import inserting
    from trades.services.imports import import_in_parts
    from trades.services.previewing import Consent, Source
    from trades.services.rebuilding import differences

    inserting.FEW = 200 if values else sys.maxsize
    way = "values" if values else "bulk_create"
    source = Source(
        content=file_of(fills), file_name="fills.csv", book=f"{way}-{fills}", base="USD"
    )
    began = time.process_time()
    with locks() as lasted:
        result = import_in_parts(source, by, Consent(), lambda done, total: None)
    spent = time.process_time() - began
    if result.fills != fills or (wrong := differences(result.book)):
        sys.exit(f"{result.fills} of {fills} booked; {wrong}")
    print(
        f"| {fills:,} | {way} | {spent:.2f} | {fills / spent:,.0f} | {max(lasted):.2f} |",
        flush=True,
    )
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fills", nargs="*", type=int, default=[20_000, 100_000])
    sizes = parser.parse_args().fills
    with tempfile.TemporaryDirectory(prefix="rrr-import-") as folder:
        prepare(Path(folder))
        by = trader()
        print("| fills | written as | CPU s | fills a CPU second | longest lock, s |")
        print("|---:|---|---:|---:|---:|")
        for fills in sizes:
            quick = measure(fills, by, values=True)
            slow = measure(fills, by, values=False)
            print(f"| {fills:,} | values are | {slow / quick:.1f} times as quick | | |")


if __name__ == "__main__":
    main()
