"""Names that a statement reads and binds.

`names_of` reads one or more statements that stand together and answers with `Names`: what they read now, what the functions they make read
later, what they bind for certain or perhaps, which objects they change. Reading is flow-sensitive: in ``x = x + 1`` the name ``x`` is read
before it is bound, so it counts as read. A body of an asset is read by the same rules; `free_names` gives the names it takes from outside.

>>> import ast
>>> names = names_of(ast.parse("for row in rows: total = total + row * rate").body)
>>> sorted(names.read), names.binds
(['rate', 'rows', 'total'], {'row': False, 'total': False})
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from nbasset.dataclass import dataclass
from nbasset.source.expressions import DEFINE, FIRST, NOW, SOFT, TYPE, Effects, Import, Magic
from nbasset.source.statements import Function, StatementReader


@dataclass(frozen=True, slots=True)
class Names:
    """Names of one statement. `reads` maps a name to how it is read (flags of `expressions`); `binds` to whether it is bound for certain.

    `gone` are names that ``del`` took away. `attributes` tells which attributes of a name are used (``helpers.clean``). `constants` are
    names bound to a number or text, which nothing can change in place. `functions` and `self_changing` (methods) say what calling them
    changes. `module_calls` are bare calls by a dotted name, `opens` the calls that can reach any name (`exec`, `globals`).
    """

    reads: Mapping[str, int]
    binds: Mapping[str, bool]
    gone: frozenset[str]
    attributes: Mapping[str, set[str]]
    effects: Effects
    imports: tuple[Import, ...]
    inner_imports: tuple[Import, ...]
    functions: Mapping[str, Function]
    self_changing: frozenset[str]
    constants: frozenset[str]
    module_calls: tuple[tuple[str, str], ...]
    magics: tuple[Magic, ...]
    opens: frozenset[str]
    reads_doc: bool
    is_asset: bool

    @property
    def read(self) -> frozenset[str]:
        """Every name read, now or later, annotations included."""
        return frozenset(name for name, flags in self.reads.items() if flags & ~SOFT)

    @property
    def read_now(self) -> frozenset[str]:
        """Names read when the statement runs."""
        return frozenset(name for name, flags in self.reads.items() if flags & (NOW | TYPE | DEFINE))

    def may_bind_before(self, name: str) -> bool:
        """Whether some way through the statements binds `name` before each place that reads it at once.

        >>> import ast
        >>> names_of(ast.parse("if late: fee = 5\\nfee").body).may_bind_before("fee")
        True
        >>> names_of(ast.parse("fee = fee + 1").body).may_bind_before("fee")
        False
        """
        return name in self.binds and not self.reads.get(name, FIRST) & FIRST


def names_of(statements: Sequence[ast.stmt], *, is_lazy: bool = False, is_body: bool = False) -> Names:
    """Names of statements that stand together; `is_lazy` when annotations are never evaluated (``from __future__ import annotations``).

    `is_body` reads them as the body of a function: functions inside see its names, whatever the order.
    """
    reader = StatementReader(is_lazy=is_lazy, stands_alone=len(statements) == 1)
    reader.is_body = is_body
    reader.block(statements)
    bound = reader.top.bound
    return Names(
        reads=reader.reads,
        binds={name: name in bound or reader.top.dead for name in reader.top.stores if name not in reader.gone},
        gone=frozenset(reader.gone),
        attributes=reader.attributes,
        effects=reader.effects,
        imports=() if is_body else tuple(reader.imports),
        inner_imports=(*reader.imports, *reader.inner_imports) if is_body else tuple(reader.inner_imports),
        functions=reader.functions,
        self_changing=frozenset(reader.self_changing),
        constants=frozenset(reader.constants),
        module_calls=tuple(reader.module_calls),
        magics=tuple(reader.magics),
        opens=frozenset(reader.opens),
        reads_doc=reader.reads_doc,
        is_asset=reader.is_asset,
    )


def free_names(body: Sequence[ast.stmt], *, is_lazy: bool = False) -> frozenset[str]:
    """Names that the body of an asset takes from outside, a name read before it is bound included.

    >>> import ast
    >>> sorted(free_names(ast.parse("orders = orders.dropna()\\nlimit = 3\\norders[orders.n > limit]").body))
    ['orders']
    """
    return frozenset(body_reads(names_of(body, is_lazy=is_lazy, is_body=True)))


def body_reads(names: Names) -> dict[str, int]:
    """Reads of a body from outside: what only functions inside read, and the body binds, is its own."""
    return {name: flags for name, flags in names.reads.items() if flags & (NOW | TYPE | DEFINE) or flags == SOFT or name not in names.binds}
