"""The panels of a page that shows several locations as one: their lineage in one picture.

Each location keeps a desk of its own, with its code and how its assets stand. The picture is joined from theirs; what is asked of an asset
is answered by the desk of the location that makes it. A plan is of one location: a run loads the code of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Literal

from nbasset.commands.lineage import joined, rendered
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.selection import AssetSelection
from nbasset.drawing.picture import Picture
from nbasset.errors import InvalidInvocationError
from nbasset.keys import AssetKey, RunId
from nbasset.notebook.desk import Desk
from nbasset.notebook.look import Look
from nbasset.notebook.panel import LineageSource, LivePanel
from nbasset.notebook.panel_commands import After, answer
from nbasset.notebook.panel_lineage import Drawn, Wanted, picture_of, view_of
from nbasset.notebook.wire import Result
from nbasset.notebook.wire_commands import Command, MakePlan, Materialize, RunAgain, Target
from nbasset.notebook.wire_views import LineageView


class ProjectDesk(Desk):
    """The desks of several locations as one. The first one's look stands for all of them: the time and the log are the same."""

    def __init__(self, desks: Sequence[Desk]) -> None:
        super().__init__(desks[0].session)
        self._desks = tuple(desks)
        self.looks: tuple[Look, ...] = ()

    def look(self) -> Look:
        """Everything as it is now."""
        with self.lock:
            self.looks = tuple(desk.look() for desk in self._desks)
            self._look = self.looks[0]
            return self._look

    def lineage(self, wanted: Wanted) -> LineageSource:
        """The lineage of all locations."""
        return ProjectLineage(wanted, lambda: self.looks or (self.look(),))

    def answer(self, live: LivePanel, command: Command, after: After) -> Result | None:
        """Do what a picture asks for, by the location that it is about."""
        if isinstance(command, (MakePlan, Materialize)):
            desk, target = self._planned_by(command.target)
            return answer(desk, live, replace(command, target=target), after)
        return answer(self._desk_for(command), live, command, after)

    def _desk_for(self, command: Command) -> Desk:
        if isinstance(command, RunAgain):
            record = self.session.instance.reader.run(RunId(command.run))
            return self._makers([target.asset for target in record.targets] if record is not None else [])[0]
        name = getattr(command, "asset", None)
        return self._makers([AssetKey.from_user_string(name)])[0] if isinstance(name, str) and name else self

    def _planned_by(self, target: Target) -> tuple[Desk, Target]:
        """The desk of the one location that makes what is selected, and the target as that location reads it.

        Raises
        ------
        UnknownAsset, InvalidSelection
            If the selection cannot be read, or names what no location has.
        InvalidInvocationError
            If several locations make it.
        """
        self.look()
        chosen = chosen_of(target.selection, self.looks)
        made = [
            (desk, [key for key in sorted(chosen) if key in at.scope.catalog.by_key and at.scope.catalog.by_key[key].is_executable])
            for desk, at in zip(self._desks, self.looks, strict=True)
        ]
        makers = [(desk, keys) for desk, keys in made if keys]
        if len(makers) > 1:
            names = [desk.session.location().name for desk, _ in makers]
            raise InvalidInvocationError(
                f"this selects assets of {', '.join(names[:-1])} and {names[-1]}, and a run loads the code of one location. "
                "Select those of one at a time, or let automation follow with the others."
            )
        if not makers:
            return self, target
        ((desk, keys),) = makers
        return desk, replace(target, selection=" or ".join(f'key:"{key}"' for key in keys))

    def _makers(self, keys: Iterable[AssetKey]) -> list[Desk]:
        """The desks that make one of these assets, else those that know it, else this one."""
        wanted = list(keys)
        catalogs = [(desk, desk.session.location().definitions.resolve().catalog.by_key) for desk in self._desks]
        made = [desk for desk, known in catalogs if any(key in known and known[key].is_executable for key in wanted)]
        return made or [desk for desk, known in catalogs if any(key in known for key in wanted)] or [self]


class ProjectLineage(LineageSource):
    """The lineage of several locations in one picture."""

    def __init__(self, wanted: Wanted, looks: Callable[[], Sequence[Look]]) -> None:
        super().__init__(wanted)
        self._looks = looks

    def drawn_as(self, wanted: Wanted) -> LineageSource:
        """The same, asked for in another way."""
        return ProjectLineage(wanted, self._looks)

    def text(self, at: Look, form: Literal["dot", "mmd"]) -> str:
        """The same picture in a language for graphs."""
        return rendered(self._picture()[0], form, direction=self.wanted.direction).decode()

    def _made(self, at: Look, drawn: Drawn | None) -> tuple[LineageView, Drawn]:
        picture, owners = self._picture()
        return view_of(picture, owners.__getitem__, self.wanted, drawn)

    def _picture(self) -> tuple[Picture, dict[str, Look]]:
        """The joined picture, and by whom each asset of it is looked at: by the location that makes it.

        Raises
        ------
        UnknownAsset
            If the selection names what no location has.
        """
        looks = self._looks()
        owners = owners_of(looks)
        plain = replace(self.wanted, selection="")
        whole = joined([picture_of(at, plain) for at in looks], title=f"Lineage of {len(looks)} locations")
        owned = {str(key): at for key, at in owners.items()}
        if not self.wanted.selection:
            return whole, owned
        chosen = set(map(str, chosen_of(self.wanted.selection, looks)))
        nodes = tuple(node for node in whole.nodes if node.key in chosen)
        edges = tuple(edge for edge in whole.edges if edge.source in chosen and edge.target in chosen)
        return replace(whole, nodes=nodes, edges=edges, caption=f"{len(nodes)} of {len(whole.nodes)} assets"), owned


def owners_of(looks: Sequence[Look]) -> dict[AssetKey, Look]:
    """By whom each asset is looked at: by the location that makes it, else by the first that knows it."""
    found: dict[AssetKey, Look] = {}
    for at in looks:
        for key, asset in at.scope.catalog.by_key.items():
            if key not in found or (asset.is_executable and not found[key].scope.catalog.by_key[key].is_executable):
                found[key] = at
    return found


def chosen_of(selection: str, looks: Sequence[Look]) -> frozenset[AssetKey]:
    """The assets that are selected, over the borders of locations.

    Raises
    ------
    InvalidSelection, UnknownAsset
        If the selection cannot be read, or names what is not there.
    """
    owners = owners_of(looks)
    if not selection:
        return frozenset(owners)
    assets = tuple(at.scope.catalog.by_key[key] for key, at in owners.items())
    nodes = tuple(node for at in looks for node in at.scope.catalog.nodes)
    whole = Catalog(assets, nodes, tuple(check for at in looks for check in at.scope.catalog.checks))
    return AssetSelection.from_string(selection).resolve(whole, status=lambda key: owners[key].state(key))
