"""Groups and permissions as accounts.domain.roles lists them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType

from accounts.domain.roles import AREAS, ROLES


def permissions_by_name(using: str = "default") -> dict[str, Permission]:
    """{"trading.view": Permission}, of our areas only. One query."""
    ours = Permission.objects.using(using).filter(
        content_type__model="area", content_type__app_label__in=AREAS
    )
    return {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in ours.select_related("content_type")
    }


def sync(*, using: str = "default", **signal: Any) -> None:
    """Create what is missing and take back what a role may no longer do.

    Runs after every migrate (and after a test's flush), so that both engines and
    a restored copy hold exactly the listed roles. Other groups are left alone.
    """
    _create_permissions(using)
    named = permissions_by_name(using)
    groups = Group.objects.using(using)
    groups.bulk_create([Group(name=role) for role in ROLES], ignore_conflicts=True)
    ids = dict(groups.filter(name__in=ROLES).values_list("name", "pk"))
    wanted = {
        (ids[role], named[name].pk) for role, names in ROLES.items() for name in names
    }
    through = Group.permissions.through.objects.using(using)
    held = through.filter(group_id__in=ids.values())
    extra = [
        pk
        for pk, group, permission in held.values_list("pk", "group_id", "permission_id")
        if (group, permission) not in wanted
    ]
    if extra:
        through.filter(pk__in=extra).delete()
    through.bulk_create(
        [
            Group.permissions.through(group_id=group, permission_id=permission)
            for group, permission in sorted(wanted)
        ],
        ignore_conflicts=True,
    )


def _create_permissions(using: str) -> None:
    types = ContentType.objects.db_manager(using)
    types.bulk_create(
        [ContentType(app_label=area, model="area") for area in AREAS],
        ignore_conflicts=True,
    )
    ids = dict(types.filter(model="area").values_list("app_label", "pk"))
    Permission.objects.using(using).bulk_create(
        [
            Permission(content_type_id=ids[area], codename=verb, name=title)
            for area, verbs in AREAS.items()
            for verb, title in verbs.items()
        ],
        ignore_conflicts=True,
    )
