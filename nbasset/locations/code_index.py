"""The code of each node: its slice, its version, where a worker finds it. Worked out when it is asked for.

A code version is no property of a definition: a helper in cell 4 changes the version of the asset in cell 7. So definitions hold none;
whoever loads code gives a `CodeIndex` beside them. A ``code_version`` written by hand goes before what the slice says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.definitions import ResolvedDefinitions
from nbasset.keys import AssetKey
from nbasset.locations.packages import packages_text
from nbasset.planning.digests import digest_of
from nbasset.source.parameters import Parameter, parameters_of
from nbasset.source.program import Place, Slice, SliceSource
from nbasset.source.slices import CodeReader
from nbasset.source.text import marked


@dataclass(frozen=True, slots=True)
class CodePlace:
    """Where a node is written: a document and the statements that define it.

    `also` are statements that a worker needs besides, such as those that give resources; they are no part of the code version.
    """

    source: SliceSource
    roots: tuple[Place, ...]
    also: tuple[Place, ...] = ()


FindPlace = Callable[[str], CodePlace | None]


class CodeIndex:
    """Slices and versions by node name. `find` says where a node is written; `reader` keeps what was read of the documents."""

    def __init__(
        self,
        find: FindPlace = lambda node: None,
        *,
        given: Mapping[str, str] | None = None,
        nodes: Mapping[AssetKey, str] | None = None,
        assets: frozenset[str] = frozenset(),
        reader: CodeReader | None = None,
    ) -> None:
        self._find = find
        self._given = dict(given or {})
        self._nodes = dict(nodes or {})
        self._assets = assets
        self._reader = reader or CodeReader()
        self._slices: dict[str, Slice | None] = {}
        self._places: dict[str, CodePlace | None] = {}
        self._texts: dict[str, str] = {}
        self._parameters: dict[str, Mapping[str, Parameter]] = {}

    @property
    def asset_names(self) -> frozenset[str]:
        """Names by which a body can read an asset."""
        return self._assets

    def slice(self, node: str) -> Slice | None:
        """What the node needs; None when its code cannot be read (it was typed into a prompt, or made by ``exec``)."""
        try:
            return self._slices[node]
        except KeyError:
            return self._read(node)

    def _read(self, node: str) -> Slice | None:
        place = self._places[node] = self._find(node)
        read = None if place is None else self._reader.slice(place.source, place.roots, assets=self._assets)
        found = self._slices[node] = read if read is not None and read.version else None
        return found

    def place(self, node: str) -> CodePlace | None:
        """Where the node is written; None when its code cannot be read."""
        return self._find(node)

    def version(self, node: str) -> str:
        """The code version of a node: the one given by hand, else that of its slice, else empty."""
        given = self._given.get(node)
        if given is not None:
            return given
        found = self.slice(node)
        return found.version if found is not None else ""

    def parameters(self, node: str) -> Mapping[str, Parameter]:
        """Parameters of the notebook that the node's code reads, by name: their values are configuration."""
        found = self._parameters.get(node)
        if found is None:
            self.slice(node)
            place = self._places.get(node)
            found = parameters_of(self._reader, place.source, place.roots, assets=self._assets) if place is not None else _NO_PARAMETERS
            self._parameters[node] = found
        return found

    def packages(self, node: str) -> str:
        """The installed packages that the node's code imports, with their versions."""
        found = self.slice(node)
        return packages_text(found.packages) if found is not None else ""

    def version_of(self, key: AssetKey) -> str:
        """The code version of an asset: that of its node; empty for an external one."""
        node = self._nodes.get(key)
        return self.version(node) if node is not None else ""

    def source_id(self, node: str, keep: Callable[[str], str]) -> str:
        """Content address of the node's slice text after `keep` (`Storage.put_text`) stored it; empty without a slice."""
        if node not in self._texts:
            self._texts[node] = keep(text) if (text := self.text(node)) else ""
        return self._texts[node]

    def text(self, node: str) -> str:
        """The text that a worker makes the node from; empty when its code cannot be read."""
        found = self.slice(node)
        if found is None:
            return ""
        place = self._places[node]
        if place is None or not place.also:
            return found.text
        whole = self._reader.slice(place.source, (*place.roots, *place.also), assets=self._assets)
        return marked(whole.text, place.roots)

    def texts(self, nodes: Iterable[str]) -> list[str]:
        """The text that another process makes all of these nodes from, in one piece for each document that they stand in."""
        roots: dict[int, tuple[SliceSource, dict[Place, None]]] = {}
        for node in nodes:
            place = self._find(node) if self.slice(node) is not None else None
            if place is not None:
                roots.setdefault(id(place.source), (place.source, {}))[1].update(dict.fromkeys((*place.roots, *place.also)))
        return [self._reader.slice(source, tuple(places), assets=self._assets).text for source, places in roots.values()]


_NO_PARAMETERS: Mapping[str, Parameter] = {}

NO_CODE = CodeIndex()
"""Nothing can be read: versions are empty, and code is never a reason to run."""


def code_index(resolved: ResolvedDefinitions, find: FindPlace, *, reader: CodeReader | None = None) -> CodeIndex:
    """The index over resolved definitions."""
    catalog = resolved.catalog
    given = {}
    for name, definition in resolved.nodes.items():
        if None not in [spec.code_version for spec in definition.specs_by_key.values()]:
            by_hand = _given_version(definition)
            if by_hand is not None:
                given[name] = by_hand
    nodes = {asset.spec.key: asset.node for asset in catalog.assets if asset.node is not None}
    return CodeIndex(find, given=given, nodes=nodes, assets=asset_names(catalog), reader=reader)


def asset_names(catalog: Catalog) -> frozenset[str]:
    """The names by which a cell's body can read the assets: last parts of their keys that are Python names."""
    return frozenset([name for key in catalog.by_key if (name := key.path[-1]).isidentifier()])


def _given_version(definition: object) -> str | None:
    """The version given by hand for all that a node makes: one for all assets, or a digest when they differ; of a check its op's."""
    versions = {str(spec.key): str(spec.code_version) for spec in getattr(definition, "specs", ())}
    if not versions:
        of_op: str | None = getattr(getattr(definition, "node", None), "code_version", None)
        return of_op
    if len(set(versions.values())) == 1:
        return next(iter(versions.values()))
    return "given:" + digest_of(f"{key}={version}" for key, version in sorted(versions.items()))
