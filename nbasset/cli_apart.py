"""Locations in a process of their own: their part of a call of the command line is done by a child, with their own Python if they name one.

The child carries out the same words on its location alone. Through a pipe it says that it is there, that its code is loaded, and, where
the call is about the whole project, what it does not know: somebody else may. What it prints is the user's to see; of answers in JSON one
is made. Code that does not load in time, breaks, or kills its process is left out with a sentence, and breaks no other location.
"""

from __future__ import annotations

import io
import json
import os
import select
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbasset import clock
from nbasset.arguments.reading import verb_at
from nbasset.cli_pipe import UNKNOWN_HERE, VARIABLE, telling
from nbasset.cli_scopes import Call
from nbasset.dataclass import dataclass
from nbasset.errors import LocationError, UnknownAsset

if TYPE_CHECKING:
    from nbasset.home import Home
    from nbasset.locations.workspace import Place


Run = Callable[[Call], int]


def carried_out(call: Call, words: Sequence[str], run: Run) -> int:
    """Carry out a call: `run` does the part of this process, children those of locations apart. The worst exit code.

    Of several names each is looked for on its own: one may be here, the next in a process apart.

    Raises
    ------
    LocationError
        If the one location that was named does not load.
    """
    if telling() is not None:
        return run(call)
    home, places = _project_of(call)
    if not places:
        return run(call)
    named = _named(call, places)
    if named is not None:
        return _Child(named, home, call.json).run(list(words), of_project=False).code
    code = 0
    answers: list[Any] = []
    for one, own in _one_by_one(call, words):
        done, said = _together(one, own, home, places, run)
        code = max(code, done)
        answers += said
    if call.json:
        click.echo(json.dumps(_merged(answers), ensure_ascii=True, default=str))
    return code


def _one_by_one(call: Call, words: Sequence[str]) -> Iterator[tuple[Call, list[str]]]:
    """The call for each name, with its words; the whole of it where it is not about names."""
    if len(call.rest) < 2 or not any(param.name == "names" for param in call.verb.params):
        yield call, list(words)
        return
    place = call.words[: len(call.words) - len(call.rest)]
    for name in dict.fromkeys(call.rest):
        yield replace(call, words=(*place, name)), [word for word in words if word == name or word not in call.rest]


def _project_of(call: Call) -> tuple[Home, list[Place]]:
    from nbasset.home import find_home
    from nbasset.locations.workspace import places_of
    from nbasset.settings import load_settings

    start = Path(call.place) if call.place and not call.module else None
    home = find_home(start, named=call.home or None)
    settings = load_settings(home.settings_file)
    if not any(one.python or one.isolated for one in settings.locations):
        return home, []
    return home, [place for place in places_of(home, settings) if place.is_apart]


def _named(call: Call, places: Sequence[Place]) -> Place | None:
    """The location apart that the call names."""
    if call.module:
        return next((place for place in places if place.module == call.module), None)
    path = Path(call.place).expanduser().resolve() if call.place else None
    return next((place for place in places if path is not None and place.path is not None and place.path.resolve() == path), None)


def _together(call: Call, words: Sequence[str], home: Home, places: Sequence[Place], run: Run) -> tuple[int, list[Any]]:
    """The part of this process first, then the children's, one after the other: a project is one thing to its user. What they answer."""
    said = io.StringIO()
    unknown: Exception | None = None
    codes: list[int] = []
    answers: list[Any] = []
    try:
        if call.json:
            with redirect_stdout(said):
                codes.append(run(call))
        else:
            codes.append(run(call))
    except UNKNOWN_HERE as error:
        unknown = error
    if said.getvalue().strip():
        answers.append(json.loads(said.getvalue()))
    if unknown is None and not call.looked:  # the verb was about the home, not about code
        places = ()
    for place in places:
        if call.place and not _inside(place, Path(call.place).resolve()):
            continue
        try:
            done = _Child(place, home, call.json).run(_words_for(call, words, place, home), of_project=True)
        except LocationError as error:
            click.echo(f"left out: {error}", err=True)
            continue
        if done.broken:
            click.echo(f"{place.label} is left out: {done.broken}", err=True)
            continue
        if done.unknown:
            unknown = _nearer(unknown, done.unknown)
            continue
        codes.append(done.code)
        answers += [json.loads(done.said)] if done.said.strip() else []
    if unknown is not None and not codes:
        raise unknown
    return max(codes, default=0), answers


def _inside(place: Place, folder: Path) -> bool:
    return place.path is not None and place.path.resolve().is_relative_to(folder)


def _nearer(first: Exception | None, text: str) -> Exception:
    """Of what several say of an unknown name, what says a near one."""
    if first is None:
        return UnknownAsset(text)
    return first if "Did you mean" in str(first) or "Did you mean" not in text else type(first)(text)


def _words_for(call: Call, words: Sequence[str], place: Place, home: Home) -> list[str]:
    """The words of the call with the location named; the child finds the home that its parent found."""
    verb, rest = verb_at(words)
    if call.place and not call.module:
        rest.remove(call.place)
    where = [str(place.path)] if place.path is not None else ["--module", place.module]
    return [*verb.name.split(), *where, *rest, *([] if call.home else ["--home", str(home.root)])]


def _merged(answers: Sequence[Any]) -> Any:
    """One answer of several: lists of one name are put one behind the other, of other things the first counts."""
    merged: dict[str, Any] = {}
    for answer in answers:
        for name, value in answer.items() if isinstance(answer, dict) else ():
            known = merged.setdefault(name, value)
            if known is not value and isinstance(known, list) and isinstance(value, list):
                merged[name] = [*known, *value]
    return merged


@dataclass(frozen=True, slots=True)
class _Done:
    """How a child ended: its exit code, its answer in JSON, what it said of a name that it does not know, and of code that is broken."""

    code: int
    said: str
    unknown: str = ""
    broken: str = ""


@dataclass(frozen=True, slots=True)
class _Child:
    """The process that does the part of one location."""

    place: Place
    home: Home
    as_json: bool

    def run(self, words: list[str], *, of_project: bool) -> _Done:
        """Carry out some words there.

        Raises
        ------
        LocationError
            If its Python cannot run nbasset, or the code does not load in time.
        """
        from nbasset.locations.interpreter import interpreter

        python = interpreter(self.place, self.home)
        reading, writing = os.pipe()
        try:
            child = subprocess.Popen(
                [python, "-P", "-m", "nbasset.cli", *words], pass_fds=(writing,), stdout=subprocess.PIPE if self.as_json else None,
                env={**os.environ, VARIABLE: f"{writing}:{'project' if of_project else 'one'}"},
            )  # fmt: skip
        except OSError as error:
            os.close(reading)
            raise LocationError(f"{self.place.label}: its Python {python} does not start: {error}") from error
        finally:
            os.close(writing)
        try:
            return self._followed(child, reading, python, of_project)
        finally:
            os.close(reading)

    def _followed(self, child: subprocess.Popen[bytes], reading: int, python: str, of_project: bool) -> _Done:
        pipe = _Pipe(reading, clock.monotonic() + self.place.load_seconds)
        try:
            in_time = pipe.read_until_loaded()
            if not in_time:
                child.kill()
                child.wait()
                raise LocationError(
                    f"{self.place.label} did not load within {self.place.load_seconds:g} s. Move slow work out of its top level, or give "
                    f"it longer: load_seconds of this location in {self.home.settings_file.name}."
                )
            said = child.stdout.read().decode() if child.stdout is not None else ""
            code = child.wait()
        except KeyboardInterrupt:  # the child has it, too, and ends in its own way
            child.wait()
            raise
        pipe.read_rest()
        if "here" not in pipe.told:
            raise LocationError(
                f"{self.place.label}: its Python {python} cannot run nbasset. Install it there: {python} -m pip install nbasset"
            )
        if self.as_json and not of_project:
            click.echo(said, nl=False)
        if code < 0:
            raise LocationError(f"{self.place.label}: its process was ended by signal {-code}.")
        return _Done(code, said, pipe.told.get("unknown", ""), pipe.told.get("broken", ""))


class _Pipe:
    """What a child tells, a line each."""

    def __init__(self, reading: int, deadline: float) -> None:
        self.reading = reading
        self.deadline = deadline
        self.told: dict[str, str] = {}
        self._text = b""

    def read_until_loaded(self) -> bool:
        """Read until the code is loaded, or the child closes its end; False if neither came in time."""
        while "loaded" not in self.told:
            ready, _, _ = select.select([self.reading], [], [], max(0.0, self.deadline - clock.monotonic()))
            if not ready:
                return False
            if not self._read():
                return True
        return True

    def read_rest(self) -> None:
        """Read what is left; the child has ended, but what it started may hold the pipe still."""
        while select.select([self.reading], [], [], 0)[0] and self._read():
            pass

    def _read(self) -> bool:
        piece = os.read(self.reading, 65536)
        *lines, self._text = (self._text + piece).split(b"\n")
        self.told |= dict(json.loads(line) for line in lines)
        return bool(piece)
