"""Values that a run puts in the place of a notebook's parameters."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbasset.errors import InvalidConfigError
from nbasset.locations.parameters import parameters_of
from nbasset.source.program import Cell

CELL = Cell(
    "p", 0, "year = 2013\nname: str = 'all'\nrate = 0.5\ndry = False\ndays = []\nstart = date(2013, 1, 1)\nlimit = None\n", "parameters"
)


def given(**values: object) -> dict[str, Any]:
    return parameters_of([CELL], values)


def test_texts_take_the_type_of_the_default() -> None:
    assert given(year="2014", name="2014", rate="3", dry="true", days="[1, 2]", limit="5") == {
        "year": 2014, "name": "2014", "rate": 3, "dry": True, "days": [1, 2], "limit": 5,
    }  # fmt: skip


def test_values_of_python_become_plain_data() -> None:
    moment = datetime(2013, 1, 2, 3, tzinfo=UTC)
    assert given(start=date(2013, 1, 2), limit=moment, days=(np.int64(1), {2}), year=np.int64(3), name=Path("a/b")) == {
        "start": "2013-01-02", "limit": "2013-01-02T03:00:00+00:00", "days": [1, [2]], "year": 3, "name": "a/b",
    }  # fmt: skip


def test_everything_that_does_not_fit_is_said_at_once() -> None:
    with pytest.raises(InvalidConfigError) as raised:
        given(yaer=1, year="soon", dry=3, limit=Decimal(1), days=open)
    assert [str(error) for error in raised.value.errors] == [
        "yaer: the notebook has no such parameter. Did you mean 'year'?",
        "year: 'soon' is a value of type str; the default 2013 is of type int.",
        "dry: 3 is a value of type int; the default False is of type bool.",
        "limit: a value of type Decimal cannot stand in a notebook. Give numbers, texts, dates, lists or dicts.",
        "days: a value of type builtin_function_or_method cannot stand in a notebook. Give numbers, texts, dates, lists or dicts.",
    ]


def test_a_notebook_without_parameters_says_how_to_have_some() -> None:
    with pytest.raises(InvalidConfigError, match=r"takes no parameters\. Give the tag 'parameters' to the cell"):
        parameters_of([Cell("a", 0, "year = 1")], {"year": 2})
