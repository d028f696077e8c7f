"""A run of a notebook through papermill: prepared here, executed in a kernel of its own, recorded like any other run.

This process asks for the run, keeps its heart beating, hears requests to stop and records the end; what happens to each asset is recorded
by the kernel, in the cells that `prepare` generates. Both write to the home's one store.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from nbasset import clock, serde
from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog
from nbasset.errors import Error, InvalidNotebook, StorageUnavailable
from nbasset.events.facts import ErrorInfo
from nbasset.events.kinds import Event, RunFailed, RunRequested, RunStarted
from nbasset.execution.cancel import CancelToken
from nbasset.execution.failures import error_info
from nbasset.instance import Instance
from nbasset.keys import RunId
from nbasset.locations.document import INJECTED, NotebookDocument
from nbasset.locations.location import Location
from nbasset.locations.notebook import load_with_parameters
from nbasset.locations.parameters import cell_of, parameters_of
from nbasset.planning.plan import RunPlan
from nbasset.promotion.ending import Stop, ending
from nbasset.promotion.prepare import marked, prepare, with_notes
from nbasset.promotion.taking_part import part_of
from nbasset.promotion.written import SKIP_TAG, saved_text, write_whole
from nbasset.secrets import mask_data, mask_secrets, references_in, remember_named
from nbasset.serde import Json
from nbasset.storage.processes import this_process
from nbasset.storage.protocol import Storage

NOTEBOOK_NAME = "notebook.ipynb"
HEARTBEAT_S = 15.0
_POLL_S = 0.2
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class NotebookOptions:
    """How a notebook is run. `parameters` are those that stand in the location's injected cell; `kernel_name` overrides the notebook's.

    `on_event` hears each event of the run, in order, from another thread. With `is_requested` the request was recorded before; `along` are
    events to write with the run's start. `secrets` are names of variables whose values are masked, as far as reading the notebook does not
    tell. `notes` are sentences that stand above the executed notebook.
    """

    parameters: Mapping[str, Json] = field(default_factory=dict)
    kernel_name: str | None = None
    start_timeout_s: int = 60
    user: str = ""
    parent_run_id: RunId | None = None
    root_run_id: RunId | None = None
    cancel: CancelToken = field(default_factory=CancelToken)
    on_event: Callable[[Event], None] = lambda event: None
    kind: Literal["papermill", "background", "scheduled"] = "papermill"
    is_requested: bool = False
    along: tuple[Event, ...] = ()
    secrets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotebookOutcome:
    """How the run ended. `notebook` is the executed notebook, also of a run that failed; `events` are those of the run, in order."""

    run_id: RunId
    status: str
    notebook: Path
    events: tuple[Event, ...]
    message: str = ""
    error: ErrorInfo | None = None


def with_parameters(location: Location, given: Mapping[str, object]) -> tuple[Location, dict[str, Json]]:
    """The location of a notebook with a run's own values of its parameters, and the values as plain data.

    Raises
    ------
    InvalidNotebook
        If the location is no notebook.
    InvalidConfigError
        If the values do not fit the notebook.
    """
    values = parameters_of(_document(location).cells(), given)
    return (load_with_parameters(location, cell_of(values)) if values else location), values


def run_notebook(
    location: Location,
    catalog: Catalog,
    plan: RunPlan,
    *,
    instance: Instance,
    options: NotebookOptions = NotebookOptions(),  # noqa: B008 - frozen
) -> NotebookOutcome:
    """Carry out `plan` by executing a prepared copy of the location's notebook.

    A cell that raises ends the run as a failure; the outcome tells. An interrupt stops the kernel's cell and ends the run as cancelled.

    Raises
    ------
    InvalidNotebook
        If the location is no notebook, or its file is not the one that was loaded.
    KernelUnavailable
        If its kernel is not installed or does not start; the run is recorded as failed.
    StorageUnavailable
        If the executed notebook cannot be written; likewise.
    """
    document = _document(location)
    notebook = _notebook(document)
    secrets = _remember_secrets(notebook, plan, options)
    part = part_of(location, catalog, plan)
    prepared = with_notes(prepare(notebook, document.cells(), part, plan), options.notes)
    storage = instance.storage
    file = instance.home.run_folder(plan.run_id) / NOTEBOOK_NAME
    _begin(storage, plan, location, options)
    stop = Stop()
    try:
        with _watching(storage, plan.run_id, options) as told, _interrupts(options.cancel):
            executed = _execute(prepared, file, plan, options, stop, _environment(instance, location, document, secrets))
            told.settle()
        events = _events(storage, plan.run_id)
        cancelled_by = options.cancel.by if options.cancel.is_set else ""
        ends = ending(plan, events, stop, part, document, cancelled_by=cancelled_by, at_us=clock.now_us())
        _keep(executed, file, plan.run_id, options.parameters, stop, ends[-1])  # first: who hears that a run is over finds its notebook
    except OSError as error:
        told_so = StorageUnavailable(f"the executed notebook cannot be kept in {file}: {error.strerror or error}. The run has ended.")
        _give_up(storage, plan.run_id, told_so, options)
        raise told_so from error
    except BaseException as error:
        _give_up(storage, plan.run_id, error, options)
        raise
    storage.append(ends, flush=True)
    for event in ends:
        options.on_event(event)
    last = storage.run(plan.run_id)
    assert last is not None
    return NotebookOutcome(plan.run_id, last.status, file, (*events, *ends), last.message, last.error)


# -- before -------------------------------------------------------------------------------------------------------------------


def _document(location: Location) -> NotebookDocument:
    location.check()
    if not isinstance(location.source, NotebookDocument):
        raise InvalidNotebook(f"{location.name} is no notebook, and papermill executes notebooks. Run it without --papermill.")
    return location.source


def _notebook(document: NotebookDocument) -> dict[str, Any]:
    data = document.path.read_bytes()
    if hashlib.sha256(data).hexdigest() != document.sha256:
        raise InvalidNotebook(f"{document.path} was saved while it was being loaded. Run it again.")
    found: dict[str, Any] = json.loads(data.decode("utf-8-sig"))
    injected = next((cell for cell in document.cells() if INJECTED in document.tags[cell.id]), None)
    if injected is not None and _is_injected(found["cells"], injected.index):
        found["cells"][injected.index]["source"] = injected.text
    elif injected is not None:
        made = {"cell_type": "code", "id": INJECTED, "metadata": {"tags": [INJECTED]}, "source": injected.text, "outputs": []}
        found["cells"].insert(injected.index, {**made, "execution_count": None})
    return found


def _is_injected(cells: list[Any], index: int) -> bool:
    return index < len(cells) and INJECTED in cells[index].get("metadata", {}).get("tags", ())


def _remember_secrets(notebook: Mapping[str, Any], plan: RunPlan, options: NotebookOptions) -> frozenset[str]:
    """Have every secret masked that the notebook could show: of the environment, by name or by reference, and among the parameters.

    The names of variables that are referred to, for the kernel to do the same.
    """
    text = json.dumps([[cell.get("source") for cell in notebook["cells"]], serde.to_json(dict(plan.config))])
    referred = references_in(text) | set(options.secrets)
    remember_named(os.environ, referred)
    remember_named(options.parameters)
    return frozenset(referred)


def _begin(storage: Storage, plan: RunPlan, location: Location, options: NotebookOptions) -> None:
    at = clock.now_us()
    events: list[Event] = []
    if not options.is_requested:
        plan_id = storage.put_text(serde.dumps(plan))
        asked = RunRequested(
            at, plan.run_id, plan.targets, len(plan.steps), plan.job, options.kind, location.name, plan.tags, plan.config, plan_id,
            options.parent_run_id, options.root_run_id, None, options.user,
        )  # fmt: skip
        events.append(asked)
    events += [RunStarted(at, plan.run_id, this_process()), *options.along]
    storage.append(events)
    for event in events:
        options.on_event(event)


# -- the kernel ---------------------------------------------------------------------------------------------------------------


def _execute(
    prepared: dict[str, Any],
    file: Path,
    plan: RunPlan,
    options: NotebookOptions,
    stop: Stop,
    environment: dict[str, str],
) -> Any:
    """Execute the copy; what ended it before its end is noted in `stop`. The executed notebook."""
    import nbformat
    import papermill
    from papermill.exceptions import PapermillExecutionError

    node = nbformat.from_dict(prepared)  # type: ignore[no-untyped-call]
    marker = f" --run {plan.run_id}"
    executed: list[Any] = []
    with suppress(PapermillExecutionError):  # it stands in the notebook
        papermill.execute_notebook(
            node,
            None,
            engine_name="nbasset",
            kernel_name=options.kernel_name or prepared["metadata"].get("kernelspec", {}).get("name") or "python3",
            language="python",
            progress_bar=False,
            start_timeout=options.start_timeout_s,
            environment=environment,
            kernel_cwd=environment["NBASSET_NOTEBOOK_FOLDER"],
            cancel=options.cancel,
            save_to=file,
            rewrite=lambda source: mask_secrets(source.replace(marker, "")),
            on_end=executed.append,
        )
    notebook = executed[0]
    for index, cell in enumerate(notebook.cells):
        if SKIP_TAG in cell.metadata.get("tags", ()):
            continue
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error" and stop.index is None:
                stop.note(index, cell.get("id", ""), output["ename"], output["evalue"])
    return notebook


def _environment(instance: Instance, location: Location, document: NotebookDocument, secrets: frozenset[str]) -> dict[str, str]:
    """Where the kernel finds home and notebook, in which folder it runs, what it masks, and that it draws figures for readers."""
    return {
        "NBASSET_HOME": str(instance.home.root),
        "NBASSET_NOTEBOOK": str(document.path),
        "NBASSET_NOTEBOOK_FOLDER": str(location.folder or document.path.parent),
        "NBASSET_SECRETS": ",".join(sorted(secrets)),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }


class _Told:
    """Passes the events of a run on to who listens, as the kernel writes them."""

    def __init__(self, storage: Storage, run_id: RunId, options: NotebookOptions) -> None:
        self.storage = storage
        self.run_id = run_id
        self.options = options
        self.after = storage.last_seq()
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def settle(self) -> None:
        """Tell what is left to tell."""
        with self._lock:
            entries = self.storage.entries(after=self.after, run=self.run_id, limit=_PAGE)
            while entries:
                for entry in entries:
                    self.after = entry.seq
                    self.options.on_event(entry.event)
                entries = self.storage.entries(after=self.after, run=self.run_id, limit=_PAGE)

    def watch(self) -> None:
        """Tell, beat, and hear requests to stop, until the kernel has ended."""
        beat = clock.monotonic()
        while not self._stop.wait(_POLL_S):
            try:
                self.settle()
                if clock.monotonic() - beat >= HEARTBEAT_S:
                    beat = clock.monotonic()
                    self.storage.heartbeat(self.run_id, clock.now_us())
                record = self.storage.run(self.run_id)
            except Error:  # a busy store: the next round asks again
                continue
            if record is not None and record.status == "canceling" and not self.options.cancel.is_set:
                self.options.cancel.cancel("request")

    def end(self) -> None:
        """No more rounds."""
        self._stop.set()


@contextmanager
def _watching(storage: Storage, run_id: RunId, options: NotebookOptions) -> Iterator[_Told]:
    told = _Told(storage, run_id, options)
    thread = threading.Thread(target=told.watch, name="nbasset-notebook", daemon=True)
    thread.start()
    try:
        yield told
    finally:
        told.end()
        thread.join()


@contextmanager
def _interrupts(cancel: CancelToken) -> Iterator[None]:
    """A first interrupt asks the run to stop; a second one raises KeyboardInterrupt at once. Only the main thread hears any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def heard(number: int, frame: object) -> None:
        if cancel.is_set:
            raise KeyboardInterrupt
        cancel.cancel("interrupt" if number == signal.SIGINT else "a signal")

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


# -- after --------------------------------------------------------------------------------------------------------------------


def _events(storage: Storage, run_id: RunId) -> list[Event]:
    found: list[Event] = []
    after = 0
    while entries := storage.entries(after=after, run=run_id, limit=_PAGE):
        found += [entry.event for entry in entries]
        after = entries[-1].seq
    return found


def _keep(executed: Any, file: Path, run_id: RunId, parameters: Mapping[str, Json], stop: Stop, end: Event) -> None:
    """Write the notebook as it is kept: run and parameters named in its metadata, the cell marked where it ended."""
    executed.metadata["nbasset"] = {"run_id": run_id}
    if parameters:
        executed.metadata["papermill"] = {"parameters": mask_data(dict(parameters))}
    kept: Mapping[str, Any] = executed
    if stop.index is not None:
        kept = marked(executed, stop.index, "The run failed" if isinstance(end, RunFailed) else "The run was stopped")
    write_whole(file, saved_text(kept, mask_secrets))


def keep_copy(notebook: Path, output: Path) -> None:
    """Copy an executed notebook to where somebody wants it.

    Raises
    ------
    StorageUnavailable
        If it cannot be written there.
    """
    try:
        write_whole(output, notebook.read_text(encoding="utf-8"))
    except OSError as error:
        raise StorageUnavailable(f"{output} cannot be written: {error.strerror or error}. The notebook is kept in {notebook}.") from error


def _give_up(storage: Storage, run_id: RunId, error: BaseException, options: NotebookOptions) -> None:
    """The execution itself failed: say so, if that can still be said."""
    interrupted = isinstance(error, KeyboardInterrupt)
    said = "it was interrupted twice" if interrupted else str(error)
    event = RunFailed(clock.now_us(), run_id, "interrupted" if interrupted else "error", mask_secrets(said), error_info(error))
    try:
        storage.append([event], flush=True)
    except Error:
        return
    options.on_event(event)
