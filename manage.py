#!/usr/bin/env python3
"""Entry point of every command, run by the project's own Python: `./manage.py help`."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
TRIED = "RRR_TRIED_VENV"


def use_the_projects_python() -> None:
    """Start anew under `.venv`, unless this is it, it is not there, or it was tried:
    a `.venv` that leads back to another Python must not turn in a circle."""
    python = VENV / "bin" / "python"
    tried = os.environ.pop(TRIED, "")
    if tried or not python.exists() or Path(sys.prefix).resolve() == VENV.resolve():
        return
    os.environ[TRIED] = "1"
    os.execv(python, [str(python), str(HERE / "manage.py"), *sys.argv[1:]])  # noqa: S606


def main() -> None:
    os.umask(0o077)  # whatever a command writes is this user's alone
    use_the_projects_python()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rrr_dashboard.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError:
        missing = "is not complete" if VENV.exists() else "is not there yet"
        sys.exit(
            f"manage.py: the project's .venv {missing}: run `make run` once in {HERE}."
        )
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
