"""Policies: one contract for both adapters, and files that are no good."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from helpers.fakes import ALICE, BOB, FakeClock, FakeTrace
from oxtail.core.policy import HOLD, REFUSE, Policy, Rule
from oxtail.disk.atomic import Disk
from oxtail.errors import StoreError
from oxtail.ports import Policies
from oxtail.store.files.locks import Locks
from oxtail.store.files.policies import FilePolicies
from oxtail.store.files.sides import file_sides
from oxtail.store.memory.notices import MemoryNotices
from oxtail.store.memory.policies import MemoryPolicies

POLICY = Policy((Rule(ALICE, REFUSE), Rule("*", HOLD)))
ROOT = "/work\udcff/place"


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(str(tmp_path / "state"), fsync=False, trace=FakeTrace())


@pytest.fixture
def notices() -> MemoryNotices:
    return MemoryNotices()


@pytest.fixture
def files(disk: Disk, notices: MemoryNotices) -> FilePolicies:
    return FilePolicies(disk, FakeClock(), notices, Locks(disk, 1.0, FakeTrace()))


@pytest.fixture(params=["files", "memory"])
def policies(request: pytest.FixtureRequest, files: FilePolicies) -> Policies:
    return files if request.param == "files" else MemoryPolicies()


def test_without_a_policy_there_is_an_empty_one(policies: Policies) -> None:
    assert not policies.are_set()
    assert policies.of_session(BOB) == Policy()
    assert policies.of_project(ROOT) == Policy()


def test_a_policy_is_found_again_and_only_by_its_owner(policies: Policies) -> None:
    policies.set_session(BOB, POLICY)
    policies.set_project(ROOT, Policy((Rule("bot", HOLD),)))

    assert policies.are_set()
    assert policies.of_session(BOB) == POLICY
    assert policies.of_session(ALICE) == Policy()
    assert policies.of_project(ROOT) == Policy((Rule("bot", HOLD),))
    assert policies.of_project(BOB) == Policy()


def test_an_empty_policy_is_none(policies: Policies) -> None:
    policies.set_session(BOB, POLICY)
    policies.set_project(ROOT, POLICY)
    policies.set_session(BOB, Policy())
    assert policies.of_session(BOB) == Policy()
    assert policies.are_set()

    policies.set_project(ROOT, Policy())
    policies.set_project(ROOT, Policy())
    assert not policies.are_set()

    policies.set_session(BOB, POLICY)
    assert policies.of_session(BOB) == POLICY


def test_a_policy_is_private(disk: Disk, files: FilePolicies) -> None:
    files.set_session(BOB, POLICY)

    path = disk.layout.session_policy(BOB)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert json.loads(Path(path).read_text()) == {
        "schema_version": 1,
        "session_id": BOB,
        "rules": [{"who": ALICE, "action": "refuse"}, {"who": "*", "action": "hold"}],
    }


def written(**members: object) -> str:
    return json.dumps({"schema_version": 1, "session_id": BOB, "rules": [], **members})


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        written(schema_version=2),
        written(session_id=ALICE),
        written(rules={}),
        written(rules=[{"who": "x"}]),
        written(rules=[{"who": "x", "action": "explode"}]),
        written(rules=[{"who": "", "action": "hold"}]),
        written(rules=[{"who": "a\nb", "action": "hold"}]),
        written(rules=[{"who": "x", "action": "hold"}] * 201),
        "x" * (2 * 1024 * 1024 + 1),
    ],
)
def test_a_damaged_policy_is_set_aside_and_told_of(
    disk: Disk, files: FilePolicies, notices: MemoryNotices, content: str
) -> None:
    files.set_session(BOB, POLICY)
    Path(disk.layout.session_policy(BOB)).write_text(content)

    assert files.of_session(BOB) == Policy()
    assert files.of_session(BOB) == Policy()
    assert len(os.listdir(disk.layout.damaged)) == 1
    assert [notice.kind for notice in notices.recent(5)] == ["policy-damaged"]


def test_a_policy_that_is_a_link_is_not_followed(
    disk: Disk, files: FilePolicies, tmp_path: Path
) -> None:
    files.set_session(BOB, POLICY)
    path = Path(disk.layout.session_policy(BOB))
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")

    assert files.of_session(BOB) == Policy()


def test_a_disk_that_refuses_is_a_store_error(disk: Disk, files: FilePolicies) -> None:
    disk.folder(disk.layout.home)
    Path(disk.layout.policies).write_text("in the way")

    with pytest.raises(StoreError):
        files.set_session(BOB, POLICY)


def test_what_is_no_folder_of_policies_sets_none(disk: Disk) -> None:
    """A send asks this first; it must not fail because a file has the folder's name."""
    sides = file_sides(disk, FakeClock(), Locks(disk, 1.0, FakeTrace()))
    assert not sides.policies.are_set()
    Path(disk.folder(disk.layout.home), "policy").write_text("in the way")
    assert not sides.policies.are_set()
