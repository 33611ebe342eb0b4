"""The GET operations of the published schema, and what a test needs to call one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from django.urls import resolve

from kernel.access import Access
from tests.architecture.test_access import declared

Answers = Mapping[str, Any]
Get = Callable[[str], Answers]


class Asks(Protocol):
    """Somebody's client: Django's of a test, or one over HTTP."""

    def get(self, path: str, /) -> Any: ...


@dataclass(frozen=True)
class Operation:
    path: str
    parameters: tuple[str, ...]
    needed: tuple[str, ...]
    content: Mapping[str, Answers]

    @property
    def ids(self) -> bool:
        return "{" in self.path

    @property
    def is_list(self) -> bool:
        return {"limit", "cursor"} <= set(self.parameters)

    def access(self, url: str) -> Access:
        rule = declared(resolve(url).func)
        assert rule is not None, f"{url} declares no access"
        return rule


def get_operations(document: Answers) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        if operation := item.get("get"):
            parameters = operation.get("parameters", ())
            queries = [one for one in parameters if one["in"] == "query"]
            yield Operation(
                path,
                tuple(one["name"] for one in queries),
                tuple(one["name"] for one in queries if one.get("required")),
                operation["responses"]["200"]["content"],
            )


@cache
def operations() -> dict[str, Operation]:
    """By path. Called by tests, not while they are collected: the schema is built
    once, from the code as it runs."""
    from rrr_dashboard.api import document

    return {one.path: one for one in get_operations(document())}


# Ids that no demo has. A list without rows sends its reader to nothing: 404.
NOBODY = "00000000-0000-4000-8000-000000000000"


def _review(get: Get) -> str:
    reviews = get("/api/readiness/reviews?limit=500")["reviews"]
    return str(reviews[-1]["id"]) if reviews else NOBODY


def _of_review(get: Get) -> list[dict[str, str]]:
    return [{"review": _review(get)}]


def _reviews(get: Get) -> list[dict[str, str]]:
    """All of them, the oldest first: something else became of each."""
    reviews = get("/api/readiness/reviews?limit=500")["reviews"]
    return [{"review": each["id"]} for each in reversed(reviews)] or _of_review(get)


def _newest_reviews(get: Get) -> list[dict[str, str]]:
    """The newest alone: it has an earlier one, and notes."""
    reviews = get("/api/readiness/reviews?limit=500")["reviews"]
    return [{"review": reviews[0]["id"] if reviews else NOBODY}]


ITEM_KIND = ("state", "section_kind", "revision", "assignee")


def _items(get: Get) -> list[dict[str, str]]:
    """A line of each kind: they have other fields filled."""
    if (review := _review(get)) == NOBODY:
        return [{"item": "0"}]
    lines = get(f"/api/readiness/reviews/{review}/items?limit=500")["items"]
    kinds = {
        (*(line[name] for name in ITEM_KIND), line["evidence"] is None): line["id"]
        for line in lines
    }
    return [{"item": line} for line in kinds.values()]


def _trades(get: Get) -> list[dict[str, str]]:
    """Some of the newest: those that opened a lot, that closed one, that were
    corrected."""
    newest = get("/api/trades?limit=500")["trades"]
    amended = [trade for trade in newest if trade["status"] == "corrected"]
    trades = [*amended, *newest[::25]]
    return [{"id": trade["id"]} for trade in trades] or [{"id": "0"}]


def _imports(get: Get) -> list[dict[str, str]]:
    imports = get("/api/trades/imports")["imports"]
    return [{"id": batch["id"]} for batch in imports] or [{"id": NOBODY}]


def _versions(get: Get) -> list[dict[str, str]]:
    templates = get("/api/readiness/templates")["templates"]
    return [
        {"template": template["id"], "number": str(version["version"])}
        for template in templates
        for version in template["versions"]
    ] or [{"template": "0", "number": "1"}]


def _signoffs(get: Get) -> list[dict[str, str]]:
    """Of all reviews, the oldest first."""
    reviews = get("/api/readiness/reviews?limit=500")["reviews"]
    signoffs = [
        {"signoff": each["id"]}
        for review in reversed(reviews)
        for each in get(f"/api/readiness/reviews/{review['id']}/signoffs")["signoffs"]
    ]
    return signoffs or [{"signoff": NOBODY}]


def _rules(get: Get) -> list[dict[str, str]]:
    return [{"name": rule["name"]} for rule in get("/api/operations/rules")["rules"]]


# path -> every set of ids to try. An operation with ids that stands not here fails.
SAMPLES: dict[str, Callable[[Get], list[dict[str, str]]]] = {
    "/api/operations/rules/{name}": _rules,
    "/api/readiness/items/{item}": _items,
    "/api/readiness/reviews/{review}": _of_review,
    "/api/readiness/reviews/{review}/items": _of_review,
    "/api/readiness/reviews/{review}/lifecycle": _reviews,
    "/api/readiness/reviews/{review}/diff": _newest_reviews,
    "/api/readiness/reviews/{review}/notes": _newest_reviews,
    "/api/readiness/reviews/{review}/pdf": _of_review,
    "/api/readiness/reviews/{review}/markdown": _of_review,
    "/api/readiness/reviews/{review}/signoffs": _of_review,
    "/api/readiness/reviews/{review}/sections": _of_review,
    "/api/readiness/reviews/{review}/statement": _of_review,
    "/api/readiness/signoffs/{signoff}/claims": _signoffs,
    "/api/readiness/signoffs/{signoff}/envelope": _signoffs,
    "/api/readiness/signoffs/{signoff}/key": _signoffs,
    "/api/readiness/signoffs/{signoff}/proof": _signoffs,
    "/api/readiness/templates/{template}/versions/{number}/markdown": _versions,
    "/api/trades/imports/{id}": _imports,
    "/api/trades/{id}": _trades,
}
# Query parameters that an operation cannot do without.
NEEDED = {"role": "Developer"}
# Thirty days, which are meant without a period, may be one month.
ASKED = {
    "/api/performance": "benchmark=BTC-USD",
    "/api/performance/monthly": "period=90d",
}


def getter(client: Asks) -> Get:
    """get(url): what this person is answered there; each URL is asked for once."""

    @cache
    def get(url: str) -> Answers:
        answer = client.get(url)
        # Who may not read the list of ids asks for an id that nobody has.
        return answer.json() if answer.status_code == 200 else _Nothing()

    return get


def urls(operation: Operation, get: Get) -> list[str]:
    """The operation's URLs with this person's own ids, every required parameter set."""
    query = "&".join(f"{name}={NEEDED[name]}" for name in operation.needed)
    query = query or ASKED.get(operation.path, "")
    samples = SAMPLES[operation.path](get) if operation.ids else [{}]
    paths = [operation.path.format(**sample) for sample in samples]
    return [f"{path}?{query}" if query else path for path in paths]


class _Nothing(dict[str, Any]):
    def __missing__(self, key: str) -> list[Any]:
        return []
