"""Rows that are written once, under a seal that takes our key.

What nobody decided is no event of the log. Whoever can write to the database, and has
not the product's SECRET_KEY, still forges none of these rows and changes none unseen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.crypto import constant_time_compare, salted_hmac


def sealed(of: str, values: Mapping[str, object]) -> str:
    """The seal of these values as `of`, what they are of."""
    return _seal(of, _text(values), settings.SECRET_KEY)


def holds(seal: str, of: str, values: Mapping[str, object]) -> bool:
    """Whether the product sealed them, with today's key or one that it still knows."""
    text = _text(values)
    return any(
        constant_time_compare(seal, _seal(of, text, key))
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    )


def _seal(of: str, text: str, key: str) -> str:
    made = salted_hmac(f"sealed-row:{of}", text, secret=key, algorithm="sha256")
    return made.hexdigest()


def _text(values: Mapping[str, object]) -> str:
    return json.dumps(values, sort_keys=True, default=_moment)


def _moment(value: object) -> str:
    """The same for a moment that was just made and one that the database gave back."""
    if not isinstance(value, datetime):
        raise TypeError(f"{type(value).__name__} is under no seal")
    return value.astimezone(UTC).isoformat(timespec="microseconds")


class SealedRow(models.Model):
    """`SEALED` are the columns under the seal. A later column must not join them: rows
    of before would seem forged."""

    SEALED: ClassVar[tuple[str, ...]] = ()

    seal = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding:
            self.put_under_seal()
        super().save(*args, **kwargs)

    def put_under_seal(self) -> None:
        self.seal = sealed(self._meta.label_lower, self._under_seal())

    @property
    def is_sealed(self) -> bool:
        """Whether this product wrote it as it stands."""
        return holds(self.seal, self._meta.label_lower, self._under_seal())

    def _under_seal(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.SEALED}
