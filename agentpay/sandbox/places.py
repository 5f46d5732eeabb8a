"""Where `dev` keeps its things, and the lock that says who keeps them."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

import msgspec

from agentpay.sandbox.postgres import is_reachable

OTHER_HOME_PREFIX = "agentpay-dev-"
# Where a database goes that cannot live in a closed folder; the first that may be written.
OTHER_HOMES = ("/var/lib", "/var/tmp", "/tmp")
OWNER_FILE = "belongs-to"


class DevError(Exception):
    """Why `dev` cannot start or go on, in one sentence for the person at the keyboard."""


class Places(msgspec.Struct, frozen=True):
    """The files of one installation, all in `var`."""

    var: Path

    @property
    def memory(self) -> Path:
        return self.var / "installation.json"

    @property
    def handout(self) -> Path:
        return self.var / "dev.json"

    @property
    def polar_state(self) -> Path:
        return self.var / "polar.sqlite3"

    @property
    def postgres(self) -> Path:
        return self.var / "postgres"

    @property
    def other_home(self) -> Path:
        """Holds the path of the database where it lives elsewhere."""
        return self.var / "postgres.path"


def claim(places: Places) -> IO[str]:
    """Make `var` and lock it; hold what is returned for as long as `dev` runs. Raises `DevError` when another does."""
    places.var.mkdir(parents=True, exist_ok=True)
    lock = (places.var / "dev.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        raise DevError(
            f"Another dev (process {lock.read().strip() or 'unknown'}) is running with {places.var}: stop it first."
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def postgres_home(places: Places, *, is_root: bool) -> Path:
    """The folder of the embedded database: `var/postgres`, or one elsewhere where `var` is closed to its user.

    PostgreSQL does not run as root, and the user who runs it for root cannot enter a closed home directory.
    """
    if not is_root or is_reachable(places.var):
        return places.postgres
    if places.other_home.exists():
        return Path(places.other_home.read_text().strip())
    forget_orphans(places)
    home = Path(tempfile.mkdtemp(prefix=OTHER_HOME_PREFIX, dir=_first_writable(OTHER_HOMES)))
    home.chmod(0o711)
    (home / OWNER_FILE).write_text(str(places.var))
    places.other_home.write_text(str(home))
    return home


def forget_orphans(places: Places) -> None:
    """Databases elsewhere that were this `var`'s, before somebody removed it by hand."""
    for parent in OTHER_HOMES:
        for home in Path(parent).glob(f"{OTHER_HOME_PREFIX}*"):
            if _belongs_to(home, places):
                shutil.rmtree(home)


def reset(places: Places) -> None:
    """Throw away everything that is kept, but for the lock. The caller holds the lock."""
    if places.other_home.exists():
        home = Path(places.other_home.read_text().strip())
        if _belongs_to(home, places):
            shutil.rmtree(home)
    polar_files = places.var.glob(f"{places.polar_state.name}*")
    for path in (places.postgres, places.other_home, places.memory, places.handout, *polar_files):
        _remove(path)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    unfinished.replace(path)


def _belongs_to(home: Path, places: Places) -> bool:
    """Whether this user made `home` for this `var`: only then may it be removed."""
    owner = home / OWNER_FILE
    return owner.is_file() and home.lstat().st_uid == os.geteuid() and owner.read_text() == str(places.var)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _first_writable(folders: tuple[str, ...]) -> str:
    for folder in folders:
        if os.access(folder, os.W_OK | os.X_OK) and is_reachable(Path(folder)):
            return folder
    raise DevError(f"No folder for the database: none of {', '.join(folders)} can be written.")
