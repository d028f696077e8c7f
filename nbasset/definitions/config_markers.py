"""Words that mark parameters and fields as configuration or resources, without loading pydantic.

Whoever reads a function's signature asks here. `Config` and resource classes carry the same marks as class attributes.

>>> from nbasset import ConfigurableResource, ResourceDependency, ResourceParam, asset, materialize_to_memory
>>> class Shop(ConfigurableResource):
...     prices: ResourceDependency[dict]
>>> @asset
... def total(shop: Shop, rate: ResourceParam[float]):
...     return sum(shop.prices.values()) * rate
>>> materialize_to_memory([total], resources={"shop": Shop(prices={"tea": 2}), "rate": 1.5}).asset_value("total")
3.0
"""

from __future__ import annotations

import types
import typing
from typing import Annotated, Any, TypeVar, get_args, get_origin

T = TypeVar("T")


class ResourceMark:
    """Stands in the metadata of an annotation: the value is a resource, opened before it is used."""

    __nbasset_resource__ = True

    def __repr__(self) -> str:
        return "resource"

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Any object fits: what stands in the field until the run opens it may be a definition of the value, not the value."""
        return {"type": "any", "metadata": {"pydantic_js_updates": {"type": "object", "title": "Resource"}}}


#: ``def asset(db: ResourceParam[Client])``: the parameter is filled by the resource of its name, whatever type that is.
ResourceParam = Annotated[T, ResourceMark()]

#: ``class Store(ConfigurableResource): client: ResourceDependency[Client]``: another resource, opened before this one.
ResourceDependency = Annotated[T, ResourceMark()]


def is_config_class(annotation: Any) -> bool:
    """Whether an annotation is a subclass of `Config`."""
    return isinstance(annotation, type) and bool(getattr(annotation, "__nbasset_config__", False))


def is_resource_annotation(annotation: Any) -> bool:
    """Whether a parameter or field annotated so holds a resource: a resource class, ``ResourceParam[...]``, either of them optional."""
    if getattr(annotation, "__nbasset_resource__", False):
        return True
    if any(getattr(item, "__nbasset_resource__", False) for item in getattr(annotation, "__metadata__", ())):
        return True
    if get_origin(annotation) in (typing.Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
        return bool(members) and all(is_resource_annotation(member) for member in members)
    return False
