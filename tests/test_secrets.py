from __future__ import annotations

import base64
import itertools
import json
import os
import pickle
from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbasset.secrets import KNOWN, EnvVar, SecretMask, StreamMask, looks_secret, mask_data, mask_secrets, remember_named, remember_secret

CANARY = "canary-91bd-value"


@pytest.fixture(autouse=True)
def _no_secrets_are_known() -> Iterator[None]:
    KNOWN.forget()
    yield
    KNOWN.forget()


def test_a_reference_shows_its_name_and_never_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBASSET_TEST_SECRET", CANARY)
    reference = EnvVar("NBASSET_TEST_SECRET")
    assert reference.get_value() == CANARY
    for text in (
        repr(reference),
        str(reference),
        json.dumps(reference.as_data()),
        str(pickle.dumps(reference)),
        str(vars(type(reference))),
    ):
        assert CANARY not in text
    assert repr(reference) == "EnvVar('NBASSET_TEST_SECRET')"
    assert repr(EnvVar.int("N")) == "EnvVar.int('N')"


def test_a_reference_is_no_text_at_run_time() -> None:
    assert not isinstance(EnvVar("X"), str)
    with pytest.raises(TypeError) as error:
        f"postgresql://ada:{EnvVar('DB_PASSWORD')}@db"
    assert str(error.value) == (
        "EnvVar('DB_PASSWORD') is read when a run starts, so it cannot be put into a text now. Give the whole text as one variable, "
        "or join the parts where they are used; EnvVar('DB_PASSWORD').get_value() reads it at once."
    )


def test_references_travel_and_compare_by_name_and_kind() -> None:
    assert pickle.loads(pickle.dumps(EnvVar.int("X"))) == EnvVar.int("X") == deepcopy(EnvVar.int("X"))
    assert EnvVar("X") != EnvVar.int("X")
    assert len({EnvVar("X"), EnvVar("X"), EnvVar("Y")}) == 2
    assert EnvVar.from_data({"env": "X"}) == EnvVar("X")
    assert EnvVar.from_data(EnvVar("X")) == EnvVar("X")
    for other in ({"env": 3}, {"env": ""}, {"env": "X", "b": 1}, {}, "X", None):
        assert EnvVar.from_data(other) is None


def test_a_reference_reads_numbers_and_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, kind, value in (("7", EnvVar.int, 7), ("1.5", EnvVar.float, 1.5), ("Yes", EnvVar.bool, True), ("0", EnvVar.bool, False)):
        monkeypatch.setenv("NBASSET_TEST_SECRET", text)
        assert kind("NBASSET_TEST_SECRET").get_value() == value  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "words"),
    [(EnvVar.int, "whole number"), (EnvVar.float, "number"), (EnvVar.bool, "yes or no (true, false, 1, 0, yes, no, on, off)")],
)
def test_a_value_that_cannot_be_read_is_not_quoted(monkeypatch: pytest.MonkeyPatch, kind: type[EnvVar], words: str) -> None:
    monkeypatch.setenv("NBASSET_TEST_SECRET", CANARY)
    with pytest.raises(ValueError, match="is no") as error:
        kind("NBASSET_TEST_SECRET").get_value()
    assert str(error.value) == f"the value of environment variable NBASSET_TEST_SECRET is no {words}"
    assert error.value.__context__ is None


def test_a_variable_that_is_not_set_gives_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NBASSET_TEST_SECRET", raising=False)
    assert EnvVar("NBASSET_TEST_SECRET").get_value() is None
    assert EnvVar("NBASSET_TEST_SECRET").get_value("fallback") == "fallback"
    assert not EnvVar("NBASSET_TEST_SECRET").is_set


@pytest.mark.parametrize("name", ["", " ", "A=B", 3])
def test_a_name_no_variable_can_have_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of an environment variable"):
        EnvVar(name)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("password", True), ("db_password", True), ("API_KEY", True), ("token", True), ("access_token", True), ("client_secret", True),
        ("aws_secret_access_key", True), ("credentials", True), ("pwd", True), ("private_key", True),
        ("max_tokens", False), ("tokenizer", False), ("sort_key", False), ("key", False), ("primary_key", False), ("passenger", False),
        ("secretary", False), ("keyboard", False), ("path", False),
    ],
)  # fmt: skip
def test_names_of_secrets_are_known(name: str, secret: bool) -> None:
    assert looks_secret(name) is secret


def test_reading_a_reference_has_its_value_masked_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBASSET_TEST_SECRET", CANARY)
    assert mask_secrets(f"it is {CANARY}") == f"it is {CANARY}"
    EnvVar("NBASSET_TEST_SECRET").get_value()
    assert mask_secrets(f"it is {CANARY}, {CANARY}!") == "it is ***NBASSET_TEST_SECRET***, ***NBASSET_TEST_SECRET***!"
    assert mask_data({"a": [CANARY, 1], CANARY: (CANARY,)}) == {
        "a": ["***NBASSET_TEST_SECRET***", 1], "***NBASSET_TEST_SECRET***": ("***NBASSET_TEST_SECRET***",),
    }  # fmt: skip


def test_passwords_in_urls_are_masked_without_being_known() -> None:
    assert mask_secrets("at postgresql+psycopg://ada:love/lace@db:5432/x?a=b") == "at postgresql+psycopg://ada:love/lace@db:5432/x?a=b"
    assert mask_secrets("at postgresql://ada:lovelace@db:5432/x") == "at postgresql://ada:***@db:5432/x"
    assert mask_secrets("redis://:lovelace@db") == "redis://:***@db"
    assert mask_secrets("at 12:30 mail ada@example.org, see http://db:80/x") == "at 12:30 mail ada@example.org, see http://db:80/x"


def test_short_values_are_left_alone() -> None:
    remember_secret("ENV", "prod")
    assert mask_secrets("production of prod") == "production of prod"


def test_the_lines_of_a_private_key_are_masked_each() -> None:
    remember_secret("KEY", "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nAAAABBBBCCCCDDDDEEEE\n-----END KEY-----")
    assert mask_secrets("line: MIIEvQIBADANBgkqhkiG9w0 end") == "line: ***KEY*** end"


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    mask = SecretMask()
    mask.add("SHORT", "abcdef")
    mask.add("LONG", "abcdefghij")
    assert mask.mask("abcdefghij abcdef") == "***LONG*** ***SHORT***"


secret_texts = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=6, max_size=30)


@given(secret_texts, st.text(max_size=20), st.text(max_size=20))
def test_no_form_of_a_secret_survives_the_mask(secret: str, before: str, after: str) -> None:
    mask = SecretMask()
    mask.add("S", secret)
    forms = [secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], quote(secret, safe=""), base64.b64encode(secret.encode()).decode()]
    for form in forms:
        masked = mask.mask(f"{before} {form} {after}")
        assert "***S***" in masked
        assert mask.mask(form) == "***S***"


@given(secret_texts, st.lists(st.integers(0, 80), max_size=6), st.text("ab -", max_size=10))
def test_a_stream_masks_a_secret_wherever_it_is_cut(secret: str, cuts: list[int], around: str) -> None:
    mask = SecretMask()
    mask.add("S", secret)
    text = f"{around}{secret}{around}{secret}"
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces: list[str] = []
    stream = StreamMask(pieces.append, mask)
    for start, stop in itertools.pairwise(edges):
        stream.write(text[start:stop])
    stream.flush()
    assert "".join(pieces) == mask.mask(text)


def test_a_stream_passes_on_at_once_what_is_certainly_no_secret() -> None:
    mask = SecretMask()
    mask.add("S", "secret-value")
    pieces: list[str] = []
    stream = StreamMask(pieces.append, mask)
    stream.write("hello se")
    assert pieces == ["hello "]
    stream.write("ven")
    assert pieces == ["hello ", "seven"]


def test_metadata_is_recorded_without_secrets() -> None:
    from nbasset import AssetKey, MetadataValue, TableRecord
    from nbasset.metadata import normalize

    remember_secret("TOKEN", "tok-123456")
    found = normalize(
        {
            "text": "with tok-123456", "url": MetadataValue.url("https://ada:lovelace@db/x"), "json": {"a": ["tok-123456", 1]},
            "table": MetadataValue.table([TableRecord({"t": "tok-123456"})]), "rows": 3, "asset": AssetKey("orders"), "note": "plain",
        },
        of="a test",
    )  # fmt: skip
    assert "tok-123456" not in repr(found)
    assert "lovelace" not in repr(found)
    assert (found["rows"].value, found["note"].value, found["asset"].value) == (3, "plain", AssetKey("orders"))
    assert found["json"].value["a"] == ["***TOKEN***", 1]


def test_a_secret_in_what_a_step_tells_does_not_reach_the_records() -> None:
    from nbasset import Instance, MaterializeResult, asset, materialize

    remember_secret("TOKEN", "tok-123456")

    @asset
    def orders(context: Any) -> MaterializeResult:
        context.add_output_metadata({"first": "tok-123456"})
        return MaterializeResult(metadata={"second": "tok-123456"})

    with Instance.ephemeral() as instance:
        result = materialize([orders], instance=instance)
        (made,) = result.get_asset_materialization_events()
        assert "tok-123456" not in repr(made)
        assert {"first", "second"} <= set(made.metadata)


def test_a_secret_in_a_description_does_not_reach_the_records() -> None:
    from nbasset import (
        AssetCheckEvaluation,
        AssetCheckResult,
        AssetMaterialization,
        AssetObservation,
        ExpectationResult,
        Instance,
        asset,
        asset_check,
        materialize,
    )

    remember_secret("TOKEN", "tok-123456")

    @asset
    def orders() -> int:
        return 1

    @asset_check(asset=orders)
    def small(orders: int) -> AssetCheckResult:
        return AssetCheckResult(passed=False, description="asked with tok-123456")

    with Instance.ephemeral() as instance:
        (verdict,) = materialize([orders, small], instance=instance).get_asset_check_evaluations()
        assert verdict.description == "asked with ***TOKEN***"
    said = "of tok-123456"
    for told in (
        AssetCheckEvaluation("orders", "small", passed=True, description=said), AssetMaterialization("orders", description=said),
        AssetObservation("orders", description=said), ExpectationResult(success=True, description=said),
    ):  # fmt: skip
        assert told.description == "of ***TOKEN***"


def test_a_secret_of_the_environment_is_masked_in_a_run_without_being_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from nbasset import Instance, asset, materialize
    from nbasset.events.kinds import StepFailed

    monkeypatch.setenv("WAREHOUSE_PASSWORD", "hunter2-hunter2")

    @asset
    def leaky() -> None:
        raise ValueError(f"no access with {os.environ['WAREHOUSE_PASSWORD']}")

    with Instance.ephemeral() as instance:
        result = materialize([leaky], instance=instance, raise_on_error=False)
        assert [str(event.error) for event in result.all_events if isinstance(event, StepFailed)] == [
            "ValueError: no access with ***WAREHOUSE_PASSWORD***"
        ]


def test_the_folder_that_a_shell_names_is_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PWD", "/home/ada/project")
    monkeypatch.setenv("DB_PWD", "correct-horse")
    remember_named(os.environ)
    assert mask_secrets("/home/ada/project/a.csv correct-horse") == "/home/ada/project/a.csv ***DB_PWD***"


def test_a_secret_that_the_environment_gets_between_two_runs_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    remember_named(os.environ)
    monkeypatch.setenv("LATER_PASSWORD", "came-in-between")
    remember_named(os.environ)
    assert mask_secrets("came-in-between") == "***LATER_PASSWORD***"
    KNOWN.forget()
    remember_named(os.environ)
    assert mask_secrets("came-in-between") == "***LATER_PASSWORD***"
