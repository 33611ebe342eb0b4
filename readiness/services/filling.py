"""What the log keeps of the blanks that were filled in."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from audit.domain.canonical import salted_hex


def salted_values(values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """{label: salt} to lie beside the values, and {label: HMAC} for the log: a value
    may name people, and erasing it leaves nothing to guess from. Both in hexadecimal."""
    salts = {label: secrets.token_bytes(32) for label in values}
    hmacs = {label: salted_hex(salts[label], text) for label, text in values.items()}
    return {label: salt.hex() for label, salt in salts.items()}, hmacs
