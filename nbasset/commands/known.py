"""Names that completion offers for one scope."""

from __future__ import annotations

from collections.abc import Sequence

from nbasset.arguments import Known
from nbasset.commands.scope import Scope
from nbasset.errors import Error
from nbasset.keys import AssetKey

_MOST_PARTITIONS = 200


def known_names(scope: Scope) -> Known:
    """Names of what is defined; partition keys are looked up when they are asked for, newest first."""
    specs = [asset.spec for asset in scope.catalog.assets]

    def partitions(asset: str) -> Sequence[str]:
        try:
            definition = scope.catalog.asset(AssetKey.from_user_string(asset)).partitions_def
            if definition is None:
                return ()
            view = scope.view()
            return definition.keys_of(definition.ordinals(view), view.table)[::-1][:_MOST_PARTITIONS]
        except Error:
            return ()

    return Known(
        tuple(str(spec.key) for spec in specs),
        tuple(dict.fromkeys(spec.group for spec in specs)),
        tuple(dict.fromkeys(kind for spec in specs for kind in sorted(spec.kinds))),
        tuple(dict.fromkeys(owner for spec in specs for owner in spec.owners)),
        tuple(dict.fromkeys(f"{name}={value}" if value else name for spec in specs for name, value in spec.tags.items())),
        partitions,
        tuple(one.name for one in scope.catalog.jobs),
        tuple(one.name for one in scope.catalog.schedules),
        tuple(one.name for one in scope.catalog.sensors),
    )
