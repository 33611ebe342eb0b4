"""A long file stands in memory once: no copy of its text, no copy of its facts."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = 60_000
# 300,000 rows come to 250 MB, beside what a worker needs itself.
BYTES_A_ROW = 850
READ = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from trades.domain.importing import read_file

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024

content = sys.stdin.buffer.read()
before = peak()
parsed = read_file(content, now=datetime(2026, 6, 1, tzinfo=UTC))
print(len(parsed.fills), peak() - before)
"""


def long_file() -> bytes:
    lines = ["external_id,symbol,side,quantity,price,fee,executed_at,strategy\n"]
    for i in range(ROWS):
        at = datetime.fromtimestamp(1.7e9 + 37 * i, UTC).isoformat()
        numbers = f"{i % 97 + 1}.{i},{i % 50}.25,0.{i}"
        lines.append(f"id-{i},S{i % 20}-USD,buy,{numbers},{at},grid\n")
    return "".join(lines).encode()


def test_a_row_of_a_long_file_takes_less_than_a_kilobyte():
    done = subprocess.run(
        [sys.executable, "-c", READ],
        input=long_file(),
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=60,
    )
    fills, grown = (int(number) for number in done.stdout.split())
    assert fills == ROWS
    assert 0 < grown // ROWS < BYTES_A_ROW, grown
