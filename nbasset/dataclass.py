"""`dataclass`: the standard decorator, for a package of hundreds of classes of which a process uses a few.

The standard one writes and compiles up to eight methods as each class is made, a third of a millisecond a class; that was much of the time
it took to load what one run of a notebook needs. Here nothing is compiled: `__init__` is made when the class is first called (or its
signature asked for), from a template with as many fields (`dataclass_inits`); the others are closures. An instance of a frozen class is
filled while it still is one of an open twin, a class of the same layout that lets its fields be set: that takes half the time of setting
them one by one past the guard. All else is the standard library's: `field`, `fields`, `replace` and `asdict` of `dataclasses` work as ever,
and type checkers see the standard decorator. Not offered: `InitVar`, and options that nothing here asks for.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from operator import attrgetter, is_
from reprlib import recursive_repr
from types import FunctionType, MemberDescriptorType
from typing import TYPE_CHECKING, Any

import nbasset.dataclass_inits as inits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, *, repr=True, eq=True, order=False, frozen=False, kw_only=False, slots=False):  # noqa: A002 - the standard's names
        """See `dataclasses.dataclass`.

        >>> @dataclass(frozen=True, slots=True, order=True)
        ... class Window:
        ...     start: int
        ...     end: int = 10
        >>> Window(1), Window(1) == Window(1, 10), Window(1) < Window(2), len({Window(1), Window(1)})
        (Window(start=1, end=10), True, True, 1)
        >>> Window(1).start = 2
        Traceback (most recent call last):
        dataclasses.FrozenInstanceError: cannot assign to field 'start'
        """

        def make(cls):
            return _finished(cls, repr=repr, eq=eq, order=order, frozen=frozen, kw_only=kw_only, slots=slots)

        return make if cls is None else make(cls)


class _WrittenWhenAsked:
    """Stands for the `__init__` of a class until somebody looks it up; then the real one takes its place."""

    __slots__ = ("cls", "frozen")

    def __init__(self, cls: type, *, frozen: bool) -> None:
        self.cls = cls
        self.frozen = frozen

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        made = _init_of(self.cls, frozen=self.frozen)
        self.cls.__init__ = made  # type: ignore[misc]
        return made if instance is None else made.__get__(instance, owner)


def _finished(cls: Any, *, repr: bool, eq: bool, order: bool, frozen: bool, kw_only: bool, slots: bool) -> type:  # noqa: A002
    own = cls.__dict__
    has_init, has_hash = "__init__" in own, own.get("__hash__") is not None
    methods: dict[str, Any] = {}
    # Without text of its own the standard decorator would ask for the signature, which compiles what may never be called.
    cls.__doc__ = cls.__doc__ or f"{cls.__name__}."
    # Only below a frozen class does the standard decorator insist on knowing; it then compiles two small methods.
    below_frozen = frozen and any(base.__dataclass_params__.frozen for base in cls.__mro__[1:] if hasattr(base, "__dataclass_params__"))
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, frozen=below_frozen, kw_only=kw_only, slots=slots)(cls)
    shown = [field.name for field in dataclasses.fields(made) if field.repr]
    compared = _values_of([field.name for field in dataclasses.fields(made) if field.compare])
    if repr:
        methods |= {"__repr__": _repr(shown)}
    if eq:
        methods |= {"__eq__": _eq(compared)}
    if order:
        methods |= _orders(compared)
    if frozen:
        made.__dataclass_params__.frozen = True
        methods |= {"__setattr__": _refusing("assign to", made), "__delattr__": _refusing("delete", made)} if not below_frozen else {}
        methods |= _state(made) if slots else {}
    for name, method in methods.items():
        if name not in own:
            method.__qualname__ = f"{made.__qualname__}.{name}"
            setattr(made, name, method)
    if eq and not has_hash:
        made.__hash__ = _hash(compared) if frozen else None
    if not has_init:
        made.__init__ = _WrittenWhenAsked(made, frozen=frozen)
    return made  # type: ignore[no-any-return]


def _values_of(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    if names:
        one = attrgetter(names[0])
        return lambda instance: (one(instance),)
    return lambda _instance: ()


def _repr(names: list[str]) -> Callable[[Any], str]:
    def __repr__(self: Any) -> str:  # noqa: N807
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return recursive_repr()(__repr__)


def _eq(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any, Any], Any]:
    def __eq__(self: Any, other: object) -> Any:  # noqa: N807
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _hash(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any], int]:
    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(values(self))

    return __hash__


def _orders(values: Callable[[Any], tuple[Any, ...]]) -> dict[str, Any]:
    def __lt__(self: Any, other: object) -> Any:  # noqa: N807
        return values(self) < values(other) if other.__class__ is self.__class__ else NotImplemented

    def __le__(self: Any, other: object) -> Any:  # noqa: N807
        return values(self) <= values(other) if other.__class__ is self.__class__ else NotImplemented

    def __gt__(self: Any, other: object) -> Any:  # noqa: N807
        return values(self) > values(other) if other.__class__ is self.__class__ else NotImplemented

    def __ge__(self: Any, other: object) -> Any:  # noqa: N807
        return values(self) >= values(other) if other.__class__ is self.__class__ else NotImplemented

    return {"__lt__": __lt__, "__le__": __le__, "__gt__": __gt__, "__ge__": __ge__}


def _refusing(verb: str, cls: type) -> Callable[..., None]:
    """What keeps a frozen instance as it is; attributes that a subclass adds are the subclass's own affair."""
    names = frozenset(field.name for field in dataclasses.fields(cls))
    default = object.__setattr__ if verb == "assign to" else object.__delattr__

    def refuse(self: Any, name: str, *value: Any) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot {verb} field {name!r}")
        default(self, name, *value)

    return refuse


def _state(cls: type) -> dict[str, Any]:
    """Copying and pickling of frozen slots, which cannot be set in the ordinary way."""
    names = [field.name for field in dataclasses.fields(cls)]

    def __getstate__(self: Any) -> list[Any]:  # noqa: N807
        return [getattr(self, name) for name in names]

    def __setstate__(self: Any, state: list[Any]) -> None:  # noqa: N807
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    return {"__getstate__": __getstate__, "__setstate__": __setstate__}


def _init_of(cls: Any, *, frozen: bool) -> Any:
    """The function that sets each field from an argument, its default, or what its factory makes."""
    first: list[str] = []
    named: list[str] = []
    defaults: dict[str, Any] = {}
    makes: dict[str, Callable[[], Any]] = {}
    unasked: list[tuple[str, Callable[[], Any]]] = []
    annotations: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        key, default, make = field.name, field.default, field.default_factory
        if field.init:
            (named if field.kw_only else first).append(key)
            annotations[key] = field.type
            if make is not _MISSING:
                defaults[key], makes[key] = _NEW, make
            elif default is not _MISSING:
                defaults[key] = default
        elif make is not _MISSING:
            unasked.append((key, make))
        elif default is not _MISSING and isinstance(getattr(cls, key, None), MemberDescriptorType):
            unasked.append((key, partial(_same, default)))
    keys = (*first, *named)
    post = hasattr(cls, "__post_init__")
    names: dict[str, Any] = {"_fill": _filling(object.__setattr__ if frozen else setattr, makes, unasked, post=post)}
    template = _template(cls, f"_{'making' if makes else 'plain'}_{len(keys)}") if not unasked else None
    if template is not None:
        become, twin = (_BECOME, _open_twin(cls)) if frozen else (is_, None)  # an instance that is not frozen need not be opened
        names |= {"_cls": cls, "_twin": twin, "_become": become, "_post": post}
        names |= {"_new": _NEW, "_make": [makes.get(key) for key in keys]}
    made = _named_as(template or _TEMPLATES["_wide"], keys, len(named), names)
    made.__defaults__ = tuple([defaults[key] for key in first if key in defaults])
    made.__kwdefaults__ = {key: defaults[key] for key in named if key in defaults}
    made.__qualname__, made.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    made.__annotations__ = annotations | {"return": None}
    return made


def _template(cls: type, name: str) -> Any:
    """The function of this name, if the class can be filled by one."""
    if type(cls) is not type or any("__init_subclass__" in vars(base) for base in cls.__mro__[:-1]):
        return None  # whoever watches over subclasses would see the twin
    return _TEMPLATES.get(name)


def _named_as(template: Any, keys: tuple[str, ...], named: int, names: dict[str, Any]) -> FunctionType:
    """The template with these names of fields, the last ones for keywords only, and what it looks up in `names`."""
    fields = {f"a{place}": key for place, key in enumerate(keys)}
    code = template.__code__
    code = code.replace(
        co_name="__init__",
        co_argcount=1 + len(keys) - named,
        co_kwonlyargcount=named,
        co_nlocals=1 + len(keys),
        co_varnames=("self", *keys),
        co_names=tuple([fields.get(name, name) for name in code.co_names]),
    )
    return FunctionType(code, names)


def _open_twin(cls: type) -> type:
    """A class of the same layout that lets its fields be set."""
    own: dict[str, Any] = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    if "__slots__" in cls.__dict__:
        own["__slots__"] = cls.__dict__["__slots__"]
    return type(f"_Open{cls.__name__}", cls.__bases__, own)


def _filling(
    put: Callable[[Any, str, Any], None],
    makes: dict[str, Callable[[], Any]],
    unasked: list[tuple[str, Callable[[], Any]]],
    *,
    post: bool,
) -> Callable[[Any, dict[str, Any]], None]:
    """What fills an instance field by field: of a subclass, or of a class that no template fits."""

    def fill(self: Any, values: dict[str, Any]) -> None:
        del values["self"]
        for key, value in values.items():
            put(self, key, makes[key]() if value is _NEW else value)
        for key, make in unasked:
            put(self, key, make())
        if post:
            self.__post_init__()

    return fill


def _same(value: Any) -> Any:
    return value


class _New:
    """Shown in signatures for a default that is made anew for each instance."""

    def __repr__(self) -> str:
        return "<factory>"


class _Nothing(dict[str, Any]):
    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError("this empty mapping is the default of many values; make one of your own to put something in")

    __setitem__ = setdefault = update = __ior__ = _refuse
    __hash__ = object.__hash__  # type: ignore[assignment]

    def __reduce__(self) -> tuple[type, tuple[()]]:
        return dict, ()


NOTHING: Mapping[str, Any] = _Nothing()
"""An empty mapping that stays empty: the default of fields of values that are made by the thousand."""
_NEW = _New()
_MISSING = dataclasses.MISSING
_TEMPLATES = vars(inits)
_BECOME = object.__dict__["__class__"].__set__
