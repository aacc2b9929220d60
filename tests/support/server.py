"""A Scrip process: started on a loopback port, ended gently or not at all gently."""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

from support import databases

REPOSITORY = Path(__file__).resolve().parents[2]

# A start replays the ledger and a stop answers what was accepted; both are far below this on a healthy build.
PATIENCE_SECONDS = 30.0


def binary() -> Path:
    """The program under test. A missing one is an error, not a skip: a suite that ran nothing must not look green."""
    path = Path(os.environ.get("SCRIP_BINARY", "target/release/scrip"))
    path = path if path.is_absolute() else REPOSITORY / path
    if not path.is_file():
        raise FileNotFoundError(f"no binary at {path}: build it (cargo build --release) or set SCRIP_BINARY")
    return path


def free_port() -> int:
    """A loopback port below the ephemeral range, so that no outgoing connection takes it while the server is down."""
    for _ in range(200):
        port = random.randrange(18_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free loopback port")


def new_key() -> str:
    return "server-" + secrets.token_hex(20)


class Server:
    """One data directory and, most of the time, one process that owns it.

    Its ledger is the one that the suite is run on, unless a database is named.
    """

    def __init__(
        self, directory: Path, *, arguments: tuple[str, ...] = (), own_keys: bool = True,
        database_url: str | None = None,
    ) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.log_path = directory / "server.log"
        self.port = free_port()
        self.arguments = arguments
        self.production_key = new_key()
        self.sandbox_key = new_key()
        self.own_keys = own_keys
        self.database_url = database_url
        # What the process finds in its environment besides.
        self.additions: dict[str, str] = {}
        # Of a process that ended before it was ready.
        self.exit_code: int | None = None
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> Mapping[str, str]:
        # Nothing of the caller's own configuration may leak into the server under test.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SCRIP_", "STIGG_"))}
        if self.own_keys:
            inherited["SCRIP_API_KEY"] = self.production_key
            inherited["SCRIP_SANDBOX_API_KEY"] = self.sandbox_key
        return inherited | self.additions

    def start(self) -> Server:
        assert self.process is None, "already running"
        command = [str(binary()), "serve", "--listen", f"127.0.0.1:{self.port}", "--data", str(self.data)]
        if self.database_url is None:
            self.database_url = databases.url_for(self.directory)
        if self.database_url is not None:
            # The keys of the first start go to the directory also then.
            command += ["--database-url", self.database_url]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self.arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment(),
                # Python ignores SIGXFSZ, and so shall the server: a write beyond a limit is then an error, not an end.
                restore_signals=False,
            )
        self._wait_until_ready()
        return self

    def _wait_until_ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                self.exit_code, self.process = self.process.returncode, None
                raise RuntimeError(f"the server ended at once with {self.exit_code}:\n{self.log()}")
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/readyz", timeout=1.0).status_code == 200:
                    return
            time.sleep(0.02)
        self.kill()
        raise TimeoutError(f"not ready after {PATIENCE_SECONDS} s:\n{self.log()}")

    def signal_stop(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        assert self.process is not None
        try:
            code = self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise TimeoutError(f"still running {PATIENCE_SECONDS} s after SIGTERM:\n{self.log()}") from None
        self.process = None
        return code

    def stop(self) -> int:
        """The graceful end. Gives the exit code."""
        self.signal_stop()
        return self.wait()

    def kill(self) -> None:
        """kill -9: the process learns nothing and finishes nothing."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE_SECONDS)
            self.process = None

    def restart_after_kill(self) -> None:
        self.kill()
        self.start()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command about the data directory, such as `rebuild`."""
        return self._run(*arguments, "--data", str(self.data))

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(binary()), *arguments],
            capture_output=True, text=True, timeout=PATIENCE_SECONDS * 2, env=self.environment(), check=False,
        )

    def verify(self) -> subprocess.CompletedProcess[str]:
        """`scrip verify`: recomputes chains, conservation and balances from what is stored alone."""
        if self.database_url is not None:
            return self._run("verify", "--database-url", self.database_url)
        return self.command("verify")

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")[-8_000:] if self.log_path.exists() else ""

    def end_and_verify(self) -> None:
        """What every suite demands of its server at the end, whatever was done to it in between."""
        assert self.process is not None and self.process.poll() is None, f"the server died on the way:\n{self.log()}"
        code = self.stop()
        assert code == 0, f"SIGTERM ended with {code}:\n{self.log()}"
        whole_log = self.log_path.read_text(errors="replace")
        assert "panicked" not in whole_log, whole_log[-8_000:]
        verdict = self.verify()
        assert verdict.returncode == 0, f"scrip verify: {verdict.stdout}\n{verdict.stderr}"


@contextlib.contextmanager
def running(directory: Path, **options: object) -> Iterator[Server]:
    """A server for the length of a block; leaves no process behind, and checks its books when the block went well."""
    server = Server(directory, **options)  # type: ignore[arg-type]
    try:
        server.start()
        yield server
        if server.process is not None:
            server.end_and_verify()
    finally:
        server.kill()
