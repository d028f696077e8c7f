"""Secrets by reference, and a mask for the text that might still hold them.

A secret stands in configuration as the *name* of an environment variable: `EnvVar("DB_PASSWORD")` in Python, ``{env: DB_PASSWORD}`` in
YAML. The value is read when a run starts and lives in memory only. Reading one also remembers it, so that whatever leaves the
process as text (logs, errors, notebook output) can be passed through `mask_secrets` or a `StreamMask` first.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    # To type checkers a reference fits where a text is wanted; at run time it is no text, so nothing can send its name as a password.
    _Text = str
else:
    _Text = object

_Kind = Literal["text", "int", "float", "bool"]
_Int: TypeAlias = int
_Float: TypeAlias = float
_Bool: TypeAlias = bool

#: Shorter values are not masked in free text: "prod" or "5432" would blot out half a log.
SHORTEST_MASKED = 6
_HIDDEN = "***"
_REFERENCES = re.compile(r"""EnvVar(?:\.\w+)?\(\s*["']([^"']+)["']|\benv:\s*["']?(\w+)""")
_URL_PASSWORD = re.compile(r"(?P<start>[A-Za-z][A-Za-z0-9+.-]*://[^/\s:@]*):[^/\s@]+@")
_SECRET_WORD = re.compile(
    r"(?:^|_)(?:password|passwd|pwd|passphrase|secret|token|credentials?|(?:api|access|private|secret|auth|account|signing)_?key)(?:_|$)"
)
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


class EnvVar(_Text):
    """The name of an environment variable, read when a run starts and never stored.

    Give it wherever a configuration field or a resource wants a value. Its value appears in no `repr`, JSON, event or error.

    >>> EnvVar("DB_PASSWORD")
    EnvVar('DB_PASSWORD')
    >>> EnvVar.int("DB_PORT").as_data()
    {'env': 'DB_PORT'}
    """

    __slots__ = ("_kind", "env_var_name")

    env_var_name: str
    _kind: _Kind

    def __new__(cls, name: str) -> EnvVar:
        """A reference to the variable `name`, read as text."""
        return _reference(name, "text")

    @classmethod
    def int(cls, name: str) -> _Int:
        """A reference read as a whole number."""
        return _reference(name, "int")  # type: ignore[return-value]

    @classmethod
    def float(cls, name: str) -> _Float:
        """A reference read as a real number."""
        return _reference(name, "float")  # type: ignore[return-value]

    @classmethod
    def bool(cls, name: str) -> _Bool:
        """A reference read as yes or no: 1/true/yes/on and 0/false/no/off."""
        return _reference(name, "bool")  # type: ignore[return-value]

    def get_value(self, default: str | None = None) -> Any:
        """The value now, or `default` if the variable is not set. The value is remembered, to be masked in text.

        Raises
        ------
        ValueError
            If an `EnvVar.int`, `.float` or `.bool` cannot read the text. The message names the variable, never its value.
        """
        text = os.environ.get(self.env_var_name)
        if text is None:
            return default
        KNOWN.add(self.env_var_name, text)
        return _converted(text, self._kind, self.env_var_name)

    @property
    def is_set(self) -> _Bool:
        """Whether the variable exists in this process."""
        return self.env_var_name in os.environ

    def as_data(self) -> dict[str, str]:
        """The form for YAML and JSON."""
        return {"env": self.env_var_name}

    @staticmethod
    def from_data(data: object) -> EnvVar | None:
        """The reference that ``{env: NAME}`` stands for; None for anything else."""
        if isinstance(data, EnvVar):
            return data
        if isinstance(data, Mapping) and len(data) == 1 and isinstance(data.get("env"), str) and data["env"].strip():
            return EnvVar(data["env"])
        return None

    def __repr__(self) -> str:
        kind = "" if self._kind == "text" else f".{self._kind}"
        return f"EnvVar{kind}({self.env_var_name!r})"

    def __str__(self) -> str:
        return repr(self)

    def __format__(self, spec: str) -> str:
        raise TypeError(
            f"{self!r} is read when a run starts, so it cannot be put into a text now. Give the whole text as one variable, "
            f"or join the parts where they are used; {self!r}.get_value() reads it at once."
        )

    def __eq__(self, other: object) -> _Bool:
        return isinstance(other, EnvVar) and (self.env_var_name, self._kind) == (other.env_var_name, other._kind)

    def __hash__(self) -> _Int:
        return hash((EnvVar, self.env_var_name, self._kind))

    def __reduce__(self) -> tuple[Any, ...]:
        return _reference, (self.env_var_name, self._kind)

    def __copy__(self) -> EnvVar:
        return self

    def __deepcopy__(self, memo: object) -> EnvVar:
        return self


def _reference(name: str, kind: _Kind) -> EnvVar:
    if not isinstance(name, str) or not name.strip() or "=" in name or "\0" in name:
        raise ValueError(f'{name!r} cannot be the name of an environment variable. Write EnvVar("DB_PASSWORD").')
    made = object.__new__(EnvVar)
    made.env_var_name = name
    made._kind = kind
    return made


def _converted(text: str, kind: _Kind, name: str) -> object:
    if kind == "text":
        return text
    if kind == "bool":
        word = text.strip().lower()
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        raise ValueError(f"the value of environment variable {name} is no yes or no (true, false, 1, 0, yes, no, on, off)")
    try:
        return int(text) if kind == "int" else float(text)
    except ValueError:
        words = "whole number" if kind == "int" else "number"
    raise ValueError(f"the value of environment variable {name} is no {words}")


@lru_cache(maxsize=1024)
def looks_secret(name: str) -> bool:
    """Whether a field of this name probably holds a secret, and is shown as `***`.

    >>> [looks_secret(name) for name in ("password", "api_key", "DB_TOKEN", "max_tokens", "sort_key")]
    [True, True, True, False, False]
    """
    return bool(_SECRET_WORD.search(name.lower()))


# -- Masking text -------------------------------------------------------------------------------------------------------


class SecretMask:
    """Values that must not leave the process, and the replacing of them in text.

    A value is found as it is and as it looks inside JSON, `repr`, HTML, a URL and base64; of a text with several lines (a private
    key), each long line too. It is replaced by the name it came from: ``***DB_PASSWORD***``.

    >>> mask = SecretMask()
    >>> mask.add("DB_PASSWORD", "correct horse")
    >>> mask.mask("GET https://db/?password=correct%20horse failed for 'correct horse'")
    "GET https://db/?password=***DB_PASSWORD*** failed for '***DB_PASSWORD***'"
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
        self._lock = threading.Lock()
        self.environment: Mapping[object, object] | None = None  # as it was when its secrets were last looked for

    def add(self, name: str, value: str) -> None:
        """Remember a value; one shorter than six characters is left alone."""
        if len(value) < SHORTEST_MASKED or value in self._names:
            return
        with self._lock:
            names = {**dict.fromkeys(_forms(value), name), **self._names}
            self._pattern = re.compile("|".join(re.escape(form) for form in sorted(names, key=len, reverse=True)))
            self._names = names

    def forget(self) -> None:
        """Drop every value. For tests, and for a process that is handed on."""
        with self._lock:
            self._names, self._pattern, self.environment = {}, None, None

    def mask(self, text: str) -> str:
        """The text without any known value."""
        pattern, names = self._pattern, self._names
        if pattern is None:
            return text
        return pattern.sub(lambda found: f"***{names.get(found.group(), 'SECRET')}***", text)

    def held_back(self, text: str) -> int:
        """How many characters at the end of `text` may be the start of a value that goes on."""
        longest = 0
        for form in self._names:
            for size in range(min(len(form) - 1, len(text)), longest, -1):
                if text.endswith(form[:size]):
                    longest = size
                    break
        return longest


#: What this process has read through `EnvVar`, or was told with `remember_secret`.
KNOWN = SecretMask()


def remember_secret(name: str, value: str) -> None:
    """Have `value` masked in text from now on, as ``***name***``."""
    KNOWN.add(name, value)


def references_in(text: str) -> set[str]:
    """The variables of the environment that code, or a configuration in YAML, refers to as to secrets.

    >>> sorted(references_in("EnvVar('DB_TOKEN'), EnvVar.int(\\"PORT\\"), env: KEY"))
    ['DB_TOKEN', 'KEY', 'PORT']
    """
    return {name for found in _REFERENCES.findall(text.replace('\\"', '"')) for name in found if name}


def remember_named(values: Mapping[str, object], names: Collection[str] = ()) -> None:
    """Have the texts among `values` masked whose name looks like that of a secret, or is one of `names`: of the environment, of a notebook.

    >>> remember_named({"DB_TOKEN": "tok-123456", "HOME": "/home/ada"})
    >>> mask_secrets("tok-123456 of /home/ada"); KNOWN.forget()
    '***DB_TOKEN*** of /home/ada'
    """
    is_environment = values is os.environ and not names
    if is_environment:  # every run asks, and mostly it is as it was: the bytes behind it tell, without decoding each name
        behind = getattr(values, "_data", None)
        if behind is not None and behind == KNOWN.environment:
            return
    now = dict(behind) if is_environment and behind is not None else None
    for name in list(values):
        if (looks_secret(name) and name != "PWD") or name in names:  # a shell's PWD is the folder, which is in every path
            value = values.get(name)
            if isinstance(value, str):
                KNOWN.add(name, value)
    if is_environment:
        KNOWN.environment = now


def mask_secrets(text: str) -> str:
    """The text without secrets this process knows, and without passwords inside URLs.

    >>> mask_secrets("could not connect to postgresql://ada:lovelace@db/prod")
    'could not connect to postgresql://ada:***@db/prod'
    """
    return _URL_PASSWORD.sub(rf"\g<start>:{_HIDDEN}@", KNOWN.mask(text))


def mask_data(data: Any) -> Any:
    """`mask_secrets` over every text, also the keys, of nested lists and dicts."""
    if isinstance(data, str):
        return mask_secrets(data)
    if isinstance(data, Mapping):
        return {mask_secrets(key) if isinstance(key, str) else key: mask_data(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return type(data)(mask_data(item) for item in data) if type(data) in (list, tuple) else [mask_data(item) for item in data]
    return data


class StreamMask:
    """Masks text that arrives in pieces, also a secret cut in two by a buffer.

    Whatever may be the start of a secret is held until the next piece or `flush`.

    >>> KNOWN.add("TOKEN", "tok-123456")
    >>> pieces = []
    >>> stream = StreamMask(pieces.append)
    >>> for piece in ("using tok-1", "23456 now"):
    ...     stream.write(piece)
    >>> stream.flush(); KNOWN.forget()
    >>> "".join(pieces)
    'using ***TOKEN*** now'
    """

    def __init__(self, write: Callable[[str], object], secrets: SecretMask | None = None) -> None:
        self._write = write
        self._secrets = secrets or KNOWN
        self._kept = ""

    def write(self, text: str) -> None:
        """Pass on everything that is certainly whole."""
        text = self._secrets.mask(self._kept + text)
        cut = len(text) - self._secrets.held_back(text)
        self._kept = text[cut:]
        if cut:
            self._write(text[:cut])

    def flush(self) -> None:
        """Pass on the rest: nothing more comes."""
        kept, self._kept = self._kept, ""
        if kept:
            self._write(self._secrets.mask(kept))


def _forms(value: str) -> set[str]:
    import base64  # with the next two 1.5 MB, for whoever has a secret
    import html
    from urllib.parse import quote, quote_plus

    lines = [line.strip() for line in value.splitlines() if len(line.strip()) >= 16] if "\n" in value else []
    forms = {value, repr(value)[1:-1], json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], html.escape(value)}
    forms |= {quote(value, safe=""), quote(value), quote_plus(value), base64.b64encode(value.encode()).decode(), *lines}
    return {form for form in forms if len(form) >= SHORTEST_MASKED}
