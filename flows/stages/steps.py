"""What each stage of a night reads and writes, so that one that is finished can be told from one that is not."""

from __future__ import annotations

from flows.continuing import kept as kept_state
from flows.continuing.checkpoints import Step
from flows.continuing.feed_notes import READ, STANDARDISE
from flows.night.plan import Night
from flows.stages import linking, person_tables, validating
from schemas.contract import Contract


def read(night: Night, feed_id: str) -> Step:
    """One feed: its export, read and standardised."""
    folders = (READ, STANDARDISE)
    return Step(night, f"read/{feed_id}", (), tuple(night.folder.file(name) / feed_id for name in folders))


def validate(night: Night, contract: Contract) -> Step:
    """One source: all its feeds, validated."""
    feeds = [feed.feed_id for feed in night.feeds_of(contract)]
    places = tuple(night.folder.file(validating.VALIDATE) / feed_id for feed_id in feeds)
    return Step(night, f"validate/{contract.source}", tuple(f"read/{feed_id}" for feed_id in feeds), places)


def settle(night: Night) -> Step:
    """Which export stands for each feed."""
    before = (
        *(f"read/{feed_id}" for feed_id in night.feeds),
        *(f"validate/{contract.source}" for contract in night.contracts),
    )
    tables = tuple(night.folder.table(validating.VALIDATE, name) for name in ("source_status", "quarantine"))
    return Step(night, "settle", before, (*tables, night.folder.file("validation.html")))


def link(night: Night) -> Step:
    """Records of one person into one cluster."""
    kept_folder = night.home.kept / night.run_id / kept_state.LINK
    return Step(
        night, "link", ("settle",), (night.folder.file(linking.LINK), night.folder.file("model.toml"), kept_folder)
    )


def persons(night: Night) -> Step:
    """Golden records, identities and questions."""
    kept_folder = night.home.kept / night.run_id / person_tables.PERSONS
    return Step(night, "persons", ("link",), (night.folder.file(person_tables.PERSONS), kept_folder))


def publish(night: Night) -> Step:
    """The tables that readers see."""
    return Step(night, "publish", ("persons",), (night.home.publication(night.run_id),))
