"""Comparing tables piece by piece: the same answer as in one piece and as pandas gives, and never more in memory than a piece."""

from __future__ import annotations

import io
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbasset.errors import InvalidInvocationError
from nbasset.io_managers.compare import TableDiff, compare_files
from nbasset.io_managers.compare_rows import Keys, Limits, matched, pieces
from nbasset.io_managers.parquet_files import open_file

TINY = Limits(piece_bytes=64, hashes=7)
KINDS = {"id": "int64", "name": "string", "x": "float64", "n": "int64"}
rows = st.dictionaries(
    st.tuples(st.integers(-3, 6), st.sampled_from(["a", "b", None, "ä"])),
    st.tuples(st.one_of(st.none(), st.sampled_from([0.5, -2.0, math.nan])), st.one_of(st.none(), st.integers(-2, 2))),
    max_size=30,
)


def stored(table: pa.Table, *, group: int = 4) -> pq.ParquetFile:
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=group)
    return open_file(io.BytesIO(sink.getvalue()))


def table_of(found: dict[tuple[Any, Any], tuple[Any, Any]]) -> pa.Table:
    columns = list(zip(*((*key, *values) for key, values in found.items()), strict=True)) or [(), (), (), ()]
    return pa.table({name: pa.array(list(column), kind) for (name, kind), column in zip(KINDS.items(), columns, strict=True)})


def in_memory(table: pa.Table) -> pd.DataFrame:
    """The table for pandas, one row a key, values as texts so that null and NaN are values like any other."""
    keys = [f"{row['id']}/{row['name']}" for row in table.to_pylist()]
    values = {name: [repr(value) for value in table.column(name).to_pylist()] for name in ("x", "n")}
    return pd.DataFrame(values, index=pd.Index(keys, dtype="str"), dtype="str")


def counted(before: pa.Table, after: pa.Table) -> tuple[int, int, int, dict[str, int]]:
    """Added, removed and changed rows, and changed cells of columns, as pandas tells them."""
    left, right = in_memory(before), in_memory(after)
    both = left.index.intersection(right.index)
    differs = left.loc[both].ne(right.loc[both])
    cells = {name: int(differs[name].sum()) for name in ("x", "n")}
    return len(right.index.difference(left.index)), len(left.index.difference(right.index)), int(differs.any(axis=1).sum()), cells


@settings(max_examples=60, deadline=None)
@given(before=rows, after=rows)
def test_many_pieces_give_the_answer_of_one_and_of_pandas(before: dict[Any, Any], after: dict[Any, Any]) -> None:
    tables = table_of(before), table_of(after)
    whole, parts = (
        compare_files(stored(tables[0]), stored(tables[1]), key=["id", "name"], limits=limits) for limits in (Limits(), TINY)
    )  # fmt: skip
    assert rounded(parts) == rounded(whole)
    cells = {one.name: one.changed for one in parts.columns if one.name in ("x", "n")}
    assert (parts.added, parts.removed, parts.changed, cells) == counted(*tables)
    assert parts.is_same == (list(map(repr, before.items())) == list(map(repr, after.items())))


def rounded(found: TableDiff) -> TableDiff:
    """Without the last digits, in which sums of other pieces differ."""
    columns = tuple(replace(one, mean=tuple(map(short, one.mean)), drift=short(one.drift)) for one in found.columns)  # type: ignore[arg-type]
    return replace(found, columns=columns)


def short(value: float | None) -> float | None:
    return None if value is None else round(value, 9)


@settings(max_examples=60, deadline=None)
@given(before=rows, after=rows)
def test_each_row_is_in_one_piece_and_equal_keys_are_in_the_same(before: dict[Any, Any], after: dict[Any, Any]) -> None:
    tables = table_of(before), table_of(after)
    left, right = list(before), list(after)
    seen: tuple[list[int], list[int]] = ([], [])
    pairs = []
    for piece in pieces((stored(tables[0]), stored(tables[1])), ["id", "name"], TINY):
        found = matched(piece, ["id", "name"])
        for side in (0, 1):
            seen[side].extend(piece.rows[side].tolist())
        pairs += [(left[piece.rows[0][a]], right[piece.rows[1][b]]) for a, b in zip(found.left, found.right, strict=True)]
    assert [sorted(some) for some in seen] == [list(range(len(left))), list(range(len(right)))]
    assert all(repr(a) == repr(b) for a, b in pairs)
    assert len(pairs) == len(before.keys() & after.keys())


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, None], [1.5, -0.0, None], ["a", "b", None], [True, False, None], [b"a", b"b", None],
        pa.array([1, 2, None], "date32"), pa.array([1, 2, None], "time32[s]"), pa.array([1, 2, None], pa.timestamp("ns", "UTC")),
        pa.array([1, 2, None], "uint64"), pa.array(["x", "y", None]).dictionary_encode(), pa.array([1, 2, None]).cast(pa.decimal128(21, 2)),
    ],
    ids=str,
)  # fmt: skip
def test_keys_of_every_plain_type_find_each_other_across_pieces(values: Any) -> None:
    column = values if isinstance(values, pa.Array) else pa.array(values)
    before = pa.table({"k": column, "v": [1, 2, 3]})
    after = before.take([2, 0, 1]).set_column(1, "v", pa.array([3, 1, 9]))
    found = compare_files(stored(before, group=1), stored(after, group=2), key=["k"], limits=Limits(piece_bytes=8, hashes=1))
    assert (found.added, found.removed, found.changed) == (0, 0, 1)


def test_a_key_of_two_types_is_matched_by_its_text() -> None:
    before, after = pa.table({"k": [1, 2], "v": [1, 2]}), pa.table({"k": ["2", "3"], "v": [2, 3]})
    found = compare_files(stored(before), stored(after), key=["k"], limits=TINY)
    assert (found.added, found.removed, found.changed) == (1, 1, 0)


def test_long_tables_without_a_key_are_compared_stretch_by_stretch() -> None:
    before = pa.table({"n": [at % 3 for at in range(50)]})
    after = pa.table({"n": [at % 3 if at != 40 else 9 for at in range(53)]})
    found = compare_files(stored(before), stored(after), limits=TINY)
    assert (found.key, found.added, found.changed, found.first) == ((), 3, 1, "column `n` at row 41: 1 and 9")


def test_keys_are_counted_a_share_at_a_time() -> None:
    table = pa.table({"k": [1, 2, 2, 3, 3, 3], "u": list("abcdef")})
    keys = Keys((stored(table), stored(table)), ["k", "u"], Limits(hashes=2))
    assert (keys.alike(["k"], 0), keys.alike(["u"], 1), keys.guess()) == (3, 0, ("u",))
    with pytest.raises(InvalidInvocationError, match=r"3 rows \(before\) have the key of another one"):
        compare_files(stored(table), stored(table), key=["k"], limits=TINY)


def test_what_is_no_number_does_not_count_as_one() -> None:
    before = pa.table({"k": [1, 2, 3], "x": [1.0, math.nan, 3.0], "y": [1.0, math.inf, 1.0]})
    after = pa.table({"k": [3, 2, 1], "x": [3.0, math.nan, 2.0], "y": [1.0, math.inf, 1.0]})
    found = compare_files(stored(before), stored(after), key=["k"])
    assert [(one.name, one.changed, one.mean) for one in found.columns[1:]] == [("x", 1, (2.0, 2.5)), ("y", 0, (None, None))]
    assert found.to_json()["columns"][2]["high"] == ["inf", "inf"]


MEMORY = """
import sys, pyarrow as pa, pyarrow.parquet as pq
from nbasset.io_managers.compare import compare_files
from nbasset.io_managers.compare_rows import Limits
from nbasset.io_managers.parquet_files import open_file
files = [open_file(open(name, "rb")) for name in sys.argv[1:3]]
found = compare_files(*files, key=["id"], limits=Limits(piece_bytes=500_000))
print(found.changed, found.added, found.removed, pa.default_memory_pool().max_memory())
"""


def test_two_tables_are_compared_in_less_memory_than_one_of_them_takes(tmp_path: Path) -> None:
    count = 50_000
    columns: dict[str, Any] = {f"c{at}": pa.array([float(row * at % 1009) for row in range(count)]) for at in range(20)}
    table = pa.table({"id": pa.array(range(count)), **columns})
    pq.write_table(table, tmp_path / "before", row_group_size=5_000, use_dictionary=False)
    pq.write_table(table.slice(10).append_column("new", table.column("c1").slice(10)), tmp_path / "after", row_group_size=5_000)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path / "before"), str(tmp_path / "after")], capture_output=True, text=True, check=True
    )
    *counts, most = map(int, done.stdout.split())
    assert counts == [0, 0, 10]
    assert most < table.nbytes
