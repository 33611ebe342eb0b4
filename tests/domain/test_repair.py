# ruff: noqa: RUF001 - the marks that typesetters set are what this is about
"""Damaged text is repaired where that is sure, offered where it is not, and clean
text of any language passes unchanged."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from readiness.domain.parsing.repair import Repairing, mend
from tests.reach import holds_for

# Sentences of our own, with the quotes, dashes and spaces that people set.
CLEAN = {
    "French": "L’été déjà « prêt » — ça où l’équipe relit l’œuvre : « À vérifier… »",
    "German": "„Größe geprüft“ – die Übergabe für Äpfel, Öl und Straße läuft ‚später‘",
    "Spanish": "¿Quién firmó? «Mañana», dijo él — el año pasado también…",
    "Portuguese": "A revisão “à noite” não é «única» — só então a ação começa: “É já”",
    "Greek": "Έλεγχος πριν από την έκδοση — «όλα καλά» είπε η ομάδα…",
    "Polish": "„Zażółć gęślą jaźń” – sprawdź łącza, źródła i wyjście",
}
SURE = {
    "Italian": "La verifica è riuscita — “così” però resta l’ora di Cefalù… ✅ 🔒 ⚠️",
    "English": "It’s “done” – or is it? ✅ Fixed… ❌ Open — see §4 · §5",
}
ENCODINGS = ("mac_roman", "cp1252")


def damaged(text: str, encoding: str) -> str:
    """UTF-8 read in another encoding, as browsers read it."""
    return "".join(
        bytes([byte]).decode(encoding, "ignore") or chr(byte) for byte in text.encode()
    )


@pytest.mark.parametrize("language", [*CLEAN, *SURE])
def test_clean_text_passes_and_nothing_is_offered(language: str) -> None:
    text = (CLEAN | SURE)[language]
    found = mend(text)
    assert (found.text, found.repairs, found.offered) == (text, [], [])


@pytest.mark.parametrize("language", SURE)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_is_surely_damaged_is_repaired(language: str, encoding: str) -> None:
    found = mend(damaged(SURE[language], encoding))
    assert (found.text, found.offered) == (SURE[language], [])


@pytest.mark.parametrize("language", ["German", "Polish", "Greek"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_may_be_damaged_is_offered(language: str, encoding: str) -> None:
    text = damaged(CLEAN[language], encoding)
    if (language, encoding) == ("German", "mac_roman"):
        assert mend(text).text == CLEAN[language]
        return
    found = mend(text)
    assert (found.text, found.repairs) == (text, [])
    assert found.offered
    assert mend(text, Repairing.OFFERED).text == CLEAN[language]


def test_one_damaged_line_among_clean_ones_is_offered_alone() -> None:
    clean = "José and Zoë, naïve ’è and “à la carte”\n"
    text = clean + damaged("señal mañana – “hecho”", "mac_roman")
    found = mend(text)
    assert (found.text, found.repairs) == (text, [])
    assert {each.repaired for each in found.offered} == {"ñ", "–", "“", "”"}
    assert {line for each in found.offered for line in each.lines} == {2}
    assert mend(text, Repairing.OFFERED).text == clean + "señal mañana – “hecho”"


@pytest.mark.parametrize(
    "text", ["≈±5 % ≈±5 ≈±5", "≈£100, ≈£200 and ≈£300", "√±1 √±2 √±3", "≈°C ≈°C ≈°C"]
)
def test_signs_in_pairs_may_be_meant(text: str) -> None:
    assert mend(text).text == text
    assert mend(text).offered


def test_a_text_that_was_received_before_is_not_repaired_again() -> None:
    text = damaged(SURE["English"], "mac_roman")
    found = mend(text, Repairing.NONE)
    assert (found.text, found.repairs) == (text, [])
    assert found.offered


def test_two_runs_are_too_few_to_say_anything() -> None:
    text = damaged("“twice”", "mac_roman")
    found = mend(text)
    assert (found.text, found.offered) == (text, [])


LETTERS = {
    "French": "àâçéèêëîïôùûüœÀÇÉÈÊ",
    "German": "äöüßÄÖÜ",
    "Spanish": "áéíóúñüÁÉÍÓÚÑ",
    "Portuguese": "áâãàçéêíóôõúÁÂÃÀÇÉÊÍÓÔÕÚ",
    "Greek": "αβγδεζηθικλμνξοπρστυφχψωάέήίόύώς",
    "Polish": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ",
}
MARKS = "‘’“”„‚«»‹›–—…°§·"


def words(letters: str) -> st.SearchStrategy[str]:
    """A word with accents, perhaps quoted, as typesetters set it."""
    word = st.text(st.sampled_from("abcdeno" + letters), min_size=1, max_size=6)
    mark = st.sampled_from(["", "", *MARKS])
    return st.tuples(mark, word, mark).map("".join)


ACCENTED = st.sampled_from(sorted(LETTERS)).flatmap(
    lambda name: st.lists(words(LETTERS[name]), min_size=1, max_size=25)
)
TYPOGRAPHIC = st.tuples(
    st.tuples(
        st.lists(st.sampled_from(["’", "“a”", "–", "…", "✅"]), min_size=3),
        st.lists(st.sampled_from(["é", "ü", "🔒"])),
    ).map(lambda parts: [*parts[0], *parts[1]]),
    st.sampled_from(ENCODINGS),
)


def test_clean_accented_text_is_never_changed() -> None:
    def kept(parts: list[str]) -> bool:
        text = " ".join(parts)
        assert mend(text).text == text
        return sum(not part.isascii() for part in parts) >= 3

    holds_for(ACCENTED, kept, examples=600)


def test_damage_of_typographic_english_is_always_healed() -> None:
    def healed(case: tuple[list[str], str]) -> bool:
        text = " a ".join(case[0])
        assert mend(damaged(text, case[1])).text == text
        return True

    holds_for(TYPOGRAPHIC, healed, examples=300)
