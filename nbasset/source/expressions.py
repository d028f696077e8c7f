"""The half of reading names that walks expressions: scopes, loads, stores, calls and what they change.

Python's own scoping rules, kept exact: a comprehension hides its targets and does not see a class body, a function's local name is local
from its first line, a class body is read top down. At the level of a statement (or of an asset's body) reading is *flow-sensitive*: a name
counts as read unless it was bound for certain before. `names.py` adds the statements on top.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import field
from typing import ClassVar

from nbasset.dataclass import dataclass
from nbasset.source.effects import calls_at_once, changes_first_argument, changes_receiver
from nbasset.source.shapes import dotted_path, element_sources, parameter_names, root_name, target_names

# How a name is read. One integer a name, so that a statement's reads are one small dict.
NOW = 1  # when the statement runs
VALUE = 2  # as a value that may travel on, not only called
LATER = 4  # when a function that the statement makes is called
RESULT = 8  # by a function that such a call may give back
TYPE = 16  # in an annotation
LAZY = 32  # in an annotation that Python never evaluates: text, or under `from __future__ import annotations`
SOFT = 64  # named in an SQL text: counts only if something binds it
DEFINE = 128  # in the arguments of an asset decorator: said about the asset, no part of its code
WHOLE = 256  # not only through an attribute
NESTED = 512  # by a function inside a function
RETURNED = 1024  # by the function's own code, as a value that the call may give back
FIRST = 2048  # before the statements themselves have bound it on any way to here

_GIVEN = (ast.Name, ast.Lambda)  # what a function can be given as
FLOW, CLASS, FUNCTION, COMPREHENSION = range(4)

_SQL_NAME = re.compile(r"\b(?:from|join)\s+([A-Za-z_]\w*)", re.IGNORECASE)
_QUERY_NAME = re.compile(r"@([A-Za-z_]\w*)")
_OPEN_CALLS = frozenset({"exec", "eval", "globals"})
_SKIPPED_FIELDS = frozenset({"ctx", "op", "ops", "kind", "attr", "arg", "id", "conversion", "type_comment", "is_async", "str"})


class Scope:
    """One scope while it is being read. `bound` are its names so far (for certain, where order counts)."""

    __slots__ = ("bound", "dead", "global_names", "kind", "loads", "outer", "outer_names", "stores")

    def __init__(self, kind: int, outer: Scope | None) -> None:
        self.kind = kind
        self.outer = outer
        self.bound: set[str] = set()
        self.stores: dict[str, None] = {}
        self.loads: dict[str, int] = {}
        self.global_names: set[str] = set()
        self.outer_names: set[str] = set()
        self.dead = False


@dataclass(slots=True)
class Effects:
    """What running some code changes, by the names it uses for the things: of a statement, or of a function's body."""

    changed: set[str] = field(default_factory=set)
    augmented: set[str] = field(default_factory=set)
    copies: list[tuple[str, str]] = field(default_factory=list)
    together: list[tuple[str, str]] = field(default_factory=list)
    calls: list[tuple[str, tuple[str | None, ...], tuple[tuple[str, str], ...]]] = field(default_factory=list)
    methods: set[tuple[str, str]] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    rebound: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Import:
    """One name that an import binds. `attribute` is None for ``import module``; `name` is ``*`` for a star import.

    ``import a.b`` binds ``a`` and loads ``a.b``: `module` is ``a.b`` and `is_dotted` is set.
    """

    name: str
    module: str
    attribute: str | None = None
    level: int = 0
    is_dotted: bool = False

    @property
    def package(self) -> str:
        """The top-level package."""
        return self.module.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Magic:
    """A call of IPython's shell: what is left of a line magic or ``!command`` in plain Python."""

    method: str
    name: str
    argument: str


class ExpressionReader:
    """Reads expressions into the dicts and sets below; one instance reads one statement (or one body)."""

    rules: ClassVar[dict[type[ast.AST], Callable[..., None]]]

    def __init__(self) -> None:
        self.reads: dict[str, int] = {}
        self.attributes: dict[str, set[str]] = {}
        self.effects = Effects()
        self.inner_imports: list[Import] = []
        self.module_calls: list[tuple[str, str]] = []
        self.magics: list[Magic] = []
        self.opens: set[str] = set()
        self.reads_doc = False
        self.is_lazy = False
        self.is_body = False
        self.gone: set[str] = set()
        self.top = Scope(FLOW, None)
        self.scope = self.top
        self.depth = 0
        self._now = NOW
        self._also = 0
        self._at_once = False
        self._dropped: tuple[ast.Call, ...] = ()
        self._assigned: ast.expr | None = None
        self.made: tuple[list[str], Scope, Effects] | None = None

    def visit(self, node: ast.AST) -> None:
        """Read one node."""
        if self._at_once and type(node) not in _GIVEN:
            self._at_once = False
        found = self.rules.get(type(node))
        if found is not None:
            found(self, node)
        else:
            self.visit_fields(node)

    def visit_fields(self, node: ast.AST) -> None:
        """Read the children of a node that has no rule of its own."""
        for name in node._fields:
            if name in _SKIPPED_FIELDS:
                continue
            value = getattr(node, name, None)
            if type(value) is list:
                for item in value:
                    if isinstance(item, ast.AST):
                        self.visit(item)
            elif isinstance(value, ast.AST):
                self.visit(value)

    # -- names ------------------------------------------------------------------------------------------------------------

    def load(self, name: str, flags: int) -> None:
        """A name is read here."""
        scope = self.scope
        while True:
            if scope.kind == FUNCTION:
                scope.loads[name] = scope.loads.get(name, 0) | flags
                return
            if name in scope.bound:
                return
            if scope.outer is None:
                now = 0 if flags & SOFT else self._now | self._also | (0 if name in self.top.stores else FIRST)
                self.reads[name] = self.reads.get(name, 0) | flags | now
                return
            scope = scope.outer

    def store(self, name: str) -> None:
        """A name is bound here."""
        scope, is_certain = self.scope, True
        while scope.kind == COMPREHENSION and scope.outer is not None:
            scope, is_certain = scope.outer, False
        if name in scope.global_names:
            self.effects.writes.add(name)
            return
        if name in scope.outer_names:
            return
        if scope is self.top:
            self.gone.discard(name)
        scope.stores[name] = None
        if scope.kind == FUNCTION and not self.depth and name in scope.bound:
            self.effects.rebound.add(name)
        if is_certain or scope.kind == FUNCTION:
            scope.bound.add(name)

    def change(self, name: str | None) -> None:
        """The object that `name` stands for is changed here; a parameter that was bound anew before is the function's own affair."""
        if name is not None and name not in self.effects.rebound:
            self.effects.changed.add(name)

    def copy(self, target: str, source: str) -> None:
        """`target` becomes another name of the object that `source` stands for."""
        self.effects.rebound.discard(target)
        if source not in self.effects.rebound:
            self.effects.copies.append((target, source))

    def free(self, name: str, flags: int, outer: Scope | None, *, carries: bool, runs_now: bool) -> None:
        """Hand a free name of a function to the scope around it; `outer` None for a name declared global."""
        scope = outer
        while scope is not None and scope.outer is not None:
            if scope.kind == FUNCTION:
                scope.loads[name] = scope.loads.get(name, 0) | (flags & SOFT or NESTED | flags & (WHOLE | VALUE))
                return
            if scope.kind == COMPREHENSION and name in scope.bound:
                return
            scope = scope.outer
        if not flags & ~SOFT:
            found = SOFT
        elif self._now & DEFINE:
            found = DEFINE | VALUE | flags & WHOLE
        else:
            found = LATER | flags & WHOLE
            if carries or flags & NESTED:
                found |= RESULT
            if flags & VALUE:
                found |= RETURNED
            if runs_now and not self.is_body and name not in self.top.bound:
                found = self._now | flags & WHOLE if self._at_once else found | self._now | VALUE
        self.reads[name] = self.reads.get(name, 0) | found

    # -- expressions ------------------------------------------------------------------------------------------------------

    def _name(self, node: ast.Name) -> None:
        if type(node.ctx) is ast.Load:
            if node.id == "__doc__":
                self.reads_doc = True
            self.load(node.id, WHOLE if self._at_once else VALUE | WHOLE)
        elif type(node.ctx) is ast.Store:
            self.store(node.id)
        else:
            self._delete(node.id)

    def _delete(self, name: str) -> None:
        self.load(name, VALUE)
        scope = self.scope
        scope.stores[name] = None
        if scope.kind == FUNCTION:
            if name not in scope.global_names and name not in scope.outer_names:
                scope.bound.add(name)
            return
        scope.bound.discard(name)
        if scope is self.top and not self.depth:
            self.gone.add(name)

    def _attribute(self, node: ast.Attribute) -> None:
        parts = [node.attr]
        value = node.value
        while type(value) is ast.Attribute:
            parts.append(value.attr)
            value = value.value
        if "__doc__" in parts or "getdoc" in parts:
            self.reads_doc = True
        if type(value) is ast.Name:
            self.load(value.id, VALUE)
            parts.reverse()
            self.attributes.setdefault(value.id, set()).add(".".join(parts))
        else:
            self.visit(value)
        if type(node.ctx) is not ast.Load:
            self.change(root_name(value))

    def _subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)
        self.visit(node.slice)
        if type(node.ctx) is not ast.Load:
            self.change(root_name(node.value))

    def _constant(self, node: ast.Constant) -> None:
        pass

    def _call(self, node: ast.Call) -> None:
        function = node.func
        if type(function) is ast.Name:
            self.load(function.id, WHOLE)
            self._named_call(node, function.id)
        else:
            self.visit(function)
            if type(function) is ast.Attribute:
                self._method_call(node, function)
        if self._dropped and node in self._dropped:
            path = dotted_path(function)
            if path is not None:
                self.module_calls.append(path)
        if node.args or node.keywords:
            self._arguments(node, function)

    def _arguments(self, node: ast.Call, function: ast.expr) -> None:
        is_method = type(function) is ast.Attribute
        name = function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
        at_once = calls_at_once(name, is_method=is_method)
        before = self._at_once
        for argument in node.args:
            self._at_once = at_once
            self.visit(argument)
        for word in node.keywords:
            self._at_once = at_once
            self.visit(word.value)
        self._at_once = before

    def _named_call(self, node: ast.Call, name: str) -> None:
        if node.args or node.keywords:
            given = tuple(root_name(argument) for argument in node.args)
            words = tuple((word.arg, root) for word in node.keywords if word.arg and (root := root_name(word.value)))
            self.effects.calls.append((name, given, words))
            if given and given[0] and changes_first_argument(name):
                self.change(given[0])
        else:
            self.effects.calls.append((name, (), ()))
        if name in _OPEN_CALLS or (name in ("locals", "vars") and not node.args and self.scope.kind != FUNCTION):
            self.opens.add(name)
        elif name in ("import_module", "__import__"):
            self._dynamic_import(node, name)
        elif name == "getdoc":
            self.reads_doc = True

    def _method_call(self, node: ast.Call, function: ast.Attribute) -> None:
        method, receiver = function.attr, function.value
        if changes_receiver(method, node, is_dropped=bool(self._dropped) and node in self._dropped):
            self.change(root_name(receiver))
        if type(receiver) is ast.Name:
            self.effects.methods.add((receiver.id, method))
        elif type(receiver) is ast.Call and type(receiver.func) is ast.Name and receiver.func.id == "get_ipython":
            self._shell_call(node, method)
        if node.args:
            if changes_first_argument(method):
                self.change(root_name(node.args[0]))
            if method in ("query", "eval", "sql", "execute"):
                self._names_in_text(node.args[0], method)
        if method == "import_module":
            self._dynamic_import(node, method)

    def _names_in_text(self, node: ast.expr, method: str) -> None:
        """Names inside a text: ``@limit`` of pandas' query, tables of an SQL text that stand for variables."""
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        for part in parts:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                if method in ("query", "eval"):
                    for name in _QUERY_NAME.findall(part.value):
                        self.load(name, VALUE | WHOLE)
                if method != "eval":
                    for name in _SQL_NAME.findall(part.value):
                        self.load(name, SOFT)

    def _dynamic_import(self, node: ast.Call, name: str) -> None:
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            self.inner_imports.append(Import("", first.value.lstrip("."), None, len(first.value) - len(first.value.lstrip("."))))
        else:
            self.opens.add(name)

    def _shell_call(self, node: ast.Call, method: str) -> None:
        texts = [item.value if isinstance(item, ast.Constant) and isinstance(item.value, str) else "" for item in node.args]
        if method in ("run_line_magic", "run_cell_magic", "magic") and texts:
            self.magics.append(Magic(method, texts[0], texts[1] if len(texts) > 1 else ""))
        elif method in ("system", "getoutput", "getoutput_assign") and texts:
            self.magics.append(Magic(method, "!", texts[0]))

    def _lambda(self, node: ast.Lambda) -> None:
        arguments = node.args
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                self.visit(default)
        is_assigned = node is self._assigned
        at_once, self._at_once = self._at_once, False
        before = self.enter_function(arguments)
        dropped, self._dropped = self._dropped, (node.body,) if isinstance(node.body, ast.Call) else ()
        self.visit(node.body)
        self._dropped = dropped
        self._at_once = at_once
        inner, effects = self.leave_function(before, carries=False, runs_now=not is_assigned)
        self._at_once = False
        if not is_assigned:
            self.absorb(inner, effects)
        else:
            self.made = (parameter_names(arguments), inner, effects)

    def enter_function(self, arguments: ast.arguments) -> tuple[Scope, Effects, int]:
        """Open a function's scope with its parameters bound; hand the result to `leave_function`."""
        before = (self.scope, self.effects, self.depth)
        self.depth = 0
        outer = self.scope
        if outer.kind == CLASS and outer.outer is not None:
            outer = outer.outer
        self.scope = Scope(FUNCTION, outer)
        self.scope.bound.update(parameter_names(arguments))
        self.effects = Effects()
        return before

    def leave_function(self, before: tuple[Scope, Effects, int], *, carries: bool, runs_now: bool) -> tuple[Scope, Effects]:
        """Close the function's scope and pass its free names outwards; gives the scope and the effects of its body."""
        inner, inner_effects = self.scope, self.effects
        local = inner.bound - inner.global_names
        self.scope, self.effects, self.depth = before
        for name, flags in inner.loads.items():
            if name not in local and name != "__class__":
                around = None if name in inner.global_names else inner.outer
                self.free(name, flags, around, carries=carries, runs_now=runs_now)
        return inner, inner_effects

    def absorb(self, inner: Scope, effects: Effects) -> None:
        """Count what a function inside changes as changed here: it runs here, or may."""
        local = inner.bound - inner.global_names
        self.effects.changed |= spread(effects) - local
        self.effects.writes |= effects.writes
        for name, given, words in effects.calls:
            if name not in local:
                outside = tuple(None if item in local else item for item in given)
                self.effects.calls.append((name, outside, tuple(pair for pair in words if pair[1] not in local)))
        self.effects.methods |= {pair for pair in effects.methods if pair[0] not in local}

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        generators = node.generators
        self.visit(generators[0].iter)
        before, also = self.scope, self._also
        outer = before.outer if before.kind == CLASS else before
        self.scope = Scope(COMPREHENSION, outer)
        if node is self._assigned and type(node) is ast.GeneratorExp:
            self._also = also | LATER | RESULT
        for generator in generators:
            targets = target_names(generator.target)
            self.scope.bound.update(targets)
            for source in element_sources(generator.iter):
                for target in targets:
                    self.copy(target, source)
        for number, generator in enumerate(generators):
            if number:
                self.visit(generator.iter)
            for test in generator.ifs:
                self.visit(test)
        if isinstance(node, ast.DictComp):
            self.visit(node.key)
            self.visit(node.value)
        else:
            self.visit(node.elt)
        self.scope, self._also = before, also

    def _walrus(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        if isinstance(node.value, ast.Name):
            self.copy(node.target.id, node.value.id)
        self.store(node.target.id)

    def _bool_op(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self._perhaps(node.values[1:])

    def _if_exp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self._perhaps([node.body])
        self._perhaps([node.orelse])

    def _perhaps(self, nodes: Sequence[ast.expr]) -> None:
        """Read parts that may not run: what they bind is not certain afterwards."""
        before = set(self.scope.bound)
        for node in nodes:
            self.visit(node)
        if self.scope.kind != FUNCTION:
            self.scope.bound = before


ExpressionReader.rules = {
    ast.Name: ExpressionReader._name,
    ast.Attribute: ExpressionReader._attribute,
    ast.Subscript: ExpressionReader._subscript,
    ast.Call: ExpressionReader._call,
    ast.Constant: ExpressionReader._constant,
    ast.Lambda: ExpressionReader._lambda,
    ast.ListComp: ExpressionReader._comprehension,
    ast.SetComp: ExpressionReader._comprehension,
    ast.DictComp: ExpressionReader._comprehension,
    ast.GeneratorExp: ExpressionReader._comprehension,
    ast.NamedExpr: ExpressionReader._walrus,
    ast.BoolOp: ExpressionReader._bool_op,
    ast.IfExp: ExpressionReader._if_exp,
}


def spread(effects: Effects) -> set[str]:
    """The changed names, and every name that a changed one was copied from."""
    changed = set(effects.changed) | effects.augmented
    pairs = [*effects.copies, *effects.together]
    grows = bool(pairs)
    while grows:
        sources = {source for target, source in pairs if target in changed}
        grows = not sources <= changed
        changed |= sources
    return changed
