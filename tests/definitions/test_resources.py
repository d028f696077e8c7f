from __future__ import annotations

import json
import logging
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import PrivateAttr

from nbasset.definitions.config_markers import is_resource_annotation
from nbasset.definitions.resources import (
    ConfigurableResource,
    ConfigurableResourceFactory,
    ResourceDependency,
    ResourceParam,
    build_init_resource_context,
    build_resources,
    open_resources,
    resource_digest,
    resource_schema,
)
from nbasset.definitions.resources_context import InitResourceContext
from nbasset.definitions.resources_functions import ResourceDefinition, make_values_resource, resource
from nbasset.definitions.resources_open import ResourceScope
from nbasset.errors import InvalidConfigError, InvalidDefinitionError, InvalidInvocationError, InvariantViolationError, UnknownResource
from nbasset.secrets import KNOWN, EnvVar, mask_secrets

CANARY = "canary-55aa-value"
UNKNOWN = "ulr: unknown entry. Did you mean 'url'? Known here: password, url."
TRACE: list[str] = []


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    TRACE.clear()
    KNOWN.forget()
    monkeypatch.setenv("NBASSET_TEST_PASSWORD", CANARY)
    monkeypatch.delenv("NBASSET_TEST_UNSET", raising=False)
    yield
    KNOWN.forget()


class Traced(ConfigurableResource):
    name: str
    fails: str = ""
    _state: str = PrivateAttr(default="closed")

    def setup_for_execution(self, context: InitResourceContext) -> None:
        TRACE.append(f"open {self.name}")
        self._state = "open"
        if self.fails == "setup":
            raise OSError("no route")

    def teardown_after_execution(self, context: InitResourceContext) -> None:
        TRACE.append(f"close {self.name}")
        if self.fails == "teardown":
            raise OSError("cannot close")


class Database(ConfigurableResource):
    url: str
    password: str = EnvVar("NBASSET_TEST_PASSWORD")

    def query(self, text: str) -> str:
        return f"{text} at {self.url} with {len(self.password)} characters"


class Client:
    def __init__(self, url: str) -> None:
        self.url = url


class ClientFactory(ConfigurableResourceFactory[Client]):
    url: str

    def create_resource(self, context: InitResourceContext) -> Client:
        return Client(self.url)


class Outer(ConfigurableResource):
    inner: Traced
    client: ResourceDependency[Client]
    title: str = "outer"

    @contextmanager
    def yield_for_execution(self, context: InitResourceContext) -> Iterator[Outer]:
        TRACE.append(f"open {self.title} over {self.inner._state} {self.inner.name}, {self.client.url}")
        try:
            yield self
        finally:
            TRACE.append(f"close {self.title}")


def test_a_resource_works_in_a_cell_without_a_run() -> None:
    assert Database(url="here").query("select 1") == f"select 1 at here with {len(CANARY)} characters"
    assert Database(url=EnvVar("NBASSET_TEST_PASSWORD")).url == CANARY


def test_the_password_of_a_resource_is_never_written() -> None:
    written = Database(url="here")
    with build_resources({"db": written}) as resources:
        opened = resources.db
        assert opened.password == CANARY
        for value in (written, opened):
            texts = (repr(value), str(value), value.model_dump_json(), str(pickle.dumps(value)), repr([value]), repr(resources))
            assert all(CANARY not in text for text in texts)
        assert CANARY not in repr(opened.get_resource_context())
    assert repr(opened) == "Database(url='here', password=EnvVar('NBASSET_TEST_PASSWORD'))"
    assert pickle.loads(pickle.dumps(opened)).password == CANARY


def test_a_literal_password_is_masked_in_text_once_its_resource_is_open() -> None:
    with build_resources({"db": Database(url="here", password="literal-pass")}) as resources:
        assert "literal-pass" not in repr(resources.db)
        assert mask_secrets("denied for literal-pass") == "denied for ***password***"


def test_nested_resources_open_first_and_close_last() -> None:
    outer = Outer(inner=Traced(name="inner"), client=ClientFactory(url="far"))
    with build_resources({"outer": outer, "last": Traced(name="last")}) as resources:
        assert isinstance(resources.outer.client, Client)
        assert resources.outer.inner._state == "open"
    assert TRACE == ["open inner", "open outer over open inner, far", "open last", "close last", "close outer", "close inner"]
    assert outer.inner._state == "closed"


def test_one_object_in_two_places_is_opened_once() -> None:
    inner = Traced(name="inner")
    outer = Outer(inner=inner, client=ClientFactory(url="far"))
    with build_resources({"outer": outer, "inner": inner}) as resources:
        assert resources.outer.inner is resources.inner
    assert TRACE.count("open inner") == 1


def test_what_was_opened_is_closed_when_a_later_one_fails() -> None:
    with pytest.raises(OSError, match="no route") as error, build_resources({"a": Traced(name="a"), "b": Traced(name="b", fails="setup")}):
        TRACE.append("body")
    assert TRACE == ["open a", "open b", "close b", "close a"]
    assert error.value.__notes__ == ["while opening the resource 'b'"]


def test_everything_is_closed_after_a_failure_in_between() -> None:
    with pytest.raises(KeyError), build_resources({"a": Traced(name="a"), "b": Traced(name="b")}):
        raise KeyError("step")
    assert TRACE == ["open a", "open b", "close b", "close a"]


def test_a_failure_to_close_keeps_no_other_from_being_closed(caplog: pytest.LogCaptureFixture) -> None:
    resources = {"a": Traced(name="a"), "b": Traced(name="b", fails="teardown"), "c": Traced(name="c", fails="teardown")}
    with caplog.at_level(logging.WARNING), pytest.raises(OSError, match="cannot close") as error, build_resources(resources):
        pass
    assert TRACE[3:] == ["close c", "close b", "close a"]
    assert error.value.__notes__ == ["while closing the resource 'c'"]
    assert [record.getMessage() for record in caplog.records] == [
        "resource c could not be closed: OSError('cannot close')", "resource b could not be closed: OSError('cannot close')",
    ]  # fmt: skip


def test_the_failure_of_the_step_is_seen_before_that_of_closing() -> None:
    with pytest.raises(KeyError) as error, build_resources({"b": Traced(name="b", fails="teardown")}):
        raise KeyError("step")
    assert error.value.__notes__ == ["Afterwards a resource could not be closed: OSError('cannot close')"]


def test_a_scope_opens_each_resource_once_however_often_it_is_asked_for() -> None:
    definitions = {"a": Traced(name="a"), "b": Traced(name="b")}
    with ResourceScope(definitions) as scope:
        first = scope.get({"a"})
        both = scope.get({"a", "b"}, needed_by="step 'x'")
        assert first.a is both.a
    assert TRACE == ["open a", "open b", "close b", "close a"]


def test_fields_can_be_given_when_a_run_is_launched() -> None:
    partial = Traced.configure_at_launch(fails="")
    assert resource_schema(partial).is_required  # type: ignore[union-attr]
    assert resource_schema(partial).example() == {"name": "text"}  # type: ignore[union-attr]
    with build_resources({"a": partial}, resource_config={"a": {"config": {"name": "launched"}}}) as resources:
        assert resources.a.name == "launched"
    with pytest.raises(InvalidConfigError) as error, build_resources({"a": partial}):
        pass
    assert str(error.value) == "1 error in resource 'a':\n  resources.a.config.name: missing; str is required. Example: name: \"text\""


def test_a_run_may_change_fields_that_were_given() -> None:
    config = {"db": {"config": {"url": "there"}}}
    with build_resources({"db": Database(url="here")}, resource_config=config) as resources:
        assert (resources.db.url, resources.db.password) == ("there", CANARY)
    with build_resources(
        {"a": Traced(name="a")}, resource_config={"a": {"config": {"name": {"env": "NBASSET_TEST_PASSWORD"}}}}
    ) as resources:
        assert resources.a.name == CANARY
        assert CANARY not in repr(resources.a)
    with pytest.raises(InvalidConfigError, match=r"resources.db.config.url: expected str, got 3 \(int\)"):
        opened({"db": Database(url="here")}, {"db": {"config": {"url": 3}}})


def test_a_nested_resource_that_waits_for_launch_is_configured_under_its_own_key() -> None:
    inner = Traced.configure_at_launch()
    outer = Outer(inner=inner, client=ResourceDefinition.hardcoded_resource(Client("fixed")))
    with build_resources({"outer": outer, "inner": inner}, resource_config={"inner": {"config": {"name": "late"}}}) as resources:
        assert resources.outer.inner.name == "late"
        assert resources.outer.client.url == "fixed"
    with pytest.raises(InvalidConfigError, match=r"resources.outer.config.inner.name: missing"), build_resources({"outer": outer}):
        pass


def test_a_variable_that_is_not_set_is_named_at_the_path_of_the_field() -> None:
    definitions = {"db": Database(url=EnvVar("NBASSET_TEST_UNSET"))}
    with pytest.raises(InvalidConfigError) as error, open_resources(definitions, ["db"], needed_by="step 'load'"):
        pass
    assert str(error.value) == (
        "1 error in resource 'db':\n"
        "  resources.db.config.url: environment variable NBASSET_TEST_UNSET is not set. Set it where the run starts, or give a value."
    )
    assert error.value.__notes__ == ["while opening the resource 'db', needed by step 'load'"]


def test_a_resource_nobody_gives_is_named_with_who_needs_it_and_the_nearest() -> None:
    with pytest.raises(UnknownResource) as error, open_resources({"database": 1, "store": 2}, ["databse"], needed_by="step 'load'"):
        pass
    assert str(error.value) == (
        "no resource 'databse', needed by step 'load', is given. Did you mean 'database'? There are: database, store. "
        "Give it: Definitions(resources={'databse': ...}) or resources={'databse': ...}."
    )


def test_opened_resources_are_found_by_attribute_and_key_and_cannot_be_changed() -> None:
    with open_resources({"answer": 42, "other": 1}, ["answer"], needed_by="step 'x'") as resources:
        assert resources.answer == resources["answer"] == 42
        assert dict(resources) == {"answer": 42}
        assert "other" not in resources
        with pytest.raises(AttributeError, match=r"no resource 'anwser' is open for step 'x'. Did you mean 'answer'?"):
            _ = resources.anwser
        with pytest.raises(KeyError, match="no resource 'other' is open"):
            _ = resources["other"]
        with pytest.raises(AttributeError, match="cannot be changed"):
            resources.answer = 3
    assert not hasattr(resources, "nothing")


def test_functions_make_resources_and_clean_up_without_a_finally() -> None:
    @resource(config_schema={"path": str}, required_resource_keys={"a"})
    def store(context: InitResourceContext) -> Iterator[str]:
        """Where things are kept."""
        TRACE.append(f"open store over {context.resources.a.name}")
        yield context.resource_config["path"]
        TRACE.append("close store")

    assert store.description == "Where things are kept."
    config = {"store": {"config": {"path": "here"}}}
    with (
        pytest.raises(KeyError, match="here"),
        build_resources({"store": store, "a": Traced(name="a")}, resource_config=config) as resources,
    ):
        raise KeyError(resources.store)
    assert TRACE == ["open a", "open store over a", "close store", "close a"]
    with pytest.raises(InvalidConfigError, match=r"resources.store.config.path: missing; str is required"):
        opened({"store": store, "a": 1})
    with pytest.raises(UnknownResource, match="no resource 'a', needed by resource 'store', is given"), build_resources({"store": store}):
        pass


def test_a_function_under_contextmanager_is_entered_and_a_plain_connection_is_not() -> None:
    @resource
    @contextmanager
    def managed() -> Iterator[str]:
        yield "inside"
        TRACE.append("left")

    class Connection:
        def __enter__(self) -> str:
            return "entered"

        def __exit__(self, *problem: object) -> None: ...

    with build_resources({"m": managed, "c": ResourceDefinition(lambda context: Connection())}) as resources:
        assert resources.m == "inside"
        assert isinstance(resources.c, Connection)
    assert TRACE == ["left"]


def test_ready_made_resources_for_tests() -> None:
    given = {
        "mock": ResourceDefinition.mock_resource(), "none": ResourceDefinition.none_resource(),
        "text": ResourceDefinition.string_resource(),
        "values": make_values_resource(n=int), "fixed": ResourceDefinition.hardcoded_resource(3),
    }  # fmt: skip
    with build_resources(given, resource_config={"text": {"config": "t"}, "values": {"config": {"n": 1}}}) as resources:
        assert resources.mock.anything(1).else_ is not None
        assert (resources.none, resources.text, resources["values"]) == (None, "t", {"n": 1})
        assert resources.fixed == 3


def test_a_configured_function_resource_needs_no_config_any_more() -> None:
    @resource(config_schema={"host": str, "port": int})
    def connection(context: InitResourceContext) -> str:
        return f"{context.resource_config['host']}:{context.resource_config['port']}"

    fixed = connection.configured({"host": "a", "port": 1})
    sized = connection.configured(lambda config: {"host": config["name"], "port": 2}, {"name": str})
    with build_resources({"f": fixed, "s": sized}, resource_config={"s": {"config": {"name": "b"}}}) as resources:
        assert (resources.f, resources.s) == ("a:1", "b:2")
    assert resource_digest(fixed) != resource_digest(connection.configured({"host": "a", "port": 2}))


def test_a_function_resource_can_be_called_in_a_test() -> None:
    @resource(config_schema={"n": int})
    def number(context: InitResourceContext) -> int:
        return int(context.resource_config["n"]) + 1

    assert number(build_init_resource_context(config={"n": 1})) == 2
    with pytest.raises(InvalidInvocationError, match=r"takes a context. Pass build_init_resource_context"):
        number()
    assert resource(lambda: 3)() == 3


def test_a_class_resource_gets_a_context_for_tests() -> None:
    class Where(ConfigurableResource):
        base: str = ""

        def run(self) -> str:
            return f"{self.base}{self.get_resource_context().run_id}"

    with pytest.raises(InvariantViolationError, match="Where was not opened, so it has no context"):
        Where().run()
    with build_init_resource_context(resources={"a": Traced(name="a")}) as context:
        assert Where(base="x").with_resource_context(context).run() == "xNone"
        assert context.resources.a.name == "a"
    assert TRACE == ["open a", "close a"]
    with Traced(name="t").yield_for_execution(build_init_resource_context()) as opened:
        assert opened._state == "open"
    assert TRACE[2:] == ["open t", "close t"]


def test_a_resource_is_initialised_by_hand_with_what_is_nested_in_it() -> None:
    with Outer(inner=Traced(name="inner"), client=ClientFactory(url="far")).process_config_and_initialize_cm() as outer:
        assert (outer.inner._state, outer.client.url) == ("open", "far")
    assert TRACE[-1] == "close inner"
    assert ClientFactory(url=EnvVar("NBASSET_TEST_PASSWORD")).process_config_and_initialize().url == CANARY


def test_a_digest_covers_what_is_configured_and_no_secret() -> None:
    one = Database(url="here")
    assert resource_digest(one) == resource_digest(Database(url="here"))
    assert resource_digest(one) != resource_digest(Database(url="there"))
    assert resource_digest(one) != resource_digest(Database(url="here", password=EnvVar("OTHER")))
    assert resource_digest(Database(url="a", password="one-literal")) == resource_digest(Database(url="a", password="two-literal"))
    nested = [Outer(inner=Traced(name=name), client=ClientFactory(url=url)) for name, url in (("a", "x"), ("b", "x"), ("a", "y"))]
    assert len({resource_digest(item) for item in nested}) == 3
    assert resource_digest(3) != resource_digest(4)
    assert resource_digest(Client("a")) == resource_digest(Client("b"))
    assert resource_digest(Traced.configure_at_launch(name="a")) != resource_digest(Traced.configure_at_launch(name="b"))


def test_parameters_are_resources_by_class_or_by_word() -> None:
    assert is_resource_annotation(Database)
    assert is_resource_annotation(ResourceParam[Client])
    assert is_resource_annotation(ResourceParam[Client] | None)
    assert not is_resource_annotation(Client)
    assert not is_resource_annotation(int | None)


def test_what_a_run_may_configure_is_a_json_schema() -> None:
    schema = resource_schema(Database(url="x"))
    assert schema is not None
    assert schema.json_schema()["required"] == []
    assert json.dumps(resource_schema(Outer.configure_at_launch()).json_schema())  # type: ignore[union-attr]
    assert resource_schema(3) is None
    assert [str(error) for error in schema.validate({"url": 3, "ulr": 1}, ("resources", "db", "config")).errors] == [
        'resources.db.config.url: expected str, got 3 (int). Example: url: "text"',
        "resources.db.config.ulr: unknown entry. Did you mean 'url'? Known here: password, url.",
    ]
    assert schema.validate({"url": EnvVar("X")}).data == {"url": {"env": "X"}}


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda: Database(ulr="x"), InvalidConfigError,
         f'2 errors in Database:\n  url: missing; str is required. Example: url: "text"\n  {UNKNOWN}'),
        (lambda: Database.configure_at_launch(ulr="x"), InvalidConfigError,
         f"1 error in Database.configure_at_launch:\n  {UNKNOWN}"),
        (lambda: opened({"db": Database}), InvalidDefinitionError,
         "the resource 'db' is the class Database. Give an object: Database(...), or Database.configure_at_launch()."),
        (lambda: ResourceDefinition(lambda a, b: 1), InvalidDefinitionError,
         "the resource function '<lambda>' takes 2 arguments. It takes one, the context, or none."),
        (lambda: ResourceDefinition(lambda: 1).configured({}), InvalidDefinitionError,
         "the resource '<lambda>' has no config_schema, so nothing of it can be configured."),
        (lambda: opened({"e": resource(empty)}), InvalidDefinitionError,
         "the resource function 'empty' ended without yielding its value."),
        (lambda: opened({"t": resource(twice)}), InvalidDefinitionError,
         "the resource function 'twice' yields more than once: the first is the value, the rest cleans up."),
        (lambda: opened({"a": ring("b"), "b": ring("a")}), InvalidDefinitionError,
         "resources that need each other cannot be opened: a -> b -> a."),
        (lambda: opened({"f": Unmade()}), InvalidDefinitionError,
         "Unmade makes no resource: override create_resource(self, context)."),
    ],
)  # fmt: skip
def test_a_wrong_resource_is_refused_with_the_remedy(make: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as error:
        make()
    assert str(error.value) == text


class Unmade(ConfigurableResourceFactory[int]):
    """Forgot create_resource."""


def opened(resources: dict[str, Any], config: dict[str, Any] | None = None) -> None:
    with build_resources(resources, resource_config=config):
        pass


def empty() -> Iterator[int]:
    yield from ()


def twice() -> Iterator[int]:
    yield 1
    yield 2


def ring(other: str) -> ResourceDefinition:
    return ResourceDefinition(lambda context: 1, required_resource_keys={other})
