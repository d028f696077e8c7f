"""Giving many assets a freshness policy at once."""

from __future__ import annotations

from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.policies import FreshnessPolicy
from nbasset.definitions.specs import AssetSpec


def apply_freshness_policy(
    spec: AssetSpec | AssetsDefinition, policy: FreshnessPolicy, overwrite_existing: bool = True
) -> AssetSpec | AssetsDefinition:
    """A copy with the policy: of a spec, or of every asset of a definition. An asset's own stays with ``overwrite_existing=False``.

    >>> from datetime import timedelta
    >>> policy = FreshnessPolicy.time_window(fail_window=timedelta(hours=24))
    >>> apply_freshness_policy(AssetSpec("orders"), policy).freshness_policy.fail_window_s
    86400.0
    """
    if isinstance(spec, AssetsDefinition):
        return spec.map_asset_specs(lambda one: _with(one, policy, overwrite_existing))
    return _with(spec, policy, overwrite_existing)


def _with(spec: AssetSpec, policy: FreshnessPolicy, overwrite: bool) -> AssetSpec:
    return spec if spec.freshness_policy is not None and not overwrite else spec.replace_attributes(freshness_policy=policy)
