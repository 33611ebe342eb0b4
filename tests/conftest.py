"""People of the stories: Ada may, Grace may sign, Mallory may not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User

PASSWORD = "correct horse battery staple"


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    """person("ada", "Developer") -> a User with these roles and PASSWORD."""

    def make(username: str, *roles: str) -> User:
        user = User.objects.create_user(
            username, email=f"{username}@example.test", password=PASSWORD
        )
        user.groups.set([Group.objects.get(name=role) for role in roles])
        return user

    return make


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """client_of(user) -> a test client logged in as them."""

    def make(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make
