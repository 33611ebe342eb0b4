"""No address leads to a file beside those that are served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests.settings.test_compose import DOCKERFILE, left_out

BESIDE = [
    *(".git/HEAD", ".git/config", ".env", ".env.example", "manage.py", ".gitignore"),
    *("rrr_dashboard/settings.py", "pyproject.toml", "var/log.key", "build.json"),
]
UPWARDS = ["", "static/", "static/../", "static/js/../../", "static//../", "./"]


@pytest.fixture
def served(tmp_path: Path, settings: Any) -> None:
    """A folder of static files, and everything else beside it."""
    for name in (*BESIDE, "static/js/app.js"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("it lies here")
    settings.STATIC_ROOT = tmp_path / "static"


@pytest.mark.django_db
@pytest.mark.parametrize("way", UPWARDS)
@pytest.mark.parametrize("name", BESIDE)
def test_a_file_beside_them_is_not_served(served: None, name: str, way: str) -> None:
    client = Client()
    assert client.get("/static/js/app.js").status_code == 200
    answer = client.get("/", PATH_INFO=f"/{way}{name}")
    assert answer.status_code in {400, 404}
    assert b"it lies here" not in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize("name", [".env.example", "manage.py", "pyproject.toml"])
def test_nothing_of_the_product_s_own_folder_is_served(name: str) -> None:
    assert (Path(settings.BASE_DIR) / name).exists()
    assert Client().get(f"/{name}").status_code == 404
    assert Client().get(f"/static/{name}").status_code == 404


def test_static_files_are_those_of_one_folder_that_holds_no_repository() -> None:
    for folder in (Path(settings.STATIC_ROOT), *map(Path, settings.STATICFILES_DIRS)):
        assert folder.name == "static"
        assert list(folder.rglob(".*")) == []


def test_the_image_holds_no_repository_and_no_secrets() -> None:
    assert "COPY . ." in DOCKERFILE, "what .dockerignore leaves out stays out"
    for path in (".git/HEAD", ".git", ".env", ".env.production", "var/log.key"):
        assert left_out(path), path
