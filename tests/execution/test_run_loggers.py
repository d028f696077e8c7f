"""Loggers of runs: who gets the lines, and what is kept of them."""

from __future__ import annotations

import io
import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from nbasset import (
    Definitions,
    Field,
    Instance,
    InvalidConfigError,
    InvalidDefinitionError,
    asset,
    build_init_logger_context,
    colored_console_logger,
    get_logger,
    json_console_logger,
    logger,
    materialize,
)
from nbasset.definitions.job import job
from nbasset.definitions.op_decorator import op
from nbasset.events.facts import LogsCaptured
from nbasset.settings import LogSettings, Settings


class Kept(logging.Handler):
    """Keeps what comes."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def lines(self) -> list[tuple[str, str]]:
        return [(record.levelname, record.getMessage()) for record in self.records]


@asset
def chatty(context: Any) -> None:
    context.log.debug("detail")
    context.log.info("loaded %d rows", 3, extra={"rows": 3})
    get_logger("library").warning("careful")


def keeping(kept: Kept, default: str = "INFO") -> Any:
    @logger({"log_level": Field(str, is_required=False, default_value=default)})
    def mine(init_context: Any) -> logging.Logger:
        made = logging.Logger("mine", init_context.logger_config["log_level"])
        made.addHandler(kept)
        return made

    return mine


def log_lines(instance: Instance) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for file in sorted(Path(instance.home.runs).glob("*/steps/*.log"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]


def test_lines_of_a_step_are_in_a_file_as_json_and_none_of_them_is_an_event() -> None:
    with Instance.ephemeral() as instance:
        result = materialize([chatty], instance=instance)
        lines = log_lines(instance)
    assert [(line["level"], line["message"]) for line in lines] == [
        ("DEBUG", "detail"), ("INFO", "loaded 3 rows"), ("WARNING", "careful")
    ]  # fmt: skip
    assert lines[1]["extra"] == {"rows": 3}
    assert lines[2]["logger"] == "nbasset.user.library"
    (fact,) = [fact for event in result.get_step_success_events() for fact in event.facts if isinstance(fact, LogsCaptured)]
    assert fact.log_lines == 3
    assert "loaded" not in repr(result.all_events)


def test_a_level_may_be_given_by_its_name() -> None:
    @asset
    def speaking(context: Any) -> None:
        context.log.log("WARNING", "by name %d", 1)
        context.log.log(level=20, msg="by number")
        context.log.log("loud", "not at all")

    with Instance.ephemeral() as instance:
        result = materialize([speaking], instance=instance, raise_on_error=False)
        error = result.failure_data_for_node("speaking")
        assert error is not None
        assert error.message.startswith("there is no log level 'loud'. Give one of: DEBUG")
        lines = [json.loads(line) for path in instance.home.runs.rglob("*.log") for line in path.read_text().splitlines()]
        assert [(line["level"], line["message"]) for line in lines] == [("WARNING", "by name 1"), ("INFO", "by number")]


def test_no_console_speaks_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    with Instance.ephemeral() as instance:
        materialize([chatty], instance=instance)
    assert capsys.readouterr() == ("", "")


def test_a_console_is_asked_for_in_the_run_config(capsys: pytest.CaptureFixture[str]) -> None:
    with Instance.ephemeral() as instance:
        materialize([chatty], instance=instance, run_config={"loggers": {"console": {"config": {"log_level": "INFO"}}}})
        captured = list(Path(instance.home.runs).glob("*/steps/*.err"))
    error = capsys.readouterr().err
    assert [line.rsplit(" - ", 2)[1:] for line in error.splitlines()] == [["INFO", "loaded 3 rows"], ["WARNING", "careful"]]
    assert "chatty" in error
    assert captured == [], "what the console says is no output of the step"


def test_loggers_of_the_definitions_get_every_line_from_their_level_on() -> None:
    kept = Kept()
    with Instance.ephemeral() as instance:
        materialize(Definitions([chatty], loggers={"mine": keeping(kept)}), instance=instance)
    assert kept.lines() == [("INFO", "loaded 3 rows"), ("WARNING", "careful")]
    assert {getattr(record, "step", "") for record in kept.records} == {"chatty"}


def test_a_run_that_names_loggers_has_those_alone_with_their_config() -> None:
    one, two = Kept(), Kept()
    defs = Definitions([chatty], loggers={"one": keeping(one), "two": keeping(two)})
    with Instance.ephemeral() as instance:
        materialize(defs, instance=instance, run_config={"loggers": {"two": {"config": {"log_level": "WARNING"}}}})
    assert (one.lines(), two.lines()) == ([], [("WARNING", "careful")])


def test_a_job_has_loggers_of_its_own() -> None:
    kept = Kept()

    @op
    def speak(context: Any) -> None:
        context.log.info("hello")

    @job(logger_defs={"mine": keeping(kept)})
    def talk() -> None:
        speak()

    assert talk.execute_in_process().success
    assert kept.lines() == [("INFO", "hello")]


def test_a_misspelt_logger_is_refused_before_anything_runs() -> None:
    with Instance.ephemeral() as instance, pytest.raises(InvalidConfigError, match="Did you mean 'console'"):
        materialize([chatty], instance=instance, run_config={"loggers": {"consol": {}}})


def test_records_of_python_loggers_are_kept_by_setting() -> None:
    @asset
    def uses_a_library() -> None:
        logging.getLogger("library").info("from a library")
        logging.getLogger("other").info("from another")

    with Instance.ephemeral(settings=Settings(logs=LogSettings(python_loggers=("library",)))) as instance:
        materialize([uses_a_library], instance=instance)
        assert [(line["logger"], line["message"]) for line in log_lines(instance)] == [("library", "from a library")]
    library = logging.getLogger("library")
    assert (library.handlers, library.level) == ([], logging.NOTSET)


def test_with_the_root_logger_everything_is_kept_once() -> None:
    settings = Settings(logs=LogSettings(python_loggers=("root",), python_level="WARNING"))
    with Instance.ephemeral(settings=settings) as instance:
        materialize([chatty], instance=instance)
        assert [line["message"] for line in log_lines(instance)] == ["detail", "loaded 3 rows", "careful"]


def test_a_level_keeps_lesser_lines_out_of_the_files() -> None:
    with Instance.ephemeral(settings=Settings(logs=LogSettings(level="WARNING"))) as instance:
        materialize([chatty], instance=instance)
        assert [line["message"] for line in log_lines(instance)] == ["careful"]


def test_the_json_console_writes_one_object_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    made = json_console_logger(build_init_logger_context({"log_level": "DEBUG"}))
    made.info("hello", extra={"rows": [1, 2]})
    line = json.loads(stream.getvalue())
    assert (line["level"], line["message"], line["rows"]) == ("INFO", "hello", [1, 2])


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, coloured in ((io.StringIO(), False), (Terminal(), True)):
        monkeypatch.setattr(sys, "stderr", stream)
        colored_console_logger(build_init_logger_context({})).warning("careful")
        assert ("\033[33m" in stream.getvalue()) is coloured
        assert "WARNING - careful" in stream.getvalue()


def test_secrets_are_masked_on_consoles_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from nbasset.secrets import EnvVar

    monkeypatch.setenv("SENSOR_TEST_TOKEN", "s3cr3t-canary-value")
    value = EnvVar("SENSOR_TEST_TOKEN").get_value()
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    colored_console_logger(build_init_logger_context({})).warning("token %s", value)
    assert "s3cr3t-canary-value" not in stream.getvalue()


def test_a_logger_may_be_configured_beforehand_and_made_without_config() -> None:
    assert keeping(Kept()).configured({"log_level": "ERROR"})(build_init_logger_context({})).level == logging.ERROR

    @logger
    def plain(init_context: Any) -> logging.Logger:
        """Says nothing."""
        return logging.Logger("plain")

    assert plain.description == "Says nothing."
    assert plain(build_init_logger_context()).name == "plain"


def test_what_is_no_logger_is_refused() -> None:
    @logger
    def wrong(init_context: Any) -> Any:
        return "stderr"

    with pytest.raises(InvalidDefinitionError, match=r"gave a str\. Its function returns a logging.Logger"):
        wrong(build_init_logger_context())
    with pytest.raises(InvalidDefinitionError, match="Decorate the function with @logger"):
        Definitions([chatty], loggers={"mine": print})
