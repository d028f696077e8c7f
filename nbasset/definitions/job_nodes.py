"""What a job runs, by name: the calls in its graph, or the functions behind its assets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbasset.definitions.composition import NodeCall
from nbasset.errors import InvariantViolationError, did_you_mean

if TYPE_CHECKING:
    from nbasset.definitions.graph_body import GraphBody
    from nbasset.definitions.selection import AssetSelection


class JobNodes:
    """The questions that a job answers about its nodes."""

    name: str
    graph: GraphBody | None
    selection: AssetSelection | None
    definitions: Any

    @property
    def is_asset_job(self) -> bool:
        """Whether it makes assets (else it runs ops)."""
        return self.graph is None

    @property
    def nodes(self) -> list[NodeCall]:
        """The calls of ops and graphs in its graph; of an asset job the functions behind its assets. Each has a `name` and a `definition`.

        Raises
        ------
        InvariantViolationError
            If it is an asset job that was not got from `Definitions`: which functions those are depends on what else is defined.
        """
        if self.graph is not None:
            return list(self.graph.calls.values())
        if self.definitions is None or self.selection is None:
            raise InvariantViolationError(
                f"job '{self.name}' does not know its assets yet. Get it from where they are: "
                f"Definitions(assets=[...], jobs=[{self.name}]).get_job_def({self.name!r})."
            )
        resolved = self.definitions.resolve()
        chosen = {resolved.catalog.by_key[key].node for key in self.selection.resolve(resolved.catalog)}
        return [NodeCall(name, resolved.definition(name)) for name in resolved.catalog.nodes_by_name if name in chosen]

    def has_node_named(self, name: str) -> bool:
        """Whether one of its `nodes` has this name."""
        return any(node.name == name for node in self.nodes)

    def get_node_named(self, name: str) -> NodeCall:
        """The node of this name.

        Raises
        ------
        InvariantViolationError
            If there is none.
        """
        for node in self.nodes:
            if node.name == name:
                return node
        near = did_you_mean(name, [node.name for node in self.nodes])
        raise InvariantViolationError(f"job '{self.name}' has no node '{name}'. {near}".rstrip())
