"""People, invitations and tokens as files: whole, exact, and without a secret."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.services import service_accounts, service_tokens
from accounts.services.invitations import NewInvitation, invite
from tests.csv_files import csv_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def iris(person):
    return person("iris", "Administrator", "Viewer")


@pytest.fixture
def desk(iris, client_of):
    return client_of(iris)


def test_people_go_out_with_their_roles_as_the_page_finds_them(desk, person):
    ada = person("ada", "Trader")
    ada.first_name = "=Ada"
    ada.save()
    rows = csv_rows(desk, "/settings/people/files/people.csv")
    assert [row["username"] for row in rows] == ["ada", "iris"]
    assert rows[0]["name"] == "'=Ada"
    assert rows[1]["roles"] == "Administrator, Viewer"
    [found] = csv_rows(desk, "/settings/people/files/people.csv", {"q": "iri"})
    assert found["username"] == "iris"
    page = desk.get("/settings/people/", {"q": "iri"}).content.decode()
    assert 'href="/settings/people/files/people.csv?q=iri"' in page


def test_invitations_go_out_without_their_links(desk, iris):
    new = NewInvitation(username="grace", roles=["Trader"])
    _, link = invite(new, iris, lambda token: token)
    [row] = csv_rows(desk, "/settings/people/files/invitations.csv")
    assert (row["username"], row["lets_in"]) == ("grace", "true")
    assert link not in row.values()


def test_tokens_go_out_without_their_secrets(desk, iris):
    service = service_accounts.add_service_account(
        service_accounts.NewServiceAccount(username="ci", roles=["Viewer"]), by=iris
    )
    for owner, path in (
        (iris, "/settings/tokens/tokens.csv"),
        (service, f"/settings/people/services/{service.pk}/tokens.csv"),
    ):
        new = service_tokens.NewToken(name="bot", scopes=["trading:read"], days=30)
        text = service_tokens.make(new, owner, by=iris)[1]
        [row] = csv_rows(desk, path)
        assert (row["name"], row["scopes"]) == ("bot", "trading:read")
        assert row["id"] in text
        assert text.rpartition("_")[2] not in "".join(row.values())
        assert row["expires_at"] > timezone.now().isoformat()
    rows = csv_rows(desk, "/settings/people/files/service-accounts.csv")
    assert [row["username"] for row in rows] == ["ci"]


def test_there_is_no_other_file(desk):
    assert desk.get("/settings/people/files/sessions.csv").status_code == 404
