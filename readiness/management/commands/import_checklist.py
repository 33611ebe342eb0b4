"""`manage.py import_checklist FILE [--publish] [--json]`."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.display import plural
from kernel.errors import Conflict, ProductError
from readiness.answers.templates import ChecklistAnswer
from readiness.domain.parsing.source import MAX_BYTES
from readiness.models import TemplateVersion
from readiness.services.importing import Importing, import_template
from readiness.services.publishing import publish


class Command(BaseCommand):
    help = "Read a Markdown checklist into a draft template and say what was found."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a Markdown file with task lists")
        kind = parser.add_mutually_exclusive_group()
        kind.add_argument("--name", default="", help="the new template's name")
        kind.add_argument(
            "--version-of", default="", metavar="TEMPLATE", help="its slug or id"
        )
        parser.add_argument(
            "--repair", action="store_true", help="also repairs that are only offered"
        )
        parser.add_argument("--publish", action="store_true", help="publish it at once")
        parser.add_argument("--json", action="store_true", help="for machines")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        try:
            how = Importing(options["name"], options["version_of"], options["repair"])
            version = import_template(data, how, None)
            if options["publish"] and version.state == TemplateVersion.State.DRAFT:
                version = publish(version, None)
        except Conflict as error:
            raise CommandError(
                f"{path.name}: {error.detail} (--version-of or --name)"
            ) from error
        except ProductError as error:
            raise CommandError(f"{path.name}: {error.detail}") from error
        answer = ChecklistAnswer.of(version)
        if options["json"]:
            self.stdout.write(json.dumps(asdict(answer), ensure_ascii=False, indent=2))
        else:
            self.stdout.write("\n".join(_plain(version, answer)))


def _plain(version: TemplateVersion, answer: ChecklistAnswer) -> list[str]:
    bound = {check.key for check in answer.checks}
    return [
        f"{version} is saved as {version.state} ({answer.sha256[:12]}…):",
        f"  headings        {answer.headings}",
        f"  items           {answer.items} ({answer.top_level} top level, "
        f"depth {answer.depth})",
        f"  ticked          {answer.ticked} (claims, not yet proof)",
        f"  fields          {answer.fields}",
        f"  steps           {answer.steps}",
        f"  repaired        {plural(answer.repaired, 'run')} of wrongly decoded bytes",
        *(
            [f"  offered         {offered} more: --repair makes them"]
            if (offered := sum(repair.times for repair in answer.offered))
            else []
        ),
        f"  checks          proposed for {plural(len(bound), 'item')}",
        f"  contradictions  {len(answer.contradictions)}",
        *(
            f"    line {', '.join(map(str, clash.lines))}: {clash.detail}"
            for clash in answer.contradictions
        ),
        f"  no items        what looks like a box: {plural(answer.odd_total, 'line')}",
        *(f"    line {odd.line}: {odd.kind}: {odd.text}" for odd in answer.odd_boxes),
    ]
