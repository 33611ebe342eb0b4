"""What htmx would swap into a row is re-aimed, but for 409 and 422."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

PARTIAL = {
    "HX-Request": "true",
    "HX-Request-Type": "partial",
    "HX-Target": "li#SEC-01",
    "HX-Current-URL": "http://testserver/readiness/reviews/7/?state=failed",
}


def test_whoever_is_logged_out_is_sent_to_the_login(anyone: Client) -> None:
    answer = anyone.get("/test/managers/", headers=PARTIAL)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["HX-Redirect"] == (
        "/accounts/login/?next=%2Freadiness%2Freviews%2F7%2F%3Fstate%3Dfailed"
    )


def test_the_way_back_stays_on_the_site(anyone: Client) -> None:
    for url in ("https://evil.example/x", "//evil.example/x"):
        answer = anyone.get(
            "/test/managers/", headers={**PARTIAL, "HX-Current-URL": url}
        )
        assert answer["HX-Redirect"] == "/accounts/login/?next=%2Fx"


def test_what_is_no_address_leads_home(anyone: Client) -> None:
    answer = anyone.get(
        "/test/managers/", headers={**PARTIAL, "HX-Current-URL": "http://["}
    )
    assert answer["HX-Redirect"] == "/accounts/login/?next=%2F"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/no-such-page/", 404),
        ("POST", "/accounts/login/", 403),
        ("GET", "/test/broken/", 500),
        ("GET", "/test/no-database/", 503),
    ],
)
def test_an_error_goes_to_the_problem_line(
    anyone: Client, method: str, path: str, status: int
) -> None:
    answer = anyone.generic(method, path, headers=PARTIAL)
    assert answer.status_code == status
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#problem", "innerHTML")
    assert "<html" not in answer.content.decode()
    assert answer["X-Request-ID"] in answer.content.decode()


def test_a_503_keeps_its_retry_after(anyone: Client) -> None:
    answer = anyone.get("/test/no-database/", headers=PARTIAL)
    assert answer["Retry-After"] == "5"


def test_a_role_that_may_not_is_told_there(person: Any, client_of: Any) -> None:
    client = client_of(person("vito", "Viewer"))
    answer = client.get("/test/managers/", headers=PARTIAL)
    assert (answer.status_code, answer["HX-Retarget"]) == (403, "#problem")
    assert "role" in answer.content.decode()


def test_too_large_is_told_there_too(anyone: Client) -> None:
    answer = anyone.generic(
        "POST", "/accounts/login/", headers=PARTIAL, CONTENT_LENGTH="9999999"
    )
    assert (answer.status_code, answer["HX-Retarget"]) == (413, "#problem")


def test_a_conflict_goes_to_its_own_target(anyone: Client) -> None:
    answer = anyone.get("/test/conflict/", headers=PARTIAL)
    assert (answer.status_code, answer.content) == (409, b"who changed it")
    assert "HX-Retarget" not in answer


def test_without_htmx_it_is_the_whole_page(anyone: Client) -> None:
    assert "<html" in anyone.get("/no-such-page/").content.decode()
    assert anyone.get("/test/managers/").status_code == 302


@pytest.mark.parametrize("path", ["/accounts/login/", "/no-such-page/", "/"])
def test_caches_are_told_what_it_depends_on(anyone: Client, path: str) -> None:
    assert {"HX-Request", "HX-Request-Type", "HX-Target"} <= {
        name.strip() for name in anyone.get(path)["Vary"].split(",")
    }
