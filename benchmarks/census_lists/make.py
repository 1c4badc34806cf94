# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = ["pseudopeople>=1.2"]
# ///
"""Census-like lists of one simulated town, in an environment of their own: ``uv run --no-project benchmarks/census_lists/make.py FOLDER``.

Writes pseudopeople_census_acs.parquet (a census against a survey, with the noise of Splink's own demo of these data) and
pseudopeople_census_w2.parquet (the census against tax forms, which have no birthday): unique_id, entity_id (the truth),
source_dataset (a: census, b: the other) and the columns that both lists have, as text. The people are those that the package
pseudopeople (Institute for Health Metrics and Evaluation) brings along: some 10,000 of them, a thousand in six large institutions.
"""

# In a folder of its own, so that no module beside it is taken for one of a library's.

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pseudopeople

NOISE = {
    "column_noise": {
        "date_of_birth": {"swap_month_and_day": {"cell_probability": 0.15}},
        "last_name": {"make_typos": {"cell_probability": 0.1, "token_probability": 0.15}},
    }
}
ADDRESS = ("street_number", "street_name", "city", "state", "zipcode", "unit_number")
NAME = ["first_name", "middle_initial", "last_name"]
PERSON = ["age_in_2020", "date_of_birth", "sex", "race_ethnicity"]


def write_lists(folder: Path) -> None:
    """Write both sets; the same each time with one version of pseudopeople."""
    census = _in_2020(pseudopeople.generate_decennial_census(config={"decennial_census": NOISE}), 2020)
    survey = pseudopeople.generate_american_community_survey(year=None, config={"american_community_survey": NOISE})
    survey = _in_2020(survey, pd.to_datetime(survey["survey_date"]).dt.year)
    taxes = pseudopeople.generate_taxes_w2_and_1099()
    taxes = taxes.rename(columns={f"mailing_address_{part}": part for part in ADDRESS})
    folder.mkdir(parents=True, exist_ok=True)
    _both(census, survey, [*NAME, "address", *PERSON]).to_parquet(folder / "pseudopeople_census_acs.parquet")
    _both(census, taxes, [*NAME, "address"]).to_parquet(folder / "pseudopeople_census_w2.parquet")


def _in_2020(table: pd.DataFrame, year: int | pd.Series) -> pd.DataFrame:
    age = pd.to_numeric(table["age"], errors="coerce") - (year - 2020)
    return table.assign(age_in_2020=age.astype("Int64"))


def _both(census: pd.DataFrame, other: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    parts = [
        table.assign(source_dataset=source, entity_id=table["simulant_id"], address=_address(table))
        for source, table in (("a", census), ("b", other))
    ]
    both = pd.concat([part[["entity_id", "source_dataset", *columns]].astype("string") for part in parts])
    both = both[both["entity_id"].notna()].reset_index(drop=True)
    both.insert(0, "unique_id", both.index.astype("string"))
    return both


def _address(table: pd.DataFrame) -> pd.Series:
    """One line of address; nothing where a part but the unit number is missing."""
    parts = table[list(ADDRESS)].astype("string")
    line = parts.fillna("").agg(" ".join, axis=1).str.strip()
    return line.mask(parts.drop(columns="unit_number").isna().any(axis=1))


if __name__ == "__main__":
    write_lists(Path(sys.argv[1]))
