"""The page of ``boroughlink evaluate``: how good a linkage is, by the truth and by its own word, and who is linked worse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from markupsafe import Markup

from pipeline.core.html import template
from pipeline.report.model_charts import CalibrationBin, calibration_chart
from pipeline.report.quality_charts import EXPECTED, PANELS, forest_chart, scale_of, threshold_chart
from schemas.question_words import TYPE_WORDS
from schemas.tables import MARKING

REASONS = {
    "weight": "Evidence is too little to link, too much to forget",
    "not_kept": "Never kept: no key brought them together, or they weigh too little",
}
MOST_ERROR = 0.05
"""Of calibration: what a labelled set must stay under."""


def render_evaluate_page(facts: Mapping[str, Any]) -> str:
    """The page as HTML that needs no network and no script; counts and shares only, nothing of a person.

    Args:
        facts: as ``boroughlink evaluate --json`` prints them.
    """
    return template("pipeline.report", "evaluate.html.j2").render(
        marking=MARKING,
        about=facts["linkage"],
        measured=facts["true"],
        estimated=facts["estimated"],
        gap=facts["gap"],
        calibration=facts["calibration"],
        most_error=MOST_ERROR,
        tiles=_tiles(facts),
        scores=_scores(facts),
        waiting=facts["waiting"],
        reason=lambda name: REASONS.get(name) or TYPE_WORDS.get(name) or name.replace("_", " "),
        left_out=facts["left_out"],
        thresholds=facts["thresholds"],
        worse=facts["worse"],
        groups_untold=facts["groups_untold"],
        groupings=_groupings(facts["groups"], PANELS if facts["true"] else EXPECTED),
        thresholds_svg=Markup(threshold_chart(facts["thresholds"])),  # noqa: S704  (drawn by us from numbers)
        calibration_svg=Markup(_calibration(facts["calibration"])) if facts["calibration"] else "",  # noqa: S704
    )


def _tiles(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    true, estimated, about = facts["true"], facts["estimated"], facts["linkage"]
    if true is None:
        tiles = [
            ("expected precision of linked pairs", f"{estimated['precision']:.2%}"),
            ("expected recall", f"{estimated['recall']:.1%}"),
            ("linked pairs", f"{about['linked_pairs']:,}"),
            ("pairs to review", f"{about['pairs_to_review']:,}"),
        ]
    else:
        tiles = [
            ("precision of linked pairs", f"{true['pairs']['precision']:.2%}"),
            ("recall of pairs, by clusters", f"{true['clusters']['recall']:.1%}"),
            ("F1 of clusters", f"{true['clusters']['f1']:.3f}"),
            ("recall once stewards have answered", f"{true['with_stewards']['recall']:.1%}"),
            ("expected calibration error", f"{facts['calibration']['error']:.4f}"),
        ]
    groups = {(row["grouping"], row["group"]) for row in facts["groups"] if row["worse"]}
    return [*tiles, ("groups linked worse", "not told" if facts["groups_untold"] else f"{len(groups)}")]


def _scores(facts: Mapping[str, Any]) -> list[tuple[str, Mapping[str, float], bool]]:
    """Rows of the first table: what of, its scores, and whether they are differences."""
    true, estimated = facts["true"], facts["estimated"]
    expected = ("Linked pairs, as the model expects", estimated, False)
    if true is None:
        return [expected]
    rows = [
        ("Linked pairs, by the truth", true["pairs"], False),
        expected,
        ("Expected less true", facts["gap"], True),
        ("Clusters: all pairs that they imply", true["clusters"], False),
    ]
    if apart := true["kept_apart"]:
        rules = " and ".join(rule.replace("_", " ") for rule in apart["rules"])
        rows += [
            (
                f"… without the {apart['pairs']:,} pairs that rules keep from a machine ({rules})",
                apart["clusters"],
                False,
            ),
            (f"… without the {apart['persons']:,} persons whom these rules part", apart["other_persons"], False),
        ]
    rows.append(("… once stewards have answered every open question rightly", true["with_stewards"], False))
    return [*rows, ("Records: B-cubed", true["b_cubed"], False)]


def _calibration(calibration: Mapping[str, Any]) -> str:
    return calibration_chart(
        [
            CalibrationBin(each["predicted"], each["observed"], each["pairs"], each["low"], each["high"])
            for each in calibration["bins"]
        ]
    )


def _groupings(rows: Sequence[Mapping[str, Any]], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """Each grouping with its rows and its picture."""
    scale = scale_of(rows)
    sections = []
    for name, groups in groupby(rows, key=itemgetter("grouping")):
        group_rows = list(groups)
        is_drawn = any(row["recall"] for row in group_rows)
        drawn = Markup(forest_chart(name, group_rows, scale, titles)) if is_drawn else ""  # noqa: S704  (drawn by us; names are paths, not text)
        sections.append(
            {"name": name, "rows": group_rows, "svg": drawn, "few": [row for row in group_rows if row["is_too_small"]]}
        )
    return sections
