"""Digests of what a version was made from: they are recorded, so they never change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nbasset.planning.digests import counted, digest_of, head_of_digest, input_digest_of, input_digest_of_counted

TEXT = st.text(st.characters(codec=None), max_size=8)


def test_digests_are_those_that_were_recorded() -> None:
    inputs = [("b", "d2"), ("a/b", "Å"), ("a-b", "")]
    assert input_digest_of("n1:0a", "config=1", "parquet", inputs) == "i1:7ae6beae6581b485fef51f86d0827807"
    assert digest_of(["a", "Å", "\ud800"]) == "ece84216e67f3d596952746838c5f81a"


@given(TEXT, TEXT, TEXT, st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_the_digest_of_texts_that_were_counted_before_is_the_same(code: str, config: str, io: str, inputs: list[tuple[str, str]]) -> None:
    texts = "".join([counted(f"{name}={digest}") for name, digest in sorted(inputs)])
    assert input_digest_of_counted(head_of_digest(code, config, io), texts) == input_digest_of(code, config, io, inputs)


@given(st.lists(TEXT, max_size=4), st.lists(TEXT, max_size=4))
def test_other_texts_have_another_digest(one: list[str], other: list[str]) -> None:
    assert (digest_of(one) == digest_of(other)) == (one == other)
