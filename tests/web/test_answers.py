"""Answers that are sent again: never one that is not true any more."""

from __future__ import annotations

import gzip

from hypothesis import given
from hypothesis import strategies as st

from nbasset.web.answers import MOST_KEPT, SHORTEST_KEPT, YOUNG_S, Answer, Answers, packed

from .conftest import Project, serving

LONG = b"x" * SHORTEST_KEPT


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), st.floats(0, 2 * YOUNG_S)), max_size=40))
def test_an_answer_is_one_of_the_same_question_and_state_and_is_young(asked: list[tuple[int, int, float]]) -> None:
    now = 0.0
    answers = Answers(lambda: now)
    made: list[tuple[int, int, float]] = []

    def make() -> Answer:
        made.append((question, mark, now))
        return Answer(200, LONG + str(len(made) - 1).encode())

    for question, mark, passed in asked:
        now += passed
        found = int(answers.find(question, mark, make).body[len(LONG) :])
        of, under, at = made[found]
        assert (of, under) == (question, mark)
        assert now - at < YOUNG_S


def test_what_was_made_a_moment_ago_is_not_made_again() -> None:
    answers = Answers(lambda: 0.0)
    made: list[int] = []

    def make() -> Answer:
        made.append(1)
        return Answer(200, LONG)

    for _ in range(3):
        answers.find("a", 1, make)
    assert len(made) == 1


def test_short_answers_are_not_kept_and_no_more_than_a_few_of_the_long() -> None:
    answers = Answers(lambda: 0.0)
    for number in range(3 * MOST_KEPT):
        answers.find(number, 1, lambda: Answer(200, LONG))
        answers.find(f"short {number}", 1, lambda: Answer(200, b"short"))
    assert len(answers._kept) == MOST_KEPT


def test_a_packed_answer_is_the_same_one() -> None:
    assert gzip.decompress(packed(Answer(200, LONG)).body) == LONG
    assert packed(Answer(200, b"short")) == Answer(200, b"short")


def test_what_was_recorded_is_in_the_next_answer(new_shop: Project) -> None:
    about = "__schema { types { name description fields { name description } } }"  # so long that it is kept
    query = f"{{ {about} assetNodes {{ assetKey {{ path }} assetMaterializations(limit: 1000) {{ timestamp label }} }} }}"
    with serving(new_shop) as running:
        counts = []
        for _ in range(3):
            running.http.post("/report_asset_materialization/orders", json={"description": "x"})
            for _ in range(2):
                found = running.graphql(query)["data"]["assetNodes"]
            counts.append(sum(len(one["assetMaterializations"]) for one in found))
    assert counts == [counts[0], counts[0] + 1, counts[0] + 2]
