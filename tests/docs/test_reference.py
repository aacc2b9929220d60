"""The API's reference is what the binary's own document says."""

from __future__ import annotations

import subprocess
import sys

from support.server import REPOSITORY, Server


def test_it_is_as_it_is_generated(server: Server) -> None:
    command = [sys.executable, str(REPOSITORY / "scripts" / "reference"), "--check", "--url", server.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_operation_is_in_it(wire: object, server: Server) -> None:
    """Also those that would be lost if nouns were."""
    import httpx

    document = httpx.get(f"{server.url}/openapi.json").json()
    text = "".join(path.read_text() for path in (REPOSITORY / "docs" / "reference").glob("*.md"))
    for path, item in document["paths"].items():
        for method in item.keys() & {"get", "post", "put", "patch", "delete"}:
            assert f"`{method.upper()} {path}`" in text
    for name in document["components"]["schemas"]:
        assert name == "Error" or f"### {name}\n" in text, name
