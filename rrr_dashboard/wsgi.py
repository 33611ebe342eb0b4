"""WSGI entry point for granian."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rrr_dashboard.settings")

# Imported for its effect: without it a web process publishes to amqp://localhost.
from rrr_dashboard.celery import app as celery_app  # noqa: F401

application = get_wsgi_application()
