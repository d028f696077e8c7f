"""What a consumer's annotation asks for, read without importing the libraries it names.

`pd.DataFrame`, ``"pl.LazyFrame"``, ``list[Order]``, ``dict[str, pd.DataFrame]``: `wanted` names the form and what is inside; the conversion
itself is in `frames`.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin

from nbasset.dataclass import dataclass

Form = Literal[
    "pandas", "pandas_series", "polars", "polars_lazy", "polars_series", "arrow", "arrow_reader", "arrow_dataset", "numpy", "records",
    "list", "tuple", "dict", "by_partition", "scalar", "any",
]  # fmt: skip
FRAMES: frozenset[Form] = frozenset(("pandas", "polars", "polars_lazy", "arrow", "arrow_reader", "arrow_dataset", "records"))

_BY_NAME: dict[tuple[str, str], Form] = {
    ("pandas", "DataFrame"): "pandas",
    ("pandas", "Series"): "pandas_series",
    ("polars", "DataFrame"): "polars",
    ("polars", "LazyFrame"): "polars_lazy",
    ("polars", "Series"): "polars_series",
    ("pyarrow", "Table"): "arrow",
    ("pyarrow", "RecordBatch"): "arrow",
    ("pyarrow", "RecordBatchReader"): "arrow_reader",
    ("pyarrow", "Dataset"): "arrow_dataset",
    ("numpy", "ndarray"): "numpy",
}
_ALIASES = {"pd": "pandas", "pl": "polars", "pa": "pyarrow", "np": "numpy", "ds": "pyarrow"}
_SCALARS = ("str", "int", "float", "bool", "bytes", "date", "datetime", "Decimal", "timedelta", "time")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One form of a value. `item` is the class of each record or what each partition's entry is; `options` are the members of a union."""

    form: Form = "any"
    item: Any = None
    options: tuple[Wanted, ...] = ()


ANY = Wanted()
_SCALAR = Wanted("scalar")


def wanted(annotation: Any) -> Wanted:
    """The form an annotation asks for; `ANY` (as it was stored) for none, for ``Any`` and for types that are not known.

    >>> wanted("pd.DataFrame").form, wanted(dict[str, list[dict]]).form, wanted(int | None).form
    ('pandas', 'by_partition', 'scalar')
    """
    if annotation is None or annotation is Any:
        return ANY
    if annotation is int or annotation is float or annotation is bool:
        return _SCALAR
    if isinstance(annotation, str):
        return _of_text(annotation)
    origin = get_origin(annotation)
    if origin is None:
        return _of_class(annotation)
    arguments = get_args(annotation)
    if origin is Union or origin is types.UnionType:
        options = tuple(wanted(one) for one in arguments if one is not type(None))
        return options[0] if len(options) == 1 else Wanted("any", options=options)
    if hasattr(annotation, "__metadata__"):  # Annotated[...]
        return wanted(arguments[0])
    return _of_generic(origin, arguments)


def of_each_partition(annotation: Any) -> Any:
    """What one entry of a dict by partition is annotated as: the value type of the mapping, or None.

    >>> of_each_partition(dict[str, int])
    <class 'int'>
    """
    asked = wanted(annotation)
    return asked.item if asked.form in ("by_partition", "dict") and not is_record_class(asked.item) else None


def load_as(annotation: Any, *, several: bool) -> Literal["dict", "frame", "single"]:
    """What the partitions of an input become.

    `several` is whether the mapping from consumer to upstream partitions *can* give more than one: then an input without annotation is
    always a dict, also when only one partition happens to be there, so that its type never depends on the data.

    >>> load_as(None, several=True), load_as("pl.DataFrame", several=True), load_as("pl.DataFrame", several=False)
    ('dict', 'frame', 'single')
    """
    return form_as(wanted(annotation).form, several=several)


def form_as(form: Form, *, several: bool) -> Literal["dict", "frame", "single"]:
    """The same from the form that the annotation asks for."""
    if form == "by_partition":
        return "dict"
    if not several:
        return "single"
    return "frame" if form in FRAMES else "dict"


def _of_text(text: str) -> Wanted:
    text = text.strip().strip("'\"")
    if text.endswith("| None"):
        return _of_text(text.removesuffix("| None"))
    head, _, rest = text.partition("[")
    module, _, name = head.rpartition(".")
    known = _BY_NAME.get((_ALIASES.get(module, module.split(".")[0]), name))
    if known:
        return Wanted(known)
    inner = rest.removesuffix("]")
    if name == "Optional":
        return _of_text(inner)
    if name in ("dict", "Dict", "Mapping"):
        return _of_mapping(inner.partition(",")[2].strip() or None)
    if name in ("list", "List", "Sequence"):
        return Wanted("records" if inner.startswith(("dict", "Dict", "Mapping")) else "list")
    return Wanted("scalar") if name in _SCALARS else ANY


def _of_class(cls: Any) -> Wanted:
    if not isinstance(cls, type):
        return ANY
    module = cls.__module__.split(".")[0]
    form = _BY_NAME.get((module, cls.__name__)) or _BY_NAME.get((module, "Dataset" if cls.__name__.endswith("Dataset") else ""))
    if form:
        return Wanted(form)
    for base in cls.__mro__[1:]:  # a subclass of a frame is loaded as the frame
        form = _BY_NAME.get((base.__module__.split(".")[0], base.__name__))
        if form:
            return Wanted(form)
    if is_record_class(cls):
        return Wanted("dict", cls)
    return _of_generic(cls, ())


def _of_generic(origin: Any, arguments: tuple[Any, ...]) -> Wanted:
    if not isinstance(origin, type):
        return ANY
    if origin.__module__.split(".")[0] in ("pandas", "polars", "pyarrow", "numpy", "pandera"):  # NDArray[...], DataFrame[Schema]
        return _of_class(origin) if arguments else ANY
    if issubclass(origin, Mapping):
        return _of_mapping(arguments[1] if len(arguments) == 2 else None)
    if issubclass(origin, (list, tuple)) or origin.__name__ in ("Sequence", "Iterable", "Collection"):
        item_class = arguments[0] if arguments else None
        if is_record_class(item_class) or _is_mapping(item_class):
            return Wanted("records", item_class)
        return Wanted("tuple" if issubclass(origin, tuple) else "list", item_class)
    return Wanted("scalar") if origin.__name__ in _SCALARS else ANY


def is_record_class(cls: Any) -> bool:
    """Whether objects of this class are records: dataclasses, named tuples, typed dicts, pydantic models."""
    if not isinstance(cls, type):
        return False
    return dataclasses.is_dataclass(cls) or hasattr(cls, "_fields") or hasattr(cls, "__total__") or hasattr(cls, "model_fields")


def _is_mapping(cls: Any) -> bool:
    origin = get_origin(cls) or cls
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _of_mapping(item: Any) -> Wanted:
    form = wanted(item).form
    return Wanted("by_partition" if form in FRAMES or form in ("pandas_series", "polars_series") else "dict", item)
