"""`make scan` and `make sbom`: what the tools say of a small tree, and who is told what
when they cannot say anything."""

from __future__ import annotations

import json
import stat
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from django.core.management import CommandError, call_command

from kernel.build import UNKNOWN, Build
from operations.services import scanning
from tests.operations.test_code_probes import HEAD, Tree

WEAK = "import subprocess\n\nsubprocess.call(input(), shell=True)\n"
EXCEPTED = (
    "import subprocess\n\nsubprocess.call(input(), shell=True)  # ours # nosec B602\n"
)
LOCK = "django==5.2 \\\n    --hash=sha256:" + "0" * 64 + "\n"


@pytest.fixture
def tree(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Tree:
    settings.BASE_DIR, settings.STATE_DIR = tmp_path / "tree", tmp_path
    head = Build(HEAD, clean=True)
    monkeypatch.setattr("kernel.build.running", lambda: head)
    monkeypatch.setattr("kernel.build.look", lambda: head)
    # Nobody answers there: what is asked of the world fails at once.
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    made = Tree(tmp_path / "tree")
    made.write("requirements.txt", LOCK)
    return made


def scan() -> tuple[int, str, dict[str, Any]]:
    """How it exits, what it says, what it keeps."""
    said = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("scan", stdout=said)
    text = said.getvalue()
    kept = Path(text.splitlines()[-1])
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    code = ended.value.code
    assert isinstance(code, int)
    return code, text, json.loads(kept.read_bytes())


def only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(scanning, "SCANS", names)


def test_a_clean_tree_is_clean(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, "bandit")
    code, text, kept = scan()
    assert code == 0
    assert "bandit: clean. 2 files, nothing of weight; 0 lines excepted" in text
    assert (kept["commit"], kept["tree_clean"]) == (HEAD, True)
    assert kept["at"].endswith("+00:00")


def test_a_weakness_is_a_failure_and_an_excepted_one_is_counted(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, "bandit")
    tree.write("desk/weak.py", WEAK)
    code, text, kept = scan()
    assert (code, kept["scans"][0]["state"]) == (1, "faults")
    assert "desk/weak.py:3: B602" in text
    tree.write("desk/weak.py", EXCEPTED)
    code, text, _ = scan()
    assert (code, "1 line excepted" in text) == (0, True)


def test_an_audit_that_reached_no_database_is_no_pass(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, "bandit", "pip_audit")
    code, text, kept = scan()
    assert code == 2
    assert "pip_audit: untold. the advisory database did not answer" in text
    assert [each["state"] for each in kept["scans"]] == ["clean", "untold"]


def test_a_fault_does_not_hide_behind_a_clean_scan_nor_doubt_behind_a_fault() -> None:
    states = scanning.ScanState
    assert scanning.worst([states.FAULTS, states.CLEAN]) is states.FAULTS
    assert scanning.worst([states.UNTOLD, states.FAULTS]) is states.UNTOLD


def test_a_tree_without_a_commit_keeps_nothing(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, "bandit")
    nowhere = Build(UNKNOWN, clean=False)
    monkeypatch.setattr("kernel.build.look", lambda: nowhere)
    with pytest.raises(CommandError, match="nothing is kept"):
        call_command("scan", stdout=StringIO())


SHIPPED = b"/* somebody else's */"
VENDORED = f"""# Vendored files

| file | what | version | licence | package | how it was made | sha256 |
|---|---|---|---|---|---|---|
| `../a.css` | Some UI | 1.2.3 | MIT | `pkg:npm/some-ui@1.2.3` | cut | `{sha256(SHIPPED).hexdigest()}` |
| `b/b.js` | Some UI | 1.2.3 | MIT | `pkg:npm/some-ui@1.2.3` | as is | `{sha256(SHIPPED).hexdigest()}` |
"""


@pytest.fixture
def shipped(tree: Tree) -> Tree:
    """A tree with a vendored package of two files."""
    tree.write("static/vendor/VENDOR.md", VENDORED)
    for name in ("static/a.css", "static/vendor/b/b.js"):
        tree.write(name, SHIPPED.decode())
    return tree


def parts_listed(said: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(Path(said.partition(": ")[2]).read_bytes())
    return document


def sbom() -> str:
    said = StringIO()
    call_command("sbom", stdout=said)
    return said.getvalue().strip()


def test_the_list_of_parts_is_of_packages_and_of_files_with_hashes(
    shipped: Tree,
) -> None:
    said = sbom()
    assert said.startswith("2 parts: ")
    document = parts_listed(said)
    assert document["bomFormat"] == "CycloneDX"
    assert document["metadata"]["timestamp"]
    django, ui = document["components"]
    assert (django["name"], django["version"]) == ("django", "5.2")
    assert "0" * 64 in json.dumps(django["externalReferences"])
    assert (ui["name"], ui["version"], ui["purl"]) == (
        *("Some UI", "1.2.3", "pkg:npm/some-ui@1.2.3"),
    )
    assert ui["licenses"] == [{"license": {"id": "MIT"}}]
    assert {file["name"]: file["hashes"] for file in ui["components"]} == {
        name: [{"alg": "SHA-256", "content": sha256(SHIPPED).hexdigest()}]
        for name in ("static/a.css", "static/vendor/b/b.js")
    }


def test_the_list_of_parts_says_of_what_product_and_commit(
    shipped: Tree, settings: Any
) -> None:
    settings.RRR_VERSION = "1.4.0"
    document = parts_listed(sbom())
    product = document["metadata"]["component"]
    assert (product["name"], product["version"]) == ("rrr-dashboard", "1.4.0")
    about = {each["name"]: each["value"] for each in product["properties"]}
    assert about == {"rrr:commit": HEAD, "rrr:tree_clean": "true"}
    [needs] = document["dependencies"]
    assert needs["ref"] == product["bom-ref"]
    assert set(needs["dependsOn"]) == {
        part["bom-ref"] for part in document["components"]
    }


def test_a_file_that_is_not_what_it_should_be_is_not_listed(shipped: Tree) -> None:
    shipped.write("static/a.css", "/* another's */")
    with pytest.raises(CommandError, match=r"static/a\.css is not what static/vendor"):
        sbom()
    Path(shipped.root / "static/a.css").unlink()
    with pytest.raises(CommandError, match=r"a\.css is not here"):
        sbom()


def test_our_own_list_is_cyclonedx_and_knows_what_ships_as_files(
    tree: Tree, settings: Any
) -> None:
    settings.BASE_DIR = Path(__file__).parents[2]
    said = sbom()
    text = Path(said.partition(": ")[2]).read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    versions = {
        part["name"]: part["version"] for part in parts_listed(said)["components"]
    }
    assert {"htmx", "uPlot", "Swagger UI", "Inter", "Lucide", "DejaVu Sans"} <= set(
        versions
    )
    assert {"django", "psycopg"} <= {name.lower() for name in versions}
