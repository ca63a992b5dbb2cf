"""What is searched for: the words of a query as the index has them."""

from __future__ import annotations

import re

from savant.runtime.indexing.words import words
from savant.schemas.indexing import Query

MAX_TERMS = 24
_QUOTED = re.compile(r'"([^"]+)"')
_STOP = (
    "a an and are as at be by can do does for from has have if in into is it its no not of on or so that the their"
    " then there this to use using via was were when which will with without you your we all also only now should"
)
_STOP_STEMS = frozenset(words(_STOP).stems.split())


def parse(text: str) -> Query:
    """The query in a person's words: `"..."` is a phrase; common words count only where there are no others."""
    found = words(text)
    stems = list(dict.fromkeys(found.stems.split()))
    terms = [stem for stem in stems if stem not in _STOP_STEMS] or stems
    phrases = [phrase for quoted in _QUOTED.findall(text) if " " in (phrase := words(quoted).stems)]
    names = dict.fromkeys(found.names.split())
    return Query(text, tuple(terms[:MAX_TERMS]), tuple(names)[:MAX_TERMS], tuple(phrases))


def asks_for_tests(text: str) -> bool:
    """Whether a query is itself about tests."""
    return re.search(r"\b(?:tests?|specs?|testing|fixtures?)\b", text, re.IGNORECASE) is not None
