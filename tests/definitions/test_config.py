# ruff: noqa: RUF012 - pydantic copies the defaults of fields
from __future__ import annotations

import json
import pickle
import subprocess
import sys
from datetime import date, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, SecretStr, field_validator, model_validator

from nbasset.definitions.config import Config, PermissiveConfig
from nbasset.definitions.config_annotations import NO_EXAMPLE, describe, example
from nbasset.definitions.config_ports import ConfigSchema, config_parameter, is_config_class
from nbasset.definitions.config_written import config_data, digest_of, shown_data
from nbasset.definitions.job import job
from nbasset.definitions.op_decorator import op
from nbasset.definitions.run_config import RunConfig
from nbasset.errors import InvalidConfigError, InvalidDefinitionError, InvalidInvocationError
from nbasset.secrets import EnvVar

CANARY = "canary-7f3a-value"


class Colour(Enum):
    RED = "r"
    GREEN = "g"


class Dog(Config):
    kind: Literal["dog"] = "dog"
    breed: str


class Cat(Config):
    kind: Literal["cat"] = "cat"
    lives: int = 9


class Source(Config):
    url: str
    retries: int = Field(3, ge=0, le=10, description="How often to try again.")


class Everything(Config):
    n: int
    x: float = 0.5
    name: str = Field("text", min_length=2)
    flag: bool = False
    colour: Colour = Colour.RED
    colours: list[Colour] = []
    source: Source | None = None
    sources: dict[str, Source] = {}
    pet: Annotated[Dog | Cat, Field(discriminator="kind")] = Cat()
    pets: list[Annotated[Dog | Cat, Field(discriminator="kind")]] = []
    mode: Literal["fast", "safe"] = "safe"
    either: int | list[str] = 1
    pair: tuple[int, str] = (1, "a")
    when: date | None = None
    token: SecretStr | None = None
    password: str | None = None
    odd_name: int = Field(1, alias="odd-name")

    @field_validator("name")
    @classmethod
    def _no_shouting(cls, name: str) -> str:
        if name.isupper():
            raise ValueError(f"{name} is shouting; write it in lower case")
        return name


def errors_of(data: Any, schema: Any = Everything) -> list[str]:
    return [str(error) for error in ConfigSchema(schema).validate(data, ("ops", "e", "config")).errors]


KNOWN = "Known here: colour, colours, either, flag, mode, n, name, odd-name, pair, password, pet, pets and 5 more."
WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "n: missing; int is required. Example: n: 1"),
    ({"n": "a"}, "n: expected int, got 'a' (str). Example: n: 1"),
    ({"n": 1.5}, "n: expected int, got 1.5 (float). Example: n: 1"),
    ({"n": None}, "n: expected int, got None. Example: n: 1"),
    ({"n": []}, "n: expected int, got [] (list). Example: n: 1"),
    ({"n": 1, "x": "much"}, "x: expected float, got 'much' (str). Example: x: 0.5"),
    ({"n": 1, "name": 3}, 'name: expected str, got 3 (int). Example: name: "text"'),
    ({"n": 1, "name": "a"}, "name: must have at least 2 characters, got 'a' (str). Example: name: \"text\""),
    ({"n": 1, "name": "LOUD"}, "name: LOUD is shouting; write it in lower case"),
    ({"n": 1, "flag": "perhaps"}, "flag: expected bool, got 'perhaps' (str). Example: flag: true"),
    ({"n": 1, "colour": "r"}, "colour: expected one of RED, GREEN, got 'r' (str)"),
    ({"n": 1, "colour": "GREN"}, "colour: expected one of RED, GREEN, got 'GREN' (str). Did you mean 'GREEN'?"),
    ({"n": 1, "colour": 3}, "colour: expected one of RED, GREEN, got 3 (int)"),
    ({"n": 1, "colours": ["RED", "BLUE"]}, "colours[1]: expected one of RED, GREEN, got 'BLUE' (str)"),
    ({"n": 1, "colours": "RED"}, "colours: expected list of one of RED, GREEN, got 'RED' (str). Example: colours: [\"RED\"]"),
    ({"n": 1, "source": {}}, 'source.url: missing; str is required. Example: url: "text"'),
    ({"n": 1, "source": 3}, 'source: expected Source or None, got 3 (int). Example: source: {url: "text"}'),
    ({"n": 1, "source": {"url": "a", "retries": -1}},
     "source.retries: must be greater than or equal to 0, got -1 (int). Example: retries: 1"),
    ({"n": 1, "source": {"url": "a", "retry": 1}}, "source.retry: unknown entry. Did you mean 'retries'? Known here: retries, url."),
    ({"n": 1, "sources": {"a b": {"url": 3}}}, 'sources["a b"].url: expected str, got 3 (int). Example: url: "text"'),
    ({"n": 1, "sources": [1]}, 'sources: expected dict of str to Source, got [1] (list). Example: sources: {key: {url: "text"}}'),
    ({"n": 1, "pet": {"dog": {}}}, 'pet.dog.breed: missing; str is required. Example: breed: "text"'),
    ({"n": 1, "pet": {"dgo": {"breed": "pug"}}},
     "pet: expected one of dog, cat, got 'dgo' (str). Did you mean 'dog'? Example: pet: {dog: {breed: \"text\"}}"),
    ({"n": 1, "pet": {"kind": "cow"}}, "pet: expected one of dog, cat, got 'cow' (str). Example: pet: {dog: {breed: \"text\"}}"),
    ({"n": 1, "pet": {"dog": {"breed": "pug"}, "cat": {}}},
     'pet: expected exactly one of dog, cat, got dog, cat. Example: pet: {dog: {breed: "text"}}'),
    ({"n": 1, "pet": "dog"}, "pet: expected one of dog, cat, got 'dog' (str). Example: pet: {dog: {breed: \"text\"}}"),
    ({"n": 1, "pets": [{"cat": {"lives": "nine"}}]}, "pets[0].cat.lives: expected int, got 'nine' (str). Example: lives: 1"),
    ({"n": 1, "mode": "fsat"}, "mode: expected 'fast' or 'safe', got 'fsat' (str). Did you mean 'fast'?"),
    ({"n": 1, "either": {}}, "either: expected int or list of str, got {} (dict). Example: either: 1"),
    ({"n": 1, "either": [1]}, "either: expected int or list of str, got [1] (list). Example: either: 1"),
    ({"n": 1, "pair": [1]}, "pair[1]: missing; str is required. Example: \"text\""),
    ({"n": 1, "pair": ["a", "b"]}, "pair[0]: expected int, got 'a' (str). Example: 1"),
    ({"n": 1, "when": "tomorrow"}, "when: expected date or None, got 'tomorrow' (str). Example: when: \"2024-01-31\""),
    ({"n": 1, "token": 3}, "token: expected SecretStr or None, got an int (not shown). Example: token: {env: \"NAME_OF_VARIABLE\"}"),
    ({"n": 1, "password": ["hunter22"]}, 'password: expected str or None, got a list (not shown). Example: password: "text"'),
    ({"n": 1, "odd-name": "a"}, "odd-name: expected int, got 'a' (str). Example: odd-name: 1"),
    ({"n": 1, "zz": 1}, f"zz: unknown entry. {KNOWN}"),
    ({"n": 1, "nmae": "b"}, f"nmae: unknown entry. Did you mean 'name'? {KNOWN}"),
    ({"n": {"env": "NBASSET_UNSET"}, "x": "q"}, "x: expected float, got 'q' (str). Example: x: 0.5"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "text"), WRONG, ids=[text.split(" ")[0] + str(number) for number, (_, text) in enumerate(WRONG)])
def test_a_wrong_config_says_where_what_and_how(data: dict[str, Any], text: str) -> None:
    assert errors_of(data) == [f"ops.e.config.{text}"]


def test_data_that_is_no_dict_is_named() -> None:
    assert errors_of(3) == ["ops.e.config: expected entries for Everything, got 3 (int)"]
    assert errors_of([1]) == ["ops.e.config: expected entries for Everything, got [1] (list)"]


def test_all_errors_come_at_once_in_the_order_of_the_fields() -> None:
    with pytest.raises(InvalidConfigError) as error:
        Everything(zz=1, mode="slow", n="a", source={"url": 3})  # type: ignore[call-arg, arg-type]
    assert str(error.value).splitlines()[:4] == [
        "4 errors in Everything:",
        "  n: expected int, got 'a' (str). Example: n: 1",
        '  source.url: expected str, got 3 (int). Example: url: "text"',
        "  mode: expected 'fast' or 'safe', got 'slow' (str)",
    ]
    assert [item.path for item in error.value.errors] == [("n",), ("source", "url"), ("mode",), ("zz",)]
    assert pickle.loads(pickle.dumps(error.value)).errors == error.value.errors


def test_an_error_about_a_field_tells_what_the_field_is_for() -> None:
    class Needs(Config):
        retries: int = Field(ge=5, description="How often to try again.")

    assert errors_of({}, Needs) == ["ops.e.config.retries: missing; int is required (How often to try again). Example: retries: 5"]


def test_a_model_validator_of_the_users_is_heard() -> None:
    class Range(Config):
        low: int
        high: int

        @model_validator(mode="after")
        def _ordered(self) -> Range:
            if self.low > self.high:
                raise ValueError("low must not be above high")
            return self

    assert errors_of({"low": 3, "high": 1}, Range) == ["ops.e.config: low must not be above high"]
    assert Range(low=1, high=2).high == 2


def test_configs_are_frozen() -> None:
    config = Dog(breed="pug")
    with pytest.raises(InvalidInvocationError, match=r"Dog is frozen: 'breed' cannot be set\. Make a changed copy: dog\.model_copy"):
        config.breed = "lab"  # type: ignore[misc]


def test_an_enum_is_given_by_the_name_of_its_member_wherever_it_stands() -> None:
    class Paint(Config):
        one: Colour
        maybe: Colour | None = None
        many: tuple[Colour, ...] = ()
        by: dict[Colour, Colour] = {}
        mixed: Colour | int = 3

    made = Paint(one="GREEN", maybe="RED", many=["RED"], by={"RED": "GREEN"}, mixed="RED")  # type: ignore[arg-type, dict-item]
    assert made == Paint(one=Colour.GREEN, maybe=Colour.RED, many=(Colour.RED,), by={Colour.RED: Colour.GREEN}, mixed=Colour.RED)
    assert config_data(made) == {"one": "GREEN", "maybe": "RED", "many": ["RED"], "by": {"RED": "GREEN"}, "mixed": "RED"}


@pytest.mark.parametrize("data", [{"dog": {"breed": "pug"}}, {"kind": "dog", "breed": "pug"}, Dog(breed="pug")])
def test_a_choice_of_classes_is_a_selector_or_pydantics_own_form(data: Any) -> None:
    assert Everything(n=1, pet=data).pet == Dog(breed="pug")
    assert Everything(n=1, pets=[data]).pets == [Dog(breed="pug")]


def test_a_choice_without_entries_needs_no_dict() -> None:
    assert Everything(n=1, pet={"cat": None}).pet == Cat()  # type: ignore[arg-type]


def test_a_permissive_config_keeps_what_it_does_not_know() -> None:
    made = Loose(colour="red", deep={"a": [1]})  # type: ignore[call-arg]
    assert made.colour == "red"
    assert config_data(made) == {"colour": "red", "deep": {"a": [1]}}
    assert errors_of({"n": "a", "b": 1}, Loose) == ["ops.e.config.n: expected int, got 'a' (str). Example: n: 1"]


def test_a_recursive_config_is_checked_to_the_bottom() -> None:
    text = "ops.e.config.kids[0].kids[0].n: expected int, got 'a' (str). Example: n: 1"
    assert errors_of({"kids": [{"kids": [{"n": "a"}]}]}, Tree) == [text]


class Database(Config):
    url: str
    password: str = EnvVar("NBASSET_TEST_PASSWORD")
    port: int = 5432
    tags: list[str] = []
    inner: Source | None = None


class Loose(PermissiveConfig):
    n: int = 1


class Tree(Config):
    n: int = 1
    kids: list[Tree] = []


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in (("URL", f"https://{CANARY}"), ("PASSWORD", CANARY), ("PORT", "65001"), ("TAG", f"tag-{CANARY}")):
        monkeypatch.setenv(f"NBASSET_TEST_{name}", value)
    return monkeypatch


# -- Data, digests and forms --------------------------------------------------------------------------------------------


def test_what_is_recorded_makes_the_same_config_again() -> None:
    made = Everything.model_validate(
        {"n": "5", "colour": "GREEN", "pets": [{"dog": {"breed": "pug"}}], "when": date(2024, 1, 31), "sources": {"a": Source(url="x")}}
    )
    data = config_data(made)
    assert data == {
        "n": 5, "colour": "GREEN", "pets": [{"dog": {"breed": "pug"}}], "when": "2024-01-31", "sources": {"a": {"url": "x"}},
    }  # fmt: skip
    assert Everything.model_validate(json.loads(json.dumps(data))) == made


def test_python_values_have_a_form_in_json() -> None:
    class Values(Config):
        path: Path
        lasts: timedelta
        names: set[str]
        raw: bytes = b"abc"

    made = Values(path=Path("a/b"), lasts=timedelta(days=1, seconds=5), names={"b", "a"}, raw=b"xyz")
    data = config_data(made)
    assert data == {"path": "a/b", "lasts": "P1DT5.000000S", "names": ["a", "b"], "raw": "xyz"}
    assert Values.model_validate(data) == made


def test_a_digest_forgets_defaults_and_order_and_keeps_everything_else() -> None:
    assert digest_of(Source(url="a")) == digest_of(Source(retries=3, url="a"))
    assert digest_of(Source(url="a")) != digest_of(Source(url="b"))
    assert digest_of(Everything(n=1, pet=Cat(lives=1))) != digest_of(Everything(n=1, pet=Cat()))
    assert digest_of(Everything(n=1, pets=[Cat()])) != digest_of(Everything(n=1, pets=[Dog(breed="")]))
    schema = ConfigSchema(Source)
    assert schema.digest({"url": "a", "retries": 3}) == schema.digest({"url": "a"}) == digest_of(Source(url="a"))


def test_a_digest_knows_a_secret_by_its_name_only(environment: pytest.MonkeyPatch) -> None:
    one = Database(url="x", password=EnvVar("NBASSET_TEST_TAG"))
    before = digest_of(one)
    environment.setenv("NBASSET_TEST_TAG", "changed-value")
    assert digest_of(one) == digest_of(one.__read_environment__()) == before
    assert digest_of(Database(url="x", password="literal-1")) == digest_of(Database(url="x", password="literal-2"))
    assert digest_of(Database(url="x", password=EnvVar("NBASSET_OTHER"))) != before


def test_a_literal_password_is_not_shown() -> None:
    made = Database(url="x", password="hunter22")
    assert "hunter22" not in repr(made)
    assert "hunter22" not in json.dumps(shown_data(made))


def test_the_json_schema_is_what_a_form_needs() -> None:
    schema = ConfigSchema(Everything).json_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert schema["required"] == ["n"]
    assert schema["$defs"]["Colour"]["enum"] == ["RED", "GREEN"]
    assert schema["properties"]["colour"]["default"] == "RED"
    assert schema["$defs"]["Source"]["properties"]["retries"] == {
        "default": 3, "description": "How often to try again.", "maximum": 10, "minimum": 0, "title": "Retries", "type": "integer",
    }  # fmt: skip
    assert schema["properties"]["pet"]["discriminator"]["propertyName"] == "kind"
    assert ConfigSchema(Database).json_schema()["properties"]["password"]["default"] == {"env": "NBASSET_TEST_PASSWORD"}


def test_defaults_and_an_example_come_as_data() -> None:
    class Needs(Config):
        n: int = Field(ge=10)
        name: str
        colour: Colour
        source: Source
        retries: int = 3
        at: str = EnvVar("NBASSET_TEST_TAG")

    schema = ConfigSchema(Needs)
    assert schema.defaults() == {"retries": 3, "at": {"env": "NBASSET_TEST_TAG"}}
    assert schema.example() == {"n": 10, "name": "text", "colour": "RED", "source": {"url": "text"}}
    assert schema.validate(schema.example()).ok
    assert schema.is_required
    assert not ConfigSchema(Cat).is_required


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int, "int"), (int | None, "int or None"), (list[str], "list of str"), (dict[str, int], "dict of str to int"), (Any, "anything"),
        (tuple[int, str], "tuple of (int, str)"), (tuple[int, ...], "tuple of int"), (Literal["a", 1], "'a' or 1"),
        (Colour, "one of RED, GREEN"), (Source, "Source"),
        (Annotated[Dog | Cat, Field(discriminator="kind")], "one of {dog: ...}, {cat: ...}"),
    ],
)  # fmt: skip
def test_annotations_read_as_words(annotation: Any, text: str) -> None:
    assert describe(annotation) == text


@given(st.integers(-1000, 1000), st.integers(0, 100), st.booleans(), st.booleans())
def test_the_example_of_a_number_is_within_its_bounds(low: int, width: int, open_low: bool, bounded: bool) -> None:
    bounds: dict[str, Any] = {"gt" if open_low else "ge": low}
    if bounded:
        bounds["le"] = low + width + 1

    class Bounded(Config):
        n: int = Field(**bounds)

    made = example(int, Bounded.model_fields["n"])
    assert made is not NO_EXAMPLE
    assert Bounded(n=made).n == made


config_values = st.fixed_dictionaries(
    {"n": st.integers()},
    optional={
        "x": st.floats(allow_nan=False),
        "name": st.text(st.characters(codec="utf-8", categories=["Ll"]), min_size=2, max_size=6),
        "colour": st.sampled_from(["RED", "GREEN"]),
        "colours": st.lists(st.sampled_from(["RED", "GREEN"]), max_size=3),
        "either": st.one_of(st.integers(), st.lists(st.text(max_size=3), max_size=2)),
        "pet": st.one_of(
            st.builds(lambda breed: {"dog": {"breed": breed}}, st.text(max_size=3)),
            st.builds(lambda n: {"cat": {"lives": n}}, st.integers()),
        ),
    },
)


@given(config_values)
def test_recording_and_reading_give_the_same_config_and_digest(data: dict[str, Any]) -> None:
    schema = ConfigSchema(Everything)
    recorded = schema.validate(data).data
    assert json.loads(json.dumps(recorded)) == recorded
    assert schema.validate(recorded).data == recorded
    assert schema.resolve(recorded) == schema.resolve(data) == Everything.model_validate(data)
    assert schema.digest(recorded) == schema.digest(data)


# -- The face of it -----------------------------------------------------------------------------------------------------


def test_a_function_says_what_config_it_takes() -> None:
    def load(context: Any, config: Source) -> None: ...

    def plain(config: int) -> None: ...

    def unreadable(config: NotThere) -> None: ...  # type: ignore[name-defined] # noqa: F821

    schema = config_parameter(load)
    assert schema is not None
    assert schema.source is Source
    assert config_parameter(plain) is None
    assert config_parameter(unreadable) is None
    assert config_parameter(lambda context: None) is None
    assert is_config_class(Source)
    assert not is_config_class(int)
    assert not is_config_class("Source")


def test_a_config_object_of_the_right_class_is_data_too() -> None:
    schema = ConfigSchema(Source)
    assert schema.validate(Source(url="x")).data == {"url": "x"}
    assert errors_of(Dog(breed="pug"), Source) == ["ops.e.config: expected entries for Source, got Dog(kind='dog', breed='pug') (Dog)"]


def test_something_that_describes_no_config_is_refused() -> None:
    with pytest.raises(InvalidDefinitionError) as error:
        ConfigSchema("n: int")
    assert str(error.value) == (
        "config_schema is 'n: int', which describes no configuration. Give a Config class, or a dict of entries: {'n': int}."
    )
    assert ConfigSchema.of(None) is None


def test_asking_for_schemas_loads_no_pydantic() -> None:
    code = (
        "import sys; from nbasset.definitions.config_ports import ConfigSchema, is_config_class; ConfigSchema({'n': int}); "
        "import nbasset.definitions.run_config_schema, nbasset.definitions.resources_open, nbasset.definitions.resources_functions; "
        "assert is_config_class(int) is False; print('pydantic' in sys.modules, 'yaml' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False False\n"


def test_a_flag_is_no_int_in_data_and_one_in_python_code() -> None:
    class Delays(Config):
        minutes: int = 15
        most: int | None = None
        share: float = 0.5

    @op
    def late(config: Delays) -> int:
        return config.minutes

    @job
    def delays() -> None:
        late()

    for entry in ("minutes", "most"):
        with pytest.raises(InvalidConfigError, match=rf"ops\.late\.config\.{entry}: expected int.*, got True \(bool\)"):
            delays.execute_in_process(run_config={"ops": {"late": {"config": {entry: True}}}})
    result = delays.execute_in_process(run_config=RunConfig(ops={"late": Delays(minutes=True, share=True)}))
    assert result.output_for_node("late") == 1
