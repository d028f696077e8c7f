"""What a step displays is kept with what it made: in a shell, in a script, in a worker."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from nbasset import Instance, asset, materialize
from nbasset.events.facts import DisplayKept
from nbasset.events.kinds import StepSucceeded


def kept_by(result: object) -> list[DisplayKept]:
    events = [event for event in result.all_events if isinstance(event, StepSucceeded)]  # type: ignore[attr-defined]
    return [fact for event in events for fact in event.facts if isinstance(fact, DisplayKept)]


def test_a_figure_that_nobody_shows_is_kept_and_closed(tmp_path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    own = pyplot.figure()

    @asset
    def drawn() -> int:
        pyplot.figure()
        pyplot.plot([1, 2, 3])
        return 1

    result = materialize([drawn], instance=Instance.open(tmp_path))
    (kept,) = kept_by(result)
    assert (kept.mime, (tmp_path / ".nbasset" / "runs" / kept.file).read_bytes()[:4]) == ("image/png", b"\x89PNG")
    assert pyplot.get_fignums() == [own.number]
    pyplot.close(own)


def test_a_step_that_displays_nothing_keeps_nothing(tmp_path: Path) -> None:
    @asset
    def silent() -> int:
        return 1

    result = materialize([silent], instance=Instance.open(tmp_path))
    assert kept_by(result) == []
    assert not (tmp_path / ".nbasset" / "runs" / str(result.run_id)).exists()


def test_a_worker_keeps_tables_and_figures_of_a_notebook(write_notebook: Callable[..., Path], tmp_path: Path) -> None:
    path = write_notebook(
        "import pandas as pd\nfrom matplotlib import pyplot as plt\nfrom IPython.display import display",
        "%%asset shown\ndisplay(pd.DataFrame({'a': [1]}))\nplt.plot([1, 2])\nplt.show()\npd.DataFrame({'b': [2]})",
    )
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from nbasset.cli import main; sys.exit(main())", "run", str(path), "--executor", "processes"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    names = sorted(file.suffix for file in (tmp_path / ".nbasset" / "runs").rglob("shown/*"))
    assert names == [".html", ".png"]
