"""What stays in a browser: what was typed when a session had ended, and no more."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

from tests.architecture.test_templates import PAGES, source

SCRIPTS = sorted((Path(settings.BASE_DIR) / "static" / "js").glob("*.js"))
STORES = re.compile(
    r"\b(?:localStorage|indexedDB|openDatabase|document\.cookie|cookieStore"
    r"|caches\.|serviceWorker|persistAuthorization)|sessionStorage\.\w+\(\"\w+\""
)


def test_scripts_keep_one_text_in_the_tab_and_take_it_out_again() -> None:
    kept = [
        (path.name, found)
        for path in SCRIPTS
        for found in STORES.findall(path.read_text())
    ]
    assert kept == [
        ("app.js", 'sessionStorage.setItem("kept"'),
        ("app.js", 'sessionStorage.getItem("kept"'),
        ("app.js", 'sessionStorage.removeItem("kept"'),
    ]
    assert [name for name in PAGES if STORES.search(source(name))] == []
