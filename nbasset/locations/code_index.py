"""The code of each node: its slice, its version, where a worker finds it. Worked out when it is asked for.

A code version is no property of a definition: a helper in cell 4 changes the version of the asset in cell 7. So definitions hold none;
whoever loads code gives a `CodeIndex` beside them. A ``code_version`` written by hand goes before what the slice says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from nbasset.cached import cached_property
from nbasset.dataclass import dataclass
from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.resolved import ResolvedDefinitions
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
        resolved: ResolvedDefinitions | None = None,
        reader: CodeReader | None = None,
    ) -> None:
        self._find = find
        self._resolved = resolved
        self._reader = reader or CodeReader()
        self._slices: dict[str, Slice | None] = {}
        self._places: dict[str, CodePlace | None] = {}
        self._versions: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._parameters: dict[str, Mapping[str, Parameter]] = {}

    @cached_property
    def asset_names(self) -> frozenset[str]:
        """Names by which a body can read an asset."""
        return asset_names(self._resolved.catalog) if self._resolved is not None else frozenset()

    def slice(self, node: str) -> Slice | None:
        """What the node needs; None when its code cannot be read (it was typed into a prompt, or made by ``exec``)."""
        try:
            return self._slices[node]
        except KeyError:
            return self._read(node)

    def _read(self, node: str) -> Slice | None:
        place = self._places[node] = self._find(node)
        if place is None:
            self._slices[node] = None
            self._parameters[node] = _NO_PARAMETERS
            return None
        read = self._reader.slice(place.source, place.roots, assets=self.asset_names)
        found = self._slices[node] = read if read.version else None
        return found

    def place(self, node: str) -> CodePlace | None:
        """Where the node is written; None when its code cannot be read."""
        return self._find(node)

    def version(self, node: str) -> str:
        """The code version of a node: the one given by hand, else that of its slice, else empty."""
        version = self._versions.get(node)
        if version is None:
            version = given_version(self._resolved.nodes.get(node)) if self._resolved is not None else None
            if version is None:
                found = self.slice(node)
                version = found.version if found is not None else ""
            self._versions[node] = version
        return version

    def parameters(self, node: str) -> Mapping[str, Parameter]:
        """Parameters of the notebook that the node's code reads, by name: their values are configuration."""
        found = self._parameters.get(node)
        if found is None:
            self.slice(node)
            place = self._places[node]
            found = parameters_of(self._reader, place.source, place.roots, assets=self.asset_names) if place is not None else _NO_PARAMETERS
            self._parameters[node] = found
        return found

    def packages(self, node: str) -> str:
        """The installed packages that the node's code imports, with their versions."""
        found = self.slice(node)
        return packages_text(found.packages) if found is not None else ""

    def version_of(self, key: AssetKey) -> str:
        """The code version of an asset: that of its node; empty for an external one."""
        asset = self._resolved.catalog.by_key.get(key) if self._resolved is not None else None
        return self.version(asset.node) if asset is not None and asset.node is not None else ""

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
        whole = self._reader.slice(place.source, (*place.roots, *place.also), assets=self.asset_names)
        return marked(whole.text, place.roots)

    def texts(self, nodes: Iterable[str]) -> list[str]:
        """The text that another process makes all of these nodes from, in one piece for each document that they stand in."""
        roots: dict[int, tuple[SliceSource, dict[Place, None]]] = {}
        for node in nodes:
            place = self._find(node) if self.slice(node) is not None else None
            if place is not None:
                roots.setdefault(id(place.source), (place.source, {}))[1].update(dict.fromkeys((*place.roots, *place.also)))
        return [self._reader.slice(source, tuple(places), assets=self.asset_names).text for source, places in roots.values()]


_NO_PARAMETERS: Mapping[str, Parameter] = {}

NO_CODE = CodeIndex()
"""Nothing can be read: versions are empty, and code is never a reason to run."""


def code_index(resolved: ResolvedDefinitions, find: FindPlace, *, reader: CodeReader | None = None) -> CodeIndex:
    """The index over resolved definitions."""
    return CodeIndex(find, resolved=resolved, reader=reader)


def asset_names(catalog: Catalog) -> frozenset[str]:
    """The names by which a cell's body can read the assets: last parts of their keys that are Python names."""
    return frozenset([name for key in catalog.by_key if (name := key.last).isidentifier()])


def given_version(definition: AssetsDefinition | None) -> str | None:
    """The version given by hand for all that a node makes: one for all assets, or a digest when they differ; of a check its op's. None
    where some of it has none.
    """
    if definition is None:
        return None
    specs = definition.specs
    for spec in specs:
        if spec.code_version is None:
            return None
    if not specs:
        of_op: str | None = getattr(definition.node, "code_version", None)
        return of_op
    versions = {str(spec.key): str(spec.code_version) for spec in specs}
    if len(set(versions.values())) == 1:
        return next(iter(versions.values()))
    return "given:" + digest_of(f"{key}={version}" for key, version in sorted(versions.items()))
