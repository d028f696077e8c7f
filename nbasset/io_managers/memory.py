"""Values kept in this process only: for tests, and for work that need not last."""

from __future__ import annotations

from typing import Any

from nbasset.io_managers.frames import ArrowForm, to_arrow
from nbasset.io_managers.partitions import load_partitions, missing
from nbasset.io_managers.protocol import InputContext, IOManager, OutputContext, split_output
from nbasset.keys import AssetKey


class InMemoryIOManager(IOManager):
    """Keeps the very objects that were returned; a consumer gets the same object, so who changes it changes it for all.

    >>> from nbasset.io_managers.protocol import build_input_context, build_output_context
    >>> manager = InMemoryIOManager()
    >>> manager.handle_output(build_output_context(asset_key="orders"), [1, 2])
    >>> manager.load_input(build_input_context(asset_key="orders"))
    [1, 2]
    """

    def __init__(self) -> None:
        self.values: dict[tuple[str, ...], Any] = {}
        self._places: dict[AssetKey, tuple[str, ...]] = {}

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Keep the value in place of an earlier one."""
        for one, value in split_output(context, obj):
            self.values[_place(one)] = value

    def load_input(self, context: InputContext) -> Any:
        """The value, or those of several partitions as the context asks.

        Raises
        ------
        MissingValue
            If it was never kept.
        """
        if not context.has_asset_partitions:
            return self._load_one(context)
        return load_partitions(context, self._load_one, self._load_table)

    def place(self, asset: AssetKey, partition: str | None = None) -> tuple[str, ...]:
        """Where among the `values` an asset or a partition is kept: for who puts it there or takes it without a context."""
        if partition is not None:
            return asset.to_user_string(), partition
        return self._places.get(asset) or self._places.setdefault(asset, (asset.to_user_string(),))

    def _load_one(self, context: InputContext) -> Any:
        place = _place(context)
        if place not in self.values:
            raise missing(context, "memory of this process")
        return self.values[place]

    def _load_table(self, context: InputContext) -> ArrowForm:
        return to_arrow(self._load_one(context), label=context.label)


def _place(context: OutputContext | InputContext) -> tuple[str, ...]:
    if not context.has_asset_key:
        return ("", *context.get_identifier())
    return (context.asset_key.to_user_string(), *context.asset_partition_keys)
