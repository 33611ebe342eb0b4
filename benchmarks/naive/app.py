"""The naive stack as one WSGI application; `python -m benchmarks.naive.app` fills it.

NAIVE_DATABASE names its SQLite file, REDIS_URL the cache of its rate limits.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

ROWS = 5_000

settings.configure(
    SECRET_KEY=os.environ["SECRET_KEY"],
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="benchmarks.naive.urls",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["NAIVE_DATABASE"],
            "CONN_MAX_AGE": None,
        }
    },
    CACHES={
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": os.environ["REDIS_URL"],
        }
    },
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "benchmarks.naive",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
    ],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "rest_framework_simplejwt.authentication.JWTAuthentication"
        ],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
        "PAGE_SIZE": 50,
    },
)


def fill() -> None:
    """Tables, one person and ROWS trades."""
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    from django.contrib.auth.models import User

    from benchmarks.naive.models import Trade

    User.objects.create_user("trader", password=os.environ["DEMO_PASSWORD"])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    Trade.objects.bulk_create(
        Trade(
            external_id=f"T-{number}",
            symbol="BTC-USD",
            side="buy",
            quantity=Decimal("0.125"),
            price=Decimal(40_000 + number),
            fee=Decimal("1.25"),
            strategy="momentum",
            executed_at=start + timedelta(minutes=number),
        )
        for number in range(ROWS)
    )


if __name__ == "__main__":
    fill()
else:
    application = get_wsgi_application()
