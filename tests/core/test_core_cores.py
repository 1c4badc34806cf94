"""The cores that a process may use are those of its affinity, within the limits of its container."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.core.cores import usable_cores
from pipeline.core.places import ROOT

MANY = 64


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of many cores, so that only the limits count."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(MANY)), raising=False)


def cores_in(folder: Path, own: str, limits: dict[str, str]) -> int:
    """Cores of a process in the cgroup ``own``, where these cgroups have limits."""
    cgroups, own_cgroup = folder / "cgroup", folder / "own"
    for name, limit in limits.items():
        (cgroups / name).mkdir(parents=True, exist_ok=True)
        (cgroups / name / "cpu.max").write_text(limit, "utf-8")
    own_cgroup.write_text(own, "utf-8")
    return usable_cores(cgroups, own_cgroup)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    ("own", "limits", "cores"),
    [
        ("0::/\n", {"": "200000 100000\n"}, 2),
        ("0::/\n", {"": "150000 100000\n"}, 2),
        ("0::/\n", {"": "10000 100000\n"}, 1),
        ("0::/\n", {"": "max 100000\n"}, MANY),
        ("0::/\n", {}, MANY),
        ("0::/a/b\n", {"a": "300000 100000\n", "a/b": "max 100000\n"}, 3),
        ("0::/a/b\n", {"a": "300000 100000\n", "a/b": "400000 100000\n"}, 3),
        ("0::/a\n", {"a": "not a limit"}, MANY),
        ("0::/../elsewhere\n", {"": "200000 100000\n"}, 2),
        ("4:cpu:/docker/1\n", {"": "200000 100000\n"}, MANY),
        ("4:cpu:/docker/1\n0::/x\n", {"x": "100000 100000\n"}, 1),
    ],
)
def test_the_least_limit_of_the_cgroups_counts_and_a_part_of_a_core_is_one(
    tmp_path: Path, own: str, limits: dict[str, str], cores: int
) -> None:
    assert cores_in(tmp_path, own, limits) == cores


@pytest.mark.usefixtures("many")
def test_without_cgroups_the_affinity_counts(tmp_path: Path) -> None:
    assert usable_cores(tmp_path, tmp_path / "gone") == MANY


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_a_process_that_may_run_on_one_core_counts_one() -> None:
    first = min(os.sched_getaffinity(0))
    code = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); from pipeline.core.cores import usable_cores; print(usable_cores())"
    ran = subprocess.run([sys.executable, "-c", code, str(first)], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "1\n"
