"""What a slice holds, leaves out and reports: one test at least for each rule of reading code."""

from __future__ import annotations

import pytest

from nbasset.source.slices import CodeReader

# -- names and binders ------------------------------------------------------------------------------------------------------


def test_a_slice_holds_body_helpers_constants_and_imports_and_nothing_else(doc):
    document = doc(
        [
            "import pandas as pd\nimport numpy as np",
            "RATE = 2\nother = 3",
            "def clean(df):\n    return pd.concat([df]) * RATE",
            "%%asset a\nclean(raw)",
        ]
    )
    assert document.kept(assets=["raw"]) == ["import pandas as pd", "RATE = 2", "def clean(df):\n    return pd.concat([df]) * RATE"]
    assert document.slice(assets=["raw"]).packages == {"pandas"}


def test_a_name_resolves_to_the_nearest_earlier_binder(doc):
    assert doc(["x = 1", "x = 2", "x = 3", "y = x", "x = 4", "y"]).kept() == ["x = 3", "y = x"]


def test_all_conditional_binders_up_to_the_last_certain_one_are_taken(doc):
    document = doc(["x = 0", "x = 1", "if flag():\n    x = 2", "for i in []:\n    x = 3", "x"])
    assert document.kept() == ["x = 1", "if flag():\n    x = 2", "for i in []:\n    x = 3"]


@pytest.mark.parametrize(
    "binder",
    [
        "try:\n    import json as x\nexcept ImportError:\n    x = None",
        "if 1:\n    x = 1\nelse:\n    x = 2",
        "with open('f') as x:\n    pass",
        "match 3:\n    case 1:\n        x = 1\n    case _:\n        x = 2",
        "try:\n    pass\nfinally:\n    x = 1",
        "if 1:\n    x = 1\nelse:\n    raise SystemExit",
    ],
)
def test_a_statement_that_binds_on_every_way_is_a_certain_binder(doc, binder):
    assert doc(["x = 0", binder, "x"]).kept() == [binder]


def test_errors_that_a_with_hides_make_its_binders_uncertain(doc):
    assert "x = 0" in doc(["from contextlib import suppress", "x = 0", "with suppress(OSError):\n    x = 1", "x"]).kept()


def test_a_function_reads_globals_as_they_are_where_it_is_called(doc):
    document = doc(["k = 1", "def f(x):\n    return x + k", "a = f(1)", "k = 2", "b = f(1)", "k = 3", "a, b"])
    assert document.kept() == ["k = 1", "def f(x):\n    return x + k", "a = f(1)", "k = 2", "b = f(1)"]


@pytest.mark.parametrize("decorator", ["@graph", "@job(tags={})", "@nb.graph_asset", "@graph_multi_asset(outs={})"])
def test_the_body_of_a_graph_runs_when_it_is_defined_so_whoever_takes_the_graph_takes_what_it_connects(doc, decorator):
    graph = f"{decorator}\ndef both():\n    return one()"
    assert doc(["@op\ndef one():\n    return 1", graph, "listed = [both]", "listed"]).kept() == [
        "@op\ndef one():\n    return 1", graph, "listed = [both]",
    ]  # fmt: skip
    plain = "@asset\ndef both():\n    return one()"
    assert doc(["def one():\n    return 1", plain, "listed = [both]", "len(listed)"]).kept() == [plain, "listed = [both]"]


def test_the_body_of_an_asset_may_use_what_is_bound_below_and_says_so(doc):
    document = doc(["%%asset a\nclean(1)", "def clean(x):\n    return x"])
    assert document.kept(1) == ["def clean(x):\n    return x"]
    assert document.rules(1) == ["bound-below"]


def test_a_name_that_no_cell_binds_is_unbound_with_its_place(doc):
    found = doc(["y = 2", "%%asset a\ny + fx + len([]) + __name__"]).slice()
    assert found.unbound == {"fx"}
    assert [(name, place.cell) for name, place in found.unbound_at] == [("fx", "c2")]


def test_an_unbound_name_of_a_helper_is_placed_at_the_helper(doc):
    found = doc(["def h():\n    return fx", "%%asset a\nh()"]).slice()
    assert [(name, place.cell) for name, place in found.unbound_at] == [("fx", "c1")]


def test_names_of_the_session_are_not_unbound_and_the_shell_is_asked_for(doc):
    found = doc(["%%asset a\ndisplay(Out[3], In, _, _12, _i3)\nget_ipython()"]).slice()
    assert found.unbound == frozenset()
    assert found.needs_shell
    assert not doc(["%%asset a\n1"]).slice().needs_shell


@pytest.mark.parametrize(
    "body",
    ["if late:\n    fee = 5\nfee", "try:\n    1 / 0\nexcept E as e:\n    fee = str(e)\nfee", "[fee := row for row in rows]\nfee"],
)
def test_a_name_that_a_branch_of_the_body_binds_is_not_unbound(doc, body):
    found = doc(["late = E = rows = 1", f"%%asset a\n{body}"]).slice()
    assert found.unbound == frozenset()


def test_a_name_that_is_read_before_the_body_binds_it_is_unbound(doc):
    found = doc(["rows = 1", "%%asset a\nfor row in rows:\n    total = total + row\ntotal"]).slice()
    assert found.unbound == {"total"}


def test_an_asset_cell_that_is_no_python_is_not_blamed_for_names_of_others(doc):
    found = doc(["%%asset broken\nfx = = 3", "%%asset a\nfx"]).slice()
    assert (found.unbound, found.problems) == ({"fx"}, ())


def test_a_deleted_name_is_unbound(doc):
    assert doc(["x = 1", "del x", "x"]).slice().unbound == {"x"}


# -- assets -----------------------------------------------------------------------------------------------------------------


def test_names_of_assets_in_a_body_are_its_inputs(doc):
    found = doc(["%%asset a\norders.merge(customers).query('n > @limit')"]).slice(assets=["orders", "customers", "limit", "other"])
    assert found.reads == {"orders", "customers", "limit"}


def test_reading_a_name_before_binding_it_makes_it_an_input(doc):
    found = doc(["%%asset a\norders = orders.dropna()\norders"]).slice(assets=["orders"])
    assert found.reads == {"orders"}
    assert doc(["%%asset a\norders = 1\norders"]).slice(assets=["orders"]).reads == frozenset()


def test_a_table_in_an_sql_text_is_an_input(doc):
    found = doc(["import duckdb", "%%asset a\nduckdb.sql('select * from orders join other using (id)')"]).slice(assets=["orders"])
    assert found.reads == {"orders"}
    assert found.unbound == frozenset()


def test_an_asset_that_is_also_a_plain_variable_can_be_read_in_two_ways(doc):
    document = doc(["orders = 3", "%%asset a\norders"])
    assert document.rules(assets=["orders"]) == ["two-readings"]
    assert document.slice(assets=["orders"]).reads == {"orders"}
    assert document.kept(assets=["orders"]) == []


def test_the_definition_of_an_asset_is_no_second_reading(doc):
    document = doc(["from nbasset import asset", "@asset\ndef orders():\n    return 1", "%%asset a\norders"])
    assert document.rules(assets=["orders"]) == []
    assert document.kept(assets=["orders"]) == []


def test_a_helper_that_reads_an_asset_is_a_problem_with_the_remedy(doc):
    document = doc(["def total():\n    return orders.sum()", "%%asset a\ntotal()"])
    problem = document.slice(assets=["orders"]).problems[0]
    assert problem.rule == "asset-in-helper"
    assert problem.message == "the function 'total' reads the asset 'orders' as if it were a variable."
    assert problem.where == "cell 1, line 1 (flights.ipynb)"
    assert problem.hint == "Pass it as an argument: only the body of an asset, or its parameters, can name an asset ('orders')."


def test_a_decorated_asset_takes_its_inputs_by_parameters_only(doc):
    document = doc(["from nbasset import asset", "@asset\ndef a(orders):\n    return orders + customers"])
    assert document.rules(assets=["orders", "customers"]) == ["asset-in-helper"]
    assert doc(["from nbasset import asset", "@asset\ndef a(orders):\n    return orders"]).rules(assets=["orders"]) == []


def test_the_slice_of_one_asset_does_not_hold_the_body_of_another(doc):
    cells = [
        "from nbasset import asset",
        "RATE = 1",
        "@asset\ndef orders():\n    return RATE",
        "@asset(deps=[orders])\ndef a():\n    return 1",
    ]
    document = doc(cells)
    assert "RATE = 1" not in document.kept()
    cells[2] = "@asset\ndef orders():\n    return RATE + 1"
    assert doc(cells).slice().version == document.slice().version


def test_what_is_said_about_an_asset_is_no_part_of_its_code(doc):
    def version(decorator, *above):
        return doc(["from nbasset import asset", *above, f"{decorator}\ndef a():\n    return 1"]).slice().version

    assert version("@asset") == version("@asset(group_name='x', owners=['me'])")
    assert version("@asset(partitions_def=daily)", "daily = 1") == version("@asset(partitions_def=daily)", "daily = 2")
    assert version("@asset\n@other", "def other(f):\n    return f") != version("@asset", "def other(f):\n    return f")


def test_the_header_of_an_asset_cell_is_no_part_of_its_code(doc):
    assert doc(["%%asset a --group x\n1"]).slice().version == doc(["%%asset b\n1"]).slice().version


# -- what is changed --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "x.append(1)",
        "x.update(a=1)",
        "x.fit([1])",
        "x.set_index('a')",
        "x.drop('a', inplace=True)",
        "x['b'].fillna(0, inplace=True)",
        "setattr(x, 'a', 1)",
        "del x['a']",
        "x['a'] = 1",
        "x.a = 1",
        "x.a.b['c'] = 1",
        "x += [1]",
        "x.a += 1",
        "y = x.pop()",
        "next(x)",
        "x.setLevel(10)",
        "import heapq\nheapq.heappush(x, 1)",
        "_ = x.append(1)",
        "[x.append(i) for i in range(3)]",
        "if 1:\n    x.append(1)",
        "for i in range(3):\n    x.append(i)",
        "with open('f'):\n    x.append(1)",
        "try:\n    x.append(1)\nexcept ValueError:\n    pass",
        "x.execute('create table t as select 1')",
    ],
)
def test_a_known_change_of_a_used_object_is_in_the_slice(doc, change):
    assert [kept for kept in doc(["x = make()", change, "x"]).kept() if kept in change] != []


@pytest.mark.parametrize(
    "call",
    ["print(x)", "x.head()", "x.plot()", "x.to_csv('f')", "len(x)", "x", "y = x.add(1)", "y = x.set_index('a')", "x.execute('select 1')"],
)
def test_any_other_bare_call_is_left_out_and_listed(doc, call):
    document = doc(["x = make()", call, "x"])
    assert document.kept() == ["x = make()"]
    assert call in document.left_out()


def test_what_is_left_out_says_why(doc):
    document = doc(
        [
            "import nbasset",
            "x = 1\ny = 2",
            "print(x)",
            "x.shuffle_around()",
            "get_ipython().run_line_magic('env', 'A=1')",
            "get_ipython().run_line_magic('matplotlib', 'inline')",
            "get_ipython().system('ls')",
            "#| scratch\nz = 1",
            "%%bash\nls",
            "%%asset b\n1",
            "if __name__ == '__main__':\n    x = 3",
            "nbasset.materialize([x])",
            "x",
        ]
    )
    assert document.left_out() == {
        "import nbasset": "not used",
        "y = 2": "not used",
        "print(x)": "only shows something",
        "x.shuffle_around()": "a bare call; not a known change of 'x'",
        "get_ipython().run_line_magic('env', 'A=1')": "hidden environment (`%env A=1`)",
        "get_ipython().run_line_magic('matplotlib', 'inline')": "a line magic (`%matplotlib`)",
        "get_ipython().system('ls')": "a shell command (`!ls`)",
        "z = 1": "in a cell tagged `scratch`",
        "%%bash": "not Python (a cell magic of another language)",
        "%%asset b": "another asset",
        "if __name__ == '__main__':": "runs only as a script",
        "nbasset.materialize([x])": "acts on assets; no part of one",
    }


def test_changes_through_a_copied_name_are_followed(doc):
    assert doc(["x = []", "y = x", "y.append(1)", "x"]).kept() == ["x = []", "y = x", "y.append(1)"]
    assert doc(["x = []", "y = x", "x.append(1)", "y"]).kept() == ["x = []", "y = x", "x.append(1)"]
    assert doc(["x = y = []", "y.append(1)", "x"]).kept() == ["x = y = []", "y.append(1)"]


def test_changes_of_another_object_of_that_name_are_not_taken(doc):
    assert doc(["x = []", "x.append(1)", "x = []", "x"]).kept() == ["x = []"]
    assert doc(["x = []", "y = list(x)", "y.append(1)", "x"]).kept() == ["x = []"]


def test_a_number_is_not_changed_through_its_copy(doc):
    assert doc(["n = 0", "m = n", "m += 1", "n"]).kept() == ["n = 0"]


def test_a_function_that_changes_its_parameter_changes_the_argument(doc):
    helper = "def tag(df, name):\n    df['tag'] = name"
    assert doc([helper, "x = make()", "tag(x, 'a')", "x"]).kept() == [helper, "x = make()", "tag(x, 'a')"]
    assert doc([helper, "x = make()", "tag(name='a', df=x)", "x"]).kept()[-1] == "tag(name='a', df=x)"
    outer = "def both(df):\n    tag(df, 'b')"
    assert doc([helper, outer, "x = make()", "both(x)", "x"]).kept()[-1] == "both(x)"


def test_a_function_that_copies_its_parameter_first_changes_nothing(doc):
    helper = "def tag(df):\n    df = df.copy()\n    df['tag'] = 1\n    return df"
    assert doc([helper, "x = make()", "tag(x)", "x"]).kept() == ["x = make()"]


def test_a_function_that_changes_a_global_is_followed_and_noted(doc):
    helper = "def register(f):\n    ALL.append(f)"
    document = doc(["ALL = []", helper, "register(1)", "ALL"])
    assert document.kept() == ["ALL = []", helper, "register(1)"]
    assert document.rules() == ["global-state"]
    writer = "def load():\n    global rate\n    rate = 3"
    assert doc(["rate = 1", writer, "load()", "rate"]).kept() == ["rate = 1", writer, "load()"]


def test_a_method_of_a_class_of_the_document_that_changes_its_object_counts(doc):
    klass = "class Counter:\n    def see(self, x):\n        self.n = x\n    def show(self):\n        return self.n"
    assert doc([klass, "c = Counter()", "c.see(1)", "c.show()", "c"]).kept() == [klass, "c = Counter()", "c.see(1)"]


def test_loops_over_a_plain_name_change_its_elements(doc):
    assert doc(["rows = [{}]", "for row in rows:\n    row['a'] = 1", "rows"]).kept()[-1] == "for row in rows:\n    row['a'] = 1"


# -- modules ----------------------------------------------------------------------------------------------------------------


def test_a_setting_of_a_module_is_in_the_slice_of_whatever_uses_the_module(doc):
    cells = ["import pandas as pd\nimport numpy as np", "pd.set_option('a', 1)\nnp.random.seed(0)", "%%asset a\npd.DataFrame()"]
    assert doc(cells).kept() == ["import pandas as pd", "pd.set_option('a', 1)"]
    assert doc([*cells[:2], "%%asset a\n1"]).kept() == []
    named = doc(["from numpy.random import seed\nimport numpy", "seed(0)", "%%asset a\nnumpy.zeros(1)"])
    assert "seed(0)" in named.kept()


def test_changing_an_attribute_of_a_module_is_a_setting(doc):
    document = doc(["import matplotlib.pyplot as plt", "plt.rcParams['a'] = 1", "from matplotlib import cm", "%%asset a\ncm.jet"])
    assert "plt.rcParams['a'] = 1" in document.kept()


@pytest.mark.parametrize("call", ["plt.show()", "print(1)", "display(1)", "pprint(1)", "plt.plot([1])", "np.mean([1])", "pd.DataFrame()"])
def test_showing_and_computing_for_show_is_never_a_setting(doc, call):
    imports = "import matplotlib.pyplot as plt\nimport numpy as np\nimport pandas as pd\nfrom pprint import pprint"
    assert call not in doc([imports, call, "%%asset a\nplt, np, pd, pprint"]).kept()


def test_a_bare_call_on_an_unknown_module_is_in(doc):
    assert doc(["import thing", "thing.begin()", "%%asset a\nthing.go()"]).kept() == ["import thing", "thing.begin()"]


def test_sys_path_counts_for_everything_that_imports(doc):
    cells = ["import sys", "sys.path.insert(0, 'lib')", "import thing", "%%asset a\nthing.go()"]
    assert "sys.path.insert(0, 'lib')" in doc(cells).kept()
    assert doc([*cells[:3], "%%asset a\n1"]).kept() == []


def test_what_a_setting_uses_is_no_use_of_the_slice(doc):
    cells = ["import os", "os.environ['A'] = 'b'", "os.makedirs('x')", "import thing", "%%asset a\nthing.go()"]
    assert doc(cells).kept() == ["import os", "os.environ['A'] = 'b'", "import thing"]
    assert "os.makedirs('x')" in doc([*cells[:4], "%%asset a\nos.listdir('x')"]).kept()


def test_importing_submodules_adds_to_the_package(doc):
    assert doc(["import os.path\nimport os.walker", "os.path"]).kept() == ["import os.path", "import os.walker"]
    assert doc(["import os", "os = 1", "import os", "os"]).kept() == ["import os"]


def test_a_project_import_is_followed_by_text(doc):
    modules = {"helpers": "import re\nRATE = 2\ndef clean(x):\n    return x * RATE\ndef other():\n    return 1\n"}
    document = doc(["from helpers import clean", "%%asset a\nclean(1)"], modules)
    text = document.slice().text
    assert "RATE = 2" in text
    assert "def other" not in text
    assert "# %% module helpers, lines 2-4" in text
    changed = doc(document.texts, {"helpers": modules["helpers"].replace("RATE = 2", "RATE = 3")})
    same = doc(document.texts, {"helpers": modules["helpers"].replace("return 1", "return 2")})
    assert changed.slice().version != document.slice().version
    assert same.slice().version == document.slice().version


def test_a_project_module_is_followed_through_attributes(doc):
    modules = {
        "pkg.__init__": "",
        "pkg": "",
        "pkg.a": "from .b import base\ndef f():\n    return base\ndef g():\n    return 1",
        "pkg.b": "base = 1\nx = 2",
    }
    for cells in (
        ["import pkg.a", "%%asset a\npkg.a.f()"],
        ["import pkg.a as h", "%%asset a\nh.f()"],
        ["from pkg import a as h", "%%asset a\nh.f()"],
        ["%%asset a\nfrom pkg.a import f\nf()"],
        ["%%asset a\nimport pkg.a as h\nh.f()"],
    ):
        document = doc(cells, modules)
        version = document.slice().version
        assert doc(cells, {**modules, "pkg.b": "base = 5\nx = 2"}).slice().version != version, cells
        assert doc(cells, {**modules, "pkg.b": "base = 1\nx = 3"}).slice().version == version, cells
        assert document.slice().packages == frozenset()


def test_a_module_used_as_a_value_counts_whole(doc):
    modules = {"helpers": "a = 1\nb = 2"}
    cells = ["import helpers", "%%asset a\nvars(helpers)"]
    assert doc(cells, modules).slice().version != doc(cells, {"helpers": "a = 1\nb = 3"}).slice().version


def test_modules_that_import_each_other_are_read(doc):
    modules = {"a": "from b import g\ndef f():\n    return g()", "b": "import a\ndef g():\n    return a.f"}
    assert "def g" in doc(["from a import f", "%%asset x\nf()"], modules).slice().text


def test_star_imports_of_a_project_module_are_expanded_from_its_text(doc):
    modules = {"helpers": "__all__ = ['clean']\ndef clean():\n    return 1\ndef other():\n    return 1"}
    document = doc(["from helpers import *", "%%asset a\nclean()"], modules)
    assert "def clean" in document.slice().text
    assert "def other" not in document.slice().text
    assert doc([document.texts[0], "%%asset a\nother()"], modules).slice().unbound == {"other"}


def test_every_installed_star_import_above_may_bind_a_name(doc):
    document = doc(["from math import *", "from cmath import *", "x = 1", "%%asset a\nsqrt(x)"])
    assert document.kept() == ["from math import *", "from cmath import *", "x = 1"]
    assert document.slice().unbound == frozenset()
    assert doc(["sqrt = 1", "from math import *", "sqrt"]).kept() == ["sqrt = 1", "from math import *"]
    assert doc(["from math import *", "sqrt = 1", "sqrt"]).kept() == ["sqrt = 1"]


def test_an_import_counts_by_the_one_name(doc):
    assert doc(["from m import a, b", "a"]).slice().version == doc(["from m import c\nfrom m import a", "a"]).slice().version
    assert doc(["from m import a", "a"]).slice().version != doc(["from n import a", "a"]).slice().version


# -- whole statements -------------------------------------------------------------------------------------------------------


def test_a_compound_statement_is_in_whole_when_it_binds_a_needed_name(doc):
    block = "for name in ['a']:\n    unused = 1\n    table[name] = rate"
    assert doc(["rate = 1", "table = {}", block, "table"]).kept() == ["rate = 1", "table = {}", block]


def test_statements_on_one_line_are_one_unit(doc):
    assert doc(["a = 1; b = 2", "a"]).kept() == ["a = 1; b = 2"]


def test_decorators_defaults_bases_and_class_attributes_are_read_at_definition(doc):
    cells = [
        "deco = 1\nlimit = 2\nBase = 3\nattr = 4\nMeta = 5\nunused = 6",
        "class K(Base, metaclass=Meta):\n    x = attr\n    @deco\n    def f(self, n=limit):\n        pass",
        "K",
    ]
    assert doc(cells).kept()[:-1] == ["deco = 1", "limit = 2", "Base = 3", "attr = 4", "Meta = 5"]


def test_a_block_that_runs_only_as_a_script_never_is_in(doc):
    assert doc(["x = 1", "if __name__ == '__main__':\n    x = 2", "x"]).kept() == ["x = 1"]


def test_names_for_type_checkers_serve_annotations_only(doc):
    document = doc(
        [
            "from typing import TYPE_CHECKING",
            "if TYPE_CHECKING:\n    from pandas import DataFrame",
            "def f(x: 'DataFrame'):\n    return x",
            "%%asset a\nf(1)",
        ]
    )
    assert document.rules() == ["annotation"]
    assert document.slice().unbound == frozenset()
    assert document.slice().packages == frozenset()


def test_annotations_count(doc):
    cells = ["import pandas as pd", "from nbasset import asset", "@asset\ndef a(x: 'pd.DataFrame'):\n    return x"]
    assert "import pandas as pd" in doc(cells).kept()
    assert doc(cells).slice().version != doc([*cells[:2], "@asset\ndef a(x: 'pd.Series'):\n    return x"]).slice().version


def test_a_future_import_applies_to_the_whole_document(doc):
    document = doc(["from __future__ import annotations", "def f(x: Missing):\n    return x", "%%asset a\nf(1)"])
    assert document.kept()[0] == "from __future__ import annotations"
    assert document.slice().unbound == frozenset()
    assert doc(document.texts[1:]).slice().unbound == {"Missing"}


def test_factories_and_their_constants_are_reached_from_a_loop(doc):
    make = "def make(name):\n    @asset(name=name)\n    def inner():\n        return RATE\n    return inner"
    document = doc(["from nbasset import asset", "RATE = 2", make, "for n in ['a', 'b']:\n    make(n)"])
    assert document.kept() == ["from nbasset import asset", "RATE = 2", make]


def test_definitions_are_found_through_functions_that_define(doc):
    make = "def make(name):\n    @asset(name=name)\n    def inner():\n        return 1"
    document = doc(
        [
            "from nbasset import asset, materialize\nimport nbasset as nb",
            make,
            "make('a')",
            "x = 1",
            "@nb.op\ndef f(): ...",
            "%%asset q\n1",
            "materialize([])",
        ]
    )
    assert [place.cell for place in CodeReader().definitions(document)] == ["c3", "c5", "c6"]
