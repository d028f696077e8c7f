"""Definitions from the stored text of a slice, in a process that knows nothing else: what a worker does.

The text holds the asset and what it needs of its document, and no other asset. What the asset reads is declared as external, with the specs
that the run's catalog has of them, so that inputs are loaded as they would be in the run itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nbasset.definitions.specs import AssetSpec
from nbasset.locations.location import Location
from nbasset.locations.notebook import load_document
from nbasset.source.slices import statements_of_text
from nbasset.storage.codec import text_id


def load_slice_text(text: str, *, upstream: Iterable[AssetSpec] | None = None, folder: Path | None = None) -> Location:
    """The location that a slice's text makes. It has the code version of the original, and its tracebacks point into the notebook.

    `upstream` are specs of the assets that it reads; without them its free names that are assets stand for themselves.

    Raises
    ------
    LocationError
        If the text is no slice.
    """
    taken = statements_of_text(text)
    specs = [AssetSpec(name) for name in sorted(taken.reads)] if upstream is None else list(upstream)
    return load_document(taken, module=f"nbasset_slice_{text_id(text)[:16]}", folder=folder, kind="slice", upstream=specs)
