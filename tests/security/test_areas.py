"""What each role may open, as the contract's table says it."""

from __future__ import annotations

from typing import Any

import pytest

REVIEWERS = (
    "Developer",
    "Security Engineer",
    "DevOps Engineer",
    "Technical Lead",
    "Product Owner",
)
ROLES = ("Trader", *REVIEWERS, "Operator", "Viewer", "Administrator")
TRADING = {"Trader", "Viewer", "Administrator"}
OPERATIONS = set(ROLES) - {"Trader"}
AUDIT = {*REVIEWERS, "Operator", "Administrator"}
KEYS = {*REVIEWERS, "Administrator"}
AREAS: dict[str, set[str]] = {
    "/": set(ROLES),
    "/trades/": TRADING,
    "/readiness/": set(ROLES),
    "/operations/": OPERATIONS,
    "/alerts/": OPERATIONS,
    "/audit/": AUDIT,
    "/settings/profile/": set(ROLES),
    "/settings/signing-key/": KEYS,
    "/api/portfolio": TRADING,
    "/api/trades": TRADING,
    "/api/performance": TRADING,
    "/api/readiness/reviews": set(ROLES),
    "/api/operations/alerts": OPERATIONS,
    "/api/audit": AUDIT,
    "/api/me": set(ROLES),
}


@pytest.mark.parametrize("path", AREAS)
def test_roles_open_what_is_theirs(path: str, person: Any, client_of: Any) -> None:
    opened = set()
    for number, role in enumerate(ROLES):
        status = client_of(person(f"p{number}", role)).get(path).status_code
        assert status in {200, 403}, (role, status)
        if status == 200:
            opened.add(role)
    assert opened == AREAS[path]


@pytest.mark.parametrize("path", AREAS)
def test_nobody_opens_nothing(path: str, client: Any, db: None) -> None:
    answer = client.get(path)
    if path.startswith("/api/"):
        assert answer.status_code == 401
    else:
        assert answer["Location"].startswith("/accounts/login/?next=")


@pytest.mark.parametrize("path", AREAS)
def test_without_a_role_only_oneself_is_open(
    path: str, person: Any, client_of: Any
) -> None:
    status = client_of(person("mallory")).get(path).status_code
    own = path in {"/", "/settings/profile/", "/api/me"}
    assert status == (200 if own else 403)


def test_a_reviewer_with_the_reading_permission_reads_trades(
    person: Any, client_of: Any
) -> None:
    from accounts.services.roles import permissions_by_name

    lena = person("lena", "Technical Lead")
    lena.user_permissions.add(permissions_by_name()["trading.view"])
    assert client_of(lena).get("/trades/").status_code == 200
