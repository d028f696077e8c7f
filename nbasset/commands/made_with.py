"""What a location would make its assets with now: configuration, packages, storage. What a run records and what staleness compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from nbasset.commands.scope import Scope
from nbasset.dataclass import dataclass
from nbasset.execution.config_version import config_version
from nbasset.execution.environment import StepEnvironment
from nbasset.keys import AssetKey
from nbasset.planning.states import Versions
from nbasset.source.fingerprint import tag_of
from nbasset.source.slices import version_of_text

_PAGE = 50


@dataclass(slots=True)
class MadeWith:
    """Answers by node, each worked out once."""

    scope: Scope
    environment: StepEnvironment
    run_config: Mapping[str, Any]
    _config: dict[str, str] = field(default_factory=dict)
    _packages: dict[str, str] = field(default_factory=dict)

    def config(self, node: str) -> str:
        """The version of a node's configuration."""
        found = self._config.get(node)
        if found is None:
            given = self.scope.location.code.parameters(node)
            parameters = {name: one.digest for name, one in given.items()} if given else {}
            found = self._config[node] = config_version(self.environment, self.run_config, node, parameters)
        return found

    def packages(self, node: str) -> str:
        """The installed packages that a node imports, with their versions."""
        found = self._packages.get(node)
        if found is None:
            found = self._packages[node] = self.scope.location.code.packages(node)
        return found

    def versions(self) -> Versions:
        """The same by asset, for staleness."""
        catalog = self.scope.catalog
        nodes = {asset.key: asset.node or "" for asset in catalog.assets}
        count_packages = self.scope.instance.settings.staleness.packages
        return Versions(
            self.scope.location.code.version_of,
            lambda key: self.config(nodes[key]) if nodes[key] else "",
            self.scope.io_version,
            self._today,
            (lambda key: self.packages(nodes[key])) if count_packages else None,
        )

    def _today(self, key: AssetKey, version: str) -> str:
        """A code version in today's normal form, from the text that was stored with it."""
        reader = self.scope.instance.reader
        if not tag_of(version):
            return version
        for entry in reader.materializations(key, None, limit=_PAGE):
            for fact in getattr(entry.event, "facts", ()):
                if getattr(fact, "code_version", "") == version and fact.source_id:
                    text = reader.text(fact.source_id)
                    return version_of_text(text) if text is not None else version
        return version


def made_with(scope: Scope, run_config: Mapping[str, Any] | None = None) -> MadeWith:
    """What the scope makes its assets with under a run configuration."""
    return MadeWith(scope, scope.environment(keeps_output=False), run_config or {})
