"""Reads settings from the process environment, then `.env`, then `NAME_FILE`.

Every setting is declared once, through `Env`, so that the set of names can be
compared with `.env.example` (the test does) and an error names the variable.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


class SettingError(Exception):
    """A setting is missing or wrong; the text names the variable and the cure."""


def read_dotenv(path: Path) -> dict[str, str]:
    """`KEY=value` lines of a file, comments and blanks left out; {} if absent."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
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

    def choice(self, name: str, default: str, options: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in options:
            raise SettingError(f"{name} is {value!r}; use one of {', '.join(options)}.")
        return value

    def items(self, name: str, default: str = "") -> list[str]:
        return [
            part.strip() for part in self.text(name, default).split(",") if part.strip()
        ]
