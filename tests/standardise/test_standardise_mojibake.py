"""Letters that were read in the wrong encoding are mended, and names that are right stay."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.standardise.text import repair

NAMES = """
    Ambrasaitė Petrauskaitė Kėdainis Rūta Šimkus Žydrūnas Erdoğan Baltaş Şener Şükrü Çağlar Ihsanoğlu Łukasz Śliwa Świątek
    Źdźbło Čech Ďurica Šťastný Řehoř Țepeș Ștefan Niță Əliyev Ŵyn Żammit Ċensu Åsa Ørsted Ægir Þóra Ñandú Zoë André João
    Nguyễn Ngô Đặng Ọlá Nicolò Ħal
"""
ALPHABETS = {
    "Portuguese": "ãõáéíóúâêôàç",
    "Swedish": "åäö",
    "Danish": "æøå",
    "German": "äöü",
    "Turkish": "çğıöşü",
    "Polish": "ąćęłńóśźż",
    "Czech": "áčďéěíňóřšťúůýž",
    "Lithuanian": "ąčęėįšųūž",
    "Croatian": "čćđšž",
    "Hungarian": "áéíóöőúüű",
    "Irish": "áéíóú",
}
own_letters = st.sampled_from(sorted(ALPHABETS)).flatmap(
    lambda language: st.text(ALPHABETS[language] + "aeinrst", min_size=3, max_size=8)
)


def read_wrongly(text: str) -> str:
    return text.encode().decode("sloppy-windows-1252")


@pytest.mark.parametrize("name", NAMES.split())
def test_a_name_of_one_such_letter_is_mended(name: str) -> None:
    assert read_wrongly(name) != name
    assert repair(read_wrongly(name)) == name


@given(own_letters, st.sampled_from([str.title, str.upper]), st.sampled_from(["-", "'", " "]))
def test_a_name_that_is_right_stays(name: str, written: Callable[[str], str], between: str) -> None:
    whole = f"{written(name)}{between}{written(name)}"
    assert repair(whole) == whole


@pytest.mark.parametrize(
    "name", ["MÄKELÄ\u2013VIRTANEN", "SALMELÄ\u2019AHO", "NORDÅ ANNA", "JÄŽAR", "ROMÃ SILVA", "LÉŠ", "VÅ-"]
)
def test_a_capital_with_a_mark_of_its_own_stays(name: str) -> None:
    assert repair(name) == name.replace("\u2019", "'")


@pytest.mark.parametrize("name", ["\u201cNORDÅ\u201d", "\u2018VÄ\u2019"])
def test_quotes_around_a_name_stay_quotes(name: str) -> None:
    assert repair(name)[1:-1] == name[1:-1]


def test_a_space_that_does_not_break_stays_a_space_behind_a_name() -> None:
    assert repair("MÄKELÄ\xa0ANNA") == "MÄKELÄ ANNA"


def test_one_sure_letter_shows_what_the_others_are() -> None:
    assert repair("JANKÄ\u2013NAS") == "JANKÄ\u2013NAS"
    assert repair("JANKÄ\u2013NAITÄ\u2013") == "JANKĖNAITĖ"
