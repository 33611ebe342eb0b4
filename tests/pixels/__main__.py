"""Screenshots of every page before and after a change, and what differs.

    python -m tests.pixels make TREE STATE          once: a demo and an empty state
    python -m tests.pixels shoot TREE STATE OUT     every page of TREE on copies of it
    python -m tests.pixels compare OLD NEW [DIFFS]  exit code 1 when a pixel differs

TREE is a checkout of this project (this one is `.`), STATE, OUT and DIFFS are
folders. `shoot` takes parts of names to choose pages (`… OUT trades- sign`) and
`--widths 820` for other widths than 1440 and 390. A shot is PAGE.THEME.WIDTH.png;
pages with folded details are also shot unfolded (PAGE.open.…), and some as they
print (PAGE.print.…). Which pages there are: tests/pixels/places.py.

What makes two runs equal: `make` runs the whole product for a while, stops it and
keeps its database, its Valkey, everybody's cookies and the moment. `shoot` copies
that, migrates the copy with TREE's code and starts only TREE's web process, whose
wall clock stands still at the moment (Debian's `faketime`; the steady clock runs).
The commit, the secrets, the request ids and the browser's date are fixed. So a
difference is a difference of the code.

Both trees get the same addresses. A page that moved is named in MOVED.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.pixels.comparing import compare
from tests.pixels.living import make
from tests.pixels.shooting import shoot


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    making.add_argument("tree", type=Path)
    making.add_argument("state", type=Path)
    shooting = commands.add_parser("shoot")
    shooting.add_argument("tree", type=Path)
    shooting.add_argument("state", type=Path)
    shooting.add_argument("out", type=Path)
    shooting.add_argument("parts", nargs="*")
    shooting.add_argument("--widths", type=int, nargs="+", default=[1440, 390])
    comparing = commands.add_parser("compare")
    comparing.add_argument("old", type=Path)
    comparing.add_argument("new", type=Path)
    comparing.add_argument("diffs", type=Path, nargs="?", default=Path("var/pixels"))
    given = parser.parse_args()
    if given.command == "make":
        make(given.tree.resolve(), given.state.resolve())
    elif given.command == "shoot":
        shoot(
            given.tree.resolve(),
            given.state.resolve(),
            given.out.resolve(),
            given.parts,
            given.widths,
        )
    else:
        sys.exit(bool(compare(given.old, given.new, given.diffs)))


if __name__ == "__main__":
    main()
