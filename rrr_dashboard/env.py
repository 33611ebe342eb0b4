"""Reads settings from the process environment, then `.env`, then `NAME_FILE`.

Every setting is declared once, through `Env`, so that the set of names can be
compared with `.env.example` (the test does) and an error names the variable.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from pyrage.x25519 import Identity

from kernel.files import write_whole
from kernel.refusals import RefusedStart
from rrr_dashboard import readers

Value = TypeVar("Value")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class SettingError(RefusedStart):
    """A setting is missing or wrong; the text names the variable and the cure.

    Whatever loads the settings (a command, Celery, a web process) cannot go on. So it
    ends the process with this sentence and exit code 1, and no traceback.
    """


def read_dotenv(path: Path) -> dict[str, str]:
    """`NAME=value` lines of a file, comments and blanks left out; {} if absent.

    Raises SettingError for another line, and for a file that is there and cannot be
    read: starting with other secrets than the ones in it would log everybody out.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", "") or "it is no UTF-8 text"
        raise SettingError(
            f"{path} cannot be read ({reason}): give this user the file, or move it away."
        ) from error
    pairs = {}
    for number, line in enumerate(lines, 1):
        name, equals, value = line.partition("=")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not equals or not NAME.fullmatch(name.strip()):
            raise SettingError(
                f"{path}, line {number}, is no NAME=value; "
                "mend it, or begin it with # to leave it out."
            )
        pairs[name.strip()] = value.strip().strip("\"'")
    return pairs


class Env:
    """The environment wins over `.env`; `NAME_FILE` names a file with the value."""

    def __init__(self, dotenv: Path, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self.values: dict[str, str] = {**read_dotenv(dotenv), **environ}
        self.read_as: dict[str, str] = {}

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.read_as)

    def text(self, name: str, default: str = "") -> str:
        value = self.values.get(name, "").strip()
        file = self.values.get(f"{name}_FILE", "")
        if not value and file:
            try:
                value = Path(file).read_text(encoding="utf-8").strip()
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", "") or "it is no UTF-8 text"
                raise SettingError(
                    f"{name}_FILE names {file}, which cannot be read ({reason}): "
                    "give this user the file, or name another."
                ) from error
        self.read_as[name] = value
        return value or default

    def read(self, name: str, default: str, reader: Callable[[str], Value]) -> Value:
        """The value that `reader` makes of the text. Raises SettingError."""
        try:
            return reader(self.text(name, default))
        except readers.Unfit as unfit:
            raise SettingError(f"{name} {unfit}.") from None

    def optional(self, name: str, reader: Callable[[str], str]) -> str:
        """As `read`; "" where nothing is set."""
        return self.read(name, "", reader) if self.text(name) else ""

    def flag(self, name: str, *, default: bool = False) -> bool:
        return self.read(name, "true" if default else "false", readers.flag)

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        return self.read(name, str(default), readers.whole(least, most))

    def period(self, name: str, default: str) -> timedelta:
        return self.read(name, default, readers.period)

    def choice(self, name: str, default: str, options: tuple[str, ...]) -> str:
        return self.read(name, default, readers.one_of(*options))

    def items(
        self, name: str, default: str = "", reader: Callable[[str], str] = str
    ) -> list[str]:
        return self.read(name, default, readers.each(reader))


def add_backup_key(path: Path, environ: Mapping[str, str]) -> bool:
    """Backups of an installation that is older than BACKUP_KEY are sealed from now on:
    its `.env` gets one. False when it has one, when settings do not come from there, or
    when it cannot be written. Raises SettingError as `read_dotenv`."""
    env = Env(path, environ)
    if not path.exists() or env.text("BACKUP_KEY"):
        return False
    try:
        text = path.read_text(encoding="utf-8").rstrip("\n")
        line = f"BACKUP_KEY={Identity.generate()}"
        write_whole(path, f"{text}\n{line}\n".encode())
    except OSError:
        return False
    return True


def write_first_env(path: Path, environ: Mapping[str, str]) -> bool:
    """Write `.env` (mode 600) with generated secrets; False when there is one.

    What the environment says of the demo is kept: a later start without it still
    knows how the demo people log in, or (DEMO=0 makes it a `development`) that none
    of them may come.
    """
    secret = secrets.token_urlsafe
    demo = environ.get("DEMO", "").strip().lower() not in readers.OFF
    lines = {
        "RRR_ENV": environ.get("RRR_ENV") or ("demo" if demo else "development"),
        "SECRET_KEY": secret(64),
        "JWT_SECRET": secret(96),
        "METRICS_TOKEN": secret(32),
        "FIELD_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "BACKUP_KEY": str(Identity.generate()),
    }
    if demo:
        password = environ.get("DEMO_PASSWORD") or f"demo-{secret(9)}"
        lines |= {"DEMO_PASSWORD": password}
    text = "# Made at the first start. Every setting: .env.example\n" + "".join(
        f"{name}={value}\n" for name, value in lines.items()
    )
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    except OSError as error:
        raise SettingError(f"{path} cannot be written: {error.strerror}.") from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return True
