"""Which calls change something: the short list of mutations that reading code may rely on.

Reading cannot know what `thing.method()` does. Taking every bare call into a slice would pull in each ``print(df)`` and ``df.head()``, so
only *known* mutations count; all other bare calls are left out and listed, and a run in a clean kernel is the proof. The tables are
plain data: names of methods that change their object, functions that change their first argument, settings of quiet libraries.
"""

from __future__ import annotations

import ast
import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Change the object and give nothing worth keeping: they count where the result is dropped (`df.add(1)` as a value changes nothing).
_CHANGES_WHEN_DROPPED = _words(
    "append extend insert remove clear sort reverse update add discard intersection_update difference_update "
    "symmetric_difference_update appendleft extendleft rotate subtract write writelines seek truncate put put_nowait "
    "load_state_dict requires_grad_ zero_ merge_into"
)
_NAMED_FOR_A_CHANGE = re.compile(r"(?:set|add|append|insert|update|remove|register)(?:_|[A-Z])|register\Z")
# Change the object and give a value too: they count everywhere.
_CHANGES_ALWAYS = _words(
    "pop popitem popleft setdefault fit partial_fit fit_transform fit_predict fit_resample move_to_end "
    "__setitem__ __delitem__ __setattr__ __iadd__"
)
# Functions that change their first argument, by their last name.
_CHANGES_FIRST_ARGUMENT = _words(
    "setattr delattr next heappush heappop heapify heappushpop heapreplace insort insort_left insort_right shuffle "
    "fill_diagonal copyto put_along_axis putmask place setitem delitem"
)
# Methods and functions that call what they are given at once and keep nothing of it: their result carries no function.
_CALLS_AT_ONCE = _words(
    "apply map applymap agg aggregate transform pipe assign sort sort_values min max groupby where mask loc rename filter"
)
_FUNCTIONS_CALLING_AT_ONCE = _words("sorted min max sum any all len list tuple set dict reduce print isinstance")
_SQL_METHODS = frozenset({"execute", "executemany", "sql", "query"})
_SQL_CHANGE = re.compile(
    r"\s*(?:create|insert|update|delete|drop|alter|attach|copy|set|pragma|install|load|import|truncate)\b", re.IGNORECASE
)

# Bare calls that only show something, end the program or wait: never part of a slice.
_SHOWS = _words("print pprint pp display display_html show clear_output breakpoint sleep exit quit input help")
# Libraries of many bare calls that change nothing (a last line that shows a value); their settings are told by name.
_QUIET = _words(
    "numpy pandas polars pyarrow scipy sklearn matplotlib seaborn plotly altair bokeh statsmodels networkx json re math statistics "
    "datetime itertools functools collections pathlib string textwrap decimal fractions typing dataclasses operator copy "
    "platform inspect hashlib calendar"
)
_SETTING = re.compile(
    r"set|seed|reset|register|unregister|use\b|switch|enable|disable|rc\b|rc_|rcdefaults|ion\b|ioff\b|config|filter|init|"
    r"install|patch|apply|activate|load_|add_|update|random\b"
)


def changes_receiver(method: str, call: ast.Call, *, is_dropped: bool) -> bool:
    """Whether `receiver.method(...)` is a known change of the receiver; `is_dropped` says that nobody uses the call's value."""
    if method in _CHANGES_ALWAYS:
        return True
    if is_dropped and (method in _CHANGES_WHEN_DROPPED or _NAMED_FOR_A_CHANGE.match(method)):
        return True
    if method in _SQL_METHODS and call.args:
        text = call.args[0]
        return isinstance(text, ast.Constant) and isinstance(text.value, str) and bool(_SQL_CHANGE.match(text.value))
    return bool(call.keywords) and any(
        word.arg == "inplace" and isinstance(word.value, ast.Constant) and word.value.value is True for word in call.keywords
    )


def changes_first_argument(function: str) -> bool:
    """Whether a function of this (last) name changes the object given first: `setattr`, `heapq.heappush`, `random.shuffle`..."""
    return function in _CHANGES_FIRST_ARGUMENT


def calls_at_once(function: str, *, is_method: bool) -> bool:
    """Whether a function given as argument is called at once and not kept: ``df.apply(clean)``, ``sorted(rows, key=rank)``."""
    return function in (_CALLS_AT_ONCE if is_method else _FUNCTIONS_CALLING_AT_ONCE)


def only_shows(function: str) -> bool:
    """Whether a bare call of this (last) name can never be part of a slice: `print`, `display`, `plt.show`."""
    return function in _SHOWS


def is_setting(package: str, path: str) -> bool:
    """Whether the bare call ``package.path()`` changes how the package behaves for everybody.

    True for every call of a package this table does not know; for the quiet ones only what is named like a setting.

    >>> is_setting("pandas", "set_option"), is_setting("numpy", "random.seed"), is_setting("numpy", "mean")
    (True, True, False)
    """
    if only_shows(path.rpartition(".")[2]):
        return False
    if package not in _QUIET:
        return True
    return any(_SETTING.match(part) for part in path.split("."))
