"""`dataclass`: the standard decorator, for a package of hundreds of classes of which a process uses a few.

The standard one writes and compiles up to eight methods as each class is made, a third of a millisecond a class; that was much of the time
it took to load what one run of a notebook needs. Here `__init__` is compiled when the class is first called (or its signature asked for),
the others are closures that need no compiling. An instance of a frozen class with slots is filled while it still is one of an open twin,
a class of the same layout that lets its fields be set: that takes half the time of setting them one by one past the guard. All else is
the standard library's: `field`, `fields`, `replace` and `asdict` of `dataclasses` work as ever, and
type checkers see the standard decorator. Not offered: `InitVar`, and options that nothing here asks for.

Values of which there are thousands leave most of their fields at the default. A field that is declared by `seldom` takes no room in an
instance that leaves all such fields so: it is found on the class. The others are of a subclass with slots for all fields, which nobody
need know of: it has the same name, equals and pickles alike.
"""

from __future__ import annotations

import dataclasses
from functools import cached_property
from operator import attrgetter
from reprlib import recursive_repr
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, TypeVar

T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, *, init=True, repr=True, eq=True, order=False, frozen=False, kw_only=False, slots=False):  # noqa: A002 - the standard's names
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
            if any(_is_seldom(value) for value in vars(cls).values()):
                return _in_two_layouts(cls, init=init, repr=repr, eq=eq)
            return _finished(cls, repr=repr, eq=eq, order=order, frozen=frozen, kw_only=kw_only, slots=slots)

        return make if cls is None else make(cls)


def seldom(default: T) -> T:
    """A field of a frozen class with slots that takes no room in an instance as long as all fields of this kind are at their defaults.

    >>> @dataclass(frozen=True, slots=True)
    ... class Reader:
    ...     name: str
    ...     prefix: str = seldom("")
    >>> Reader("a"), Reader("a", "raw"), Reader("a").__slots__
    (Reader(name='a', prefix=''), Reader(name='a', prefix='raw'), ('name',))
    """
    return dataclasses.field(default=default, metadata=_SELDOM)


def filled_by(cls: type[T]) -> Callable[..., T]:
    """What makes an instance of a class with `seldom` fields, of all its values in order as they are: for a `__new__` that checks them."""
    return _WRITERS[cls]


def as_subclass(kind: type[T], made: Any) -> T:
    """What was made of a class with `seldom` fields, as an instance of a subclass that somebody wrote."""
    found = object.__new__(kind)
    for field in dataclasses.fields(made):
        object.__setattr__(found, field.name, getattr(made, field.name))
    return found


def layouts_of(cls: type) -> tuple[type, ...]:
    """The classes that instances of a class are of: it alone, or with the one that has room for `seldom` fields."""
    return (cls, _WRITERS[cls].full) if cls in _WRITERS else (cls,)


_SELDOM = {"seldom": True}


def _is_seldom(value: object) -> bool:
    return isinstance(value, dataclasses.Field) and "seldom" in value.metadata


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


def _in_two_layouts(cls: Any, *, init: bool, repr: bool, eq: bool) -> type:  # noqa: A002
    """A frozen class with slots for the fields that are not `seldom`, and its subclass with slots for these."""
    own = cls.__dict__
    doc = cls.__doc__ = cls.__doc__ or f"{cls.__name__}."
    fields = dataclasses.fields(dataclasses.dataclass(init=False, repr=False, eq=False)(cls))
    rare = tuple([field.name for field in fields if "seldom" in field.metadata])
    slots = tuple([field.name for field in fields if field.name not in rare])
    body = {name: value for name, value in own.items() if name not in (*slots, "__dict__", "__weakref__")}
    made: Any = type(cls.__name__, cls.__bases__, {**body, "__slots__": slots})
    same = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": doc}
    full: Any = type(cls.__name__, (made,), {**same, "__slots__": rare})
    made.__dataclass_params__.frozen = True
    compared = _values_of([field.name for field in fields if field.compare])
    methods: dict[str, Any] = {"__setattr__": _refusing("assign to", made), "__delattr__": _refusing("delete", made)}
    if repr:
        methods |= {"__repr__": _repr([field.name for field in fields if field.repr])}
    if eq:
        methods |= {"__eq__": _eq(compared, made), "__hash__": _hash(compared)}
    writer = _Writer(made, full, slots, rare)
    methods |= {"__reduce__": _reduce(made, full, _values_of([field.name for field in fields]))}
    for name, method in methods.items():
        if own.get(name) is None:
            method.__qualname__ = f"{made.__qualname__}.{name}"
            setattr(made, name, method)
    if init:
        made.__new__ = writer
    _WRITERS[made] = writer
    return made  # type: ignore[no-any-return]


class _Writer:
    """Stands for the function that makes instances of a class in two layouts, until somebody calls it: as `__new__`, or by `filled_by`."""

    def __init__(self, cls: type, full: type, slots: tuple[str, ...], rare: tuple[str, ...]) -> None:
        self.cls, self.full, self.slots, self.rare = cls, full, slots, rare

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        made = self.cls.__new__ = self._written("_type, ")  # type: ignore[method-assign]
        return made

    def __call__(self, *values: Any) -> Any:
        return self._made(*values)

    @cached_property
    def _made(self) -> Any:
        return self._written("")

    def _written(self, first: str) -> Any:
        names: dict[str, Any] = {"_new": object.__new__, "_cls": self.cls, "_full": self.full, "_as": as_subclass}
        for kind, open_kind in (("_cls", "_open"), ("_full", "_open_full")):
            like = names[kind]
            own = {"__slots__": like.__slots__, "__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
            names[open_kind] = type(f"_Open{like.__name__}", like.__bases__, own)
        head = []
        for field in dataclasses.fields(self.cls):
            names[f"_default_{field.name}"] = field.default
            head.append(field.name if field.default is dataclasses.MISSING else f"{field.name} = _default_{field.name}")
        plain = [f"self.{name} = {name}" for name in self.slots]
        text = [f"def __new__({first}{', '.join(head)}):", f" if {' and '.join([f'{name} is _default_{name}' for name in self.rare])}:"]
        text += [f"  {line}" for line in ["self = _new(_open)", *plain, "self.__class__ = _cls"]]
        text += [" else:", "  self = _new(_open_full)"]
        text += [f"  {line}" for line in [*plain, *[f"self.{name} = {name}" for name in self.rare], "self.__class__ = _full"]]
        text += [" return self if _type is _cls else _as(_type, self)" if first else " return self"]
        exec("\n".join(text), names)  # noqa: S102 - field names only
        made = names["__new__"]
        made.__qualname__ = f"{self.cls.__qualname__}.__new__"
        made.__module__ = self.cls.__module__
        made.__annotations__ = {field.name: field.type for field in dataclasses.fields(self.cls)} | {"return": None}
        return made


_WRITERS: dict[type, _Writer] = {}


def _reduce(cls: type, full: type, values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any], Any]:
    """Pickling and copying: neither the layout nor a `__new__` that checks values again comes into it."""

    def __reduce__(self: Any) -> Any:  # noqa: N807
        return _again, (cls, cls if type(self) is full else type(self), *values(self))

    return __reduce__


def _again(cls: type, kind: type, *values: Any) -> Any:
    made: Any = filled_by(cls)(*values)
    return made if kind is cls else as_subclass(kind, made)


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


def _eq(values: Callable[[Any], tuple[Any, ...]], cls: type | None = None) -> Callable[[Any, Any], Any]:
    """Equality with others of the same class; with others of `cls`, where instances are of one of its layouts."""

    def __eq__(self: Any, other: object) -> Any:  # noqa: N807
        is_alike = other.__class__ is self.__class__ or (cls is not None and isinstance(other, cls))
        return values(self) == values(other) if is_alike else NotImplemented

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
    names: dict[str, Any] = {"_new": _NEW, "_put": object.__setattr__}
    slots: list[tuple[str, str]] = []
    others: list[str] = []
    first: list[str] = []
    named: list[str] = []
    body: list[str] = []
    made_first: list[str] = []
    for field in dataclasses.fields(cls):
        key, value = field.name, field.name
        slot: Any = getattr(cls, key, None)
        has_slot = isinstance(slot, MemberDescriptorType)
        if field.default_factory is not dataclasses.MISSING:
            names[f"_make_{key}"] = field.default_factory
            made_first.append(f"{key} = _make_{key}()" + (f" if {key} is _new else {key}" if field.init else ""))
            default = " = _new"
        elif field.default is not dataclasses.MISSING and (field.init or has_slot):
            names[f"_default_{key}"] = field.default
            value, default = (key if field.init else f"_default_{key}"), f" = _default_{key}"
        elif field.init:
            default = ""
        else:
            continue
        if field.init:
            (named if field.kw_only else first).append(key + default)
        if frozen and has_slot:
            slots.append((key, value))
        elif frozen:
            others.append(f"{key}={value}")
        else:
            body.append(f"self.{key} = {value}")
    if others:
        body.append(f"self.__dict__.update({', '.join(others)})")  # past the guard, in one call
    body = made_first + body + (_filled(cls, slots, names) if slots else [])
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    head = ", ".join(["self", *first, *(["*", *named] if named else [])])
    exec(f"def __init__({head}):\n " + "\n ".join(body or ["pass"]), names)  # noqa: S102 - field names only
    made = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__module__ = cls.__module__
    made.__annotations__ = {field.name: field.type for field in dataclasses.fields(cls) if field.init} | {"return": None}
    return made


def _filled(cls: Any, slots: list[tuple[str, str]], names: dict[str, Any]) -> list[str]:
    """Lines that set the slots of a frozen instance: through the open twin, or one by one for an instance of a subclass."""
    if type(cls) is not type or any("__init_subclass__" in vars(base) for base in cls.__mro__[:-1]):
        return [f"_put(self, {key!r}, {value})" for key, value in slots]  # whoever watches over subclasses would see the twin
    own = {"__slots__": (), "__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    # Below the class and without slots of its own, so that Python need not compare slots each time an instance changes sides.
    names |= {"_cls": cls, "_twin": type(f"_Open{cls.__name__}", (cls,), own), "_become": object.__dict__["__class__"].__set__}
    names |= {"_fill": _fill, "_keys": [key for key, _ in slots]}
    filling = ["_become(self, _twin)", *[f"self.{key} = {value}" for key, value in slots], "self.__class__ = _cls"]
    values = "".join([f"{value}, " for _, value in slots])
    return ["if self.__class__ is _cls:", *[f" {line}" for line in filling], f"else: _fill(self, _keys, ({values}))"]


def _fill(instance: Any, keys: list[str], values: tuple[Any, ...]) -> None:
    for key, value in zip(keys, values, strict=True):
        object.__setattr__(instance, key, value)


class _New:
    """Shown in signatures for a default that is made anew for each instance."""

    def __repr__(self) -> str:
        return "<factory>"


class Still(dict[str, Any]):
    """A mapping that stays as it is: many values share it."""

    __slots__ = ()

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError("this mapping is shared by many values; make one of your own to put something in")

    __setitem__ = __delitem__ = setdefault = update = pop = popitem = clear = __ior__ = _refuse
    __hash__ = object.__hash__  # type: ignore[assignment]

    def __reduce__(self) -> tuple[type, tuple[dict[str, Any]]]:
        return dict, (dict(self),)


NOTHING: Mapping[str, Any] = Still()
"""An empty mapping that stays empty: the default of fields of values that are made by the thousand."""
_NEW = _New()
