"""What the doctor says of what a home keeps from night to night besides publications: decisions, last good exports, orders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine

from flows.doctor.finding import Finding, problem_of
from flows.night.decisions import decisions_url
from pipeline.core.errors import TRY_AGAIN, SettingsError, StateError, StoreUnavailableError
from pipeline.core.places import Home
from pipeline.publish.orders import orders
from pipeline.publish.publication import Publication
from pipeline.stewardship.database import engine_of, reading
from pipeline.stewardship.migrate import newest
from pipeline.stewardship.patience import with_patience
from pipeline.validate.last_good import damage_of
from schemas.settings import SQLITE, RunSettings

PATIENCE_S = 3.0
STORE_NEEDED = "A night without its decisions fails: start the database, correct its URL, or restore it."


def decisions(settings: RunSettings, home: Home, current: Publication | None) -> Finding:
    """Whether the store of decisions answers and has at least what the publication was made with."""
    url = decisions_url(settings, home, os.environ)
    n_known = current.n_decisions if current else 0
    if url.startswith(SQLITE) and not Path(url.removeprefix(SQLITE)).is_file():
        if n_known:
            return Finding(
                "decisions",
                "problem",
                f"there is no store, though the last publication knew {n_known:,} decisions.",
                "Restore it from a backup before the next night.",
            )
        return Finding("decisions", "ok", "no store yet.")
    try:
        engine = engine_of(url)
        try:
            schema_version, count = with_patience(engine, PATIENCE_S, lambda: _form_and_count(engine))
        finally:
            engine.dispose()
    except (StoreUnavailableError, SettingsError) as error:
        return _unusable(error)
    if count < n_known:
        return Finding(
            "decisions",
            "problem",
            f"the store has {count:,}, the last publication knew {n_known:,}.",
            "Is it another database, or an old backup?",
        )
    if schema_version != newest():
        return Finding(
            "decisions",
            "warning",
            f"tables of form {schema_version}, this version knows {newest()}.",
            "The next use brings them up to date.",
        )
    return Finding("decisions", "ok", f"{count:,} in the store.")


def _unusable(error: StoreUnavailableError | SettingsError) -> Finding:
    """A store that cannot be asked; the doctor sends nothing that could be sent again."""
    told = problem_of("decisions", error)
    return told._replace(what_to_do=STORE_NEEDED) if told.what_to_do == TRY_AGAIN else told


def last_good(home: Home) -> Iterator[Finding]:
    """Whether the last good export of each feed can be read and is as it was written."""
    feeds = sorted(path.name for path in home.last_good.iterdir()) if home.last_good.is_dir() else []
    damaged = {feed: damage for feed in feeds if (damage := damage_of(home, feed))}
    for feed, damage in damaged.items():
        yield Finding(
            "last good exports",
            "problem",
            f"{feed} is damaged: {damage}.",
            f"Restore {home.last_good / feed}; a good export of tonight mends it too.",
        )
    if not damaged:
        yield Finding("last good exports", "ok", f"{len(feeds)} can be read.")


def expunge_orders(home: Home, *, is_busy: bool) -> Iterator[Finding]:
    """Whether every order to expunge was carried out."""
    try:
        all_orders = orders(home)
    except StateError as error:
        yield problem_of("expunge orders", error)
        return
    for order in all_orders:
        if order.expunged_at is None and not is_busy:
            problem = f"{order.order_ref}, begun {order.begun_at}, was cut short: what it names may still be here."
            yield Finding(
                "expunge orders",
                "problem",
                problem,
                "The next boroughlink run finishes it, and so does the same command.",
            )
    if all_orders and all(order.expunged_at for order in all_orders):
        yield Finding("expunge orders", "ok", f"{len(all_orders):,} carried out.")


def _form_and_count(engine: Engine) -> tuple[str | None, int]:
    with reading(engine) as connection:
        if not connection.dialect.has_table(connection, "alembic_version"):
            return None, 0
        form = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return form, int(connection.exec_driver_sql("SELECT count(*) FROM decisions").scalar() or 0)
