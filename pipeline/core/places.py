"""Where things lie: the project's own files, and the folders of a home."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "schemas" / "sources"
EXPECTATIONS = ROOT / "expectations"
REFERENCE = ROOT / "data" / "reference"
SAMPLE = ROOT / "data" / "sample"
MODELS = ROOT / "pipeline" / "models"
PERSON_MODEL = MODELS / "person.toml"
DEFAULT_HOME = ROOT / "data" / "home"
IS_FILE, IS_FOLDER = "is a file, and a folder belongs there.", "is a folder, and a file belongs there."


def size_of(folder: Path) -> int:
    """Bytes of all files in it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@dataclass(frozen=True, slots=True)
class Home:
    """The folders that boroughlink writes; nothing is written anywhere else."""

    root: Path

    @property
    def runs(self) -> Path:
        """One folder a run: its stage tables, logs, metrics and report."""
        return self.root / "runs"

    @property
    def published(self) -> Path:
        """One folder a publication, and ``current``, a link to the newest."""
        return self.root / "published"

    @property
    def current(self) -> Path:
        """The publication that readers see."""
        return self.published / "current"

    @property
    def last_good(self) -> Path:
        """One folder a feed: the last export of it that kept its contract."""
        return self.root / "state" / "last_good"

    @property
    def kept(self) -> Path:
        """One folder a run: what the next night may go on from; it may be deleted at any time."""
        return self.root / "kept"

    @property
    def old_ids(self) -> Path:
        """Ids of persons that only publications had which were rolled back and pruned."""
        return self.root / "state" / "old_ids"

    @property
    def expunge_orders(self) -> Path:
        """Orders to expunge records: they keep these out of every later night."""
        return self.root / "state" / "expunged.json"

    @property
    def journal(self) -> Path:
        """What operators did with publications."""
        return self.root / "state" / "releases.jsonl"

    @property
    def decisions(self) -> Path:
        """The database of stewards' decisions, where no other one is named."""
        return self.root / "state" / "decisions.sqlite3"

    @property
    def desk_key(self) -> Path:
        """The key of the secrets that the review desk keeps in the store: whoever has both can sign in as anybody."""
        return self.root / "state" / "desk.key"

    @property
    def desk(self) -> Path:
        """The review desk's index of the current publication: personal data, made anew from it when it is gone."""
        return self.root / "desk"

    @property
    def metrics(self) -> Path:
        """Measures of the last run, for a node exporter."""
        return self.root / "metrics" / "boroughlink.prom"

    @property
    def lock(self) -> Path:
        """The run lock: one run a home at a time."""
        return self.root / "run.lock"

    def is_one(self) -> bool:
        """Whether a night has ever been at work here."""
        return self.runs.is_dir() and (self.lock.exists() or self.published.is_dir())

    def publication(self, run_id: str) -> Path:
        """The folder of one publication; it gets this name when it is whole."""
        return self.published / run_id

    def is_published(self, run_id: str) -> bool:
        """Whether a publication lies whole under its name, whether or not readers see it."""
        return self.publication(run_id).is_dir()

    def run(self, run_id: str) -> RunFolder:
        """The folder of one run."""
        return RunFolder(self.runs / run_id)


def misplaced(home: Home) -> Iterator[tuple[Path, str]]:
    """Files that lie where a folder belongs, and folders where a file belongs, each with what is wrong with it.

    Of the places that a night cannot do without.
    """
    state = home.last_good.parent
    folders = (
        home.root,
        home.runs,
        home.published,
        home.kept,
        state,
        home.last_good,
        home.old_ids,
        home.root / "prefect",
    )
    for path in folders:
        if path.exists() and not path.is_dir():
            yield path, IS_FILE
    for path in (home.lock, home.decisions, home.desk_key):
        if path.is_dir():
            yield path, IS_FOLDER


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where one run keeps what its stages hand on: ``<run>/<stage>/[<feed_id>/]<table>.arrow``."""

    root: Path

    def table(self, stage: str, table: str, feed_id: str | None = None) -> Path:
        """The file of a stage's table, of one feed or of the whole run."""
        folder = self.root / stage / feed_id if feed_id else self.root / stage
        return folder / f"{table}.arrow"

    def file(self, name: str) -> Path:
        """A file of the run as a whole, such as ``report.html``."""
        return self.root / name
