"""What granian serves to people. It says that it was started, and with which settings:
evidence of a process with others is out of date from then on."""

from rrr_dashboard.served import application as application

# Django is ready only now.
from operations.services import starts  # isort: skip

starts.record_soon()
