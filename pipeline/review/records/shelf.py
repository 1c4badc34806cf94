"""What the desk reads of the publication, by person, pair, question and search key; every question to it is a lookup."""

from __future__ import annotations

import datetime as dt
import functools
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipeline.core.errors import DeskRefusedError
from pipeline.core.places import Home
from pipeline.explain.kept import LinkedTables, open_folder
from pipeline.persons.survivorship import Survivorship
from pipeline.publish.publication import publication_in
from pipeline.review.records.index import index_of, stamp_of

Row = dict[str, Any]
MOST_CACHED = 2_000
"""Answers to look-ups that are kept: a case is looked at several times, and the publication stays as it is"""
EARLIEST = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Reference:
    """What the desk knows besides the publication."""

    titles: dict[str, str]
    """Source system to its title"""
    trust: dict[str, int]
    """Source system to how reliable its contract calls it, 1 to 9"""
    survivorship: Survivorship


class Shelf:
    """One publication through its index. May be shared by threads."""

    def __init__(self, path: Path, kept: LinkedTables, reference: Reference) -> None:
        self._base = duckdb.connect(str(path), read_only=True, config={"threads": 1})
        self._base.execute("SET TimeZone = 'UTC'")
        self._base.execute("SET enable_external_access = false")
        self.path, self.kept, self.reference = path, kept, reference
        self._made_once: dict[str, Any] = {}
        self._cached = functools.lru_cache(MOST_CACHED)(self._look_up)
        publication = publication_in(kept.folder)
        self.run_id, self.as_of = publication.run_id, publication.as_of
        self.decisions_read = publication.n_decisions
        """Decisions that the night of the publication knew"""
        self.n_records, self.n_persons = self._base.execute("SELECT n_records, n_persons FROM facts").fetchall()[0]

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """The rows of one SELECT; values are bound, never pasted."""
        with self._base.cursor() as cursor:
            result = cursor.execute(sql, list(values))
            names = [column[0] for column in result.description]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def _look_up(self, sql: str, *values: str) -> list[Row]:
        return self.rows(sql, values)

    def once(self, name: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Something about the publication as a whole, made when it is first asked for."""
        if name not in self._made_once:
            self._made_once[name] = make()
        return self._made_once[name]

    def question(self, review_id: str) -> Row | None:
        """One open question."""
        return _first(self._cached("SELECT * FROM queue WHERE review_id = ?", review_id))

    def closed(self, review_id: str) -> Row | None:
        """A question that is asked no more."""
        return _first(self._cached("SELECT * FROM review_closed WHERE review_id = ?", review_id))

    def owner(self, record_id: str) -> str | None:
        """The person of a record."""
        row = _first(self._cached("SELECT person_id FROM owners WHERE record_id = ?", record_id))
        return row["person_id"] if row else None

    def last_owners(self, record_ids: Sequence[str]) -> dict[str, Row]:
        """Of records that are not published any more, whose each was last and the run since which it is not (``person_id``, ``until``)."""
        rows = self.rows(
            "SELECT record_id, arg_max(person_id, valid_from) AS person_id, arg_max(valid_to, valid_from) AS until"
            " FROM (SELECT person_id, valid_from, valid_to, unnest(record_ids) AS record_id"
            " FROM identity_ledger WHERE valid_to IS NOT NULL)"
            " WHERE record_id IN (SELECT unnest(?::VARCHAR[])) GROUP BY record_id",
            [list(record_ids)],
        )
        return {row["record_id"]: row for row in rows}

    def person(self, person_id: str) -> Row | None:
        """One golden record."""
        return _first(self._cached("SELECT * FROM persons WHERE person_id = ?", person_id))

    def persons(self, person_ids: Sequence[str]) -> dict[str, Row]:
        """Golden records by id, in one pass: looked up one by one, twenty cost ten times as much."""
        rows = self.rows("SELECT * FROM persons WHERE person_id IN (SELECT unnest(?::VARCHAR[]))", [list(person_ids)])
        return {row["person_id"]: row for row in rows}

    def named_in(self, person_ids: Collection[str]) -> tuple[str, ...]:
        """The analysts' tables with a row about one of the persons, sorted."""
        sql = "SELECT DISTINCT mart FROM named_in WHERE person_id IN (SELECT unnest(?::VARCHAR[])) ORDER BY mart"
        return tuple(row["mart"] for row in self.rows(sql, [sorted(person_ids)]))

    def records(self, person_id: str) -> list[Row]:
        """The records of one person, oldest first."""
        rows = self._cached("SELECT * FROM records WHERE person_id = ?", person_id)
        return sorted(rows, key=lambda row: (row["recorded_at"] or EARLIEST, row["record_id"]))

    def fields(self, person_id: str) -> list[Row]:
        """Every value of one person."""
        order = "field, is_chosen DESC, n_agree DESC, value, record_id"
        return self._cached(f"SELECT * FROM person_fields WHERE person_id = ? ORDER BY {order}", person_id)  # noqa: S608

    def links(self, person_id: str) -> list[Row]:
        """Pairs that touch one person."""
        return self._cached("SELECT * EXCLUDE (person_id) FROM links WHERE person_id = ?", person_id)

    def events(self, person_id: str) -> list[Row]:
        """Events of one person in time."""
        return self.rows(
            "SELECT * FROM events WHERE person_id = ? ORDER BY started_at NULLS LAST, event_id", [person_id]
        )

    def n_events(self, person_id: str) -> int:
        """How many events one person has."""
        return int(self._cached("SELECT count(*) AS n FROM events WHERE person_id = ?", person_id)[0]["n"])

    def ledger(self, person_id: str) -> list[Row]:
        """The spans of one identity."""
        return self._cached("SELECT * FROM identity_ledger WHERE person_id = ? ORDER BY valid_from", person_id)

    def questions_of(self, person_id: str) -> list[Row]:
        """Open questions about one person."""
        return self._cached("SELECT * FROM queue WHERE list_contains(person_ids, ?)", person_id)

    def question_on(self, person_ids: Sequence[str]) -> str | None:
        """The open question about just these persons, sorted by id."""
        asked = self.questions_of(person_ids[0])
        return next((row["review_id"] for row in asked if sorted(row["person_ids"]) == list(person_ids)), None)

    def line(self, person_id: str) -> Iterator[str]:
        """An id, and where its person was merged away those into whom they were, one after another."""
        visited: set[str] = set()
        while person_id and person_id not in visited:
            yield person_id
            visited.add(person_id)
            spans = self.ledger(person_id) if self.person(person_id) is None else ()
            person_id = next((row["merged_into"] for row in spans if row["merged_into"]), "")

    def standing(self, person_id: str) -> str | None:
        """The person with this id, or into whom they were merged; None where nobody has it."""
        return next((own for own in self.line(person_id) if self.person(own)), None)

    def rarity(self, values: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """How many records carry each of these values; at most a handful are asked for."""
        n_by_value = {}
        for field, value in sorted(set(values)):
            row = _first(self._cached("SELECT n FROM rarity WHERE field = ? AND value = ?", field, value))
            n_by_value[field, value] = int(row["n"]) if row else 0
        return n_by_value

    def close(self) -> None:
        """Close the index."""
        self._base.close()


class Shelves:
    """The shelf of the current publication; when there is a newer one, it is indexed aside and taken in."""

    def __init__(self, home: Home, reference: Reference) -> None:
        self._home, self._reference = home, reference
        self._lock = threading.Lock()
        self._shelf: Shelf | None = None
        self._stamp = ""
        self._current_mark: tuple[str, int] | None = None

    def current(self) -> Shelf:
        """The shelf of the current publication, or of the one before it while the newer one is being indexed.

        A publication that was made anew without expunged records is waited for: none of them is shown once more.

        Raises:
            DeskRefusedError: 503, where nothing is published yet.
        """
        mark = self._mark_of_current()
        if self._shelf is None:
            with self._lock:
                if self._shelf is None:
                    self._open(mark)
        elif self._is_made_anew(mark):
            with self._lock:
                self._open(mark)
        elif mark != self._current_mark and self._lock.acquire(blocking=False):
            self._current_mark = mark
            threading.Thread(target=self._renew, args=(mark,), daemon=True).start()
        if self._shelf is None:
            raise DeskRefusedError(503, "Nothing is published yet.", "Run a night first.")
        return self._shelf

    def _is_made_anew(self, mark: tuple[str, int] | None) -> bool:
        """Whether the publication is the one that is served, without records that were expunged: none of them is shown once more."""
        return (
            mark is not None
            and self._current_mark is not None
            and mark[0] == self._current_mark[0]
            and mark != self._current_mark
        )

    def _renew(self, mark: tuple[str, int] | None) -> None:
        try:
            self._open(mark)
        finally:
            self._lock.release()

    def _mark_of_current(self) -> tuple[str, int] | None:
        """What tells cheaply whether the publication is another one."""
        try:
            folder = self._home.current.resolve(strict=True)
            return str(folder), (folder / "manifest.json").stat().st_mtime_ns
        except OSError:
            return None

    def _open(self, mark: tuple[str, int] | None) -> None:
        if mark is None:
            return
        folder = Path(mark[0])
        stamp = stamp_of(folder)
        if stamp != self._stamp:
            self._shelf = Shelf(index_of(self._home, folder), open_folder(folder), self._reference)
            self._stamp = stamp
        self._current_mark = mark


def _first(rows: list[Row]) -> Row | None:
    return rows[0] if rows else None
