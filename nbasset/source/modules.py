"""Modules of the user's project, read by their text and never imported.

An import of the document is followed into the project when `SliceSource.module` has a text for it; everything else is an installed package,
whose inside is no business of a slice. A relative import resolves against the module that it stands in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nbasset.source.expressions import Import
from nbasset.source.flow import Program
from nbasset.source.program import Cell, SliceSource
from nbasset.source.units import ParsedCell, Unit


class Modules:
    """Project modules of one document as programs, each read once until its text changes."""

    def __init__(self, source: SliceSource) -> None:
        self.source = source
        self._texts: dict[str, str | None] = {}
        self._parsed: dict[str, tuple[str, ParsedCell]] = {}
        self._programs: dict[str, Program] = {}
        self._open: set[str] = set()

    def has_changed(self, source: SliceSource) -> bool:
        """Whether a module that was asked for has another text now; if so, programs are made anew from here on."""
        self.source = source
        if all(_module_text(source, dotted) == text for dotted, text in self._texts.items()):
            return False
        self._texts.clear()
        self._programs.clear()
        return True

    def text(self, dotted: str) -> str | None:
        """Text of a project module, or None."""
        if dotted not in self._texts:
            self._texts[dotted] = _module_text(self.source, dotted)
        return self._texts[dotted]

    def program(self, dotted: str) -> Program | None:
        """The module as a program; None when it is not of the project (or is being read: modules that import each other)."""
        found = self._programs.get(dotted)
        if found is not None:
            return found
        text = self.text(dotted)
        if text is None or dotted in self._open:
            return None
        self._open.add(dotted)
        try:
            program = Program(module_file(dotted), self._units(dotted, text), self.resolver(dotted), dotted=dotted)
        finally:
            self._open.discard(dotted)
        self._programs[dotted] = program
        return program

    def resolver(self, within: str) -> Callable[[Import], Program | None]:
        """Answers an import that stands in module `within` (empty: the document) with the project module it names."""

        def resolve(found: Import) -> Program | None:
            dotted = self.absolute(found, within)
            return self.program(dotted) if dotted else None

        return resolve

    def absolute(self, found: Import, within: str) -> str:
        """The full dotted name of the module that an import names."""
        if not found.level:
            return found.module
        package = within.split(".") if within else []
        drop = found.level - (1 if within and self.text(f"{within}.__init__") is not None else 0)
        base = package[: len(package) - drop] if drop <= len(package) else []
        return ".".join([*base, *(found.module.split(".") if found.module else [])])

    def _units(self, dotted: str, text: str) -> Sequence[Unit]:
        kept = self._parsed.get(dotted)
        if kept is None or kept[0] != text:
            cell = Cell(id=dotted, index=0, text=text, label="")
            kept = self._parsed[dotted] = (text, ParsedCell(cell, module_file(dotted)))
        return kept[1].units(is_lazy="annotations" in kept[1].futures)


def module_file(dotted: str) -> str:
    """What people call the file of a module: ``pkg/clean.py``."""
    return f"{dotted.replace('.', '/')}.py"


def _module_text(source: SliceSource, dotted: str) -> str | None:
    # nbasset itself is never part of a slice, even where the project is its own checkout.
    if not dotted or dotted.partition(".")[0] == "nbasset":
        return None
    return source.module(dotted)
