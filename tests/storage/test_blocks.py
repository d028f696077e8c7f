"""Blocks of partition states: what goes in comes out, however it was put together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nbasset.events.reducers import PartitionRow, rows_of
from nbasset.storage.blocks import SHIFT, SIZE, Block, table_of

hexes = st.binary(min_size=0, max_size=4).map(bytes.hex)
texts = st.one_of(
    hexes,
    hexes.map("c1:{}".format),
    st.sampled_from(["", "v1", "c1:", "AB", "ab", "c1:zz", "a:b:00ff", "\ud800\x00é", "0" * 16, "x" * 400]),
)
numbers = st.integers(-(2**63), 2**63 - 1)
rows = st.builds(PartitionRow, st.integers(0, 2), numbers, numbers, numbers, texts, texts, texts, texts, texts, texts)
changes = st.lists(st.tuples(st.integers(0, SIZE - 1), st.none() | rows), max_size=40)


def digest(number: int, width: int) -> str:
    return number.to_bytes(width, "big").hex()


def usual(number: int) -> PartitionRow:
    """A row as runs write it: digests of 256 bits, one run and one code for all."""
    return PartitionRow(
        1,
        number,
        number,
        number,
        "ab" * 16,
        "n1:" + "cd" * 20,
        f"c1:{digest(number + 1, 32)}",
        digest(number + 1, 32),
        digest(number + 1, 10),
        "\x1fparquet\x1fpandas 3.1.0\x1fairlines,flights\x1f",
    )


@given(changes=changes)
def test_a_block_holds_what_was_last_put_into_it(changes: list[tuple[int, PartitionRow | None]]) -> None:
    block, expected = Block(), {}
    for offset, row in changes:
        if row is None:
            block.drop(offset)
            expected.pop(offset, None)
        else:
            block.put(offset, row)
            expected[offset] = row
        assert block.get(offset) == row
    again = Block(block.encode()) if len(block) else Block()
    assert dict(block.rows()) == dict(again.rows()) == expected
    assert [offset for offset, _ in again.rows()] == sorted(expected)


@given(states=st.dictionaries(st.integers(-300, 300), rows, max_size=30))
def test_a_table_is_what_its_blocks_hold(states: dict[int, PartitionRow]) -> None:
    blocks: dict[int, Block] = {}
    for ordinal, row in states.items():
        blocks.setdefault(ordinal >> SHIFT, Block()).put(ordinal & (SIZE - 1), row)
    table = table_of([(number, blocks[number].encode()) for number in sorted(blocks)])
    assert rows_of(table) == states
    assert list(table.ordinals) == sorted(states)
    shared = [table.texts[index] for index in {*table.run, *table.code, *table.recipe}]
    assert len(shared) == len(set(shared))


def test_a_partition_of_usual_content_takes_a_hundred_bytes() -> None:
    block = Block()
    for offset in range(SIZE):
        block.put(offset, usual(offset))
    assert len(block.encode()) / SIZE < 105


def test_a_block_does_not_grow_with_the_runs_that_were_there_once() -> None:
    block = Block()
    for offset in range(4):
        block.put(offset, usual(offset))
    for number in range(1, 5000):
        block.put(number % 4, usual(number)._replace(run=digest(number, 16)))
    assert len(block.encode()) < 2000
    assert [row.run for _, row in block.rows()] == [digest(number, 16) for number in (4996, 4997, 4998, 4999)]


def test_texts_of_a_table_are_found_from_both_ends() -> None:
    block = Block()
    block.put(3, usual(1))
    table = table_of([(0, block.encode())])
    assert table.texts[-1] == table.texts[len(table.texts) - 1] == usual(1).version_id
    assert table.texts[:] == tuple(table.texts)
    assert table.texts.index(usual(1).data_version) == table.data_version[0]
    assert table_of([]).texts[:] == ()
