"""The instance: what it is called, who keeps watch over it, how many runs and steps go at once, what callers may do."""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Any

import nbasset.commands.daemon_status as daemon
from nbasset.api.context import ApiContext
from nbasset.api.wire import Wire, seconds, typed
from nbasset.commands.instance_info import instance_info
from nbasset.errors import InvalidInvocationError

DUTIES = ("SCHEDULER", "SENSOR", "BACKFILL", "ASSET", "QUEUED_RUN_COORDINATOR", "MONITORING")
"""What the one daemon does, under the names that clients know its kinds by."""

_PERMISSIONS = (
    "launch_pipeline_execution", "launch_pipeline_reexecution", "launch_partition_backfill", "cancel_partition_backfill",
    "terminate_pipeline_execution", "delete_pipeline_run", "start_schedule", "stop_running_schedule", "edit_sensor", "update_sensor_cursor",
    "reload_repository_location", "reload_workspace", "wipe_assets", "report_runless_asset_events", "edit_dynamic_partitions",
)  # fmt: skip


class Instance:
    """The instance of the home."""

    typename = "Instance"
    run_queuing_supported = True
    has_info = True

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self.id = self.home = str(context.instance.home.root)

    @property
    def info(self) -> str:
        """What it is, in lines."""
        told = instance_info(self._context.instance).to_json()
        assert isinstance(told, dict)
        return "\n".join(f"{key}: {value}" for key, value in told.items() if value not in (None, ""))

    @property
    def run_launcher(self) -> Wire:
        """What starts the processes of runs."""
        return typed("RunLauncher", name="processes")

    @property
    def executable_path(self) -> str:
        """The Python of the server."""
        return sys.executable

    @property
    def daemon_health(self) -> DaemonHealth:
        """Who keeps watch."""
        return DaemonHealth(self._context)

    @property
    def concurrency_limits(self) -> list[Wire]:
        """The pools of the settings, with how many steps each lets go at once."""
        pools = self._context.instance.settings.queue.pools
        return [typed("ConcurrencyKeyInfo", concurrencyKey=name, slotCount=limit, limit=limit) for name, limit in sorted(pools.items())]


class DaemonHealth:
    """Whether the daemon keeps watch: one process has all duties, so all are well or none is."""

    typename = "DaemonHealth"

    def __init__(self, context: ApiContext) -> None:
        self.id = "daemons"
        self._context = context
        self._status = daemon.daemon_status(context.instance)

    @property
    def all_daemon_statuses(self) -> list[Wire]:
        """Each duty."""
        return [self._told(kind) for kind in DUTIES]

    def daemon_status(self, info: Any, daemon_type: str | None = None) -> Wire:
        """One of them."""
        return self._told(daemon_type or DUTIES[0])

    def _told(self, kind: str) -> Wire:
        is_there = self._status.is_running
        return typed(
            "DaemonStatus", daemonType=kind, id=kind, required=self._is_required(kind), healthy=is_there,
            lastHeartbeatTime=seconds(self._status.now_us) if is_there else None, lastHeartbeatErrors=[],
        )  # fmt: skip

    def _is_required(self, kind: str) -> bool:
        """Whether anything waits for a daemon: what has no schedule and no sensor goes without one."""
        snapshot = self._context.snapshot
        if kind == "SCHEDULER":
            return any(True for _ in snapshot.schedules())
        return kind in ("SENSOR", "ASSET") and any(True for _ in snapshot.sensors())


def _version(parent: Any, info: Any) -> str:
    return metadata.version("nbasset")


def _instance(parent: Any, info: Any) -> Instance:
    return Instance(info.context)


def _permissions(parent: Any, info: Any) -> list[Wire]:
    may = not info.context.is_read_only
    reason = None if may else "this server is read-only"
    return [typed("Permission", permission=name, value=may, disabledReason=reason) for name in _PERMISSIONS]


def _set_limit(parent: Any, info: Any, concurrency_key: str, limit: int = 0) -> bool:
    settings = info.context.instance.home.settings_file.name
    raise InvalidInvocationError(
        f"how many steps of the pool '{concurrency_key}' go at once stands in {settings}, which this server does not write: "
        f"[queue.pools] {concurrency_key} = {limit}"
    )


RESOLVERS = {
    "Query.version": _version,
    "Query.instance": _instance,
    "Query.permissions": _permissions,
    "Mutation.setConcurrencyLimit": _set_limit,
    "Mutation.deleteConcurrencyLimit": _set_limit,
}
