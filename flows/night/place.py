"""Where a command works: the home and the settings that it is given, else those that the environment names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.errors import SettingsError
from pipeline.core.places import DEFAULT_HOME, Home

if TYPE_CHECKING:
    from schemas.settings import RunSettings

OTHERS = 0o007
RUN_FILE, HOME = "BOROUGHLINK_RUN_FILE", "BOROUGHLINK_HOME"


class Named(NamedTuple):
    """The run file and the home that somebody named; None where nobody did."""

    run_file: Path | None
    home: Path | None


def named_in(run_file: Path | None, home: Path | None, environment: Mapping[str, str] = os.environ) -> Named:
    """What a command was given, else what the environment names: a variable that is empty names nothing."""
    in_environment = [Path(name) if (name := environment.get(variable)) else None for variable in (RUN_FILE, HOME)]
    return Named(run_file or in_environment[0], home or in_environment[1])


def home_of(run_file: Path | None, home: Path | None) -> Home:
    """The home of a command that needs nothing else of a run file."""
    named = named_in(run_file, home)
    if named.run_file and not named.home:
        return settings_of(named.run_file, None)[1]
    return Home(check_name(named.home or DEFAULT_HOME))


def settings_of(run_file: Path | None, home: Path | None, default: Path | None = None) -> tuple[RunSettings, Home]:
    """Settings and home of a command that works on what a night left; ``default``: the run file where none is named."""
    from schemas.settings import RunSettings  # noqa: PLC0415  (slow to import, and help does without)

    named = named_in(run_file, home)
    path = named.run_file or default
    settings = RunSettings.load(path) if path else RunSettings()
    return settings, Home(check_name(named.home or settings.home))


def need_home(home: Home) -> Home:
    """The home, which must be there: a slip in its name would make one in which no night writes.

    Raises:
        SettingsError: If it is not.
    """
    if not home.root.is_dir():
        raise SettingsError(str(home.root), "is no home.", "Give --home; the first boroughlink run makes one.")
    return home


def keep_from_others() -> None:
    """What this process writes from now on, users of this machine outside its group may not read, whatever folder it lies in."""
    os.umask(os.umask(OTHERS) | OTHERS)


def check_folder_of(file: Path) -> None:
    """Check, before the work begins, that the folder is there that a file will be written into.

    Raises:
        SettingsError: If it is not.
    """
    if not file.parent.is_dir():
        problem = f"its folder, {file.parent}, is not there."
        raise SettingsError(str(file), problem, "Make that folder, or name a file in another one.")


def check_no_home(out: Path) -> None:
    """Check, before the work begins, that what is written into a folder will lie among no publication's or run's files.

    Raises:
        SettingsError: If it is a home, or a folder that a night wrote or will write.
    """
    from pipeline.core.linked_folder import is_publication  # noqa: PLC0415  (slow to import, and help does without)

    place = out.resolve()
    for folder in (place, *place.parents):
        home = Home(folder)
        if not home.is_one():
            continue
        if place in (folder, home.published, home.runs) or not {home.published, home.runs}.isdisjoint(place.parents):
            problem = f"is {'' if place == folder else 'a folder of '}the home {folder}, in which nights write."
            raise SettingsError(f"--out {out}", problem, "Name another folder.")
    if is_publication(place):
        raise SettingsError(f"--out {out}", "holds a publication.", "Name another folder.")


def can_be_read(file: Path) -> bool:
    """Whether this user can read the file."""
    return os.access(file, os.R_OK) and not file.is_dir()


def check_name(path: Path) -> Path:
    """The path, checked to be text: libraries that read and write tables take names in UTF-8 alone.

    Raises:
        SettingsError: If it is not, as for a name in another encoding, or where the locale makes Python read names as ASCII.
    """
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        what_to_do = "Rename that folder; or, if its name is right, run with LANG=C.UTF-8 and without PYTHONUTF8=0."
        raise SettingsError(ascii(str(path)), "is no name in UTF-8 here.", what_to_do) from None
    return path
