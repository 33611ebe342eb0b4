"""What an operation does not know is refused, never ignored: fields and parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import User
from rrr_dashboard.api import document
from tests.api_schema.operations import NOBODY, SAMPLES, getter, operations, urls

pytestmark = pytest.mark.django_db
# Browsers send what they like to it, and other fields with the next version.
FROM_FOREIGNERS = {"/api/csp-report"}
FOREIGN = "no_such"
ONLY_LISTS = {"/api/prices": "prices"}


@pytest.fixture(scope="module")
def desk(desk: dict[str, Client], django_db_blocker: Any) -> dict[str, Client]:
    """The Administrator may ask for every operation."""
    with django_db_blocker.unblock():
        User.objects.filter(username="admin").update(is_superuser=True)
    return desk


def writes() -> Iterator[tuple[str, str, list[str]]]:
    """(method, path, content types) of every operation that changes something."""
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            if method not in {"get", "parameters"} and path not in FROM_FOREIGNERS:
                kinds = operation.get("requestBody", {}).get("content", {})
                yield method, path, list(kinds) or ["application/json"]


def own_ids(path: str, client: Client) -> str:
    """The path with ids that exist, where a list tells them."""
    get = getter(client)
    known = [
        sample(get)[0]
        for base, sample in SAMPLES.items()
        if path.startswith(f"{base.removesuffix('/markdown')}/")
    ]
    ids: dict[str, Any] = {"uid": NOBODY, "id": NOBODY, **SPELLED}
    ids |= dict.fromkeys(("evidence", "waiver", "exemption", "follow_up", "note"), 1)
    for found in known:
        ids |= found
    if path.startswith("/api/operations/alerts/"):
        ids["uid"] = get("/api/operations/alerts")["alerts"][0]["id"]
    return path.format(**ids)


SPELLED = {"name": "memory", "template": 1, "item": 1, "review": NOBODY}


def test_a_body_that_is_no_object_is_a_422(desk: dict[str, Client]) -> None:
    """Where none is taken, too: each of these ran a job."""
    paths = [
        path
        for method, path, _ in writes()
        if method == "post"
        if "requestBody" not in document()["paths"][path]["post"]
    ]
    seen: dict[str, set[int]] = {}
    for path in paths:
        url = own_ids(path, desk["admin"])
        if "/jobs/" in url:
            url = url.replace("memory", "prune")
        for body in ("[1]", '"x"', "7", "true", "[]"):
            with transaction.atomic():
                kind = "application/json"
                answer = desk["admin"].post(url, body, content_type=kind)
                transaction.set_rollback(True)
            seen.setdefault(path, set()).add(answer.status_code)
            if answer.status_code == 422:
                assert answer.json()["detail"].startswith("Nothing is taken"), path
    assert {path for path, codes in seen.items() if not codes <= {404, 422}} == set()
    assert sum(codes == {422} for codes in seen.values()) >= 8, seen


def test_a_field_that_is_none_of_theirs_is_a_422(desk: dict[str, Client]) -> None:
    seen: dict[str, int] = {}
    for method, path, kinds in writes():
        url = own_ids(path, desk["admin"])
        if "/jobs/" in url:
            url = url.replace("memory", "prune")
        for kind in kinds:
            form = kind.startswith("multipart")
            body: Any = {FOREIGN: "1"}
            if path in ONLY_LISTS:
                body = {ONLY_LISTS[path]: [body]}
            with transaction.atomic():
                answer = getattr(desk["admin"], method)(
                    url, body, **({} if form else {"content_type": kind})
                )
                transaction.set_rollback(True)
            named = FOREIGN in answer.content.decode()
            if not (answer.status_code == 422 and named):
                seen[f"{method} {path} {kind}"] = answer.status_code
    # Whose object is not there is told first, and nothing is done either.
    assert {what for what, status in seen.items() if status != 404} == set()
    assert len(seen) <= 10, seen


def test_a_parameter_that_is_none_of_theirs_is_a_400(desk: dict[str, Client]) -> None:
    lax = []
    for operation in operations().values():
        client = desk["admin"]
        for url in urls(operation, getter(client))[:1]:
            joint = "&" if "?" in url else "?"
            answer = client.get(f"{url}{joint}{FOREIGN}=1")
            if answer.status_code != 400 or FOREIGN not in answer.content.decode():
                lax.append(f"{operation.path} {answer.status_code}")
    assert lax == []


def test_a_parameter_that_stands_there_twice_is_a_400(desk: dict[str, Client]) -> None:
    """The last one counted, and the first was ignored."""
    lax, asked = [], 0
    for operation in operations().values():
        client = desk["admin"]
        for url in urls(operation, getter(client))[:1]:
            if not (names := operation.parameters):
                continue
            asked += 1
            joint = "&" if "?" in url else "?"
            answer = client.get(f"{url}{joint}{names[0]}=1&{names[0]}=1")
            if answer.status_code != 400 or "more than once" not in str(answer.content):
                lax.append(f"{operation.path} {names[0]} {answer.status_code}")
    assert asked > 20
    assert lax == []


def test_nor_does_a_change_take_one(desk: dict[str, Client]) -> None:
    lax = []
    for method, path, _ in writes():
        url = own_ids(path, desk["admin"])
        answer = getattr(desk["admin"], method)(
            f"{url}?dry_run=true", {}, content_type="application/json"
        )
        if answer.status_code != 400:
            lax.append(f"{method} {path} {answer.status_code}")
    assert lax == []


def test_format_never_routes(desk: dict[str, Client]) -> None:
    assert desk["admin"].get("/api/me?format=json").status_code == 400
