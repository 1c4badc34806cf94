"""The 33 local authorities of London, with the codes that exports use for them."""

from __future__ import annotations

import re

# Borough: (ONS code, pre-2018 station code, Basic Command Unit). City of London has a police force of its own.
CODES: dict[str, tuple[str, str, str]] = {
    "City of London": ("E09000001", "48", "48"),
    "Barking and Dagenham": ("E09000002", "KG", "EA"),
    "Barnet": ("E09000003", "SX", "NW"),
    "Bexley": ("E09000004", "RY", "SE"),
    "Brent": ("E09000005", "QK", "NW"),
    "Bromley": ("E09000006", "PY", "SN"),
    "Camden": ("E09000007", "EK", "CN"),
    "Croydon": ("E09000008", "ZD", "SN"),
    "Ealing": ("E09000009", "XB", "WA"),
    "Enfield": ("E09000010", "YE", "NA"),
    "Greenwich": ("E09000011", "RG", "SE"),
    "Hackney": ("E09000012", "GD", "CE"),
    "Hammersmith and Fulham": ("E09000013", "FH", "AW"),
    "Haringey": ("E09000014", "YR", "NA"),
    "Harrow": ("E09000015", "QA", "NW"),
    "Havering": ("E09000016", "KD", "EA"),
    "Hillingdon": ("E09000017", "XH", "WA"),
    "Hounslow": ("E09000018", "TX", "WA"),
    "Islington": ("E09000019", "NI", "CN"),
    "Kensington and Chelsea": ("E09000020", "BS", "AW"),
    "Kingston upon Thames": ("E09000021", "VK", "SW"),
    "Lambeth": ("E09000022", "LX", "AS"),
    "Lewisham": ("E09000023", "PL", "SE"),
    "Merton": ("E09000024", "VW", "SW"),
    "Newham": ("E09000025", "KF", "NE"),
    "Redbridge": ("E09000026", "JI", "EA"),
    "Richmond upon Thames": ("E09000027", "TW", "SW"),
    "Southwark": ("E09000028", "MD", "AS"),
    "Sutton": ("E09000029", "ZT", "SN"),
    "Tower Hamlets": ("E09000030", "HT", "CE"),
    "Waltham Forest": ("E09000031", "JC", "NE"),
    "Wandsworth": ("E09000032", "WW", "SW"),
    "Westminster": ("E09000033", "CW", "AW"),
}
BOROUGHS = tuple(CODES)


def slug(borough: str) -> str:
    """The borough as it stands in feed ids and file names, such as ``tower_hamlets``."""
    return re.sub(r"[^a-z0-9]+", "_", borough.lower()).strip("_")


# Any way an export may write a borough, folded by ``slug``, to its name. Station codes AW, SN and WA mean today's units.
BY_CODE: dict[str, str] = {
    written: borough
    for borough, (ons, station, _) in CODES.items()
    for written in (slug(borough), slug(ons), slug(station))
}
