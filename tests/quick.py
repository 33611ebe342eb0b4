"""`make quick`: the tests of the apps that changed against main, on SQLite.

Changed is what differs from where this branch left main, committed or not.
Browsers and whole products are left to `make test`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAIN = ("main", "origin/main")
ALWAYS = {"tests/architecture"}
# What stands in no app, and the tests that know it.
ELSEWHERE = {
    "rrr_dashboard": ("tests/settings", "tests/overview", "tests/demo"),
    "templates": ("tests/frontend",),
    "static": ("tests/frontend",),
}
ABOUT_ALL = ("tests/settings", "tests/house")


def git(*words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else ""


def changed() -> list[str]:
    """Files that differ from the merge base with main."""
    base = next((b for name in MAIN if (b := git("merge-base", "HEAD", name))), "HEAD")
    tracked = git("diff", "--name-only", base.strip())
    untracked = git("ls-files", "--others", "--exclude-standard")
    return sorted({*tracked.splitlines(), *untracked.splitlines()})


def folders(files: Iterable[str], there: Path = ROOT) -> list[str]:
    """The test folders that these files concern, those that exist."""
    wanted = set(ALWAYS)
    for name in files:
        app, *rest = Path(name).parts
        if app == "tests":
            wanted.add(f"tests/{rest[0]}" if len(rest) > 1 else "tests/settings")
        elif app in ELSEWHERE:
            wanted.update(ELSEWHERE[app])
        elif rest:
            wanted.add(f"tests/{app}")
            if rest[0] == "domain":
                wanted.add("tests/domain")
        else:
            wanted.update(ABOUT_ALL)
    return sorted(name for name in wanted if (there / name).is_dir())


def main() -> int:
    chosen = folders(changed())
    print(f"\n== tests of {', '.join(chosen)}", flush=True)  # noqa: T201
    words = ["-n", "2", "-m", "not browser and not process", *chosen]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words], cwd=ROOT, check=False
    )
    nothing_selected = 5
    return 0 if done.returncode == nothing_selected else done.returncode


if __name__ == "__main__":
    sys.exit(main())
