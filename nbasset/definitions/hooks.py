"""Hooks: functions that run after a step ended, well or not. What they do never changes how the run goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Literal, overload

from nbasset.dataclass import dataclass
from nbasset.definitions.op import NO_HOOKS, check_resource_keys, checked_name
from nbasset.definitions.parameters import parameters_of
from nbasset.errors import InvalidDefinitionError, InvalidInvocationError


@dataclass(frozen=True, eq=False)
class HookDefinition:
    """A function to run after a step; made with `success_hook` or `failure_hook`.

    It takes a `HookContext`, and resources by their names. Attach it to a job (`job.with_hooks`, ``@job(hooks=...)``), to one call of an op
    (`op.with_hooks`) or to an asset (``@asset(hooks=...)``).

    >>> @success_hook
    ... def cheer(context): ...
    >>> cheer.name, cheer.on
    ('cheer', 'success')
    """

    name: str
    fn: Callable[..., Any]
    on: Literal["success", "failure"]
    required_resource_keys: frozenset[str] = frozenset()
    resources: Mapping[str, str] = field(default_factory=dict)
    takes_context: bool = True

    @property
    def hook_fn(self) -> Callable[..., Any]:
        """The function."""
        return self.fn

    @property
    def resource_keys(self) -> frozenset[str]:
        """Keys of all resources that it needs: asked for by name and by parameter."""
        return self.required_resource_keys | frozenset(self.resources.values())

    def run(self, context: Any) -> Any:
        """Call the function with this context, and give back what it gives back; its resources come from there."""
        opened = getattr(context, "resources", None)
        given = {}
        for parameter, key in self.resources.items():
            if opened is None or not hasattr(opened, key):
                raise InvalidInvocationError(
                    f"hook '{self.name}' needs the resource '{key}': build_hook_context(resources={{'{key}': ...}})."
                )
            given[parameter] = getattr(opened, key)
        for key in sorted(self.required_resource_keys):
            if opened is None or not hasattr(opened, key):
                raise InvalidInvocationError(
                    f"hook '{self.name}' needs the resource '{key}': build_hook_context(resources={{'{key}': ...}})."
                )
        return self.fn(context, **given) if self.takes_context else self.fn(**given)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """With a `build_hook_context()`: run it, as in a test. As a decorator above ``@job`` it attaches itself."""
        target = args[0] if len(args) == 1 and not kwargs else None
        if target is not None and not getattr(type(target), "__nbasset_context__", False) and callable(getattr(target, "with_hooks", None)):
            return target.with_hooks({self})
        if not args and not kwargs and not self.takes_context:
            return self.run(None)
        context = args[0] if args else kwargs.get("context")
        if context is None:
            raise InvalidInvocationError(f"hook '{self.name}' takes a context, but none was passed. Pass build_hook_context(...).")
        if len(args) > 1:
            raise InvalidInvocationError(f"hook '{self.name}' takes a context and nothing else; resources are taken from it.")
        return self.run(context)


@overload
def success_hook(hook_fn: Callable[..., Any], /) -> HookDefinition: ...
@overload
def success_hook(
    *, name: str | None = ..., required_resource_keys: set[str] | frozenset[str] | None = ...
) -> Callable[[Callable[..., Any]], HookDefinition]: ...
def success_hook(
    hook_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    required_resource_keys: set[str] | frozenset[str] | None = None,
) -> HookDefinition | Callable[[Callable[..., Any]], HookDefinition]:
    """Decorator: the function runs after each step that ended well.

    >>> @success_hook(required_resource_keys={"chat"})
    ... def tell(context):
    ...     context.resources.chat.append(f"{context.op.name} is done")
    >>> tell.on, sorted(tell.resource_keys)
    ('success', ['chat'])
    """
    return _hook("success", hook_fn, name, required_resource_keys)


@overload
def failure_hook(hook_fn: Callable[..., Any], /) -> HookDefinition: ...
@overload
def failure_hook(
    *, name: str | None = ..., required_resource_keys: set[str] | frozenset[str] | None = ...
) -> Callable[[Callable[..., Any]], HookDefinition]: ...
def failure_hook(
    hook_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    required_resource_keys: set[str] | frozenset[str] | None = None,
) -> HookDefinition | Callable[[Callable[..., Any]], HookDefinition]:
    """Decorator: the function runs after each step that failed for good; `context.op_exception` is the error.

    >>> @failure_hook
    ... def tell(context):
    ...     print(f"{context.op.name} failed: {context.op_exception}")
    >>> tell.on
    'failure'
    """
    return _hook("failure", hook_fn, name, required_resource_keys)


def checked_hooks(hooks: Any, what: str) -> frozenset[HookDefinition]:
    """Hooks as a set, or an error that says what to give.

    Raises
    ------
    InvalidDefinitionError
        If one of them is no hook.
    """
    if not hooks:
        return NO_HOOKS
    given = [hooks] if isinstance(hooks, HookDefinition) else list(hooks)
    for one in given:
        if not isinstance(one, HookDefinition):
            raise InvalidDefinitionError(f"{what}: {one!r:.60} is no hook. Decorate the function with @success_hook or @failure_hook.")
    return frozenset(given)


def _hook(
    on: Literal["success", "failure"], fn: Callable[..., Any] | None, name: str | None, required: Any
) -> HookDefinition | Callable[[Callable[..., Any]], HookDefinition]:
    def make(hook_fn: Callable[..., Any]) -> HookDefinition:
        hook_name = checked_name(name or hook_fn.__name__, "hook")
        what = f"hook '{hook_name}'"
        parameters = parameters_of(hook_fn, what=what)
        others = list(parameters.inputs)
        if parameters.config is not None or len(others) > (1 if parameters.context is None else 0):
            extra = others[-1] if others else parameters.config
            raise InvalidDefinitionError(
                f"{what} takes a context, and resources; nobody says what '{extra}' is. If it is a resource, say so: "
                f"{extra}: ResourceParam[...]."
            )
        takes_context = parameters.context is not None or bool(others)
        return HookDefinition(hook_name, hook_fn, on, check_resource_keys(required), parameters.resources, takes_context)

    return make if fn is None else make(fn)
