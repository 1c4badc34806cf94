"""The contract of a source system: what ``schemas/sources/*.yaml`` may say, checked when it is loaded.

A contract says where the exports lie, how they are written, and which heading means which field. A new borough
or a renamed heading is a change of such a file, never of code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.core.errors import SettingsError
from schemas.boroughs import BOROUGHS, slug
from schemas.contract_checks import fold_heading, problems_of
from schemas.written import NAME, ProblemsError, line_numbers, read_yaml, wrongs

Format = Literal["csv", "jsonl", "xlsx", "xls", "ods", "sql"]
REFERENCES = {"source_key", "event_ref"}
"""Fields that are a source's own number or reference"""
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Header(_Strict):
    """Where the headings stand: ``row`` is the first heading row as a person counts it, ``rows`` how many are merged."""

    row: Annotated[int, Field(ge=1)] | Literal["find"] = 1
    rows: Annotated[int, Field(ge=1, le=3)] = 1


class SplitPeople(_Strict):
    """Columns whose cell may name several people, and the patterns that part them."""

    columns: tuple[str, ...]
    separators: tuple[str, ...] = (r"\n", r"\s*;\s*", r"\s+&\s+", r"\s+and\s+")


class Dates(_Strict):
    """How dates are written. ``formats`` are tried first, in order (strptime); then day-first or month-first reading."""

    formats: tuple[str, ...] = ()
    day_first: bool = True
    is_order_certain: bool = True
    """False: a date such as 03/04/2009 keeps both readings."""
    excel_serial: bool = False


class Meaning(_Strict):
    """What a cell's formatting means: the field it sets, to which value."""

    field: str
    value: str


class Limits(_Strict):
    """When the export of a feed is refused and its last good export stands in."""

    max_rejected_share: Share = 0.2
    """Of the rows read; two are always allowed while another is left."""
    min_rows_share: Share = 0.5
    """Rows against the last good export. Two may always go while another is left."""
    min_rows: Annotated[int, Field(ge=0)] = 1
    max_age_days: Annotated[int, Field(ge=1)] | None = None
    """Newest recorded_at against the night's date."""


class Where(_Strict):
    """What one feed may say otherwise than its contract."""

    location: str | None = None
    format: Format | None = None
    encoding: str | None = None
    delimiter: str | None = None
    password_env: str | None = None
    header: Header | None = None
    sheets: str | None = None
    query: str | None = None
    dates: Dates | None = None


class Feed(_Strict):
    """One export expected each night, with everything needed to read it."""

    feed_id: str
    source: str
    borough: str | None
    location: str
    format: Format
    encoding: str
    delimiter: str
    password_env: str | None
    header: Header
    sheets: str
    query: str | None
    dates: Dates


class Contract(_Strict):
    """One source system. Field by field: ``boroughlink`` README, "Add a borough"; JSON Schema in ``contract.schema.json``."""

    source: Annotated[str, Field(pattern=NAME)]
    title: str
    version: int = 1
    basis: Literal["fact", "assessment"] = "fact"
    trust: Annotated[int, Field(ge=1, le=9)] = 5
    """How far survivorship trusts it: 9 most (identity proven), 1 least (hearsay)."""

    snapshot: Literal["full"] = "full"
    """Each export holds all that the source has: who is not in tonight's is gone. One that only adds to earlier ones cannot be read."""

    location: str
    """Path or any fsspec URL, with ``{borough}`` for the borough's slug; for sql a SQLAlchemy URL."""
    format: Format
    encoding: str = "utf-8"
    delimiter: str = ","
    password_env: str | None = None
    """Environment variable with the workbook's password."""
    header: Header = Header()
    sheets: str = ".*"
    """Pattern that a sheet's whole name must match to be read."""
    ignore_sheets: tuple[str, ...] = ()
    """Sheets that are known and not read, such as lists of codes; patterns, matched whole. Every other visible sheet is told each night."""
    query: str | None = None

    boroughs: Literal["all", "none"] | tuple[str, ...] = "none"
    """``none``: one force-wide feed; else one feed a borough."""
    feeds: dict[str, Where] = {}
    """Borough slug to what is otherwise there."""

    person: dict[str, tuple[str, ...]]
    """Person field to the headings seen for it; in JSON lines also paths of nested keys, such as ``Address.Postcode``."""
    event: dict[str, tuple[str, ...]] = {}
    """Event field to the headings seen for it; ``attribute.NAME`` for a further column."""
    event_type: str
    """What its events are: one that ``expectations/events.json`` lists, or one that is added there."""
    key: tuple[str, ...] = ()
    """Fields that identify a record within the feed; none: the row's content."""
    required: tuple[str, ...] = ()
    """Fields whose heading must be there."""
    ignore: tuple[str, ...] = ()
    """Headings that are known and not used; a pattern, matched whole."""
    values: dict[str, dict[str, str]] = {}
    """Field to how its texts translate, before standardising; keys match without regard to case."""
    constants: dict[str, str] = {}
    """Field to a value every record of the source has, such as role."""
    dates: Dates = Dates()
    colours: dict[str, Meaning] = {}
    """Fill colour (RRGGBB) to what it means; such values are flagged as inferred."""
    strikethrough: Meaning | None = None
    name_order: Literal["forename_first", "surname_first", "comma"] = "forename_first"
    """How ``full_name`` is written where it has no comma."""
    split_people: SplitPeople | None = None
    found_in_text: dict[str, tuple[str, ...]] = {}
    """Field of a column of running text, to the patterns that find other fields in it: each named group is a field. A field's own
    column comes first, then the pattern that is named first; patterns are searched for, not matched whole. Where the first pattern
    that finds a name finds others behind it, the text is parted before each, and each is a person."""
    recorded_at: str = "started"
    """Event field with the moment at which the source recorded it: started, ended or ``attribute.NAME``."""
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if problems := list(problems_of(self)):
            raise ProblemsError(problems)
        return self

    def own_boroughs(self) -> tuple[str, ...]:
        """Those that send an export of their own, as they are written."""
        if self.boroughs == "all":
            return BOROUGHS
        return () if self.boroughs == "none" else tuple(self.boroughs)

    @property
    def has_lasting_key(self) -> bool:
        """Whether a record keeps its id whatever its row says: its key is a number or reference of the source and nothing else."""
        return bool(self.key) and set(self.key) <= REFERENCES

    @property
    def headings(self) -> dict[str, str]:
        """Heading, folded by ``fold_heading``, to its field."""
        headings_of_field = {**self.person, **self.event}
        return {fold_heading(heading): field for field, headings in headings_of_field.items() for heading in headings}

    @property
    def stamp(self) -> str:
        """Version and hash of the contract, as lineage carries it."""
        return f"{self.version}:{hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]}"

    def all_feeds(self) -> Iterator[Feed]:
        """Every export expected of this source."""
        if self.boroughs == "none":
            yield self._feed(None, Where())
        for borough in self.own_boroughs():
            yield self._feed(borough, self.feeds.get(slug(borough), Where()))

    def as_written_by(self, feed: Feed) -> Self:
        """The contract with what this feed says otherwise of its values."""
        return self if feed.dates == self.dates else self.model_copy(update={"dates": feed.dates})

    def _feed(self, borough: str | None, where: Where) -> Feed:
        settings = {name: getattr(self, name) for name in Where.model_fields}
        settings |= {name: value for name in Where.model_fields if (value := getattr(where, name)) is not None}
        if borough:
            settings["location"] = settings["location"].replace("{borough}", slug(borough))
        feed_id = f"{self.source}.{slug(borough)}" if borough else self.source
        return Feed(feed_id=feed_id, source=self.source, borough=borough, **settings)


def load_contract(path: Path) -> Contract:
    """The checked contract of one YAML file.

    Raises:
        SettingsError: If it is not YAML, or says something that a contract cannot say.
    """
    try:
        return Contract.model_validate(read_yaml(path))
    except ValidationError as error:
        problem = wrongs(error, Contract, line_numbers(path))
    raise SettingsError(str(path), problem, "schemas/contract.schema.json tells what a contract may say.")


def load_contracts(folder: Path) -> tuple[Contract, ...]:
    """All contracts of a folder, by source name.

    Raises:
        SettingsError: If the folder is not there, holds none, one is wrong, or two claim the same source.
    """
    if not folder.is_dir():
        what_to_do = "Correct `contracts` in the run file: it names the folder of contracts (bundled: schemas/sources)."
        raise SettingsError("contracts", f"{folder} is not a folder that is there.", what_to_do)
    contracts = [load_contract(path) for path in sorted((*folder.glob("*.yaml"), *folder.glob("*.yml")))]
    names = [contract.source for contract in contracts]
    if not names:
        raise SettingsError(str(folder), "holds no contract.", "Put one YAML file a source system there.")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SettingsError(str(folder), f"has two contracts for {', '.join(twice)}.", "Rename or remove one.")
    return tuple(sorted(contracts, key=lambda contract: contract.source))
