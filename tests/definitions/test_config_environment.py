# ruff: noqa: RUF012 - pydantic copies the defaults of fields
from __future__ import annotations

import json
import pickle
from copy import copy, deepcopy
from enum import Enum
from typing import Any

import pytest
from pydantic import PrivateAttr, SecretStr, computed_field, field_validator, model_validator

from nbasset.definitions.config import Config, PermissiveConfig
from nbasset.definitions.config_ports import ConfigSchema
from nbasset.definitions.config_written import config_data, digest_of, shown_data
from nbasset.errors import InvalidConfigError
from nbasset.secrets import EnvVar

CANARY = "canary-7f3a-value"


class Colour(Enum):
    RED = "r"
    GREEN = "g"


class Source(Config):
    url: str
    retries: int = 3


class Everything(Config):
    n: int
    colour: Colour = Colour.RED
    token: SecretStr | None = None


class Computed(Config):
    password: str
    host: str = "localhost"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def dsn(self) -> str:
        return f"ada:{self.password}@{self.host}"


class Loose(PermissiveConfig):
    n: int = 1


class Database(Config):
    url: str
    password: str = EnvVar("NBASSET_TEST_PASSWORD")
    port: int = 5432
    tags: list[str] = []
    inner: Source | None = None


REFERRING: dict[str, Any] = {
    "url": {"env": "NBASSET_TEST_URL"},
    "port": {"env": "NBASSET_TEST_PORT"},
    "tags": ["a", {"env": "NBASSET_TEST_TAG"}],
    "inner": {"url": {"env": "NBASSET_TEST_URL"}},
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in (("URL", f"https://{CANARY}"), ("PASSWORD", CANARY), ("PORT", "65001"), ("TAG", f"tag-{CANARY}")):
        monkeypatch.setenv(f"NBASSET_TEST_{name}", value)
    return monkeypatch


def test_references_are_read_when_a_run_starts(environment: pytest.MonkeyPatch) -> None:
    made = ConfigSchema(Database).resolve(REFERRING)
    assert (made.url, made.password, made.port, made.tags) == (f"https://{CANARY}", CANARY, 65001, ["a", f"tag-{CANARY}"])
    assert made.inner.url == f"https://{CANARY}"


def test_a_config_is_checked_without_its_variables_being_set() -> None:
    checked = ConfigSchema(Database).validate(REFERRING)
    assert checked.errors == ()
    assert checked.data == REFERRING


def test_every_variable_that_is_not_set_is_named_at_its_path() -> None:
    with pytest.raises(InvalidConfigError) as error:
        ConfigSchema(Database).resolve(REFERRING, ("ops", "load", "config"), of="the config of 'load'")
    assert str(error.value) == (
        "5 errors in the config of 'load':\n"
        "  ops.load.config.url: environment variable NBASSET_TEST_URL is not set. Set it where the run starts, or give a value.\n"
        "  ops.load.config.password: environment variable NBASSET_TEST_PASSWORD is not set. Set it where the run starts, or give a value.\n"
        "  ops.load.config.port: environment variable NBASSET_TEST_PORT is not set. Set it where the run starts, or give a value.\n"
        "  ops.load.config.tags: environment variable NBASSET_TEST_TAG is not set. Set it where the run starts, or give a value.\n"
        "  ops.load.config.inner.url: environment variable NBASSET_TEST_URL is not set. Set it where the run starts, or give a value."
    )


def test_a_variable_that_does_not_fit_is_named_and_its_value_is_not(environment: pytest.MonkeyPatch) -> None:
    class Strict(Config):
        n: int
        at_least: str
        flag: bool

        @field_validator("at_least")
        @classmethod
        def _long(cls, text: str) -> str:
            raise ValueError(f"{text} is too short")

    environment.setenv("NBASSET_TEST_SHORT", "ab")
    data = {"n": EnvVar("NBASSET_TEST_TAG"), "at_least": EnvVar("NBASSET_TEST_TAG"), "flag": EnvVar.bool("NBASSET_TEST_TAG")}
    with pytest.raises(InvalidConfigError) as error:
        ConfigSchema(Strict).resolve(data)
    assert str(error.value) == (
        "3 errors in the config:\n"
        "  config.n: the value of environment variable NBASSET_TEST_TAG does not fit: expected int\n"
        "  config.at_least: the value of environment variable NBASSET_TEST_TAG does not fit: *** is too short\n"
        "  config.flag: the value of environment variable NBASSET_TEST_TAG does not fit: "
        "is no yes or no (true, false, 1, 0, yes, no, on, off)"
    )
    assert error.value.__cause__ is None
    assert error.value.__context__ is None
    with pytest.raises(InvalidConfigError, match="its value was refused"):
        ConfigSchema(Strict).resolve({**data, "at_least": EnvVar("NBASSET_TEST_SHORT")})


def everything_written(value: Any) -> str:
    return "\n".join(
        [
            repr(value), str(value), value.model_dump_json(), json.dumps(value.model_dump(mode="json")), json.dumps(config_data(value)),
            json.dumps(shown_data(value)), digest_of(value), repr(copy(value)), repr(deepcopy(value)), repr(value.__rich_repr__),
            repr(list(value.__repr_args__())), repr(value.__getstate__()), str(pickle.dumps(value)), repr([value]), f"{value}",
        ]
    )  # fmt: skip


def test_a_secret_is_never_written(environment: pytest.MonkeyPatch) -> None:
    written = ConfigSchema(Database).validate(REFERRING).data
    deferred = Database(**REFERRING)
    resolved = ConfigSchema(Database).resolve(REFERRING)
    assert deferred.password == resolved.password == CANARY
    for value in (deferred, resolved, pickle.loads(pickle.dumps(resolved)), deepcopy(resolved)):
        assert CANARY not in everything_written(value)
        assert "NBASSET_TEST_PASSWORD" in repr(value)
    assert CANARY not in json.dumps(written)
    assert repr(resolved).startswith("Database(url=EnvVar('NBASSET_TEST_URL'), password=EnvVar('NBASSET_TEST_PASSWORD')")
    assert json.loads(resolved.model_dump_json())["inner"] == {"url": {"env": "NBASSET_TEST_URL"}, "retries": 3}


def test_the_values_are_there_for_whoever_asks_for_them(environment: pytest.MonkeyPatch) -> None:
    resolved = ConfigSchema(Database).resolve(REFERRING)
    assert resolved.model_dump()["password"] == CANARY
    assert dict(resolved)["password"] == CANARY
    assert Database(**REFERRING).model_dump()["inner"] == {"url": f"https://{CANARY}", "retries": 3}


def test_a_pickled_config_reads_its_variables_anew(environment: pytest.MonkeyPatch) -> None:
    travelled = pickle.dumps(ConfigSchema(Database).resolve(REFERRING))
    environment.setenv("NBASSET_TEST_PASSWORD", "changed-value")
    assert pickle.loads(travelled).password == "changed-value"


def test_a_config_written_in_a_cell_reads_a_variable_when_it_is_used(environment: pytest.MonkeyPatch) -> None:
    config = Database(url="here", port=1)
    assert config.url == "here"
    assert config.password == CANARY
    environment.setenv("NBASSET_TEST_PASSWORD", "another-one")
    assert config.password == "another-one"
    environment.delenv("NBASSET_TEST_PASSWORD")
    assert config.url == "here"
    with pytest.raises(InvalidConfigError, match="environment variable NBASSET_TEST_PASSWORD is not set"):
        _ = config.password


def test_validators_of_the_whole_config_wait_for_the_environment(environment: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Watched(Config):
        secret_name: str
        twice: str = ""
        _length: int = PrivateAttr(default=0)

        @field_validator("secret_name")
        @classmethod
        def _upper(cls, text: str) -> str:
            return text.upper()

        @model_validator(mode="after")
        def _look(self) -> Watched:
            seen.append(self.secret_name)
            return self

        def model_post_init(self, context: Any) -> None:
            self._length = len(self.secret_name)

    config = Watched(secret_name=EnvVar("NBASSET_TEST_PASSWORD"))
    assert seen == []
    assert config.secret_name == CANARY.upper()
    assert config._length == len(CANARY)
    assert seen == [CANARY.upper()]
    assert Watched(secret_name="plain")._length == 5


def test_a_validator_that_changes_its_value_runs_once_on_each_way(environment: pytest.MonkeyPatch) -> None:
    class Split(Config):
        parts: list[str]
        other: str = "x"

        @field_validator("parts", mode="before")
        @classmethod
        def _split(cls, text: Any) -> Any:
            return text.split(",")

    made = Split(parts="a,b", other=EnvVar("NBASSET_TEST_PASSWORD"))  # type: ignore[arg-type]
    assert config_data(made) == {"parts": "a,b", "other": {"env": "NBASSET_TEST_PASSWORD"}}
    assert ConfigSchema(Split).resolve(config_data(made)).parts == ["a", "b"]
    environment.setenv("NBASSET_TEST_TAG", "c,d")
    assert Split(parts=EnvVar("NBASSET_TEST_TAG")).parts == ["c", "d"]  # type: ignore[arg-type]
    assert Split(parts={"env": "NBASSET_TEST_TAG"}).parts == ["c", "d"]  # type: ignore[arg-type]


def test_a_dict_field_may_hold_an_entry_called_env() -> None:
    class Loose(Config):
        labels: dict[str, str]
        anything: Any = None

    made = Loose(labels={"env": "prod"}, anything={"env": "prod"})
    assert made.labels == {"env": "prod"}
    assert made.anything == {"env": "prod"}


def test_an_enum_and_a_secret_type_may_come_from_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NBASSET_TEST_COLOUR", "GREEN")
    made = ConfigSchema(Everything).resolve(
        {"n": {"env": "NBASSET_TEST_PORT"}, "colour": {"env": "NBASSET_TEST_COLOUR"}, "token": {"env": "NBASSET_TEST_TAG"}}
    )
    assert (made.n, made.colour, made.token.get_secret_value()) == (65001, Colour.GREEN, f"tag-{CANARY}")


def test_a_permissive_config_reads_references_among_what_it_does_not_know(environment: pytest.MonkeyPatch) -> None:
    made = Loose(key={"env": "NBASSET_TEST_PASSWORD"})  # type: ignore[call-arg]
    assert CANARY not in everything_written(made)
    assert made.key == CANARY
    resolved = ConfigSchema(Loose).resolve({"key": {"env": "NBASSET_TEST_PASSWORD"}})
    assert resolved.key == CANARY
    assert CANARY not in everything_written(resolved)


def test_copies_equality_and_hashes_look_at_the_references(environment: pytest.MonkeyPatch) -> None:
    one, same = Source(url=EnvVar("NBASSET_TEST_URL")), Source(url=EnvVar("NBASSET_TEST_URL"))
    other = Source(url=EnvVar("NBASSET_TEST_TAG"))
    assert one == same
    assert one != other
    assert hash(one) == hash(same)
    assert copy(one) == one == deepcopy(one)
    changed = one.model_copy(update={"retries": 5})
    assert (changed.retries, changed.url) == (5, f"https://{CANARY}")
    assert one.model_copy(update={"url": "plain"}).url == "plain"


def test_a_computed_field_made_of_a_secret_is_not_written(environment: pytest.MonkeyPatch) -> None:
    made = ConfigSchema(Computed).resolve({"password": {"env": "NBASSET_TEST_PASSWORD"}, "host": "db"})
    assert made.dsn == f"ada:{CANARY}@db"
    assert json.loads(made.model_dump_json()) == {"host": "db", "password": {"env": "NBASSET_TEST_PASSWORD"}}
    assert CANARY not in everything_written(made)
    assert CANARY not in everything_written(Computed(password=EnvVar("NBASSET_TEST_PASSWORD")))
    assert json.loads(Computed(password="plain").model_dump_json())["dsn"] == "ada:plain@localhost"


def test_a_default_that_refers_to_the_environment_is_read_with_the_rest(environment: pytest.MonkeyPatch) -> None:
    class Holder(Config):
        source: Source = Source(url=EnvVar("NBASSET_TEST_URL"))

    assert ConfigSchema(Holder).resolve({}).source.url == f"https://{CANARY}"
    environment.delenv("NBASSET_TEST_URL")
    with pytest.raises(InvalidConfigError, match=r"config.source.url: environment variable NBASSET_TEST_URL is not set"):
        ConfigSchema(Holder).resolve({})
    assert ConfigSchema(Holder).validate({}).ok


def test_a_secret_given_as_a_value_cannot_be_recorded() -> None:
    checked = ConfigSchema(Everything).validate({"n": 1, "token": SecretStr("hunter22")}, ("ops", "e", "config"))
    assert [str(error) for error in checked.errors] == [
        'ops.e.config: a SecretStr was given as a value, which cannot be recorded. Give its name: EnvVar("NAME_OF_VARIABLE")'
    ]
