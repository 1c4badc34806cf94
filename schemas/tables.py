"""Every table that passes between stages or reaches analysts: grain, key, columns, units, and what is personal.

The Parquet schemas, the checks before a publication and ``DICTIONARY.md`` all come from this page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pyarrow as pa

MARKING = "OFFICIAL-SENSITIVE"
TEXT, TEXTS, DAY, TIME, FLAG = (
    pa.string(),
    pa.list_(pa.string()),
    pa.date32(),
    pa.timestamp("us", tz="UTC"),
    pa.bool_(),
)
COUNT, SMALL, BITS, SHARE = pa.int64(), pa.int16(), pa.float64(), pa.float64()
NULLED = pa.list_(pa.struct([("field", TEXT), ("raw", TEXT), ("reason", TEXT)]))
ATTRIBUTES = pa.map_(TEXT, TEXT)
LEFT = pa.list_(pa.struct([("record_id", TEXT), ("who", TEXT)]))


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its Arrow type, meaning, and whether it is personal data."""

    name: str
    type: pa.DataType
    about: str
    nullable: bool = True
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what a row is, what makes it unique (also the sort order), and its columns."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    is_repeatable: bool = True  # same input gives the same bytes; run_metrics has seconds in it

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    def arrow_schema(self) -> pa.Schema:
        """Arrow schema with descriptions and the protective marking in its metadata."""
        fields = [
            pa.field(c.name, c.type, c.nullable, {"description": c.about, "personal": str(c.personal).lower()})
            for c in self.columns
        ]
        return pa.schema(fields, {"table": self.name, "grain": self.grain, "marking": MARKING})


def _must(*columns: Column) -> tuple[Column, ...]:
    return tuple(replace(column, nullable=False) for column in columns)


def _secret(*columns: Column) -> tuple[Column, ...]:
    return tuple(replace(column, personal=True) for column in columns)


ENDS = ("record_id_l", "record_id_r")
"""Columns that name the two records of a pair, the smaller id first"""
PLACE = ("file", "sheet", "row_number", "part")
"""Columns that tell where in the exports of a feed a record stood"""
ROW = ("feed_id", *PLACE)

RECORD_ID = Column("record_id", TEXT, "Stable hash of the source and the source's own key", nullable=False)
PERSON_ID = Column("person_id", TEXT, "One person, the same from night to night", nullable=False)
SOURCE = Column("source", TEXT, "Source system: the name of its contract in schemas/sources", nullable=False)
BOROUGH = Column("borough", TEXT, "London borough the export or record belongs to; null for a force-wide system")
FEED_ID = Column("feed_id", TEXT, "One export that is expected each night: source, or source.borough", nullable=False)

LINEAGE = (
    FEED_ID,
    SOURCE,
    BOROUGH,
    Column(
        "file",
        TEXT,
        "File or database the row came from: its path below the exports, or host and path of a URL",
        nullable=False,
    ),
    Column("file_sha256", TEXT, "SHA-256 of that file's bytes (of the rows, for a database)", nullable=False),
    Column("sheet", TEXT, "Sheet of a workbook"),
    Column(
        "row_number", pa.int32(), "Row in the file or sheet as a person counts it: 1 is its first line", nullable=False
    ),
    Column("part", SMALL, "Which person of the row, from 1, where one row names several", nullable=False),
    Column("contract_version", TEXT, "Version and hash of the contract that read it", nullable=False),
)

# What a contract may map a heading to. Raw fields that have no column of their own are joined or split when standardised.
PERSON_RAW_FIELDS = (
    "source_key", "full_name", "surname", "forename", "middle_names", "alias", "date_of_birth", "age", "sex",
    "ethnicity", "ethnicity_observed", "address", "postcode", "uprn", "phone", "email",
    "police_id", "pnc_id", "cro_number", "nhs_number", "upn", "note",
)  # fmt: skip
EVENT_RAW_FIELDS = (
    "event_ref", "event_borough", "role", "started", "ended", "place", "place_postcode", "risk", "status",
)  # fmt: skip
ATTRIBUTE = "attribute."
"""Begins the name of a field of the event that only one source has"""
OFFICIAL = ("pnc_id", "cro_number", "nhs_number", "upn")
"""Numbers that one office gives one person"""
NAME_FIELDS = ("forename", "middle_names", "surname")
BESIDE_BIRTHDAY = ("sex", "ethnicity", "address", "postcode", "phone", "email", *OFFICIAL)
"""What is told of somebody after their names and birthday, wherever people read it, in this order"""
NEVER_SHARED = frozenset(("police_id", *OFFICIAL))
"""Fields of which no two people have the same"""
MERGED, MERGED_BLOCK = "merged:", "merged_block:"
"""Begin a mark with the name of a field: its text stands in a merged cell that begins in a row above, in a block in one that
reaches over several columns too"""
SHORT = "short:"
"""Begins a mark with how many cells a row of a CSV has under how many headings, where it has fewer: short:5/6"""

RAW_RECORDS = Table(
    "raw_records",
    "one row a person named on a row of an export, every value as the text that stood there",
    ROW,
    LINEAGE
    + _secret(*(Column(name, TEXT, f"Text under the heading that the contract maps to {name}") for name in PERSON_RAW_FIELDS + EVENT_RAW_FIELDS))
    + (
        Column("attributes", ATTRIBUTES, "Further event columns of the contract, by name, as text", personal=True),
        Column("marks", TEXTS, "Cell formatting that carries meaning: colour:FFFF0000, strikethrough, hidden, merged:surname (text of a merged cell that begins in a row above); short:5/6 (a CSV row with 5 cells under 6 headings)"),
    ),
)  # fmt: skip

PERSON_COLUMNS = _secret(
    Column("forename", TEXTS, "First names as given, upper case without accents; the first is the main one"),
    Column("middle_names", TEXT, "Further given names, separated by spaces"),
    Column("surname", TEXTS, "Family names; a double-barrelled one is one value with a space"),
    Column("alias", TEXTS, "Other full names, forename before surname"),
    Column("date_of_birth", DAY, "Date of birth; null when it was a placeholder"),
    Column(
        "date_of_birth_alt", DAY, "The other reading where day and month could be swapped and the source does not say"
    ),
    Column("age_low", SMALL, "Lowest age in years stated at recorded_at"),
    Column("age_high", SMALL, "Highest age in years stated at recorded_at"),
    Column("sex", TEXT, "M, F or I (indeterminate)"),
    Column("ethnicity", TEXT, "Self-defined ethnicity, 18+1 code"),
    Column("ethnicity_observed", TEXT, "Officer-defined IC code; never equated with ethnicity"),
    Column("address", TEXT, "Address without its postcode, upper case"),
    Column("postcode", TEXT, "Postcode with one space; null for no fixed abode"),
    Column("postcode_sector", TEXT, "Postcode without its last two letters"),
    Column("postcode_district", TEXT, "Outward half of the postcode"),
    Column("is_no_fixed_abode", FLAG, "The source says that there is no fixed abode"),
    Column("uprn", TEXT, "Unique property reference number"),
    Column("phone", TEXT, "Telephone number, E.164"),
    Column("email", TEXT, "E-mail address, lower case"),
    Column("pnc_id", TEXT, "PNC ID, YYYY/NNNNNNNC, check letter valid"),
    Column("cro_number", TEXT, "CRO number, check letter valid"),
    Column("nhs_number", TEXT, "NHS number, ten digits, check digit valid"),
    Column("upn", TEXT, "Unique pupil number, check letter valid, permanent"),
)

STD_RECORDS = Table(
    "std_records",
    "one row a source record: one person as one source row tells of them",
    ("record_id",),
    (
        RECORD_ID,
        *LINEAGE,
        Column("source_key", TEXT, "The source's own key of the record, where it has one", personal=True),
        Column("role", TEXT, "Role in the event: victim, witness, suspect, accused, detainee, offender, missing, at_risk, subject, nominal", nullable=False),
        Column("basis", TEXT, "fact or assessment (DPA 2018 s.38)", nullable=False),
        *PERSON_COLUMNS,
        Column("forename_phonetic", TEXTS, "Metaphone of each forename word", personal=True),
        Column("surname_phonetic", TEXTS, "Metaphone of each surname word", personal=True),
        Column("flags", TEXTS, "What a reader must know: name_reversed, dob_ambiguous, unborn, adopted, deceased, placeholder_name, closed; senior, junior, third, fourth where the name says so"),
        Column("nulled", NULLED, "Each value that was set to null, or read without what does not belong to it (characters_removed): field, raw text, reason", personal=True),
        Column("recorded_at", TIME, "When the source recorded it; a day without a time is its midnight in London"),
    ),
)  # fmt: skip

EVENTS_STAGED = Table(
    "events",
    "one row a source record and the event it tells of",
    ("event_id",),
    (
        Column("event_id", TEXT, "Stable hash of record and event", nullable=False),
        RECORD_ID,
        SOURCE,
        Column("event_type", TEXT, "crime, missing_episode, absence, coming_to_notice, custody, registration, intelligence, exploitation_concern, referral, visit, or what expectations/events.json lists besides", nullable=False),
        Column("event_ref", TEXT, "The source's reference of the event; CAD-like ones are unique per day only"),
        Column("role", TEXT, "The person's role in this event", nullable=False),
        Column("basis", TEXT, "fact or assessment", nullable=False),
        Column("borough", TEXT, "Borough where it happened or was recorded"),
        Column("started_at", TIME, "Start; a day without a time is its midnight in London"),
        Column("ended_at", TIME, "End, where it has one"),
        Column("place", TEXT, "Address or place", personal=True),
        Column("place_postcode", TEXT, "Postcode of the place", personal=True),
        Column("risk", TEXT, "Risk level in the contract's common words: very_high, high, medium, low, none; as text it does not sort by risk"),
        Column("is_risk_inferred", FLAG, "Risk was read from a fill colour, not from a word"),
        Column("status", TEXT, "State of the case, such as open or closed"),
        Column("attributes", ATTRIBUTES, "What else the source tells of the event, by name: see Attributes of events", personal=True),
    ),
)  # fmt: skip

RECORDS_AGAIN = Table(
    "records_again",
    "one row a standard record: whether it is that of the night before, and whether it may be that of the next",
    ("record_id",),
    (
        RECORD_ID,
        Column("is_lasting", FLAG, "The same row gives the same record: it hangs neither on the day of the night nor on other rows", nullable=False),
        Column("is_again", FLAG, "Its row says what it said the night before, and the record was taken over", nullable=False),
    ),
)  # fmt: skip

FAILED_ROWS = Table(
    "failed_rows",
    "one row a standard record and lasting expectation that it does not meet, for the next night",
    ("record_id", "suite", "place"),
    (
        RECORD_ID,
        Column("suite", TEXT, "The suite", nullable=False),
        Column("place", pa.int32(), "Which of its expectations, from 0", nullable=False),
    ),
)

QUARANTINE = Table(
    "quarantine",
    "one row a rejected row and reason; of a held feed those of its last good export too",
    (*ROW, "file_sha256", "reason_code", "column"),
    (
        *LINEAGE,
        Column("record_id", TEXT, "Record, where it got that far; of a duplicate_row the record that stays"),
        Column("stage", TEXT, "read, standardise or validate", nullable=False),
        Column("reason_code", TEXT, "Short reason, such as the expectation's type", nullable=False),
        Column("column", TEXT, "Column that failed"),
        Column("reason", TEXT, "What was expected and what to do", nullable=False),
        Column("raw_row", TEXT, "The row's text values as JSON, so that nothing is lost", personal=True),
    ),
)

SOURCE_STATUS = Table(
    "source_status",
    "one row a feed: what came of it this night",
    ("feed_id",),
    (
        FEED_ID,
        SOURCE,
        BOROUGH,
        Column("state", TEXT, "fresh: this night's export; held: its last good export stands in; missing: none was ever good", nullable=False),
        Column("reason_code", TEXT, "Why it is not fresh, in a word"),
        Column("reason", TEXT, "Why it is not fresh, and what to do"),
        Column("file", TEXT, "File of the export that is used"),
        Column("file_sha256", TEXT, "SHA-256 of the export that is used"),
        Column("export_date", DAY, "Night on which the export that is used was read"),
        Column("newest_record_at", TIME, "Latest recorded_at in it"),
        Column("rows_read", COUNT, "Rows read this night", nullable=False),
        Column("rows_used", COUNT, "Records that go into linking; a row that names several people gives several", nullable=False),
        Column("rows_quarantined", COUNT, "Rows rejected this night", nullable=False),
        Column("rows_last_good", COUNT, "Where it is held: records of the last good export"),
    ),
)  # fmt: skip

# The comparisons of the person model: each gives a match weight column in links.
COMPARISONS = (
    "forename", "surname", "date_of_birth", "age", "sex", "ethnicity", "postcode", "address", "phone", "email",
    *OFFICIAL,
)  # fmt: skip

LINKS = Table(
    "links",
    "one row a pair of records that are linked, wait for a steward, or were parted by one",
    ENDS,
    (
        Column("record_id_l", TEXT, "The smaller record id of the pair", nullable=False),
        Column("record_id_r", TEXT, "The larger record id of the pair", nullable=False),
        Column("match_weight", BITS, "log2 odds that both are one person, prior included, bits", nullable=False),
        Column("match_probability", SHARE, "The same as a probability", nullable=False),
        *(Column(f"mw_{name}", BITS, f"Match weight of {name}, bits; 0 where a side is null") for name in COMPARISONS),
        Column("mw_prior", BITS, "Prior weight, bits", nullable=False),
        Column("mw_related", BITS, "Weight taken off because relatives and neighbours share these values too, bits", nullable=False),
        Column("decision", TEXT, "link: in one person; review: a steward decides; unlink: a steward decided that the two, or records of their persons, are not one", nullable=False),
        Column("decided_by", TEXT, "model, identifier, or steward: the two, or their persons, were linked or parted by a decision", nullable=False),
        Column("rules", TEXTS, "Rules of the model that forbid the machine to link these two by themselves; other records may hold them together"),
    ),
)  # fmt: skip

CLUSTER_MEMBERS = Table(
    "cluster_members",
    "one row a record: its cluster of this run",
    ("record_id",),
    (RECORD_ID, Column("cluster_id", TEXT, "Smallest record id of the cluster", nullable=False)),
)

CLUSTERS = Table(
    "clusters",
    "one row a cluster of this run: how it holds together",
    ("cluster_id",),
    (
        Column("cluster_id", TEXT, "Smallest record id of the cluster", nullable=False),
        Column("n_records", COUNT, "Records in it", nullable=False),
        Column("n_pairs", COUNT, "Scored pairs inside it", nullable=False),
        Column("density", SHARE, "Scored pairs over possible pairs", nullable=False),
        Column("weakest_bits", BITS, "Bottleneck: the lowest weight on the best path that joins all its records, bits"),
        Column("confidence", SHARE, "Probability at weakest_bits; 1 for a single record", nullable=False),
    ),
)

REVIEW_PAIRS = Table(
    "review_pairs",
    "one row a pair of clusters that a steward must look at: its strongest pair of records",
    ENDS,
    (
        Column("record_id_l", TEXT, "Record in the one cluster", nullable=False),
        Column("record_id_r", TEXT, "Record in the other cluster", nullable=False),
        Column("cluster_id_l", TEXT, "Cluster of record_id_l", nullable=False),
        Column("cluster_id_r", TEXT, "Cluster of record_id_r", nullable=False),
        Column("match_weight", BITS, "log2 odds that the two are one person, by all their records and beside others who fit as well, bits", nullable=False),
        Column("match_probability", SHARE, "The same as a probability", nullable=False),
        Column("together_weight", BITS, "Part of match_weight: what all records of the two say together, bits", nullable=False),
        Column("rivals_weight", BITS, "Part of match_weight: what it takes off that others fit one of the two as well, bits; 0 or less", nullable=False),
        Column("n_pairs", COUNT, "Pairs between the two clusters that wait", nullable=False),
        Column("review_type", TEXT, "grey_pair, identifier_conflict, twin_suspicion, alike_names, middle_names, generations, victim_offender, name_only, no_forename, unborn, adopted, shared_identifier (nothing else speaks for one person), broken_cluster (the pair fits, other records of the two persons keep them apart)", nullable=False),
        Column("rules", TEXTS, "Rules of the model that forbid an automatic link"),
    ),
)  # fmt: skip

PERSONS = Table(
    "persons",
    "one row a person: golden record",
    ("person_id",),
    (
        PERSON_ID,
        *_secret(
            Column("forename", TEXT, "Chosen by survivorship"),
            Column("middle_names", TEXT, "Chosen by survivorship"),
            Column("surname", TEXT, "Chosen by survivorship"),
            Column("alias", TEXTS, "Every other full name seen"),
            Column("date_of_birth", DAY, "Chosen by survivorship"),
            Column("sex", TEXT, "Chosen by survivorship"),
            Column("ethnicity", TEXT, "Chosen by survivorship"),
            Column("address", TEXT, "Chosen by survivorship"),
            Column("postcode", TEXT, "Chosen by survivorship, from the record that gave the address"),
            Column("postcode_district", TEXT, "Outward half of postcode"),
            Column("uprn", TEXT, "Chosen by survivorship, from the record that gave the address"),
            Column("phone", TEXT, "Chosen by survivorship"),
            Column("email", TEXT, "Chosen by survivorship"),
            Column("pnc_id", TEXT, "Chosen by survivorship"),
            Column("cro_number", TEXT, "Chosen by survivorship"),
            Column("nhs_number", TEXT, "Chosen by survivorship"),
            Column("upn", TEXT, "Chosen by survivorship"),
        ),
        Column("roles", TEXTS, "Roles in events, sorted", nullable=False),
        Column("boroughs", TEXTS, "Boroughs of records and events, sorted", nullable=False),
        Column("sources", TEXTS, "Source systems, sorted", nullable=False),
        Column("n_records", COUNT, "Source records", nullable=False),
        Column("first_seen_at", TIME, "Earliest recorded_at"),
        Column("last_seen_at", TIME, "Latest recorded_at"),
        Column(
            "cluster_confidence",
            SHARE,
            "Probability at the weakest point of the cluster, where a pair that a steward linked is nowhere weak; 1 for a single record",
            nullable=False,
        ),
        Column("n_open_questions", COUNT, "Rows of review_queue that name this person", nullable=False),
    ),
)

PERSON_FIELDS = Table(
    "person_fields",
    "one row a person, field, value and record that gave it",
    ("person_id", "field", "value", "record_id"),
    (
        PERSON_ID,
        Column("field", TEXT, "Column of persons", nullable=False),
        Column("value", TEXT, "Value as text", nullable=False, personal=True),
        RECORD_ID,
        SOURCE,
        BOROUGH,
        Column("recorded_at", TIME, "When the source recorded it; a day without a time is its midnight in London"),
        Column("basis", TEXT, "fact or assessment", nullable=False),
        Column("is_chosen", FLAG, "This record gave the golden record its value", nullable=False),
        Column("rule", TEXT, "Survivorship rule that chose the value", nullable=False),
        Column("n_agree", COUNT, "Records of the person that give the same value", nullable=False),
    ),
)

RECORDS = Table("records", "one row a source record and its person", ("record_id",), (RECORD_ID, PERSON_ID, *STD_RECORDS.columns[1:]))  # fmt: skip
EVENTS = Table("events", "one row a person and event", ("event_id",), (EVENTS_STAGED.columns[0], PERSON_ID, *EVENTS_STAGED.columns[1:]))  # fmt: skip

CAUSES = (
    "steward, corrected_data, contract (read by another version), new_data, recovered (a record returned), withdrawn, model, "
    "other_data (other records, or how common values are); where several meet, the first of these"
)
IDENTITY_LEDGER = Table(
    "identity_ledger",
    "one row a person_id and span of runs",
    ("person_id", "valid_from"),
    (
        PERSON_ID,
        Column("valid_from", TEXT, "Run in which the span began", nullable=False),
        Column("valid_to", TEXT, "Run in which the span ended; null while it lasts"),
        Column("merged_into", TEXT, "The person that took it over"),
        Column("split_from", TEXT, "The person it was parted from"),
        Column("cause", TEXT, f"Why it began: {CAUSES}", nullable=False),
        Column("ended_by", TEXT, "Why it ended, in the same words"),
        Column(
            "record_ids",
            TEXTS,
            "Records of the person during the span, sorted; empty where a withdrawn person was merged away",
            nullable=False,
        ),
        Column(
            "records_given_away",
            TEXTS,
            "Those of its records whose key the source gave to somebody else when the span ended, or since, while they were withdrawn",
        ),
        Column(
            "records_withdrawn",
            LEFT,
            "Those of its records that were withdrawn when the span ended, each with a hash of feed, names and birthday, null where two of forename, surname and birthday are missing",
            personal=True,
        ),
    ),
)

LINK_CHANGES = Table(
    "link_changes",
    "one row a person that this run changed, and one a record that it gave to another person",
    ("run_id", "kind", "person_id_before", "person_id_after", "record_id"),
    (
        Column("run_id", TEXT, "The run", nullable=False),
        Column("kind", TEXT, "created, changed (other records than before), merged, split, withdrawn, returned; record_moved: one record has another person", nullable=False),
        Column("person_id_before", TEXT, "The person until this run; of a split, the one that it was parted from"),
        Column("person_id_after", TEXT, "The person from this run on"),
        Column("record_id", TEXT, "The record that moved"),
        Column("cause", TEXT, "As in identity_ledger", nullable=False),
        Column("blamed_on", TEXTS, "Which decisions, which models (before, after) or exports of which feeds; empty for other_data", nullable=False),
        Column("n_records_before", COUNT, "Records of person_id_before until this run", nullable=False),
        Column("n_records_after", COUNT, "Records of person_id_after from this run on", nullable=False),
    ),
)  # fmt: skip

DOUBTS = (
    "decision_contradicted (data set decisions against each other), second_person (a decision waits for one), evidence_changed (since a "
    "decision), broken_cluster (of one person: the records hold together by pairs too weak to ask about), over_large_cluster"
)
CLOSED_BECAUSE = (
    "linked: one person now; decided_link, decided_unlink: by a steward; decided_split: by a steward, some records are of one person now and both persons stand; "
    "link_in_part: a steward said that they are one person, and only some of their records could be joined; kept_apart: by decisions on other records; weight_fell: nothing worth asking; record_withdrawn; "
    "joined_another: an older question on the same persons; holds_together, person_shrank: of one person; decision_settled: taken back or decided anew"
)
REVIEW_QUEUE = Table(
    "review_queue",
    "one row an open question: one a person, or pair of persons",
    ("review_id",),
    (
        Column("review_id", TEXT, "The same from night to night while there is something to ask about these persons; never used again", nullable=False),
        Column("review_type", TEXT, f"As in review_pairs, and {DOUBTS}; of several the gravest", nullable=False),
        Column("reason", TEXT, "Why the machine does not decide, in words, without personal data", nullable=False),
        Column("person_ids", TEXTS, "The person or the two persons the question is about, sorted", nullable=False),
        Column("record_id_l", TEXT, "Record of the pair to look at: the strongest that waits, the weakest inside a person, or the one decided on", nullable=False),
        Column("record_id_r", TEXT, "The other record of it", nullable=False),
        Column("match_weight", BITS, "Of two persons: log2 odds that they are one, by all their records and beside others who fit as well, bits; of one person or a decision: weight of that pair, null where it was not scored"),
        Column("match_probability", SHARE, "The same as a probability"),
        Column("together_weight", BITS, "Part of match_weight: what all records of the two persons say together, bits; null where match_weight is that of the pair"),
        Column("rivals_weight", BITS, "Part of match_weight: what it takes off that others fit one of the two as well, bits, 0 or less; null where match_weight is that of the pair"),
        Column("n_pairs", COUNT, "Pairs between the persons that wait; inside one person, its scored pairs", nullable=False),
        Column("harm", SMALL, "What a wrong answer could do, 1 to 5", nullable=False),
        Column("priority", SHARE, "harm x uncertainty, [0, 5]; the queue's order", nullable=False),
        Column("boroughs", TEXTS, "Boroughs of the two records, sorted", nullable=False),
        Column("opened_in", TEXT, "Run that first asked", nullable=False),
        Column("decision_ids", TEXTS, "Stewards' decisions that the question is about, or that could not tell (unsure: it ranks lower), sorted"),
    ),
)  # fmt: skip

REVIEW_CLOSED = Table(
    "review_closed",
    "one row a question that is asked no more, of this run or an earlier one",
    ("review_id",),
    (
        Column("review_id", TEXT, "As in review_queue", nullable=False),
        Column("review_type", TEXT, "As it was when last asked", nullable=False),
        Column("person_ids", TEXTS, "Persons the question was about, sorted", nullable=False),
        Column("record_id_l", TEXT, "Record of its pair; null once expunged by order"),
        Column("record_id_r", TEXT, "Record of its pair; null once expunged by order"),
        Column("opened_in", TEXT, "Run that first asked", nullable=False),
        Column("closed_in", TEXT, "Run that asked no more", nullable=False),
        Column("reason_code", TEXT, CLOSED_BECAUSE, nullable=False),
        Column("decision_ids", TEXTS, "As in review_queue"),
    ),
)

RUN_METRICS = Table(
    "run_metrics",
    "one row a stage and measure of the run",
    ("stage", "metric"),
    (
        Column("stage", TEXT, "Stage of the run", nullable=False),
        Column("metric", TEXT, "What was measured", nullable=False),
        Column("value", pa.float64(), "Measured value", nullable=False),
        Column("unit", TEXT, "count, s, MB, bits, share", nullable=False),
    ),
    is_repeatable=False,
)

DECISIONS = Table(
    "decisions",
    "one row a decision of a steward, as it was entered: a log that only grows",
    ("seq",),
    (
        Column("seq", COUNT, "Order of entry in the store, from 1 without gaps; this alone tells which came first", nullable=False),
        Column("decision_id", TEXT, "UUID given by whoever sent it", nullable=False),
        Column("record_id_l", TEXT, "The smaller record id of the pair; null once erased by order"),
        Column("record_id_r", TEXT, "The larger record id of the pair; null once erased by order"),
        Column("verdict", TEXT, "link, unlink, unsure or retract", nullable=False),
        Column("decided_by", TEXT, "The steward", nullable=False),
        Column("decided_at", TIME, "When the steward decided", nullable=False),
        Column("recorded_at", TIME, "When the store took it; never earlier than the row before", nullable=False),
        Column("entered_by", TEXT, "Who brought it from elsewhere, where it was not the steward"),
        Column("reason", TEXT, "Why, in the steward's words; null once erased by order", personal=True),
        Column("retracts", TEXT, "The decision it takes back"),
        Column("confirms", TEXT, "The decision it seconds"),
        Column("supersedes", TEXT, "The decision on the pair that stood until then"),
        Column("needs_second", FLAG, "Counts only once a second person has confirmed it", nullable=False),
        Column("second_because", TEXT, "Rules of the policy that ask for a second person, ; between"),
        Column("fingerprint_l", TEXT, "Hash of feed, name and birthday of record_id_l where no other record has the same", personal=True),
        Column("fingerprint_r", TEXT, "The same of record_id_r", personal=True),
        Column("evidence_hash", TEXT, "Hash of the levels and values that the steward saw"),
        Column("evidence", TEXT, "Comparison levels that the steward saw: field=level, ; between"),
        Column("run_id", TEXT, "Run whose publication the steward saw"),
        Column("model", TEXT, "Name, version and hash of the model of that run"),
        Column("roles_l", TEXT, "Roles of the group of record_id_l then, its person and whom links in force had joined since, ; between"),
        Column("roles_r", TEXT, "Roles of the group of record_id_r then, ; between"),
        Column("rules", TEXT, "Rules of the model that the pair met, ; between"),
        Column("n_records", COUNT, "Records of the two groups together then; null where nothing was known of them"),
        Column("erasure_id", TEXT, "Receipt of the order by which records and reason were erased"),
    ),
)  # fmt: skip

STANDING_DECISIONS = Table(
    "standing_decisions",
    "one row a decision that says something tonight: derived from decisions",
    ("seq",),
    (
        Column("seq", COUNT, "As in decisions", nullable=False),
        Column("decision_id", TEXT, "As in decisions", nullable=False),
        Column("record_id_l", TEXT, "The smaller record id of the pair, as records are called tonight", nullable=False),
        Column("record_id_r", TEXT, "The larger record id of the pair", nullable=False),
        Column("verdict", TEXT, "link, unlink, unsure; retract where a retraction waits", nullable=False),
        Column("state", TEXT, "in_force; waiting: no second person yet; contradicted: stands against others; detached: a record is gone, or speaks of somebody else", nullable=False),
        Column("constraint", TEXT, "must_link or cannot_link, where clusters must keep to it"),
        Column("is_reattached", FLAG, "A record has another id than when it was decided", nullable=False),
        Column("look_again", FLAG, "The evidence moved since: still in force, but to be asked again", nullable=False),
        Column("moved_fields", TEXTS, "Fields whose evidence moved, sorted"),
        Column("contradicts", TEXTS, "Decision ids that it stands against, sorted"),
        Column("decided_by", TEXT, "The steward", nullable=False),
        Column("decided_at", TIME, "When", nullable=False),
        Column("confirmed_by", TEXTS, "Second persons, in order"),
        Column("second_because", TEXT, "As in decisions"),
        Column("run_id", TEXT, "As in decisions"),
        Column("model", TEXT, "As in decisions"),
        Column("detached_because", TEXT, "record_gone: a record is not there, and no one record can be told to be it; record_returned: withdrawn since, and returned as somebody else; records_differ: they told of one person and tell of two"),
    ),
)  # fmt: skip

DECIDED_PAIRS = Table(
    "decided_pairs",
    "one row a pair of records that stewards' decisions join or part tonight",
    ENDS,
    (
        Column("record_id_l", TEXT, "The smaller record id of the pair", nullable=False),
        Column("record_id_r", TEXT, "The larger record id of the pair", nullable=False),
        Column("constraint", TEXT, "must_link: one person; cannot_link: no person holds both", nullable=False),
        Column("decision_ids", TEXTS, "Decisions that say so, in order of entry", nullable=False),
    ),
)

PAIR_EVIDENCE = Table(
    "pair_evidence",
    "one row a pair of records: what a steward would see of it tonight",
    ENDS,
    (
        Column("record_id_l", TEXT, "The smaller record id of the pair", nullable=False),
        Column("record_id_r", TEXT, "The larger record id of the pair", nullable=False),
        Column("evidence", TEXT, "Comparison levels: field=level, ; between; a field with an empty side is left out", nullable=False),
        Column("evidence_hash", TEXT, "Hash of the levels and values", nullable=False),
    ),
)  # fmt: skip

FINGERPRINTS = Table(
    "fingerprints",
    "one row a record: what may tell it again when its id has changed",
    ("record_id",),
    (
        RECORD_ID,
        Column("fingerprint", TEXT, "Hash of feed, name and birthday; null where one is missing, or another record has the same", personal=True),
        Column("another_until", TEXT, "Run in which the record was gone, to return as somebody else: what was decided on it before was on another; null elsewhere"),
    ),
)  # fmt: skip

STAGED = (
    RAW_RECORDS, STD_RECORDS, EVENTS_STAGED, RECORDS_AGAIN, FAILED_ROWS, CLUSTER_MEMBERS, CLUSTERS, REVIEW_PAIRS, DECISIONS, STANDING_DECISIONS, DECIDED_PAIRS,
    PAIR_EVIDENCE, FINGERPRINTS,
)  # fmt: skip
PUBLISHED = (
    PERSONS, PERSON_FIELDS, RECORDS, LINKS, IDENTITY_LEDGER, LINK_CHANGES, EVENTS, REVIEW_QUEUE, REVIEW_CLOSED, QUARANTINE, SOURCE_STATUS, RUN_METRICS,
)  # fmt: skip
