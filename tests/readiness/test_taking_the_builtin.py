"""Where there is no checklist yet, the product offers its own."""

from __future__ import annotations

from typing import Any

import pytest

from readiness.models import TemplateVersion

pytestmark = pytest.mark.django_db
LIST, TAKE = "/readiness/templates/", "/readiness/templates/builtin/"


def test_an_empty_list_offers_it_and_one_click_publishes_it(
    person: Any, client_of: Any
):
    desk = client_of(person("root", "Administrator"))
    assert "Use the built-in checklist" in desk.get(LIST).content.decode()
    for _ in range(2):
        assert desk.post(TAKE).status_code == 302
    version = TemplateVersion.objects.get()
    assert version.state == "published"
    assert "Use the built-in checklist" not in desk.get(LIST).content.decode()


@pytest.mark.parametrize("role", ["Developer", "Viewer", "Trader"])
def test_it_is_the_administrators_to_take(person: Any, client_of: Any, role: str):
    mallory = client_of(person("mallory", role))
    assert "built-in" not in mallory.get(LIST).content.decode()
    assert mallory.post(TAKE).status_code == 403
    assert not TemplateVersion.objects.exists()
