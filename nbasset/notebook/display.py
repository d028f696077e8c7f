"""What is displayed: one MIME bundle for every reader, published once or updated in place.

A bundle has HTML for notebooks, SVG where there is a picture, and plain text for terminals and screen readers. Nothing is displayed in
one form only, and nothing is made differently for one front end: each picks the best it can show.
"""

from __future__ import annotations

from typing import Any

from nbasset.dataclass import dataclass
from nbasset.notebook.html import Html
from nbasset.secrets import mask_secrets


@dataclass(frozen=True, slots=True)
class Bundle:
    """The same facts as HTML, as text and perhaps as SVG."""

    html: Html
    text: str
    svg: str = ""

    def data(self) -> dict[str, str]:
        """By MIME type, secrets masked."""
        found = {"text/plain": mask_secrets(self.text), "text/html": str(self.html)}
        if self.svg:
            found["image/svg+xml"] = self.svg
        return found

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.data()


def show(bundle: Bundle, *, display_id: str | None = None, update: bool = False) -> None:
    """Display a bundle below the running cell; with an id it can be updated in place later."""
    from IPython import display as ipython_display

    display: Any = ipython_display.display
    if display_id is None:
        display(bundle.data(), raw=True)
    else:
        display(bundle.data(), raw=True, display_id=display_id, update=update)


def can_update(shell: Any) -> bool:
    """Whether displays can be updated in place: in a kernel. A terminal would print each update below the last."""
    return getattr(shell, "kernel", None) is not None
