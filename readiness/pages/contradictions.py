"""A draft's contradictions, as its preview shows them and asks about them."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString

from kernel import markdown
from readiness.domain.parsing.deciding import CHOICES, Choice
from readiness.domain.parsing.document import Clash
from readiness.models import TemplateVersion


@dataclass(frozen=True)
class ShownContradiction:
    """`decided` is the name of the choice that was made, "" where none was."""

    key: str
    title: str
    detail: SafeString
    lines: list[int]
    choices: tuple[Choice, ...]
    decided: str

    @property
    def decision(self) -> str:
        """In words; "" where none was made."""
        return next(
            (each.words for each in self.choices if each.name == self.decided), ""
        )


def contradictions(version: TemplateVersion) -> list[ShownContradiction]:
    decisions = version.report.get("decisions", {})
    return [
        ShownContradiction(
            clash.get("key", ""),
            clash["title"],
            markdown.inline(clash["detail"]),
            clash["lines"],
            CHOICES[Clash(clash["code"])] if clash.get("key") else (),
            decisions.get(clash.get("key", ""), ""),
        )
        for clash in version.report.get("contradictions", [])
    ]
