"""A real JupyterLab to look at: one server, notebooks opened in it, the page as a person sees it.

What is known of pages and their traps stands here, so that tests say what is done and seen, and nothing else.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOKEN = "tok"
PATIENCE_S = 90
"""How long anything may take on a machine that has much else to do. Nothing waits this long when all is well."""
CHROMIUM_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-dev-shm-usage", "--force-color-profile=srgb",
]  # fmt: skip
_READY = """async () => {
  const panel = jupyterapp.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
  return panel.context.path;
}"""
# Messages of JupyterLab itself and of Chromium without a graphics card, not of what is shown.
_NOT_OURS = (
    "favicon", "Failed to load resource", "was preloaded using link preload", "ResizeObserver loop", "WebGL", "jupyterlab-lsp",
    "There was a failure fetching", "Unable to fetch", "Could not load pluginmanager", "Could not restore the debugger state",
    "Canceled future for", "widget model not found",
)  # fmt: skip


@dataclass
class Lab:
    """A running server and the folder that it serves."""

    port: int
    root: Path
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def lab_server(base: Path, *, extra: Sequence[str] = (), environ: dict[str, str] | None = None) -> Iterator[Lab]:
    """Start JupyterLab with settings of its own in `base`, and stop it with its kernels."""
    root = base / "work"
    settings = base / "settings" / "@jupyterlab"
    for folder in (root, settings / "apputils-extension", settings / "completer-extension", base / "ipython"):
        folder.mkdir(parents=True, exist_ok=True)
    news = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "apputils-extension" / "notification.jupyterlab-settings").write_text(json.dumps(news))
    (settings / "docmanager-extension").mkdir(exist_ok=True)
    (settings / "docmanager-extension" / "plugin.jupyterlab-settings").write_text(json.dumps({"autosave": False}))
    port = _free_port()
    package = str(Path(__file__).parents[2])
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(base / "config"),
        "JUPYTER_DATA_DIR": str(base / "data"),
        "JUPYTER_RUNTIME_DIR": str(base / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(base / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(base / "workspaces"),
        "IPYTHONDIR": str(base / "ipython"),
        "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH", "")])),
        "TZ": "UTC",
        **(environ or {}),
    }
    environment.pop("NBASSET_HOME", None)
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={root}", "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.expose_app_in_browser=True", *extra,
    ]  # fmt: skip
    with (base / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            lab = Lab(port, root, process)
            _await_server(lab, base / "server.log")
            yield lab
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(60)


def write_notebook(path: Path, cells: Sequence[str]) -> Path:
    """A notebook of code cells; ids are ``c1``, ``c2``, and so on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
        for number, text in enumerate(cells, 1)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"cells": made, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    return path


@dataclass
class Page:
    """JupyterLab in a browser, with one notebook open at a time. `errors` are messages on the console that ours could have caused."""

    lab: Lab
    page: Any
    path: Path | None = None
    errors: list[str] = field(default_factory=list)

    @classmethod
    def load(cls, lab: Lab, browser: Any, *, theme: str = "light", width: int = 1180, height: int = 1000) -> Page:
        """Load JupyterLab; it takes some seconds, so a page is used for several notebooks."""
        page = browser.new_context(viewport={"width": width, "height": height}).new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        self = cls(lab, page)
        page.on("console", lambda message: self._hear(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self._hear(f"{error} {getattr(error, 'stack', '') or ''}"))
        page.goto(f"{lab.address}/lab?token={TOKEN}&reset")
        page.wait_for_function("() => window.jupyterapp && document.querySelector('.jp-Launcher, .jp-Notebook')")
        page.evaluate("async () => { await jupyterapp.restored; jupyterapp.shell.collapseLeft(); jupyterapp.shell.collapseRight(); }")
        self.theme(theme)
        return self

    def _hear(self, text: str) -> None:
        # Modules of widgets are loaded from blobs: what was thrown without one is JupyterLab's own affair.
        is_labs = ("/static/lab/" in text or "/jupyterlab-manager/" in text) and "blob:" not in text
        if not is_labs and not any(part in text for part in _NOT_OURS):
            self.errors.append(text)

    def theme(self, name: str) -> None:
        """Switch JupyterLab to ``light``, ``dark`` or ``dark high contrast``."""
        self.page.evaluate(
            "async (theme) => { await jupyterapp.commands.execute('apputils:change-theme', {theme}); }", f"JupyterLab {name.title()}"
        )
        self.page.wait_for_function("(name) => document.body.dataset.jpThemeName === name", arg=f"JupyterLab {name.title()}")

    def open(self, path: Path, *, kernel: bool = True) -> None:
        """Open a notebook in place of the one before, and wait until its kernel answers; or open it without a kernel."""
        self.path = path
        self.page.evaluate(
            """async ([path, kernel]) => {
              const kernelPreference = kernel ? undefined : { shouldStart: false, canStart: false, autoStartDefault: false };
              await jupyterapp.commands.execute('docmanager:open', { path, factory: 'Notebook', kernelPreference });
              await jupyterapp.shell.currentWidget.context.ready;
            }""",
            [path.relative_to(self.lab.root).as_posix(), kernel],
        )
        if kernel:
            self.page.evaluate(_READY)

    def shut(self) -> None:
        """Shut the kernel down and close the notebook."""
        self.page.evaluate(
            """async () => {
              const panel = jupyterapp.shell.currentWidget;
              if (!panel?.sessionContext) return;
              await panel.sessionContext.shutdown();
              panel.context.model.dirty = false;
              panel.dispose();
            }"""
        )

    def reload(self) -> None:
        """What F5 does."""
        self.page.reload()
        self.page.wait_for_function("() => window.jupyterapp && jupyterapp.shell.currentWidget?.context")
        self.page.evaluate(_READY)

    def run(self, *indexes: int, wait: bool = True) -> None:
        """Run cells by their indexes, each to its end unless told not to wait."""
        for index in indexes:
            before = self.number(index)
            self.page.evaluate(
                """(index) => {
                  const { content } = jupyterapp.shell.currentWidget;
                  content.activeCellIndex = index;
                  content.deselectAll();
                  void jupyterapp.commands.execute('notebook:run-cell');
                }""",
                index,
            )
            if wait:
                self.done(index, after=before)

    def number(self, index: int) -> int:
        """The number that a cell got when it last ran; 0 before."""
        return int(self.page.evaluate("(index) => jupyterapp.shell.currentWidget.content.widgets[index].model.executionCount ?? 0", index))

    def done(self, index: int, *, after: int = 0, timeout_s: float = PATIENCE_S) -> None:
        """Wait until a cell has run (again)."""
        self.page.wait_for_function(
            """([index, after]) => {
              const { model } = jupyterapp.shell.currentWidget.content.widgets[index];
              return (model.executionCount ?? 0) > after && model.executionState !== 'running';
            }""",
            arg=[index, after],
            timeout=timeout_s * 1000,
        )

    def is_busy(self, index: int) -> bool:
        """Whether a cell is running now."""
        return bool(
            self.page.evaluate("(index) => jupyterapp.shell.currentWidget.content.widgets[index].model.executionState === 'running'", index)
        )

    def write(self, index: int, source: str) -> None:
        """Put another source into a cell."""
        self.page.evaluate(
            "([index, source]) => jupyterapp.shell.currentWidget.content.widgets[index].model.sharedModel.setSource(source)",
            [index, source],
        )

    def save(self) -> Path:
        """Save the notebook."""
        assert self.path is not None
        self.page.evaluate("async () => { await jupyterapp.shell.currentWidget.context.save(); }")
        return self.path

    def restart_kernel(self) -> None:
        """Restart the kernel without asking."""
        self.page.evaluate("async () => { await jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart(); }")
        self.page.evaluate(_READY)

    def output(self, index: int) -> Any:
        """The outputs of a cell; of a live view that is there, without its twin."""
        return self.outputs(index).locator(".jp-OutputArea-child:not(:has(.nbasset-twin))")

    def twin(self, index: int) -> Any:
        """What stands below a cell for who runs no widgets."""
        return self.outputs(index).locator(".nbasset-twin")

    def outputs(self, index: int) -> Any:
        """All outputs of a cell."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell").nth(index).locator(".jp-OutputArea").first

    def scroll_to(self, index: int) -> None:
        """Bring a cell to the top."""
        self.page.evaluate("(index) => jupyterapp.shell.currentWidget.content.scrollToItem(index, 'start')", index)


def wait_for(look: Any, what: str, timeout_s: float = PATIENCE_S) -> Any:
    """Look until something is there."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {timeout_s} s for {what}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_server(lab: Lab, log: Path) -> None:
    def answers() -> bool:
        if lab.process.poll() is not None:
            raise AssertionError(f"JupyterLab ended: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(f"{lab.address}/api?token={TOKEN}", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    wait_for(answers, "JupyterLab to answer")
