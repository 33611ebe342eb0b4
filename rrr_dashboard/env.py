"""Reads settings from the process environment, then `.env`, then `NAME_FILE`.

Every setting is declared once, through `Env`, so that the set of names can be
compared with `.env.example` (the test does) and an error names the variable.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from operations.domain import retention
from operations.domain.schedules import BadSchedule, period


class SettingError(Exception):
    """A setting is missing or wrong; the text names the variable and the cure."""


def read_dotenv(path: Path) -> dict[str, str]:
    """`KEY=value` lines of a file, comments and blanks left out; {} if absent.

    Raises SettingError for a file that is there and cannot be read: starting with
    other secrets than the ones in it would log everybody out.
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
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {
        name.strip(): value.strip().strip("\"'")
        for name, _, value in pairs
        if not name.lstrip().startswith("#")
    }


class Env:
    """The environment wins over `.env`; `NAME_FILE` names a file with the value."""

    def __init__(self, dotenv: Path, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self.values: dict[str, str] = {**read_dotenv(dotenv), **environ}
        self.names: set[str] = set()

    def text(self, name: str, default: str = "") -> str:
        self.names.add(name)
        value = self.values.get(name, "").strip()
        file = self.values.get(f"{name}_FILE", "")
        if not value and file:
            try:
                value = Path(file).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise SettingError(
                    f"{name}_FILE names {file}, which cannot be read: {error.strerror}."
                ) from error
        return value or default

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.text(name, "true" if default else "false").lower()
        if value in {"1", "true", "yes", "on"}:
            return True
        if value in {"0", "false", "no", "off"}:
            return False
        raise SettingError(f"{name} is {value!r}; use true or false.")

    def number(self, name: str, default: int, *, least: int = 0) -> int:
        value = self.text(name, str(default))
        if not value.isdecimal() or int(value) < least:
            raise SettingError(
                f"{name} is {value!r}; use a whole number from {least} up."
            )
        return int(value)

    def period(self, name: str, default: str) -> timedelta:
        value = self.text(name, default)
        try:
            return period(value)
        except BadSchedule:
            raise SettingError(
                f"{name} is {value!r}; use a number and s, m, h or d, "
                "such as 30m, 24h or 1d."
            ) from None

    def retention(self, name: str, default: str) -> dict[str, int]:
        value = self.text(name, default)
        try:
            return retention.parse(value)
        except retention.BadRetention:
            raise SettingError(
                f"{name} is {value!r}; say of how many hours, days, weeks and months "
                "the newest backup is kept, such as 24h,7d,4w,12m."
            ) from None

    def choice(self, name: str, default: str, options: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in options:
            raise SettingError(f"{name} is {value!r}; use one of {', '.join(options)}.")
        return value

    def items(self, name: str, default: str = "") -> list[str]:
        return [
            part.strip() for part in self.text(name, default).split(",") if part.strip()
        ]


def write_first_env(path: Path, environ: Mapping[str, str]) -> bool:
    """Write `.env` (mode 600) with generated secrets; False when there is one.

    A DEMO_PASSWORD of the environment is kept, so that a later start without it
    still knows how the demo people log in.
    """
    secret = secrets.token_urlsafe
    lines = {
        "RRR_ENV": environ.get("RRR_ENV", "demo"),
        "SECRET_KEY": secret(64),
        "JWT_SECRET": secret(96),
        "METRICS_TOKEN": secret(32),
        "FIELD_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "DEMO_PASSWORD": environ.get("DEMO_PASSWORD") or f"demo-{secret(9)}",
    }
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
