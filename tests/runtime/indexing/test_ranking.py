"""What past commits say of files, and what a file's company is worth."""

from __future__ import annotations

from savant.runtime.indexing import ranking
from savant.runtime.indexing.ranking import File
from savant.schemas.indexing import WEIGHTS

FILES = {id: File(f"src/{name}.py", 0) for id, name in enumerate("abcd")}
HITS = ({0: 9.0, 1: 2.0, 2: 3.0}, {0: [10], 1: [11], 2: [12]})


def test_what_changes_with_the_best_hit_comes_earlier_and_is_no_hit_by_that_alone() -> None:
    alone = ranking.fused(FILES, HITS, limit=3)
    assert [one.file for one in alone] == [0, 2, 1]
    company = ranking.fused(FILES, HITS, company=lambda best: {1: 0.8, 3: 0.9} if best == 0 else {}, limit=3)
    assert [one.file for one in company] == [0, 1, 2]
    assert company[1].score == alone[2].score + WEIGHTS.together * 0.8 * alone[0].score


def test_what_is_too_far_down_to_be_looked_at_rises_with_the_best_too() -> None:
    alone = ranking.fused(FILES, HITS, limit=1)
    assert [one.file for one in alone] == [0]
    company = ranking.fused(FILES, HITS, company=lambda _: {1: 0.8}, limit=1)
    assert [one.file for one in company] == [0, 1]


def test_files_are_together_that_changed_in_more_than_one_commit() -> None:
    commits = ranking.by_path([["a", "b"], ["a", "b", "c"], ["c"], ["a"]])
    assert ranking.together("a", commits) == {"b": 2 / (3 + WEIGHTS.few_together)}
    assert ranking.together("d", commits) == {}


def test_a_commit_that_changed_many_files_says_less_of_each() -> None:
    scores, because = ranking.by_commits(
        [(1, [0], 1, 2.0), (2, [1], 16, 2.0), (3, [2], 16, 2.0), (4, [], 0, 2.0)], FILES
    )
    assert scores[0] > scores[2] > scores[1]
    assert because == {0: [1], 1: [2], 2: [3]}
