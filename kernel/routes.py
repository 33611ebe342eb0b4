"""Every route that the product serves, and addresses of things that are really there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

CONVERTER = re.compile(r"<(?:(?P<kind>[^:>]+):)?(?P<name>[^>]+)>")
LINK = re.compile(r"""["'=](/[A-Za-z0-9_\-./%]*)""")
# Of a kind that nobody has: the answer is a 404, whose headers count too.
INVENTED = {"number": "999999999", "uuid": "00000000-0000-0000-0000-000000000000"}
# The administration pages are a library's, behind one log-in page.
FOREIGN = "admin/"


@dataclass(frozen=True)
class Route:
    """`pattern` as the resolver names it: "api/trades/<number:trade>"."""

    pattern: str

    @property
    def bare(self) -> str:
        """With parameters, but without their names: "/api/trades/{}"."""
        return "/" + CONVERTER.sub("{}", self.pattern)

    @property
    def is_fixed(self) -> bool:
        return not CONVERTER.search(self.pattern)

    def path(self, known: Mapping[str, str]) -> str:
        """An address of it: parameters by `known`, else invented."""
        return "/" + CONVERTER.sub(
            lambda match: known.get(
                match["name"], INVENTED.get(match["kind"] or "", "none")
            ),
            self.pattern,
        )


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[Route]:
    """Every route, those of the administration pages left out."""
    for entry in (resolver or get_resolver()).url_patterns:
        pattern = prefix + str(entry.pattern)
        if pattern.startswith(FOREIGN):
            continue
        if isinstance(entry, URLPattern):
            yield Route(pattern)
        else:
            yield from routes(entry, pattern)


def parameters_in(texts: Iterable[str]) -> dict[str, str]:
    """{"trade": "17"}: parameters of routes as the links in these texts name them; the
    first of each counts, and lists have the newest first."""
    known: dict[str, str] = {}
    for text in texts:
        for path in dict.fromkeys(LINK.findall(text)):
            try:
                match = resolve(path)
            except (Resolver404, ValueError):
                continue
            for name, value in match.kwargs.items():
                known.setdefault(name, str(value))
    return known
