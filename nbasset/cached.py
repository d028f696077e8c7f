"""`cached_property`: worked out when it is first asked for, as the standard library's is from Python 3.12 on.

Before, that took a lock which all instances shared, and five times as long. Without one, two threads that ask at once may both work it out:
so what is worked out must be equal each time, and the second answer stays.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or sys.version_info >= (3, 12):
    from functools import cached_property as cached_property
else:

    class cached_property:  # noqa: N801 - the standard's name
        """See `functools.cached_property`."""

        def __init__(self, func: Any) -> None:
            self.func = func
            self.__doc__ = func.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self.name = name

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            if instance is None:
                return self
            found = instance.__dict__[self.name] = self.func(instance)
            return found
