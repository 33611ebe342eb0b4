"""The admin site shows people and roles, and changes nothing.

Every decision about people belongs in the audit log, which the admin's own forms
do not write; changes go through accounts.services.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from accounts.models import Session, User

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:
    _Admin = admin.ModelAdmin


class ReadOnly(_Admin):
    """For those who manage people; without buttons that add, change or delete."""

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Only by the filters that the list shows. Django's own rule takes any column
        of the table, and a password's hash could be guessed letter by letter."""
        shown = lookup.partition("__")[0] in (self.list_filter or ())
        return shown and super().lookup_allowed(lookup, value, request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("people.manage")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("people.manage")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class People(ReadOnly):
    list_display = ("username", "email", "is_active", "is_service", "last_login")
    list_filter = ("groups", "is_active", "is_service")
    search_fields = ("username",)
    exclude = ("password",)


admin.site.unregister(Group)


@admin.register(Group)
class Roles(ReadOnly):
    list_display = ("name",)


@admin.register(Session)
class Sessions(ReadOnly):
    list_display = ("user", "kind", "opened_at", "revoked_at", "reason")
    list_filter = ("kind",)
    exclude = ("sid", "fingerprint")
