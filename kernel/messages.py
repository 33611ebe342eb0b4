"""Where a sentence for the next page waits: in a cookie that is bound to this host."""

from __future__ import annotations

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http import HttpRequest


class BoundCookieStorage(CookieStorage):
    """Django's, under our own name for it."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.cookie_name = settings.MESSAGES_COOKIE_NAME


class BoundStorage(FallbackStorage):
    """The cookie; what does not fit into it goes to the session."""

    storage_classes = (BoundCookieStorage, SessionStorage)
