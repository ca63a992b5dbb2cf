"""The words by which code is found."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from savant.runtime.indexing.words import Words, words

MIXED = st.text(alphabet=st.one_of(st.sampled_from("aBcSs_09 .-\n\t\x1c\x85—’éßİ²½日９\u0301"), st.characters()))


@pytest.mark.parametrize(
    ("text", "stems", "names"),
    [
        ("parseHTTPHeader2 x", "pars http head", "parsehttpheader2"),
        ("__init__ parsers", "init pars", ""),
        ("naïve—it’s", "naiv it", ""),
        ("utf8_bytes/日本語", "utf byt 日本語", "utf8_bytes"),
        ("a" * 65, "", ""),
    ],
)
def test_words_are_parts_by_their_stems_and_whole_names(text: str, stems: str, names: str) -> None:
    assert words(text) == Words(stems, names)


@given(MIXED)
def test_a_text_has_the_words_of_its_words_in_their_order(text: str) -> None:
    each = [words(word) for word in re.findall(r"\w+", text)]
    stems = " ".join(one.stems for one in each if one.stems)
    assert words(text) == Words(stems, " ".join(one.names for one in each if one.names))
