"""The analysts' tables of a publication: what an inspection asks, made from its other tables by ``pipeline/marts``."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from schemas.tables import COUNT, DAY, FLAG, PERSON_ID, PUBLISHED, SHARE, TEXT, TEXTS, TIME, Column, Table

RATE = pa.float64()
EVENT_IDS = Column("event_ids", TEXTS, "Events that are counted, sorted: they lead to records, and these to file, sheet and row", nullable=False)  # fmt: skip
AGE = Column("age", COUNT, "Whole years on as_of; null where no birthday is known", personal=True)
QUESTIONS = Column("n_open_questions", COUNT, "What stewards are still asked of the person", nullable=False)
NIGHT = (
    Column("as_of", DAY, "Day that the row is true of", nullable=False),
    Column("run_id", TEXT, "Run that made it", nullable=False),
)
OF_ONE = Column("link_confidence", SHARE, "cluster_confidence of the person", nullable=False)
OF_TWO = replace(OF_ONE, about="Lower cluster_confidence of the two persons")
OF_MANY = Column("link_confidence", SHARE, "Mean cluster_confidence of the persons that are counted, to four places; null without any")  # fmt: skip
BOROUGHS = Column("boroughs", TEXTS, "Boroughs of its events, sorted", nullable=False)


def _must(name: str, kind: pa.DataType, about: str) -> Column:
    return Column(name, kind, about, nullable=False)


CROSS_BOROUGH_PERSON = Table(
    "cross_borough_person",
    "one row a person who is known in more than one borough",
    ("person_id",),
    (
        PERSON_ID,
        _must("boroughs", TEXTS, "Boroughs of records and events, sorted"),
        _must("n_boroughs", COUNT, "How many"),
        _must("sources", TEXTS, "Source systems, sorted"),
        _must("roles", TEXTS, "Roles in events, sorted"),
        Column("first_seen_at", TIME, "Earliest recorded_at"),
        Column("last_seen_at", TIME, "Latest recorded_at"),
        Column("is_under_18", FLAG, "On as_of; null where no birthday is known"),
        _must("n_records", COUNT, "Source records"),
        QUESTIONS,
        OF_ONE,
        *NIGHT,
    ),
)

REPEAT_MISSING_CSE = Table(
    "repeat_missing_cse",
    "one row a person who went missing, or was absent, as a child in the 365 days up to as_of, or who went missing before, has not returned and is a child still; age tells who has turned 18 since",
    ("person_id",),
    (
        PERSON_ID,
        AGE,
        _must("episodes_90_days", COUNT, "Episodes that began in the 90 days up to as_of: reports of a missing child, and once a day calls about an absent one of whom no report tells then"),
        _must("episodes_365_days", COUNT, "Episodes that began in the 365 days up to as_of; 0 of who is missing since before"),
        _must("most_in_window", COUNT, "Most episodes of those 365 days within repeat_missing_days of each other"),
        _must("is_repeat_missing", FLAG, "most_in_window is at least repeat_missing_episodes"),
        _must("is_missing_now", FLAG, "The latest episode has no return"),
        _must("last_missing_at", TIME, "When the latest episode began"),
        _must("missing_in", TEXTS, "Boroughs of the episodes, sorted: of MERLIN reports the home borough, which is all that they tell; of CAD calls that of the call"),
        Column("highest_risk", TEXT, "Of the episodes: very_high, high, medium, low, none"),
        _must("absences", COUNT, "Episodes that are calls about an absent child, or reports of one as absent or at no apparent risk"),
        _must("is_cse_in_episode", FLAG, "An episode itself was marked as sexual exploitation"),
        Column("cse_risk", TEXT, "Highest risk of the exploitation concerns and coming-to-notice reports of it; null where there is none, or none with a risk"),
        _must("cse_in", TEXTS, "Boroughs with an exploitation concern, a crime report of exploitation (code 588) or a coming-to-notice report of it on the child, sorted"),
        Column("is_cse_known_where_missing", FLAG, "Every borough where the child went missing has one; null where none has, or where none of those is recorded"),
        Column("looked_after", FLAG, "An episode said so; null where none told"),
        _must("placing_authorities", TEXTS, "Who placed the child, sorted"),
        _must("return_interviews", COUNT, "Episodes with a return interview"),
        _must("returns_without_interview", COUNT, "Episodes with a return and no interview, or none recorded; a call about an absence asks for none"),
        QUESTIONS,
        replace(EVENT_IDS, about="Episodes that are counted, and exploitation concerns and reports, sorted"),
        OF_ONE,
        *NIGHT,
    ),
)  # fmt: skip

VICTIM_AND_SUSPECT_CHILD = Table(
    "victim_and_suspect_child",
    "one row a person who as a child was victim in one event, and suspect, accused or detainee in one",
    ("person_id",),
    (
        PERSON_ID,
        AGE,
        _must("as_victim", COUNT, "Events as victim"),
        _must("as_suspect", COUNT, "Events as suspect, accused or detainee"),
        Column("victim_since", DAY, "First day as victim"),
        Column("suspect_since", DAY, "First day as suspect, accused or detainee"),
        Column("days_between", COUNT, "From victim_since to suspect_since; negative where the child was a suspect first"),
        _must("exploitation_reports", COUNT, "Crime reports of child exploitation (code 588) on the child"),
        BOROUGHS,
        QUESTIONS,
        EVENT_IDS,
        OF_ONE,
        *NIGHT,
    ),
)  # fmt: skip

RSO_BOROUGH = Table(
    "rso_borough",
    "one row a borough and risk of registered sex offenders; of an offender who is registered twice the newest registration",
    ("borough", "risk"),
    (
        _must("borough", TEXT, "Borough that manages them; not known where none is recorded"),
        _must("risk", TEXT, "very_high, high, medium, low, none; not known where none is recorded"),
        _must("registered", COUNT, "Offenders"),
        _must("managed", COUNT, "Those to be visited: neither in custody, abroad nor reactive"),
        _must("overdue", COUNT, "Managed, and the visit was due before as_of"),
        Column("longest_overdue_days", COUNT, "Of these, the longest"),
        _must("no_due_date", COUNT, "Managed, and no due date is recorded nor follows from last visit and frequency"),
        _must("due_derived", COUNT, "Managed, and the due date is not recorded but follows from last visit and frequency"),
        replace(EVENT_IDS, name="overdue_event_ids", about="Registrations that are overdue, sorted"),
        OF_MANY,
        *NIGHT,
    ),
)  # fmt: skip

RSO_NEAR_MISSING_CHILD = Table(
    "rso_near_missing_child",
    "one row a person who once went missing as a child, and a registered sex offender with an address in common",
    ("child_id", "offender_id", "child_place"),
    (
        _must("child_id", TEXT, "person_id of the child"),
        _must("offender_id", TEXT, "person_id of the offender"),
        _must("child_place", TEXT, "home, or found_at: where the child was found after an episode"),
        Column("postcodes", TEXTS, "Postcodes of both, sorted", nullable=False, personal=True),
        Column("addresses", TEXTS, "Addresses as they are recorded of the child, sorted", nullable=False, personal=True),
        _must("matched_by", TEXT, "The surest: uprn; address (with its postcode); house_number: postcode and all numbers of the address, in any order"),
        Column("child_last_on", DAY, "When the child was last recorded there"),
        Column("offender_last_on", DAY, "When the offender was last recorded there"),
        _must("persons_there", COUNT, "Persons with a record at that postcode and number, where there are several the most: a home or hostel has many"),
        Column("child_boroughs", TEXTS, "Boroughs of the child, sorted"),
        Column("offender_borough", TEXT, "Borough that manages the offender"),
        Column("offender_risk", TEXT, "Risk of the newest registration"),
        _must("record_ids", TEXTS, "Records that say so, of both, sorted"),
        OF_TWO,
        *NIGHT,
    ),
)  # fmt: skip

CHILD_DETENTION = Table(
    "child_detention",
    "one row a custody record of a child",
    ("event_id",),
    (
        _must("event_id", TEXT, "Custody record in events"),
        PERSON_ID,
        Column("borough", TEXT, "Borough of the station"),
        Column("event_ref", TEXT, "Custody number"),
        Column("arrested_at", TIME, "Start of custody"),
        Column("released_at", TIME, "End of custody"),
        replace(AGE, about="Whole years on the day of arrest; null where no birthday is known"),
        Column("hours", RATE, "From arrest to release, to one place"),
        Column("is_overnight", FLAG, "Released on a later day than arrested; where there is no release, whether as_of is later"),
        _must("is_charged", FLAG, "A time of charge is recorded"),
        Column("bail", TEXT, "As the source wrote it"),
        _must("is_s38_due", FLAG, "Charged and refused bail: PACE s38(6) asks for local-authority accommodation"),
        Column("is_s38_requested", FLAG, "It was asked for; null where not recorded"),
        Column("is_s38_provided", FLAG, "It was given; null where not recorded (attribute la_accommodation_provided)"),
        Column("is_secure_requested", FLAG, "Secure accommodation; null where not recorded"),
        Column("s38_certificate", FLAG, "A certificate says why not; null where not recorded (attribute s38_certificate)"),
        Column("appropriate_adult_delay_hours", RATE, "From authorised detention, or arrest, to the appropriate adult, to one place; null where none came"),
        _must("is_merlin_raised", FLAG, "A coming-to-notice report was made from the day of arrest to merlin_days after it"),
        OF_ONE,
        *NIGHT,
    ),
)  # fmt: skip

SUSPECT_MULTI_VICTIM = Table(
    "suspect_multi_victim",
    "one row a suspect or accused of crimes with more than one child as victim",
    ("person_id",),
    (
        PERSON_ID,
        _must("child_victims", COUNT, "Persons who were victims as children"),
        _must("victims", COUNT, "All victims"),
        BOROUGHS,
        _must("n_boroughs", COUNT, "How many"),
        Column("first_on", DAY, "First such crime"),
        Column("last_on", DAY, "Last such crime"),
        Column("span_days", COUNT, "Between these two"),
        _must("is_registered", FLAG, "Is, or was, a registered sex offender"),
        _must("child_victim_ids", TEXTS, "person_id of each, sorted"),
        QUESTIONS,
        replace(EVENT_IDS, about="Events of the suspect that are counted, sorted"),
        replace(OF_MANY, about="Lowest cluster_confidence of the suspect and the child victims"),
        *NIGHT,
    ),
)  # fmt: skip

FORCE_MONTH = Table(
    "force_month",
    "one row a month, borough and measure with at least one case; small counts are suppressed",
    ("month", "borough", "measure"),
    (
        _must("month", DAY, "First day of the month, in London's time"),
        _must("borough", TEXT, "Borough of the event; not known where none is recorded"),
        Column("bcu", TEXT, "Basic Command Unit of today, as its two letters; 48 for the City of London, a force of its own"),
        _must("measure", TEXT, "child_victims, crimes_against_children, child_suspects (the three without reports of code 588, which are no crimes), missing_episodes, missing_children, absences, exploitation_reports, exploitation_concerns, child_detentions, referrals"),
        Column("n", COUNT, "How many; null where it is under suppress_under. Totals over boroughs or months may tell a suppressed count: suppress again before they leave the force"),
        _must("is_suppressed", FLAG, "n is left out because it is small"),
        Column("rate_per_1000", RATE, "n for every thousand residents of the borough (data/reference/populations.csv), to four places"),
        OF_MANY,
        *NIGHT,
    ),
)  # fmt: skip

DQ_BOROUGH = Table(
    "dq_borough",
    "one row a feed: how good its data are",
    ("feed_id",),
    (
        _must("feed_id", TEXT, "One export that is expected each night"),
        _must("source", TEXT, "Source system"),
        Column("borough", TEXT, "Borough of the feed; null for a force-wide system"),
        _must("state", TEXT, "As in source_status: fresh, held, missing"),
        Column("reason_code", TEXT, "Why it is not fresh, in a word: headings that changed, rows that are gone, ..."),
        Column("days_old", COUNT, "From the night on which the export was read to as_of"),
        Column("days_since_newest", COUNT, "From the newest row of the export to as_of"),
        _must("records", COUNT, "Records in use"),
        _must("rejected", COUNT, "Rows in quarantine"),
        _must("duplicates", COUNT, "Of these, rows that were there twice"),
        Column("valid_birthday_share", SHARE, "Of the records, those with a birthday; of no record null"),
        Column("valid_postcode_share", SHARE, "Of the records, those with a postcode"),
        Column("valid_pnc_share", SHARE, "Of the PNC IDs that are written, those whose check letter is right"),
        _must("default_birthdays", COUNT, "Birthdays that stand for unknown, such as 01/01/1900"),
        _must("values_not_understood", COUNT, "Values that are null in the tables though something was written that nothing understands, as in the report of the night"),
        _must("open_questions", COUNT, "Rows of review_queue on a record of the feed"),
        _must("open_conflicts", COUNT, "Of these, where identifiers or records contradict each other"),
        Column("oldest_conflict_days", COUNT, "From the night that first asked to as_of, of the oldest"),
        OF_MANY,
        *NIGHT,
    ),
)  # fmt: skip

MARTS = (
    CROSS_BOROUGH_PERSON, REPEAT_MISSING_CSE, VICTIM_AND_SUSPECT_CHILD, RSO_BOROUGH, RSO_NEAR_MISSING_CHILD, CHILD_DETENTION, SUSPECT_MULTI_VICTIM, FORCE_MONTH,
    DQ_BOROUGH,
)  # fmt: skip
READABLE = (*PUBLISHED, *MARTS)
"""Every table of a publication"""
PERSONS_OF = ("person_id", "child_id", "offender_id")
"""Columns that name whom a row is about"""
