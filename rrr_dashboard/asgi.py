"""ASGI entry point, for deployments that prefer an ASGI server."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rrr_dashboard.settings")

from rrr_dashboard.celery import app as celery_app  # noqa: F401

application = get_asgi_application()
