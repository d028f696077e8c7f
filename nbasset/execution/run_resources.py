"""Resources and configuration of a run in one process: opened once, when the first step asks, and closed in reverse at the end."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.config_mapping import ConfigMapping
from nbasset.definitions.graph_body import GraphBody
from nbasset.definitions.io_config import Section, io_config, io_schema
from nbasset.definitions.op import OpDefinition
from nbasset.definitions.resources_context import InitResourceContext, OpensResource, Resources
from nbasset.execution.calls import Call
from nbasset.execution.environment import StepEnvironment
from nbasset.keys import AssetKey
from nbasset.planning.plan import Step
from nbasset.serde import Json

if TYPE_CHECKING:
    from nbasset.definitions.resources_open import ResourceScope

NONE = Resources({}, None)


class RunResources:
    """Opens the resources that steps need, each once. Use as a context manager; leaving it tears down whatever was opened.

    Resources that belong to one asset (``resource_defs``) are opened in a scope of their own, so that two assets may use one key for
    different things. A run of a `job` has the job's resources before those around it, and its config opened by the job's mapping.
    """

    def __init__(self, environment: StepEnvironment, run_config: Mapping[str, Json], *, job: str | None = None) -> None:
        self.environment = environment
        definition = environment.definitions.jobs.get(job) if job is not None else None
        mapping = definition.config if definition is not None else None
        self.run_config = mapping.run_config(run_config, of=f"job '{job}'") if isinstance(mapping, ConfigMapping) else run_config
        self._of_job: Mapping[str, Any] = definition.resource_defs if definition is not None else {}
        self._stack = ExitStack()
        self._lock = threading.Lock()
        self._scopes: dict[str, ResourceScope] = {}
        self._given: dict[str, Mapping[str, Any]] = {}
        self._all: dict[str, Mapping[str, Any]] = {}
        self._opened: dict[str, Mapping[str, Json]] = {}
        self._values: dict[tuple[str, frozenset[str]], Mapping[str, Any]] = {}

    def __enter__(self) -> RunResources:
        return self

    def __exit__(self, *problem: Any) -> None:
        self._stack.__exit__(*problem)

    def for_call(self, call: Call, step: Step, also: Collection[str] = ()) -> Resources:
        """The resources of a step, and those `also` wanted by its hooks. Steps without any get an empty mapping and open nothing."""
        owner = call.owner
        own = owner.resource_defs if owner is not None else {}
        given = self._given_to(owner, own)
        wanted = call.op.resource_keys.union(also, given.keys() & call.manager_keys)
        if not wanted:
            return NONE
        name, what = owner.name if owner is not None and own else "", f"step '{step.handle}'"
        found = self._values.get((name, wanted))
        if found is None:
            values = {key: given.get(key) for key in wanted}
            if any(one is None or isinstance(one, (OpensResource, type)) for one in values.values()):  # to be opened, or refused
                with self._lock:
                    values = self._scope(name, given).values(sorted(wanted), needed_by=what)
            found = self._values[name, wanted] = values
        return Resources(found, what)

    def _given_to(self, owner: AssetsDefinition | None, own: Mapping[str, Any]) -> Mapping[str, Any]:
        name = owner.name if owner is not None and own else ""
        if name not in self._all:
            self._all[name] = {**self.environment.definitions.resources, **self._of_job, **self.environment.resources, **own}
        return self._all[name]

    def _scope(self, name: str, given: Mapping[str, Any]) -> ResourceScope:
        found = self._scopes.get(name)
        if found is None:
            from nbasset.definitions.resources_open import ResourceScope

            instance = self.environment.instance  # not `self`, which a context made later would keep alive in a ring
            found = ResourceScope(given, self.run_config.get("resources", {}), context=lambda: InitResourceContext(instance=instance))
            self._scopes[name] = self._stack.enter_context(found)
            self._given[name] = given
        return found

    def manager(self, key: str) -> Any:
        """The I/O manager that steps of this run use under a key: the resource that was opened for them, else the built-in one.

        One that assets of a node have for themselves is asked for as ``node/key``.
        """
        node, _, own = key.rpartition("/")
        owner = self.environment.definitions.nodes.get(node) if node else None
        given = self._given_to(owner, owner.resource_defs if owner is not None else {})
        if own not in given:
            return self.environment.manager(own)
        with self._lock:
            return self._scope(node, given).get([own])[own]

    def own_manager(self, key: AssetKey, manager: str) -> Any:
        """The I/O manager that an asset alone has under a key (``io_manager_def``), for who reads the asset; None without one."""
        maker = self.environment.definitions.makers.get(key)
        if maker is None or manager not in maker.resource_defs:
            return None
        with self._lock:
            scope = self._scope(maker.name, self._given_to(maker, maker.resource_defs))
            return scope.get([manager], needed_by=f"asset '{key}'")[manager]

    def config_for(self, step: Step, op: OpDefinition) -> tuple[Any, Any]:
        """The configuration of a step: what `context.op_config` is, and the object for a `config` parameter."""
        if op.config_schema is None:
            return None, None
        from nbasset.definitions.run_config import op_config

        with self._lock:
            opened = self._opened_config(step.node)
        return op_config(opened, step.handle, op.config_schema)

    def manager_config(self, owner: AssetsDefinition | None, node: str, handle: str, section: Section, name: str, manager: str) -> Any:
        """What the run config says to an I/O manager of one output or input of an op; None of a manager that takes no such config, and of
        a node that this run does not configure though it would have to.
        """
        schema = io_schema(self._given_to(owner, owner.resource_defs if owner is not None else {}).get(manager), section)
        if schema is None or (schema.is_required and handle.partition(".")[0] not in (self.run_config.get("ops") or {})):
            return None
        with self._lock:
            opened = self._opened_config(node)
        return io_config(opened, handle, section, name, schema)

    def _opened_config(self, node: str) -> Mapping[str, Json]:
        """The run config, with the config of graphs that hide their ops opened into that of the ops."""
        if node not in self._opened:
            definition = self.environment.definitions.definition(node)
            graph = definition.node if definition is not None else None
            self._opened[node] = self.run_config
            if isinstance(graph, GraphBody):
                from nbasset.definitions.node_config import graph_schemas, has_mapping, node_schema, opened_config

                schemas = {node: node_schema(graph)} if isinstance(definition, AssetsDefinition) else graph_schemas(graph)
                if has_mapping(schemas):
                    self._opened[node] = {**self.run_config, "ops": opened_config(schemas, self.run_config.get("ops") or {})}
        return self._opened[node]
