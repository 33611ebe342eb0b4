"""The one migration of a fresh database makes what the many of an old one made."""

import pytest
from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from tests.trades.test_migrating import LongWay


@pytest.mark.parametrize("make", [MigrationLoader, LongWay])
def test_both_ways_end_at_the_models(make: type[MigrationLoader]) -> None:
    loader = make(None)
    made = loader.project_state()
    changes = MigrationAutodetector(made, ProjectState.from_apps(apps)).changes(
        graph=loader.graph
    )
    assert changes == {}


def test_a_squash_names_every_migration_before_it() -> None:
    loader = MigrationLoader(None, replace_migrations=False)
    for (app, name), squash in loader.disk_migrations.items():
        if squash.replaces:
            last = name.removeprefix("0001_squashed_")
            before = {
                key
                for key in loader.disk_migrations
                if key[0] == app and key[1] <= last and key[1] != name
            }
            assert set(squash.replaces) == before
