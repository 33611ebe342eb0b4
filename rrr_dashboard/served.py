"""The product as it is served: the WSGI application behind its door."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rrr_dashboard.settings")

from kernel import dialling, logs, patience
from kernel.door import Door
from kernel.middleware.framing import caller, refuses
from rrr_dashboard import tracing
from rrr_dashboard.processes import raise_open_files
from rrr_dashboard.wsgi import application as behind

logs.speak_json()
raise_open_files()
patience.serve_requests()
tracing.begin("web")
dialling.guard()
application = Door(behind, refuses, caller)
