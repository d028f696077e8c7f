"""What completion offers for a notebook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nbasset.arguments import complete
from nbasset.commands.known import known_names
from nbasset.commands.scope import Scope
from nbasset.instance import Instance
from nbasset.locations.notebook import load_notebook


def test_completion_offers_what_the_notebook_defines(write_notebook: Callable[..., Path]) -> None:
    location = load_notebook(
        write_notebook(
            "%%asset raw/orders --group raw --kind csv --owner team:data --tag team=x\n[1]",
            "%%asset days --partitions daily:2025-01-01..2025-01-03\n[1]",
        )
    )
    known = known_names(Scope(location, Instance.ephemeral()))
    assert complete("run ", known)[:2] == ["raw/orders", "days"]
    assert complete("run tag:", known) == ["tag:team=x"]
    assert complete("run days -p 2025", known) == ["2025-01-03", "2025-01-02", "2025-01-01"]
    assert complete("run nothing -p 2025", known) == []
    assert known.partitions("raw/orders") == ()
    assert known.partitions("no such") == ()
