"""The folder of an installation: its lock, its private files, its database's home."""

import os
import stat
from pathlib import Path

import pytest

from agentpay.sandbox import memory, places
from agentpay.sandbox.places import DevError, Places
from agentpay.sandbox.serving import free_port, listen


@pytest.fixture
def here(tmp_path: Path) -> Places:
    return Places(tmp_path / "var")


def test_a_second_dev_is_told_who_runs_here(here: Places) -> None:
    with places.claim(here), pytest.raises(DevError, match=f"process {os.getpid()}") as refused:
        places.claim(here)
    assert str(refused.value).count(".") >= 1
    places.claim(here).close()  # free again


def test_what_is_remembered_comes_back_and_only_its_owner_may_read_it(here: Places) -> None:
    here.var.mkdir()
    first = memory.recall(here.memory)
    assert memory.recall(here.memory) == first
    assert stat.S_IMODE(here.memory.stat().st_mode) == 0o600


def test_a_memory_that_cannot_be_read_names_the_way_out(here: Places) -> None:
    here.var.mkdir()
    here.memory.write_text("{")
    with pytest.raises(DevError, match="--reset"):
        memory.recall(here.memory)


def test_for_root_under_a_closed_home_the_database_lives_elsewhere_and_reset_finds_it(here: Places) -> None:
    here.var.mkdir()
    here.var.parent.chmod(0o700)
    home = places.postgres_home(here, is_root=True)
    assert not home.is_relative_to(here.var)
    assert stat.S_IMODE(home.stat().st_mode) == 0o711
    assert places.postgres_home(here, is_root=True) == home
    places.reset(here)
    assert not home.exists()


def test_a_database_whose_folder_was_removed_by_hand_is_cleared_away(here: Places) -> None:
    here.var.mkdir()
    here.var.parent.chmod(0o700)
    orphan = places.postgres_home(here, is_root=True)
    here.other_home.unlink()  # as after `rm -rf var`
    home = places.postgres_home(here, is_root=True)
    assert not orphan.exists()
    places.reset(here)
    assert not home.exists()


def test_a_port_in_use_is_named_with_its_purpose() -> None:
    with listen(free_port(near=20_000), purpose="API") as busy:
        port = busy.getsockname()[1]
        with pytest.raises(DevError, match=f"Port {port}, wanted for the storefront, is in use"):
            listen(port, purpose="storefront")
        assert free_port(near=port) != port
