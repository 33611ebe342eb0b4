"""The pages of runbooks."""

from __future__ import annotations

from typing import Any

from kernel import markdown
from operations import queries


def runbooks() -> dict[str, Any]:
    """Each with its title; those of a rule that fires now first."""
    firing = {alert.rule for alert in queries.open_alerts() if alert.fired_at}
    titles = queries.runbook_titles()
    shown = sorted(titles.items(), key=lambda each: each[0] not in firing)
    return {
        "runbooks": [(name, title, name in firing) for name, title in shown],
    }


def runbook(name: str) -> dict[str, Any]:
    """What to do, and the alerts that are open about it."""
    return {
        "name": name,
        "title": queries.runbook_titles()[name],
        "runbook": markdown.block(queries.runbook(name)),
        "open_alerts": [each for each in queries.open_alerts() if each.rule == name],
        "rules": [rule for rule in queries.rules() if rule.name == name],
    }
