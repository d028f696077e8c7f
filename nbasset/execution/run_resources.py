"""Resources and configuration of a run in one process: opened once, when the first step asks, and closed in reverse at the end."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.config_mapping import ConfigMapping
from nbasset.definitions.graph_body import GraphBody
from nbasset.definitions.op import OpDefinition
from nbasset.definitions.resources_context import InitResourceContext, Resources
from nbasset.definitions.value_types import resolve_type
from nbasset.execution.environment import StepEnvironment
from nbasset.execution.inputs import base_name
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
        self._managers: dict[tuple[str, str, tuple[str, ...]], set[str]] = {}
        self._opened: dict[str, Mapping[str, Json]] = {}

    def __enter__(self) -> RunResources:
        return self

    def __exit__(self, *problem: Any) -> None:
        self._stack.__exit__(*problem)

    def for_step(
        self, owner: AssetsDefinition | None, op: OpDefinition, step: Step, *, also: Collection[str] = frozenset()
    ) -> Resources:  # fmt: skip
        """The resources of a step, and those `also` wanted by its hooks. Steps without any get an empty mapping and open nothing."""
        own = owner.resource_defs if owner is not None else {}
        given = self._given_to(owner, own)
        place = (step.node, step.handle, tuple([output.name for output in step.outputs]))
        managers = self._managers.get(place)
        if managers is None:
            managers = {output.manager for output in step.outputs} | _input_managers(owner, op, step, self.environment)
            self._managers[place] = managers  # the same for all partitions
        wanted = op.resource_keys | frozenset(also) | (managers & given.keys())
        if not wanted:
            return NONE
        with self._lock:
            scope = self._scope(owner.name if owner is not None and own else "", given)
            return scope.get(sorted(wanted), needed_by=f"step '{step.key}'")

    def _given_to(self, owner: AssetsDefinition | None, own: Mapping[str, Any]) -> Mapping[str, Any]:
        name = owner.name if owner is not None and own else ""
        if name not in self._all:
            self._all[name] = {**self.environment.definitions.resources, **self._of_job, **self.environment.resources, **own}
        return self._all[name]

    def _scope(self, name: str, given: Mapping[str, Any]) -> ResourceScope:
        found = self._scopes.get(name)
        if found is None:
            from nbasset.definitions.resources_open import ResourceScope

            context = InitResourceContext(instance=self.environment.instance)
            found = ResourceScope(given, self.run_config.get("resources", {}), context=context)
            self._scopes[name] = self._stack.enter_context(found)
            self._given[name] = given
        return found

    def manager(self, key: str) -> Any:
        """The I/O manager that steps of this run use under a key: the resource that was opened for them, else the built-in one."""
        with self._lock:
            for name, given in self._given.items():
                if key in given:
                    return self._scopes[name].get([key])[key]
        return self.environment.manager(key)

    def config_for(self, step: Step, op: OpDefinition) -> tuple[Any, Any]:
        """The configuration of a step: what `context.op_config` is, and the object for a `config` parameter."""
        if op.config_schema is None:
            return None, None
        from nbasset.definitions.run_config import op_config

        with self._lock:
            opened = self._opened_config(step.node)
        return op_config(opened, step.handle, op.config_schema)

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


def _input_managers(owner: AssetsDefinition | None, op: OpDefinition, step: Step, environment: StepEnvironment) -> set[str]:
    found: set[str] = set()
    for item in step.leaves():
        found.update(ref.manager for ref in item.outputs)
        declared = op.ins.get(base_name(item))
        own = item.manager or (declared.input_manager_key if declared is not None else None)
        if item.asset is not None:
            wanted = owner.inputs.get(item.graph_input or item.name) if owner is not None else None
            own = (wanted.input_manager_key if wanted is not None else None) or own
            found.add(own or environment.definitions.maker(item.asset).get_asset_spec(item.asset).io_manager_key)
        elif own is not None:
            found.add(own)
        elif item.kind == "config" and declared is not None and declared.value_type is not None:
            loader = resolve_type(declared.value_type).loader
            found.update(loader.required_resource_keys if loader is not None else ())
    return found
