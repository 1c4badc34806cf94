"""What a night writes is read by nobody outside the group of its user, whatever the mask and the mode of the home."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import boroughlink
from small_london import small_london

pytestmark = pytest.mark.flow


@pytest.mark.parametrize("mask", ["000", "077"])
def test_files_of_a_home_that_everybody_may_enter_are_kept_from_others_but_the_measures(
    tmp_path: Path, mask: str
) -> None:
    london, home = small_london(tmp_path), tmp_path / "home"
    home.mkdir()
    home.chmod(0o755)
    masked = ("sh", "-c", f'umask {mask}; exec "$@"', "sh")
    done = boroughlink("run", "--run-file", str(london.run_file), "--home", str(home), "--json", before=masked)
    assert done.code == 0, done.err
    measures = home / "metrics"
    others = {path for path in home.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o007}
    assert others - {home / "prefect"} == {measures, measures / "boroughlink.prom"}
    assert (measures / "boroughlink.prom").stat().st_mode & 0o777 == 0o644
