"""How the engine executes a notebook: papermill's client and manager, made safe to keep.

- What a cell sends is masked before it stands in the notebook, and the file is masked as a whole, so a secret never reaches the disk.
- Times, paths and versions of tools are left out: equal data gives equal bytes. So is widget state: what a widget shows without it stays.
- The file is written after each cell, in one move: a reader sees the notebook before a cell or after it.
- A kernel that dies leaves an error under its cell, like an exception. A request to stop interrupts the kernel, and kills it if need be.
- Each cell is executed under its id, as in JupyterLab, so that whatever it defines is known by its cell.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import field, fields
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbclient.util import run_sync
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NotebookExecutionManager

from nbasset import clock
from nbasset.dataclass import dataclass
from nbasset.errors import KernelUnavailable, did_you_mean
from nbasset.execution.cancel import CancelToken
from nbasset.locations.document import INJECTED
from nbasset.promotion.written import SKIP_TAG, saved_text, write_whole
from nbasset.secrets import StreamMask, mask_data, mask_secrets

DEAD_KERNEL = "DeadKernel"
STOPPED = "Stopped"
_POLL_S = 0.1
_ALIVE_S = 0.5
_GRACE_S = {"request": 2.0}
_PATIENCE_S = 15.0
_SAVE_S = 5.0
_ASK_AGAIN_S = 1.0
_EXIT_S = 5.0
_EXIT_POLL_S = 0.005
_ATTEMPTS = 3
_WIDGET = "application/vnd.jupyter.widget-view+json"
_ADDRESS = re.compile(r"(?<= at )0x[0-9A-Fa-f]{6,16}(?=[>\s])")
_PICTURES = ("image/png", "image/jpeg", "image/gif", "application/pdf")

OnCell = Callable[[int, Any], None]


def _tell_nobody(index: int, cell: Any) -> None:
    """The null listener."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What can be said to the engine, beside what papermill's own takes.

    `environment` is added to the kernel's. `kernel_cwd` is where it runs. `cancel` stops the execution from any thread. `save_to` is a
    local file that takes the place of papermill's output: nothing but the masked notebook is ever written to it. `rewrite` is applied to
    each source on its way to the file. `on_cell` hears of each cell when it begins, with its index; `on_end` gets the executed notebook,
    whatever became of it.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    kernel_cwd: str | None = None
    cancel: CancelToken = field(default_factory=CancelToken)
    save_to: Path | None = None
    rewrite: Callable[[str], str] = mask_secrets
    on_cell: OnCell = _tell_nobody
    on_end: Callable[[Any], None] = lambda nb: None
    input_path: str | None = None
    start_timeout: int = 60
    execution_timeout: int | None = None
    stdout_file: Any = None
    stderr_file: Any = None


def execute(nb: Any, kernel_name: str, output_path: str | None, options: Mapping[str, Any]) -> Any:
    """Execute `nb` in a new kernel, in place. `options` hold those of `EngineOptions`; papermill's others are taken or do not matter.

    Raises
    ------
    KernelUnavailable
        If there is no such kernel, or it does not start.
    """
    known = {one.name for one in fields(EngineOptions)}
    if not _is_local(options.get("input_path")):
        options = {**options, "input_path": None}
    chosen = EngineOptions(**{name: value for name, value in options.items() if name in known and value is not None})
    _refuse_unknown_kernel(kernel_name)
    manager = QuietManager(
        nb, chosen, output_path=output_path, log_output=bool(options.get("log_output")), progress_bar=options.get("progress_bar", True)
    )
    manager.notebook_start()
    client = QuietClient(
        manager,
        chosen,
        kernel_name=kernel_name,
        timeout=chosen.execution_timeout,
        startup_timeout=chosen.start_timeout,
        stdout_file=chosen.stdout_file,
        stderr_file=chosen.stderr_file,
        log_output=bool(options.get("log_output")),
    )
    try:
        client.execute(env=_environment(chosen), **({"cwd": chosen.kernel_cwd} if chosen.kernel_cwd else {}))
    finally:
        manager.cleanup_pbar()
        manager.notebook_complete()
        chosen.on_end(manager.nb)
    return manager.nb


def _environment(options: EngineOptions) -> dict[str, str]:
    """The kernel's environment: this process's, and the marks that tell cells where they run."""
    source = {} if options.input_path is None else {"NBASSET_NOTEBOOK": str(Path(options.input_path).absolute())}
    return {**os.environ, "NBASSET_PAPERMILL": "1", **source, **options.environment}


def _is_local(path: str | None) -> bool:
    return isinstance(path, str) and "://" not in path and path != "-"


def _refuse_unknown_kernel(name: str) -> None:
    specs = KernelSpecManager()
    try:
        specs.get_kernel_spec(name)
    except NoSuchKernel:
        known = sorted(specs.find_kernel_specs()) or ["none"]
        near = did_you_mean(name, known) or f"Installed: {', '.join(known)}."
        raise KernelUnavailable(
            f"the notebook asks for the kernel '{name}', and none of that name is installed here. {near} "
            f"Choose one that is (--kernel {known[0]}), or install it: python -m ipykernel install --user --name {name}"
        ) from None


class QuietManager(NotebookExecutionManager):  # type: ignore[misc]
    """Keeps the file up to date, and what makes noise out of it."""

    def __init__(self, nb: Any, options: EngineOptions, **given: Any) -> None:
        super().__init__(nb, **given)
        self.options = options
        self._saved: str | None = None
        self._cells: dict[str, str] = {}
        self._saved_at = clock.monotonic()
        self._language_info = dict(nb.metadata.get("language_info") or {})

    def notebook_start(self, **given: Any) -> None:
        """Clear what an earlier execution left, but for cells that do not take part: theirs was put there for the reader."""
        for number, cell in enumerate(self.nb.cells):
            if not cell.get("id"):
                cell["id"] = f"cell-{number}"
            if cell.cell_type != "code":
                continue
            tags = cell.metadata.get("tags", [])
            if INJECTED in tags:
                cell["id"] = INJECTED  # papermill draws a new one each time
            cell.execution_count = None
            if SKIP_TAG not in tags:
                cell.outputs = []
        self.save()

    def cell_start(self, cell: Any, cell_index: int | None = None, **given: Any) -> None:
        """Tell who listens."""
        self.options.on_cell(cell_index or 0, cell)

    def cell_exception(self, cell: Any, cell_index: int | None = None, **given: Any) -> None:
        """Nothing to note: the error stands under the cell."""

    def cell_complete(self, cell: Any, cell_index: int | None = None, **given: Any) -> None:
        """Write the file."""
        if cell.cell_type == "code":
            self.save()
        if self.pbar:
            self.pbar.update(1)

    def notebook_complete(self, **given: Any) -> None:
        """Drop what papermill noted for itself, mask the sources, write the file."""
        nb = self.nb
        parameters = dict(nb.metadata.get("papermill", {}).get("parameters") or {})
        nb.metadata.pop("papermill", None)
        nb.metadata.pop("widgets", None)
        if parameters:
            nb.metadata["papermill"] = {"parameters": mask_data(parameters)}
        nb.metadata["language_info"] = self._language_info or {"name": "python"}
        for cell in nb.cells:
            cell.metadata.pop("papermill", None)
            cell.metadata.pop("execution", None)
            if not cell.metadata.get("tags", True):
                del cell.metadata["tags"]
            cell["source"] = self.options.rewrite(cell["source"])
        self.complete_pbar()
        self.cleanup_pbar()
        self.save(durable=True)

    def autosave_cell(self, **given: Any) -> None:
        """Now and then also while a cell runs."""
        if clock.monotonic() - self._saved_at >= _SAVE_S:
            self.save()

    def save(self, *, durable: bool = False, **given: Any) -> None:
        """Write the masked notebook, if it is another one than on disk; a `durable` file survives power loss."""
        self._saved_at = clock.monotonic()
        if self.options.save_to is None and not self.output_path:
            return
        text = saved_text(self.nb, self.options.rewrite, self._cells)
        if text == self._saved and not durable:
            return
        if self.options.save_to is not None:
            write_whole(self.options.save_to, text, durable=durable)
        elif _is_local(self.output_path):
            write_whole(Path(self.output_path), text, durable=durable)
        else:
            from papermill.iorw import papermill_io

            papermill_io.write(text, self.output_path)
        self._saved = text


class CellClient(AsyncKernelClient):
    """A kernel client that says which cell a request is for, as JupyterLab does. nbclient leaves it out."""

    cell_id: str | None = None

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers on both channels: then no output of the first cell can be missed.

        jupyter_client waits until nothing has come for 0.2 s, in each run; an answer that is known to come needs no such pause.

        Raises
        ------
        RuntimeError
            If the kernel died, or did not answer in `timeout` seconds.
        """
        until = None if timeout is None else clock.monotonic() + timeout
        asked: set[str] = set()
        while True:
            asked.add(self.kernel_info())
            try:
                reply = await self.shell_channel.get_msg(timeout=_ASK_AGAIN_S)
                self._handle_kernel_info_reply(reply)
                while True:
                    message = await self.iopub_channel.get_msg(timeout=_ASK_AGAIN_S)
                    if message["parent_header"].get("msg_id") in asked:
                        return
            except Empty:
                if not await self._async_is_alive():
                    raise RuntimeError("it died before it answered") from None
                if until is not None and clock.monotonic() > until:
                    raise RuntimeError(f"it did not answer in {timeout:.0f} seconds") from None

    def execute(
        self,
        code: str,
        silent: bool = False,
        store_history: bool = True,
        user_expressions: dict[str, Any] | None = None,
        allow_stdin: bool | None = None,
        stop_on_error: bool = True,
    ) -> str:
        """Ask the kernel to run `code`; the id of the request."""
        content = {
            "code": code,
            "silent": silent,
            "store_history": store_history,
            "user_expressions": user_expressions or {},
            "allow_stdin": self.allow_stdin if allow_stdin is None else allow_stdin,
            "stop_on_error": stop_on_error,
        }
        metadata = {"cellId": self.cell_id} if self.cell_id else {}
        message = self.session.msg("execute_request", content, metadata=metadata)
        self.shell_channel.send(message)
        found: str = message["header"]["msg_id"]
        return found


def _died(error: Exception) -> bool:
    """Whether a kernel ended before it said anything."""
    return isinstance(error, RuntimeError) and "died before" in str(error)


class QuietClient(PapermillNotebookClient):  # type: ignore[misc]
    """Executes the cells one by one until one fails or somebody wants it to stop."""

    def __init__(self, nb_man: QuietManager, options: EngineOptions, **given: Any) -> None:
        super().__init__(nb_man, **given)
        self.options = options
        self.record_timing = False
        self.store_widget_state = False
        self.coalesce_streams = True
        self._streams: dict[str, tuple[StreamMask, list[str]]] = {}

    def create_kernel_manager(self) -> Any:
        """A manager whose client names cells, over an encrypted connection where that can be had."""
        import zmq

        self.km = AsyncKernelManager(kernel_name=self.kernel_name, client_factory=CellClient)
        if self.km.has_trait("transport_encryption") and zmq.has("curve"):
            self.km.transport_encryption = "auto"
        return self.km

    def execute(self, **given: Any) -> Any:
        """Start the kernel, run the cells, stop it.

        A kernel that dies as it starts is started again: its ports are chosen before it binds them, and somebody may have been faster.

        Raises
        ------
        KernelUnavailable
            If the kernel does not start.
        """
        attempts = 0
        while True:
            attempts += 1
            self.reset_execution_trackers()
            started = False
            try:
                with self.setup_kernel(**given):
                    started = True
                    self.papermill_execute_cells()
                return self.nb
            except (RuntimeError, OSError, TimeoutError) as error:
                if started:
                    raise
                if attempts < _ATTEMPTS and _died(error) and not self.options.cancel.is_set:
                    continue
                raise KernelUnavailable(
                    f"the kernel '{self.kernel_name}' did not start: {error}. Try it alone: jupyter console --kernel {self.kernel_name}"
                ) from error

    def papermill_execute_cells(self) -> None:
        """Run the cells in order. The first that fails is the last; its error stands among its outputs."""
        for index, cell in enumerate(self.nb.cells):
            if self.options.cancel.is_set:
                return
            if cell.cell_type != "code" or not cell.source.strip() or SKIP_TAG in cell.metadata.get("tags", []):
                continue
            self.nb_man.cell_start(cell, index)
            self._streams = {}
            went_well = False
            try:
                self.kc.cell_id = cell.get("id")
                self.execute_cell(cell, index)
                went_well = True
            except CellExecutionError as error:
                self._mark(cell, error.ename, error.evalue)
            except CellTimeoutError as error:
                self._mark(cell, "CellTimeoutError", str(error).splitlines()[0])
            except DeadKernelError:
                self._mark(cell, STOPPED if self.options.cancel.is_set else DEAD_KERNEL, self._death())
            finally:
                self._flush_streams(cell)
                self.nb_man.cell_complete(self.nb.cells[index], cell_index=index)
            if not went_well:
                return

    def _mark(self, cell: Any, name: str, value: str) -> None:
        """Put an error under a cell that has none: papermill and readers look for it there."""
        if any(output["output_type"] == "error" for output in cell.outputs):
            return
        from nbformat.v4 import new_output

        said = mask_secrets(value)
        cell.outputs.append(new_output("error", ename=name, evalue=said, traceback=[f"{name}: {said}"]))  # type: ignore[no-untyped-call]

    def _death(self) -> str:
        process = getattr(getattr(self.km, "provisioner", None), "process", None)
        code = process.poll() if process is not None else None
        if self.options.cancel.is_set:
            return "the cell did not heed the request to stop, so its kernel was killed"
        if code is None:
            return "the kernel died while this cell ran"
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return "the kernel died while this cell ran: it ended " + how + ("; memory may have run out" if code == -9 else "")

    # -- stopping --------------------------------------------------------------------------------------------------------------

    async def _async_poll_kernel_alive(self) -> None:
        """Beside each cell: look whether the kernel lives, and whether somebody wants to stop."""
        asked = looked = clock.monotonic()
        interrupted = False
        while True:
            await asyncio.sleep(_POLL_S)
            now = clock.monotonic()
            if not self.options.cancel.is_set:
                asked = now
            elif not interrupted and now - asked >= _GRACE_S.get(self.options.cancel.by, 0.0):
                interrupted = True
                await self.km.interrupt_kernel()
            elif now - asked >= _PATIENCE_S:
                await self.km.shutdown_kernel(now=True)
                self._give_up()
                return
            if now - looked >= _ALIVE_S:
                looked = now
                try:
                    await self._async_check_alive()
                except DeadKernelError:
                    self._give_up()
                    return

    async def _async_cleanup_kernel(self) -> None:
        """Stop the kernel: asked, so that what it does on exit is done, and waited for without long pauses."""
        if self.km is not None and await self.km.is_alive():
            with suppress(RuntimeError):
                await self.km.request_shutdown()
            until = clock.monotonic() + _EXIT_S
            while clock.monotonic() < until and await self.km.is_alive():
                await asyncio.sleep(_EXIT_POLL_S)
        await super()._async_cleanup_kernel()

    _cleanup_kernel = run_sync(_async_cleanup_kernel)

    def _give_up(self) -> None:
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()

    # -- outputs ---------------------------------------------------------------------------------------------------------------

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Take a message in, masked."""
        kind = msg["msg_type"]
        content = msg["content"]
        if kind != "stream":
            self._flush_streams(cell)
        if kind == "stream":
            mask, pieces = self._stream(content["name"])
            mask.write(content["text"])
            if not pieces:
                return None
            content["text"] = mask_secrets("".join(pieces))
            pieces.clear()
        elif kind in ("display_data", "execute_result", "update_display_data"):
            content["data"] = kept_data(content["data"])
            content["metadata"] = mask_data(content.get("metadata", {}))
        elif kind == "error":
            content.update(mask_data({name: content.get(name, "") for name in ("ename", "evalue", "traceback")}))
        return super().process_message(msg, cell, cell_index)

    def _stream(self, name: str) -> tuple[StreamMask, list[str]]:
        if name not in self._streams:
            pieces: list[str] = []
            self._streams[name] = (StreamMask(pieces.append), pieces)
        return self._streams[name]

    def _flush_streams(self, cell: Any) -> None:
        """Text that was held back, since a secret might have gone on in it."""
        for name, (mask, pieces) in self._streams.items():
            mask.flush()
            if not pieces:
                continue
            text = mask_secrets("".join(pieces))
            pieces.clear()
            last = cell.outputs[-1] if cell.outputs else None
            if last is not None and last["output_type"] == "stream" and last["name"] == name:
                last["text"] += text
                continue
            from nbformat.v4 import new_output

            cell.outputs.append(new_output("stream", name=name, text=text))  # type: ignore[no-untyped-call]

    def set_widgets_metadata(self) -> None:
        """No widget state is kept."""


def kept_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of an output that a file keeps: masked, without live widgets, without addresses of objects in memory.

    >>> kept_data({"text/plain": "<Axes at 0x7f3a2c1b>", "application/vnd.jupyter.widget-view+json": {"model_id": "a1"}})
    {'text/plain': '<Axes at 0x…>'}
    """
    kept = {kind: part if kind in _PICTURES else mask_data(part) for kind, part in data.items() if kind != _WIDGET}
    plain = kept.get("text/plain")
    if isinstance(plain, str):
        kept["text/plain"] = _ADDRESS.sub("0x…", plain)
    return kept
