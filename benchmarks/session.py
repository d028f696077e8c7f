"""A notebook that is being worked in: loading the extension, the first picture, what cells need, one cell run again.

    python benchmarks/session.py [--cells 200] [--rounds 5]

"%load_ext" and "first %asset graph" are what people wait for in a fresh kernel: seconds of CPU of a new process after IPython has started,
with three assets defined. "slices" are the exact code and the code version of every asset of a notebook, half of whose cells define one, in
a reader that has seen none of it, against `ast.parse` of the same text. "one cell run again" is what a session does when one of those cells
is run again: it is parsed, the others are kept, and the asset that it makes, or every asset, is sliced anew.
"""

from __future__ import annotations

import argparse
import ast
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import process_time

from nbasset.source.program import Cell, Place
from nbasset.source.slices import CodeReader

FRESH = """
import os, tempfile
from time import process_time
os.chdir(tempfile.mkdtemp())
os.environ["NBASSET_HOME"] = os.getcwd()
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
shell = InteractiveShell.instance()
with capture_output():
    began = process_time()
    shell.run_line_magic("load_ext", "nbasset")
    loaded = process_time()
    for cell in ("%%asset orders\\n[1, 2]", "%%asset totals\\nsum(orders)", "%%asset report\\n[orders, totals]"):
        assert shell.run_cell(cell, store_history=True).success
    defined = process_time()
    assert shell.run_cell("%asset graph", store_history=True).success
    drawn = process_time()
print(loaded - began, drawn - defined)
"""


@dataclass(frozen=True)
class Document:
    """A notebook as the reader wants it."""

    content: tuple[Cell, ...]
    name: str = "big.ipynb"

    def cells(self) -> tuple[Cell, ...]:
        """The cells in order."""
        return self.content

    def module(self, dotted: str) -> str | None:
        """No project modules."""
        return None


def document_of(count: int) -> Document:
    """Every other cell an asset that reads up to three others, a helper and a constant; the others define those."""
    cells = [Cell("c0", 0, "import numpy as np\nimport pandas as pd")]
    for number in range(1, count):
        if number % 2:
            text = (
                f"LIMIT_{number} = {number}\n\ndef clean_{number}(frame, limit=LIMIT_{number}):\n"
                '    """Rows within the limit."""\n'
                "    kept = frame[frame['value'] < limit]\n    return kept.assign(value=np.sqrt(kept['value'])).reset_index(drop=True)"
            )
            cells.append(Cell(f"c{number}", number, text))
            continue
        reads = [f"a{other}" for other in (number - 2, number - 8, number - 16) if other > 0]
        text = f"frame = pd.concat([{', '.join(reads) or 'pd.DataFrame()'}])\nframe = clean_{number - 1}(frame)\nframe.groupby('key').sum()"
        cells.append(Cell(f"c{number}", number, text, role="asset", header=f"a{number}"))
    return Document(tuple(cells))


def slice_all(reader: CodeReader, document: Document, assets: frozenset[str]) -> None:
    """Slices of all asset cells."""
    roots = {cell.id: [Place(cell.id, 1, cell.text.count("\n") + 1)] for cell in document.cells() if cell.role == "asset"}
    found = reader.slices(document, roots, assets=assets)
    assert all(piece.version and piece.exact and not piece.unbound for piece in found.values())


def timed(work: Callable[[], object], rounds: int) -> float:
    """The median of the CPU seconds that the work takes."""
    taken = []
    for _ in range(rounds):
        began = process_time()
        work()
        taken.append(process_time() - began)
    return statistics.median(taken)


def main() -> None:
    """Measure and print."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--cells", type=int, default=200)
    reader.add_argument("--rounds", type=int, default=5)
    given = reader.parse_args()

    def fresh() -> tuple[float, ...]:
        done = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True, check=True)
        return tuple(map(float, done.stdout.split()[-2:]))

    loads, graphs = zip(*(fresh() for _ in range(given.rounds + 1)), strict=True)  # the first round writes bytecode
    print(f"%load_ext nbasset, in a fresh process      {statistics.median(loads[1:]):7.3f} s CPU")
    print(f"first %asset graph, three assets           {statistics.median(graphs[1:]):7.3f} s CPU")

    document = document_of(given.cells)
    assets = frozenset(cell.header for cell in document.cells() if cell.role == "asset")
    text = "\n".join(cell.text for cell in document.cells())
    raw = timed(lambda: ast.parse(text), given.rounds)
    cold = timed(lambda: slice_all(CodeReader(), document, assets), given.rounds)
    print(f"ast.parse of {given.cells} cells                     {raw * 1e3:7.1f} ms CPU")
    print(f"slices and versions of its {len(assets)} assets        {cold * 1e3:7.1f} ms CPU {cold / raw:6.1f} x ast.parse")

    warm = CodeReader()
    slice_all(warm, document, assets)
    versions = iter(range(1_000_000))
    last = max(number for number, cell in enumerate(document.cells()) if cell.role == "asset" and number <= given.cells // 2)

    def edited() -> Document:
        cell = document.cells()[last]
        changed = replace(cell, text=f"edited = {next(versions)}\n{cell.text}")
        return Document((*document.cells()[:last], changed, *document.cells()[last + 1 :]))

    def one() -> None:
        changed = edited()
        cell = changed.cells()[last]
        warm.slice(changed, [Place(cell.id, 1, cell.text.count("\n") + 1)], assets=assets)

    print(f"one cell run again: its own slice          {timed(one, given.rounds * 3) * 1e3:7.1f} ms CPU")
    print(
        f"one cell run again: the slices of all      {timed(lambda: slice_all(warm, edited(), assets), given.rounds * 3) * 1e3:7.1f} ms CPU"
    )


if __name__ == "__main__":
    main()
