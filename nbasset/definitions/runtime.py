"""The one door upwards: verbs that hang on definitions (`job.execute_in_process`, `defs.load_asset_value`) are carried out far above.

`runtime()` finds who does it by name on first use. Nothing else in the house calls up a layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from nbasset.keys import AssetKey

if TYPE_CHECKING:
    from nbasset.definitions.definitions import Definitions

_PLACE = ("nbasset.commands.runtime", "RUNTIME")
_FOUND: list[Any] = []


class Runtime(Protocol):
    """What definitions ask of the layers above them."""

    def load_asset_value(
        self,
        definitions: Definitions,
        key: AssetKey,
        *,
        python_type: type | None,
        instance: Any,
        partition_key: str | None,
        metadata: Mapping[str, Any] | None,
    ) -> Any:
        """The stored value of an asset."""

    def execute_in_process(self, definition: Any, **options: Any) -> Any:
        """Run a job, graph or op here and now; an `ExecuteInProcessResult`."""

    def evaluate_automation_sensor(self, sensor: Any, context: Any) -> Any:
        """What an automation sensor asks for at the context's cursor; a `SensorExecutionData`."""

    def catalog_of(self, assets: Iterable[Any]) -> Any:
        """What is defined where these are all the assets there are; a `Catalog`."""

    def current_instance(self) -> Any:
        """The instance that verbs without one use: that of the nearest home."""


def runtime() -> Runtime:
    """Whoever carries the verbs out."""
    if not _FOUND:
        module, name = _PLACE
        _FOUND.append(getattr(import_module(module), name))
    found: Runtime = _FOUND[0]
    return found
