"""Reading commands: one reading for magics and command line."""

from __future__ import annotations

import click
import pytest

from nbasset.arguments import VERBS, Known, complete, help_text, parse, parse_cell, split
from nbasset.arguments.cell import cell_help
from nbasset.arguments.options import (
    CellArguments,
    DoctorArguments,
    DropArguments,
    GraphArguments,
    HelpArguments,
    ListArguments,
    LoadArguments,
    PartitionArguments,
    PlanArguments,
    RunArguments,
    ShowArguments,
)
from nbasset.arguments.parameters import selection_text

KNOWN = Known(
    ("raw/flights", "raw/planes", "delays"),
    ("raw", "flights"),
    partitions=lambda asset: ["2013-06-01", "2013-06-02", "2013-07-01"],
    jobs=["nightly", "etl"],
    schedules=["mornings"],
    sensors=["new_files"],
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("list", ("list", ListArguments())),
        ("list group:raw", ("list", ListArguments("group:raw"))),
        ("graph +delays -o x.svg --direction right", ("graph", GraphArguments("+delays", "x.svg", "right"))),
        ("plan delays+ --stale", ("plan", PlanArguments("delays+", stale=True))),
        ("run", ("run", RunArguments())),
        ("run delays -p 2013-06-01", ("run", RunArguments("delays", PartitionArguments("2013-06-01")))),
        ("run delays -s 2013-01-01 -e 2013-12-31 --stale -q", (
            "run", RunArguments("delays", PartitionArguments("", "2013-01-01", "2013-12-31"), stale=True, quiet=True),
        )),
        ("run -c ops.delays.config.n=3 -t team=data", ("run", RunArguments(config=("ops.delays.config.n=3",), tags={"team": "data"}))),
        ('run --select "group:raw and not key:raw/planes"', ("run", RunArguments("group:raw and not key:raw/planes"))),
        ("run group:raw and not planes", ("run", RunArguments("group:raw and not planes"))),
        ("run a b+ c", ("run", RunArguments("a, b+, c"))),
        ("show delays -p 2013-06-01 -n 3", ("show", ShowArguments("delays", "2013-06-01", 3))),
        ("load delays --into df", ("load", LoadArguments("delays", "df"))),
        ("drop delays -y --data", ("drop", DropArguments("delays", data=True, yes=True))),
        ("doctor", ("doctor", DoctorArguments())),
    ],
)  # fmt: skip
def test_a_line_is_a_verb_and_its_options(text: str, expected: tuple[str, object]) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rnu", "Did you mean 'run'?"),
        ("frobnicate", "Verbs are: list, graph"),
        ("run --stael", "--stale"),
        ("run delays -p a -s b -e c", "both name partitions"),
        ("run delays -s b", "Give -e too"),
        ("run a --select b", "stands there twice"),
        ("run --stale --force", "exclude each other"),
        ("run -t team", "team=data"),
        ("show", "Missing argument"),
        ("show a b", "unexpected extra argument"),
        ("show a -n many", "not a valid integer"),
        ("drop", "Missing argument"),
        ("run 'a", "a quote is opened and not closed"),
        ("graph --direction up", "'down', 'right'"),
    ],
)
def test_a_mistake_names_the_rule_and_the_nearest_right_thing(text: str, message: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        parse(text)
    assert message in caught.value.format_message()


@pytest.mark.parametrize("text", ["", "help", "--help"])
def test_help_lists_all_verbs(text: str) -> None:
    verb, said = parse(text)
    assert verb == "help"
    assert all(name in said.text for name in VERBS)


@pytest.mark.parametrize("text", ["run --help", "run delays -h", "help run"])
def test_each_verb_explains_itself_with_examples(text: str) -> None:
    verb, said = parse(text, prog="nbasset")
    assert (verb, said.verb) == ("help", "run")
    assert "nbasset run delays -p 2013-06-01" in said.text
    assert isinstance(said, HelpArguments)


def test_every_option_of_every_verb_has_a_help_text() -> None:
    params = [(verb.name, param) for verb in VERBS.values() for param in verb.params if isinstance(param, click.Option)]
    assert [f"{verb} {param.name}" for verb, param in params if not param.help] == []
    assert all(help_text(name) for name in VERBS)


def test_words_of_a_selection_are_an_expression_or_a_list() -> None:
    assert selection_text(["sinks(a)", "or", "b"]) == "sinks(a) or b"
    assert selection_text([]) == ""


def test_a_cell_line_says_all_about_an_asset() -> None:
    header = (
        "raw/orders --group sales --description 'Orders, as they come' --deps a,b --deps c --partitions daily:2025-01-01.. --kind csv "
        '--kind pandas --owner team:data --tag team=x --metadata rows=3 -m note="more or less" --io-manager-key pickle --code-version 7 '
        "--key-prefix eu --no-value --retries 2 --retry-delay 1.5 --backoff exponential --pool db --resource db --optional --single-run"
    )
    assert parse_cell(header) == CellArguments(
        "raw/orders", "sales", "Orders, as they come", ("a", "b", "c"), "daily:2025-01-01..", ("csv", "pandas"), ("team:data",),
        {"team": "x"}, {"rows": 3, "note": "more or less"}, "pickle", "7", "eu", True, True, 2, 1.5, "exponential", "db", ("db",), True,
    )  # fmt: skip


def test_the_least_a_cell_line_can_say_is_a_name() -> None:
    assert parse_cell("orders") == CellArguments("orders")


@pytest.mark.parametrize(("header", "message"), [("", "needs a name"), ("orders --gruop x", "--group"), ("orders x", "unexpected extra")])
def test_a_wrong_cell_line_is_a_usage_error(header: str, message: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        parse_cell(header)
    assert message in caught.value.format_message()


@pytest.mark.parametrize(
    ("text", "verb", "options"),
    [
        ("job run etl -c ops.a.config.n=3 --ops load+,clean", "job run", {"job": "etl", "ops": ("load+", "clean")}),
        ("materialize delays", "run", {}),
        ("asset materialize delays -p 2013-06-01", "run", {}),
        ("asset wipe delays --yes", "drop", {"yes": True, "data": False}),
        ("wipe delays --data", "drop", {"data": True}),
        ("job execute etl --bg", "job run", {"background": True}),
        ("runs delete a1 b2 --yes", "runs delete", {"runs": ("a1", "b2"), "yes": True}),
        ("runs wipe --yes", "runs delete", {"all": True, "yes": True}),
        ("job scaffold_config etl", "job show", {"job": "etl", "config": True}),
        ("definitions validate", "definitions validate", {}),
        ("runs list -n 3", "runs", {"limit": 3}),
        ("runs show last", "runs", {"run": "last"}),
        ("runs last", "runs", {"run": "last"}),
        ("runs cancel last", "cancel", {"run": "last"}),
        ("runs reexecute last --from-failure", "runs reexecute", {"from_failure": True}),
        ("schedule preview --days 30", "schedule preview", {"schedule": "", "days": 30}),
        ("schedule tick nightly --at 2013-06-01", "schedule evaluate", {"at": "2013-06-01"}),
        ("sensor preview files --cursor b", "sensor evaluate", {"sensor": "files", "cursor": "b"}),
        ("plan --days 7", "plan", {"days": 7}),
        (
            "schedule start mornings evenings mornings",
            "schedule start",
            {"kind": "schedule", "action": "start", "names": ("mornings", "evenings")},
        ),
        ("schedule stop --all", "schedule stop", {"action": "stop", "names": (), "all": True}),
        ("schedule wipe", "schedule reset", {"action": "reset", "all": True}),
        ("schedule restart mornings", "schedule start", {"names": ("mornings",)}),
        ("schedule logs mornings -n 3 --status failure", "schedule logs", {"kind": "schedule", "limit": 3, "status": "failure"}),
        ("sensor ticks files", "sensor logs", {"kind": "sensor", "name": "files", "limit": 15, "status": ""}),
        ("sensor start files", "sensor start", {"kind": "sensor", "action": "start", "names": ("files",)}),
        ("sensor cursor files", "sensor cursor", {"sensor": "files", "text": None, "clear": False}),
        ("sensor cursor files 'b c'", "sensor cursor", {"text": "b c"}),
        ("sensor cursor files --set b", "sensor cursor", {"text": "b"}),
        ("sensor cursor files --delete", "sensor cursor", {"text": None, "clear": True}),
        ("daemon run --once --standby", "daemon run", {"locations": (), "once": True, "standby": True, "log_format": "text"}),
        ("daemon liveness-check", "daemon status", {}),
        (
            "dev a.ipynb b.py -p 9000 --host 0.0.0.0 --log-format json",
            "dev",
            {
                "locations": ("a.ipynb", "b.py"),
                "port": 9000,
                "host": "0.0.0.0",
                "lab": True,
                "log_format": "json",
            },
        ),
        ("dev --no-lab --no-ui", "dev", {"locations": (), "port": 0, "host": "127.0.0.1", "lab": False, "ui": False}),
        ("ui", "ui", {"locations": (), "host": "127.0.0.1", "port": 3000, "token": "", "read_only": False, "opens_browser": True}),
        (
            "ui flights.ipynb -p 0 --token auto --prefix /nb --known-as data.example.org --read-only --no-open",
            "ui",
            {"port": 0, "token": "auto", "prefix": "/nb", "known_as": ("data.example.org",), "read_only": True, "opens_browser": False},
        ),
    ],
)
def test_verbs_of_two_words_and_their_other_names(text: str, verb: str, options: dict[str, object]) -> None:
    found, arguments = parse(text)
    assert found == verb
    assert {name: getattr(arguments, name) for name in options} == options


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("job rnu etl", "Did you mean 'job run'?"),
        ("jbo run", "Did you mean 'job'?"),
        ("job run", "Missing argument 'JOB'"),
        ("job run etl --ops a --assets b", "Keep one"),
        ("runs reexecute last --from-failure --step a", "Keep one"),
        ("runs delete", "name the runs, or say --all"),
        ("runs delete a1 --all", "Leave out the others"),
        ("plan delays --days 3", "leave out selection"),
        ("schedule preview --days 0", "0<x"),
        ("schedule start", "name the schedules, or say --all"),
        ("sensor stop files --all", "--all means every sensor"),
        ("schedule strat mornings", "Did you mean 'schedule start'?"),
        ("schedule logs", "Missing argument 'SCHEDULE'"),
        ("sensor cursor files b --clear", "Keep one"),
        ("daemon stpo", "Did you mean 'daemon stop'?"),
    ],
)
def test_mistakes_in_verbs_of_two_words_name_the_right_one(text: str, message: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        parse(text)
    assert message in caught.value.format_message()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('run owner:"team:x" and +key:"a b"+', ["run", 'owner:"team:x"', "and", '+key:"a b"+']),
        ('x --description \'a key:"b" c\' -t a="b c"', ["x", "--description", 'a key:"b" c', "-t", "a=b c"]),
        ("x --description \"it's owner:1\" don\\'t", ["x", "--description", "it's owner:1", "don't"]),
    ],
)
def test_the_quotes_of_a_value_in_a_selection_stay_and_others_go(text: str, words: list[str]) -> None:
    assert split(text) == words


@pytest.mark.parametrize("text", ["job", "job --help", "help job", "job -h"])
def test_the_first_word_alone_lists_what_can_follow(text: str) -> None:
    verb, arguments = parse(text)
    assert verb == "help"
    assert "job run " in arguments.text
    assert "schedule" not in arguments.text.partition("Verbs:")[2].partition("job list")[0]


def test_cell_help_shows_an_example() -> None:
    assert "%%asset daily_flights --partitions" in cell_help()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", list(dict.fromkeys(name.partition(" ")[0] for name in VERBS if name not in ("dev", "ui")))),
        ("job ", ["list", "show", "run", "backfill"]),
        ("schedule pre", ["preview"]),
        ("job run ni", ["nightly"]),
        ("job execute ni", ["nightly"]),
        ("schedule evaluate ", ["mornings"]),
        ("sensor evaluate --c", ["--cursor"]),
        ("schedule start mo", ["mornings"]),
        ("schedule start mornings --a", ["--all"]),
        ("schedule logs --status fail", ["failure"]),
        ("sensor cursor n", ["new_files"]),
        ("sensor cursor new_files n", []),
        ("schedule logs -n 3 mo", ["mornings"]),
        ("schedule start mornings mo", ["mornings"]),
        ("daemon s", ["status", "stop"]),
        ("daemon r", []),
        ("runs re", ["reexecute"]),
        ("job run nightly --op", ["--op-selection", "--ops"]),
        ("r", ["run", "runs", "rollback", "rename"]),
        ("run del", ["delays"]),
        ("run fli", ["raw/flights"]),
        ("run +del", ["+delays"]),
        ("run group:", ["group:raw", "group:flights"]),
        ("run sta", ["status:"]),
        ("run --fo", ["--force"]),
        ("run delays -p 2013-07", ["2013-07-01"]),
        ("run delays -p 2013-06-01..2013-07", ["2013-06-01..2013-07-01"]),
        ("run delays -s 2013-06-02", ["2013-06-02"]),
        ("run --executor th", ["threads"]),
        ("show raw/p", ["raw/planes"]),
        ("nonsense x", []),
    ],
)
def test_completion_offers_what_could_stand_next(text: str, expected: list[str]) -> None:
    assert complete(text, KNOWN) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("orders --gro", ["--group"]), ("orders --group f", ["flights"]), ("orders --partitions d", ["daily:", "dynamic:"]),
     ("orders --deps del", ["delays"]), ("ord", [])],
)  # fmt: skip
def test_completion_knows_the_options_of_a_cell(text: str, expected: list[str]) -> None:
    assert complete(text, KNOWN, is_cell=True) == expected
