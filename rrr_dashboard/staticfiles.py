"""Static files: hashed names from the manifest, plain names before it exists."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """A page must not fail because `collectstatic` has not run yet."""

    def stored_name(self, name: str) -> str:
        """The hashed name, or `name` itself when it was never collected."""
        try:
            return str(super().stored_name(name))
        except ValueError:
            return name
