"""The papermill engine `nbasset`, as its entry point names it.

papermill loads the engines of all installed packages whenever anybody imports it. So this module imports nothing: whoever uses
papermill without us pays nothing for us, and papermill can be imported first or last. The work is in `notebook_client`.
"""

from __future__ import annotations

from typing import Any


class NbassetEngine:
    """Executes a notebook as papermill's own engine does, and leaves a file that can be kept: no secrets, no timing, no widget state.

    Use it by name, ``papermill.execute_notebook(..., engine_name="nbasset")`` or ``papermill --engine nbasset``. Options of its own, beside
    `start_timeout`, `execution_timeout`, `stdout_file` and `stderr_file`, are those of `notebook_client.EngineOptions`.
    """

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, output_path: str | None = None, **options: Any) -> Any:
        """Execute `nb` in a new kernel, in place; it is returned. A failing cell ends it and is left in the notebook."""
        from nbasset.promotion.notebook_client import execute

        return execute(nb, kernel_name, output_path, options)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """The kernel that the notebook names, unless `name` goes before it."""
        from papermill.utils import nb_kernel_name

        found: str = nb_kernel_name(nb, name)
        return found

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """The notebook's language, unless `language` goes before it."""
        from papermill.utils import nb_language

        found: str = nb_language(nb, language)
        return found
