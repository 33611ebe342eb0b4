"""The doors' probes ask the product of this process."""

from tests.probing import own as own
