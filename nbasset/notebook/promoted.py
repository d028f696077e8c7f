"""Promoted jobs of the session's home, for verbs about jobs and schedules: a notebook sees them beside its own."""

from __future__ import annotations

from nbasset.commands.job_verbs import names_of
from nbasset.commands.scope import Scope
from nbasset.locations.job_file import JOBS_FOLDER
from nbasset.locations.workspace import Place, load_place, promoted_places
from nbasset.notebook.session import Session, scope_of


def scope_with(session: Session, kind: str, name: str) -> Scope:
    """The scope that has a job or schedule of this name: the session, or the promoted job.

    Raises
    ------
    LocationError, InvalidConfigError
        If the promoted job cannot be loaded.
    """
    own = scope_of(session)
    if not name or name in names_of(own, kind) or kind == "sensor" or not name.isidentifier():
        return own
    home = session.instance.home
    path = home.root / JOBS_FOLDER / f"{name}.toml"
    return Scope(load_place(Place(path), home), session.instance) if path.is_file() else own


def scopes_with_jobs(session: Session) -> tuple[list[Scope], list[str]]:
    """The session and each promoted job; and why others cannot be loaded, a sentence each."""
    home = session.instance.home
    found, broken = [scope_of(session)], []
    for place in promoted_places(home):
        location = load_place(place, home)
        if location.error is None:
            found.append(Scope(location, session.instance))
        else:
            broken.append(f"{location.name} is left out: {location.error}")
    return found, broken
