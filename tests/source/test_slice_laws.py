"""Laws of slices over random notebooks: the slice alone gives the value, and only what changes the code changes its version."""

from __future__ import annotations

import ast
import copy
import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbasset.source.slices import version_of_text

INTS = ("a", "b", "c", "d")
LISTS = ("k", "l", "m")
FUNCTIONS = ("f0", "f1", "f2")
PUSHERS = ("push", "shove")
OBJECTS = ("o", "q")


class Writer:
    """Writes random statements that always run: each name is used only once it is bound."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.bound: dict[str, list[str]] = {"int": [], "list": [], "function": [], "pusher": [], "object": [], "callable0": []}

    def one(self, kind: str, pool: tuple[str, ...]) -> str:
        name = self.rng.choice(pool)
        if name not in self.bound[kind]:
            self.bound[kind].append(name)
        return name

    def known(self, kind: str) -> str | None:
        return self.rng.choice(self.bound[kind]) if self.bound[kind] else None

    def number(self, depth: int = 0) -> str:
        """An expression that gives an int."""
        choices = [str(self.rng.randint(0, 9))]
        if name := self.known("int"):
            choices += [name, name, f"(-{name} if {name} > 3 else {name})"]
        if name := self.known("list"):
            choices += [f"sum({name})", f"len({name})", f"sum(v % 7 for v in {name})", f"({name} or [3])[0]"]
        if (name := self.known("function")) and depth < 2:
            choices += [f"{name}({self.number(depth + 1)})", f"sum(map({name}, [1, 2]))", f"next(map({name}, [1, 2]))"]
        if name := self.known("object"):
            choices += [f"sum({name}.items)", f"{name}.total()"]
        first = self.rng.choice(choices)
        if depth < 2 and self.rng.random() < 0.4:
            return f"({first} {self.rng.choice('+-')} {self.number(depth + 1)}) % 1000"
        return first

    def body_number(self, functions: list[str]) -> str:
        """An expression inside a function of one parameter `x`, over globals that are bound by now."""
        parts = ["x"]
        if name := self.known("int"):
            parts.append(name)
        if name := self.known("list"):
            parts.append(f"sum({name})")
        if functions and self.rng.random() < 0.5:
            parts.append(f"{self.rng.choice(functions)}(x + 1)")
        return " + ".join(self.rng.sample(parts, self.rng.randint(1, len(parts))))

    def statement(self) -> str:
        writers = [self.assign, self.assign, self.make_list, self.change_list, self.change_list, self.define, self.call_pusher]
        writers += [self.loop, self.branch, self.augment, self.copy, self.copy, self.factory, self.klass, self.use_object, self.noise]
        writers += [self.define_pusher, self.global_writer, self.swap, self.with_walrus, self.rebind]
        while True:
            text = self.rng.choice(writers)()
            if text:
                return text

    def assign(self) -> str:
        value = self.number()
        return f"{self.one('int', INTS)} = {value}"

    def make_list(self) -> str:
        values = ", ".join(self.number() for _ in range(self.rng.randint(0, 3)))
        name = self.one("list", LISTS)
        if self.rng.random() < 0.2:
            return f"{name} = {self.one('list', LISTS)} = [{values}]"
        return f"{name} = [{values}]"

    def change_list(self) -> str:
        name, value = self.known("list"), self.number()
        if name is None:
            return ""
        other = self.known("list")
        return self.rng.choice(
            [
                f"{name}.append({value})",
                f"{name}[:1] = [{value}]",
                f"{name} += [{value}]",
                f"del {name}[:1]",
                f"{name}.extend({other}[:2])",
                f"{name}.sort()",
                f"_ = {name}.append({value})",
                f"[{name}.append(v) for v in (1, 2)]",
                f"{name}.insert(0, {value})",
            ]
        )

    def define(self) -> str:
        index = self.rng.randrange(len(FUNCTIONS))
        below = [name for name in FUNCTIONS[:index] if name in self.bound["function"]]
        body = self.body_number(below)
        name = FUNCTIONS[index]
        if name not in self.bound["function"]:
            self.bound["function"].append(name)
        if self.rng.random() < 0.3:
            return f"{name} = lambda x: {body}"
        doc = '    """Adds things."""\n' if self.rng.random() < 0.3 else ""
        return f"def {name}(x):\n{doc}    y = {body}\n    return y % 1000"

    def factory(self) -> str:
        free = self.known("int")
        if free is None:
            return ""
        name, value = FUNCTIONS[0], self.number()
        if name not in self.bound["function"]:
            self.bound["function"].append(name)
        maker = self.rng.choice(("make", "build"))
        return f"def {maker}(n):\n    def inner(x):\n        return x + n + {free}\n    return inner\n{name} = {maker}({value})"

    def define_pusher(self) -> str:
        body = self.body_number([])
        name = self.one("pusher", PUSHERS)
        way = self.rng.choice(["items.append({})", "items[:0] = [{}]", "other = items\n    other.append({})"])
        return f"def {name}(items, x):\n    " + way.format(body)

    def call_pusher(self) -> str:
        name, target = self.known("pusher"), self.known("list")
        return f"{name}({target}, {self.number()})" if name and target else ""

    def global_writer(self) -> str:
        target, number = self.known("list"), self.known("int")
        if target is None or number is None:
            return ""
        if self.rng.random() < 0.5:
            return f"def note(x):\n    {target}.append(x)\nnote({self.number()})"
        return f"def note(x):\n    global {number}\n    {number} = x\nnote({self.number()})"

    def loop(self) -> str:
        target, number = self.known("list"), self.known("int")
        if target is None or number is None:
            return ""
        step = self.rng.choice([f"{target}.append(i + {number})", f"{number} = {number} + i", f"if i:\n        {number} = i"])
        return f"for i in [1, 2]:\n    {step}"

    def branch(self) -> str:
        name, test = self.known("int"), self.number()
        if name is None:
            return ""
        if self.rng.random() < 0.5:
            return f"if {test} % 2:\n    {name} = {self.number()}"
        new = self.rng.choice(INTS)
        text = f"if {test} % 2:\n    {new} = {self.number()}\nelse:\n    {new} = {self.number()}"
        if new not in self.bound["int"]:
            self.bound["int"].append(new)
        return text

    def augment(self) -> str:
        name = self.known("int")
        return f"{name} += {self.number()}" if name else ""

    def copy(self) -> str:
        kind, pool = self.rng.choice([("list", LISTS), ("int", INTS), ("object", OBJECTS)])
        source = self.known(kind)
        return f"{self.one(kind, pool)} = {source}" if source else ""

    def swap(self) -> str:
        kind = self.rng.choice(["list", "int"])
        first, second = self.known(kind), self.known(kind)
        return f"{first}, {second} = {second}, {first}" if first and second and first != second else ""

    def with_walrus(self) -> str:
        value = self.number()
        name = self.one("int", INTS)
        return f"print(({name} := {value}))"

    def rebind(self) -> str:
        name = self.known("int")
        return f"del {name}\n{name} = 7" if name else ""

    def klass(self) -> str:
        number = self.known("int")
        if number is None or "K" in self.bound["callable0"]:
            return ""
        self.bound["callable0"].append("K")
        return (
            f"class K:\n    def __init__(self, n):\n        self.items = [n, {number}]\n"
            f"    def put(self, x):\n        self.items.append(x + {number})\n"
            f"    def total(self):\n        return sum(self.items) + {number}"
        )

    def use_object(self) -> str:
        if "K" not in self.bound["callable0"]:
            return ""
        name = self.known("object")
        if name is None or self.rng.random() < 0.3:
            value = self.number()
            return f"{self.one('object', OBJECTS)} = K({value})"
        return self.rng.choice([f"{name}.put({self.number()})", f"{name}.items.append({self.number()})", f"{name}.items = [1]"])

    def noise(self) -> str:
        return self.rng.choice([f"print({self.number()})", self.number(), "# only a comment", f"noise = {self.number()}", "import math"])

    def root(self) -> str:
        parts = [self.number() for _ in range(self.rng.randint(1, 3))]
        if name := self.known("list"):
            parts.append(f"list({name})")
        return ", ".join(parts) + ","


def notebook(seed: int, size: int) -> list[str]:
    rng = random.Random(seed)
    writer = Writer(rng)
    cells: list[str] = []
    for _ in range(size):
        statement = writer.statement()
        if cells and rng.random() < 0.3:
            cells[-1] += "\n" + statement
        else:
            cells.append(statement)
    return [*cells, writer.root()]


notebooks = st.builds(notebook, st.integers(0, 10**9), st.integers(1, 25))
law = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@law
@given(texts=notebooks)
def test_running_only_the_slice_gives_the_value_of_running_everything(doc, texts):
    document = doc(texts)
    expected = document.value_of_everything()
    assert document.value_of_slice() == expected, document.slice().text


@law
@given(texts=notebooks)
def test_a_slice_taken_again_from_its_own_text_has_the_same_version(doc, texts):
    found = doc(texts).slice()
    assert version_of_text(found.text) == found.version


@law
@given(texts=notebooks, seed=st.integers(0, 10**6))
def test_comments_blank_lines_and_docstrings_never_change_the_version(doc, texts, seed):
    rng = random.Random(seed)
    changed = [_reformatted(text, rng) for text in texts]
    assert doc(changed).slice().version == doc(texts).slice().version


@law
@given(texts=notebooks, seed=st.integers(0, 10**6))
def test_cutting_cells_elsewhere_never_changes_the_version(doc, texts, seed):
    rng = random.Random(seed)
    statements = [line for text in texts[:-1] for line in _statements(text)]
    cells: list[str] = []
    for statement in statements:
        if cells and rng.random() < 0.5:
            cells[-1] += "\n" + statement
        else:
            cells.append(statement)
    assert doc([*cells, texts[-1]]).slice().version == doc(texts).slice().version


@law
@given(texts=notebooks, seed=st.integers(0, 10**6))
def test_changing_any_statement_of_the_slice_changes_the_version(doc, texts, seed):
    document = doc(texts)
    found = document.slice()
    rng = random.Random(seed)
    place = rng.choice(found.statements)
    number = int(place.cell[1:])
    lines = texts[number - 1].split("\n")
    statement = "\n".join(lines[place.first_line - 1 : place.last_line])
    tree = ast.parse(statement)
    if isinstance(tree.body[0], ast.Import):
        return
    changed = _changed(tree)
    lines[place.first_line - 1 : place.last_line] = changed.split("\n")
    others = [*texts]
    others[number - 1] = "\n".join(lines)
    assert doc(others).slice().version != found.version


@law
@given(texts=notebooks, seed=st.integers(0, 10**6))
def test_changing_a_statement_outside_the_slice_keeps_version_and_text(doc, texts, seed):
    document = doc(texts)
    found = document.slice()
    if not found.left_out:
        return
    place = random.Random(seed).choice(found.left_out).place
    number = int(place.cell[1:])
    lines = texts[number - 1].split("\n")
    statement = "\n".join(lines[place.first_line - 1 : place.last_line])
    changed = _changed(ast.parse(statement)).split("\n")
    lines[place.first_line - 1 : place.last_line] = changed
    others = [*texts]
    others[number - 1] = "\n".join(lines)
    again = doc(others).slice()
    assert again.version == found.version
    assert [place.cell for place in again.statements] == [place.cell for place in found.statements]


def _statements(text: str) -> list[str]:
    lines = text.split("\n")
    return ["\n".join(lines[node.lineno - 1 : node.end_lineno]) for node in ast.parse(text).body]


def _reformatted(text: str, rng: random.Random) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and rng.random() < 0.5:
            node.body.insert(0, ast.Expr(ast.Constant("Another text.")))
    parts = [f"# note {rng.random()}\n\n" * rng.randint(0, 2) + ast.unparse(node) for node in tree.body]
    return ("\n" * rng.randint(1, 3)).join(parts) + "  # the end" * rng.randint(0, 1) if parts else text


def _changed(tree: ast.Module) -> str:
    """The statements with one thing more in them."""
    tree = copy.deepcopy(tree)
    node = tree.body[0]
    if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.For, ast.If)):
        node.body.insert(0, ast.parse("zz = 99").body[0])
    elif isinstance(node, ast.Expr):
        node.value = ast.Tuple([node.value, ast.Constant(99)], ast.Load())
    elif isinstance(node, (ast.Assign, ast.AugAssign)):
        node.value = ast.BinOp(node.value, ast.BitOr(), ast.Constant(99))
    else:
        tree.body.append(ast.parse("zz = 99").body[0])
        return "; ".join(ast.unparse(item) for item in tree.body)
    return ast.unparse(tree)
