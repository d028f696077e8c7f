"""The half of reading names that walks statements: binding, branches, loops, definitions, imports.

Branches join as a compiler's definite assignment does: a name is bound for certain when every way to the next statement binds it; one that
ends in `raise` or `return` does not count. See `names.py` for what comes out.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from nbasset.dataclass import dataclass
from nbasset.source.expressions import (
    CLASS,
    COMPREHENSION,
    DEFINE,
    FLOW,
    FUNCTION,
    LAZY,
    NOW,
    TYPE,
    VALUE,
    WHOLE,
    Effects,
    ExpressionReader,
    Import,
    Scope,
    spread,
)
from nbasset.source.shapes import UNREADABLE, dotted_path, dropped_calls, element_sources, is_constant, parameter_names, parse, target_names

# Decorators whose arguments say something about an asset (its group, partitions, policies) and are no part of its code.
ASSET_DECORATORS = frozenset(
    {
        "asset",
        "multi_asset",
        "graph_asset",
        "graph_multi_asset",
        "observable_source_asset",
        "multi_observable_source_asset",
        "asset_check",
        "multi_asset_check",
    }
)
# Decorators that run the function as it is defined, to see what its body connects.
_COMPOSING = frozenset({"graph", "job", "graph_asset", "graph_multi_asset"})
_FALSE_NAMES = frozenset({"suppress", "raises"})


@dataclass(frozen=True, slots=True)
class Function:
    """What a function of the document does to things outside it, by name: the objects it changes, the globals it binds, what it calls."""

    parameters: tuple[str, ...]
    changed: frozenset[str]
    writes: frozenset[str]
    calls: tuple[tuple[str, tuple[str | None, ...], tuple[tuple[str, str], ...]], ...]
    methods: frozenset[tuple[str, str]]
    is_plain: bool = True


class StatementReader(ExpressionReader):
    """Reads statements that stand together; `stands_alone` when it is one."""

    def __init__(self, *, is_lazy: bool, stands_alone: bool) -> None:
        super().__init__()
        self.is_lazy = is_lazy
        self.imports: list[Import] = []
        self.functions: dict[str, Function] = {}
        self.self_changing: set[str] = set()
        self.constants: set[str] = set()
        self.is_asset = False
        self._stands_alone = stands_alone

    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Read statements in order."""
        for statement in statements:
            self.visit(statement)

    # -- simple statements ------------------------------------------------------------------------------------------------

    def _expr(self, node: ast.Expr) -> None:
        self._dropped = tuple(dropped_calls(node.value))
        self.visit(node.value)
        self._dropped = ()

    def _assign(self, node: ast.Assign) -> None:
        value, first = node.value, node.targets[0]
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        self._assigned = value if names else None
        self.made = None
        self.visit(value)
        self._assigned = None
        if self.made is not None:
            self._keep_function(names[0], self.made, is_plain=True)
        if names == ["_"] and isinstance(value, ast.Call):
            self._change_by_dropped(value)
        for target in node.targets:
            self.visit(target)
        if isinstance(value, ast.Name):
            for name in names:
                self.copy(name, value.id)
        elif isinstance(first, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)) and len(first.elts) == len(value.elts):
            for target, item in zip(first.elts, value.elts, strict=True):
                if isinstance(target, ast.Name) and isinstance(item, ast.Name):
                    self.copy(target.id, item.id)
        elif is_constant(value):
            self.constants.update(names)
        for name in names[1:]:
            self.effects.together += [(name, names[0]), (names[0], name)]

    def _change_by_dropped(self, call: ast.Call) -> None:
        self._dropped = (call,)
        if isinstance(call.func, ast.Attribute):
            self._method_call(call, call.func)
        self._dropped = ()

    def _aug_assign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        target = node.target
        if isinstance(target, ast.Name):
            self.load(target.id, VALUE | WHOLE)
            if target.id not in self.effects.rebound:
                self.effects.augmented.add(target.id)
            self.store(target.id)
        else:
            self.visit(target)

    def _ann_assign(self, node: ast.AnnAssign) -> None:
        is_simple = isinstance(node.target, ast.Name)
        if node.value is not None:
            if is_simple:
                self._assign(ast.Assign(targets=[node.target], value=node.value))
            else:
                self.visit(node.value)
                self.visit(node.target)
        elif not is_simple:
            self.visit(node.target)
        elif self.scope.kind == FUNCTION and isinstance(node.target, ast.Name):
            self.scope.bound.add(node.target.id)
        if self.scope.kind != FUNCTION:
            self.annotation(node.annotation)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self._imported(Import(name, alias.name, None, 0, is_dotted=alias.asname is None and "." in alias.name))

    def _import_from(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self._imported(Import(alias.asname or alias.name, node.module or "", alias.name, node.level))

    def _imported(self, found: Import) -> None:
        (self.inner_imports if self.scope.kind == FUNCTION else self.imports).append(found)
        if found.name != "*":
            self.store(found.name)

    def _global(self, node: ast.Global | ast.Nonlocal) -> None:
        if isinstance(node, ast.Nonlocal):
            self.scope.outer_names.update(node.names)
        elif self.scope.kind != FLOW:
            self.scope.global_names.update(node.names)

    def _leave(self, node: ast.stmt) -> None:
        self.visit_fields(node)
        self.scope.dead = True

    def _type_alias(self, node: ast.AST) -> None:
        with_parameters = self._open_type_parameters(node)
        self.annotation(node.value, is_lazy=True)  # type: ignore[attr-defined]
        self.scope = with_parameters
        self.visit(node.name)  # type: ignore[attr-defined]

    # -- annotations ------------------------------------------------------------------------------------------------------

    def annotation(self, node: ast.expr | None, *, is_lazy: bool | None = None) -> None:
        """Read an annotation: names in it count, those in a text too."""
        if node is None:
            return
        before = self._now
        if is_lazy if is_lazy is not None else self.is_lazy:
            self._now = TYPE | LAZY
        elif self._now == NOW:
            self._now = TYPE
        self._annotation(node)
        self._now = before

    def _annotation(self, node: ast.expr) -> None:
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                self._text_annotation(node.value)
        elif isinstance(node, ast.Subscript):
            self._annotation(node.value)
            path = dotted_path(node.value)
            last = path[1].rpartition(".")[2] or path[0] if path else ""
            if last == "Annotated" and isinstance(node.slice, ast.Tuple):
                self._annotation(node.slice.elts[0])
                for item in node.slice.elts[1:]:
                    self.visit(item)
            elif last != "Literal":
                self._annotation(node.slice)
        elif isinstance(node, (ast.Tuple, ast.List)):
            for item in node.elts:
                self._annotation(item)
        elif isinstance(node, ast.BinOp):
            self._annotation(node.left)
            self._annotation(node.right)
        else:
            self.visit(node)

    def _text_annotation(self, text: str) -> None:
        try:
            inner = parse(f"({text.strip()}\n)").body[0]
        except UNREADABLE:
            return
        before, self._now = self._now, TYPE | LAZY
        if isinstance(inner, ast.Expr):
            self._annotation(inner.value)
        self._now = before

    # -- definitions ------------------------------------------------------------------------------------------------------

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        arguments = node.args
        for decorator in node.decorator_list:
            self._decorator(decorator)
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                self.visit(default)
        around = self._open_type_parameters(node)
        if self.scope.kind != FUNCTION or not self.is_lazy:
            for item in (*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg):
                if item is not None:
                    self.annotation(item.annotation)
            self.annotation(node.returns)
        in_class = self.scope.kind == CLASS
        runs_now = around is self.top and (bool(self.depth) or not self._stands_alone)
        before = self.enter_function(arguments)
        self.block(node.body)
        composes = any(_called(decorator) in _COMPOSING for decorator in node.decorator_list)
        inner, effects = self.leave_function(before, carries=in_class or bool(node.decorator_list), runs_now=runs_now or composes)
        self.scope = around
        self._made(node.name, parameter_names(arguments), inner, effects, is_plain=not node.decorator_list, runs_now=runs_now)
        self.store(node.name)

    def _made(self, name: str, parameters: list[str], inner: Scope, effects: Effects, *, is_plain: bool, runs_now: bool) -> None:
        """Keep what a function does: as a function of the document, as a method, or as done by the code around it."""
        if self.scope.kind == CLASS and self.scope.outer is self.top:
            if parameters and parameters[0] in spread(effects):
                self.self_changing.add(name)
            return
        if self.scope is self.top:
            self._keep_function(name, (parameters, inner, effects), is_plain=is_plain)
        if self.scope is not self.top or runs_now:
            self.absorb(inner, effects)

    def _keep_function(self, name: str, made: tuple[list[str], Scope, Effects], *, is_plain: bool) -> None:
        parameters, inner, effects = made
        own = inner.bound - inner.global_names - set(parameters)
        calls = tuple(
            (callee, tuple(None if item in own else item for item in given), tuple(pair for pair in words if pair[1] not in own))
            for callee, given, words in effects.calls
            if callee not in inner.bound or callee in inner.global_names
        )
        self.functions[name] = Function(
            parameters=tuple(parameters),
            changed=frozenset(spread(effects) - own),
            writes=frozenset(effects.writes),
            calls=calls,
            methods=frozenset(pair for pair in effects.methods if pair[0] not in own),
            is_plain=is_plain,
        )

    def _decorator(self, node: ast.expr) -> None:
        function = node.func if isinstance(node, ast.Call) else node
        if _called(node) not in ASSET_DECORATORS:
            self.visit(node)
            return
        if not self.depth and self.scope is self.top:
            self.is_asset = True
        self.visit(function)
        before, self._now = self._now, DEFINE
        if isinstance(node, ast.Call):
            for argument in node.args:
                self.visit(argument)
            for word in node.keywords:
                self.visit(word.value)
        self._now = before

    def _class(self, node: ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        around = self._open_type_parameters(node)
        for base in node.bases:
            self.visit(base)
        for word in node.keywords:
            self.visit(word.value)
        outer = self.scope.outer if self.scope.kind == CLASS else self.scope
        depth = self.depth
        self.scope = Scope(CLASS, outer)
        self.scope.bound.update(("__module__", "__qualname__"))
        self.depth = 0
        self.block(node.body)
        self.scope, self.depth = around, depth
        self.store(node.name)

    def _open_type_parameters(self, node: ast.AST) -> Scope:
        """Put the type parameters of a definition (3.12) around what follows; gives the scope to come back to."""
        around = self.scope
        parameters = getattr(node, "type_params", None)
        if parameters:
            self.scope = Scope(COMPREHENSION, around.outer if around.kind == CLASS else around)
            self.scope.bound.update(item.name for item in parameters)
            for item in parameters:
                self.annotation(getattr(item, "bound", None), is_lazy=True)
                self.annotation(getattr(item, "default_value", None), is_lazy=True)
        return around

    # -- compound statements ----------------------------------------------------------------------------------------------

    def _branches(self, blocks: Sequence[Sequence[ast.stmt]], *, all_cases: bool = True) -> None:
        """Read blocks of which one runs; without `all_cases` perhaps none."""
        scope = self.scope
        self.depth += 1
        before = set(scope.bound)
        ends = [] if all_cases else [before]
        for block in blocks:
            if scope.kind != FUNCTION:
                scope.bound = set(before)
            self.block(block)
            if not scope.dead:
                ends.append(scope.bound)
            scope.dead = False
        self._join(scope, ends)
        self.depth -= 1

    def _join(self, scope: Scope, ends: Sequence[set[str]]) -> None:
        """After branches: bound for certain is what all that come to an end have bound."""
        if scope.kind == FUNCTION:
            return
        if ends:
            scope.bound = set.intersection(*ends)
        else:
            scope.dead = True

    def _if(self, node: ast.If) -> None:
        self.visit(node.test)
        self._branches((node.body, node.orelse))

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        before = set(self.scope.bound)
        self.depth += 1
        self.visit(node.target)
        for source in element_sources(node.iter):
            for target in target_names(node.target):
                self.copy(target, source)
        self.block(node.body)
        self._after_loop(before)
        self.depth -= 1
        self._branches((node.orelse,), all_cases=False)

    def _while(self, node: ast.While) -> None:
        self.visit(node.test)
        before = set(self.scope.bound)
        self.depth += 1
        self.block(node.body)
        self._after_loop(before)
        self.depth -= 1
        self._branches((node.orelse,), all_cases=False)

    def _after_loop(self, before: set[str]) -> None:
        if self.scope.kind != FUNCTION:
            self.scope.bound = before
            self.scope.dead = False

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        hides_errors = False
        for item in node.items:
            self.visit(item.context_expr)
            call = item.context_expr
            path = dotted_path(call.func) if isinstance(call, ast.Call) else None
            hides_errors |= path is not None and (path[1].rpartition(".")[2] or path[0]) in _FALSE_NAMES
            if item.optional_vars is not None:
                self.visit(item.optional_vars)
                if isinstance(call, ast.Name) and isinstance(item.optional_vars, ast.Name):
                    self.copy(item.optional_vars.id, call.id)
        if hides_errors:
            self._branches((node.body,), all_cases=False)
        else:
            self._branches((node.body,))

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        scope = self.scope
        self.depth += 1
        before = set(scope.bound)
        ends: list[set[str]] = []
        self.block(node.body)
        if not scope.dead:
            self.block(node.orelse)
        if not scope.dead:
            ends.append(set(scope.bound))
        for handler in node.handlers:
            if scope.kind != FUNCTION:
                scope.bound, scope.dead = set(before), False
            if handler.type is not None:
                self.visit(handler.type)
            if handler.name:
                self.store(handler.name)
            self.block(handler.body)
            if handler.name and scope.kind != FUNCTION:
                scope.bound.discard(handler.name)
            if not scope.dead:
                ends.append(set(scope.bound))
        scope.dead = False
        if scope.kind != FUNCTION:
            scope.bound = set(before)
        self.block(node.finalbody)
        added = scope.bound - before
        if not scope.dead:
            self._join(scope, ends)
            if scope.kind != FUNCTION:
                scope.bound |= added
        self.depth -= 1

    def _match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        scope = self.scope
        self.depth += 1
        before = set(scope.bound)
        has_last = any(case.guard is None and isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None for case in node.cases)
        ends: list[set[str]] = [] if has_last else [before]
        for case in node.cases:
            if scope.kind != FUNCTION:
                scope.bound = set(before)
            self.visit(case.pattern)
            if case.guard is not None:
                self.visit(case.guard)
            self.block(case.body)
            if not scope.dead:
                ends.append(set(scope.bound))
            scope.dead = False
        self._join(scope, ends)
        self.depth -= 1

    def _capture(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping) -> None:
        self.visit_fields(node)
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name is not None:
            self.store(name)


StatementReader.rules = ExpressionReader.rules | {
    ast.Expr: StatementReader._expr,
    ast.Assign: StatementReader._assign,
    ast.AugAssign: StatementReader._aug_assign,
    ast.AnnAssign: StatementReader._ann_assign,
    ast.FunctionDef: StatementReader._function,
    ast.AsyncFunctionDef: StatementReader._function,
    ast.ClassDef: StatementReader._class,
    ast.If: StatementReader._if,
    ast.For: StatementReader._for,
    ast.AsyncFor: StatementReader._for,
    ast.While: StatementReader._while,
    ast.With: StatementReader._with,
    ast.AsyncWith: StatementReader._with,
    ast.Try: StatementReader._try,
    ast.TryStar: StatementReader._try,
    ast.Match: StatementReader._match,
    ast.Import: StatementReader._import,
    ast.ImportFrom: StatementReader._import_from,
    ast.Global: StatementReader._global,
    ast.Nonlocal: StatementReader._global,
    ast.Return: StatementReader._leave,
    ast.Raise: StatementReader._leave,
    ast.Break: StatementReader._leave,
    ast.Continue: StatementReader._leave,
    ast.MatchAs: StatementReader._capture,
    ast.MatchStar: StatementReader._capture,
    ast.MatchMapping: StatementReader._capture,
}
if hasattr(ast, "TypeAlias"):
    StatementReader.rules[ast.TypeAlias] = StatementReader._type_alias


def _called(decorator: ast.expr) -> str:
    """The last part of a decorator's name: ``asset`` for ``@nb.asset(...)``; empty for other expressions."""
    path = dotted_path(decorator.func if isinstance(decorator, ast.Call) else decorator)
    return (path[1].rpartition(".")[2] or path[0]) if path else ""
