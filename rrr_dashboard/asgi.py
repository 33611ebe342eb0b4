"""What granian serves: the WSGI application behind its door."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rrr_dashboard.settings")

from kernel import logs, patience
from kernel.door import Door
from kernel.middleware.framing import refuses
from rrr_dashboard.processes import raise_open_files
from rrr_dashboard.wsgi import application as behind

logs.speak_json()
raise_open_files()
patience.serve_requests()
application = Door(behind, refuses)
