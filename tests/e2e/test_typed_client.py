"""A stranger's client, generated from /openapi.json, succeeds with every operation.

The operations are the document's, so one that the walk does not call fails here. The
people are the demo's, who have the audited override of `widen_limits`.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from mimetypes import guess_type
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import httpx
import pytest

from kernel import build
from tests.api_schema.walk import Call, Walker, operation_ids
from tests.e2e.conftest import PASSWORD, ROOT, Product

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]

GOOD = range(200, 300)
PATIENCE = httpx.Timeout(60)  # neighbours make the product slow, too
PACKAGE = "rrr_dashboard_api_client"
PREPARE = """
import sys
import django
django.setup()
from accounts.models import User
from tests.api_schema.walk import prepare
from tests.api_schema.world import client_for
trader = client_for(User.objects.get(username="trader"))
trader.defaults["HTTP_HOST"] = "127.0.0.1"
prepare(trader, sys.argv[1])
"""
SETTINGS = "DJANGO_SETTINGS_MODULE"
EXAMPLE = re.compile(r"```python\n(.+?)```", re.DOTALL)


@pytest.fixture(scope="module")
def document(product: Product) -> dict[str, Any]:
    told: dict[str, Any] = httpx.get(
        f"{product.url}/openapi.json", timeout=PATIENCE
    ).json()
    return told


@pytest.fixture(scope="module")
def folder(
    document: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Where the generated package lies; programs find it meanwhile."""
    folder = tmp_path_factory.mktemp("generated")
    described = folder / "openapi.json"
    described.write_text(json.dumps(document))
    subprocess.run(
        [
            Path(sys.executable).with_name("openapi-python-client"),
            "generate",
            *(
                "--path",
                described,
                "--config",
                Path(__file__).with_name("generator.yml"),
            ),
            *("--meta", "none", "--output-path", folder / PACKAGE),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (folder / PACKAGE / "py.typed").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder


def example() -> str:
    """The program of docs/api.md."""
    found = EXAMPLE.search((ROOT / "docs/api.md").read_text())
    assert found is not None
    return found[1]


def test_the_client_and_the_example_of_the_docs_are_well_typed(folder: Path) -> None:
    (folder / "example.py").write_text(example())
    said = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file="),
            *("--no-incremental", "--cache-dir", "/dev/null", PACKAGE, "example.py"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout


def test_the_example_of_the_docs_runs(
    folder: Path, product: Product, capsys: pytest.CaptureFixture[str]
) -> None:
    text = example().replace("http://127.0.0.1:8000", product.url)
    exec(text.replace("…", PASSWORD), {})  # noqa: S102
    assert "BTC-USD" in capsys.readouterr().out


class TypedClient:
    """Sends calls by the generated functions, as the person that each names."""

    def __init__(self, url: str, document: dict[str, Any]) -> None:
        self.url = url
        self.tags = {
            raw["operationId"]: raw["tags"][0]
            for item in document["paths"].values()
            for raw in item.values()
        }
        self.clients: dict[str, Any] = {}
        self.called: set[str] = set()

    def send(self, call: Call) -> Any:
        answer = self.function(call)(
            client=self.client(call.who), **arguments(call, self)
        )
        # A tree that differs from its commit measures nothing, and says so.
        expected = {409} if call.id == "item_run" and not build.look().clean else GOOD
        assert answer.status_code in expected, (call, answer.content)
        self.called.add(call.id)
        if answer.headers.get("Content-Type") != "application/json":
            return answer.content
        told = json.loads(answer.content)
        assert same(answer.parsed.to_dict(), told), call
        return told

    def module(self, call: Call) -> ModuleType:
        name = self.tags[call.id].replace("-", "_")
        return importlib.import_module(f"{PACKAGE}.api.{name}.{call.id}")

    def function(self, call: Call) -> Any:
        return self.module(call).sync_detailed

    def client(self, who: str) -> Any:
        if who not in self.clients:
            package = importlib.import_module(PACKAGE)
            self.clients[who] = (
                package.AuthenticatedClient(self.url, self.token(who), timeout=PATIENCE)
                if who
                else package.Client(self.url, timeout=PATIENCE)
            )
        return self.clients[who]

    def token(self, who: str) -> str:
        body = {"username": who, "password": PASSWORD}
        token = Call(
            id="token_create", who="", method="post", path="/api/token", body=body
        )
        return str(self.send(token)["access"])

    def reader(self, who: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.client(who).token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE)


def arguments(call: Call, typed: TypedClient) -> dict[str, Any]:
    """A call's values as the generated function takes them."""
    headers = {
        name.lower().replace("-", "_"): value for name, value in call.headers.items()
    }
    given = {**call.ids, **call.query, **headers}
    if call.file is not None or call.body is not None:
        taken = inspect.signature(typed.function(call)).parameters["body"].annotation
        given["body"] = body_of(call, list(get_args(taken) or [taken]))
    return given


def body_of(call: Call, shapes: list[Any]) -> Any:
    """The call's body as the first of the generated classes that it fits."""
    types = importlib.import_module(f"{PACKAGE}.types")
    models = [each for each in shapes if hasattr(each, "from_dict")]
    if call.file is None:
        fitting = next(each for each in models if fits(each, call.body))
        return fitting.from_dict(call.body)
    name, file_name, content = call.file
    form = next(each for each in models if hasattr(each, "to_multipart"))
    sent = form.from_dict({**(call.body or {}), name: b""})
    setattr(sent, name, types.File(content, file_name, guess_type(file_name)[0]))
    return sent


def fits(model: Any, body: Any) -> bool:
    try:
        return bool(same(model.from_dict(body).to_dict(), body))
    except (KeyError, TypeError):
        return False


def same(parsed: Any, told: Any) -> bool:
    """Nothing was lost or made up; a time may be spelled another way."""
    if isinstance(told, dict):
        names = isinstance(parsed, dict) and set(parsed) == set(told)
        return names and all(same(parsed[name], told[name]) for name in told)
    if isinstance(told, list):
        return len(parsed) == len(told) and all(map(same, parsed, told))
    if parsed == told:
        return True
    return datetime.fromisoformat(parsed) == datetime.fromisoformat(told)


def test_it_succeeds_with_every_operation(
    folder: Path, document: dict[str, Any], product: Product
) -> None:
    subprocess.run(
        [sys.executable, "-c", PREPARE, PASSWORD],
        cwd=ROOT,
        env={**product.environment, SETTINGS: os.environ[SETTINGS]},
        check=True,
    )
    typed = TypedClient(product.url, document)
    desk = {who: typed.reader(who) for who in ("trader", "admin")}
    Walker(document, typed.send, PASSWORD).through_everything(desk)
    assert set(operation_ids(document)) - typed.called == set()
