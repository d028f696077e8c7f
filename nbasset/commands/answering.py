"""What the process of a location answers for an interface that has no user code in its own process.

A question names a function of `nbasset.commands` that takes a scope and one argument of plain data. Where such a function refuses, the
refusal comes back as data, with its class and each thing that is wrong, so that an interface can say it in its own words.
"""

from __future__ import annotations

import importlib
from typing import Any

from nbasset import serde
from nbasset.commands.scope import Scope
from nbasset.dataclass import dataclass
from nbasset.definitions.config_errors import ConfigError
from nbasset.errors import Error, InvalidConfigError
from nbasset.serde import serializable

_PACKAGE = "nbasset.commands."


@serializable
@dataclass(frozen=True, slots=True)
class Question:
    """A function, as ``module:name`` of `nbasset.commands`, and as text what it is given besides the scope.

    It is text since the process that is asked knows the types of the argument only when it has found the function.
    """

    function: str
    argument: str

    @staticmethod
    def of(function: str, argument: Any) -> Question:
        """The question with this argument, which is plain data."""
        return Question(function, serde.dumps(argument))


@serializable
@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One thing that is wrong with a configuration: where, in words, and the rule that it breaks (`config_errors.Rule`)."""

    path: tuple[str, ...]
    message: str
    rule: str = "value"


@serializable
@dataclass(frozen=True, slots=True)
class Refusal:
    """An error of nbasset as data: the name of its class, its text, and for a configuration each thing that is wrong."""

    cls: str
    message: str
    problems: tuple[ConfigProblem, ...] = ()

    @staticmethod
    def of(error: Error) -> Refusal:
        """What an error says."""
        problems = tuple(_problem(one) for one in error.errors) if isinstance(error, InvalidConfigError) else ()
        return Refusal(type(error).__name__, str(error), problems)


@serializable
@dataclass(frozen=True, slots=True)
class Answer:
    """What the function gave, or why it refused."""

    value: Any = None
    refusal: Refusal | None = None


def answered(scope: Scope, question: Question) -> Answer:
    """The answer to a question about a scope. Only errors of nbasset are refusals; whatever else is raised goes on."""
    module, _, name = question.function.partition(":")
    function = getattr(importlib.import_module(f"{_PACKAGE}{module}"), name)
    try:
        return Answer(function(scope, serde.loads(question.argument)))
    except Error as error:
        return Answer(refusal=Refusal.of(error))


def _problem(error: object) -> ConfigProblem:
    """An entry of an `InvalidConfigError`: one that knows its path, or a sentence."""
    if isinstance(error, ConfigError):
        return ConfigProblem(tuple(map(str, error.path)), str(error), error.rule)
    return ConfigProblem((), str(error))
