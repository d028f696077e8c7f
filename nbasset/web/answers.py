"""Long answers that are sent again while nothing has changed: many pages ask for the same, and one page asks for it at every change.

An answer is that of its question as long as nothing was recorded since, no code was loaded anew, and it is younger than a second: some of
what is told depends on the time alone, or on files. What is short is quicker made than looked up, and is not kept.
"""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from nbasset import clock
from nbasset.dataclass import dataclass

YOUNG_S = 1.0
SHORTEST_KEPT = 20_000
LONGEST_KEPT = 2_000_000
MOST_KEPT = 16
_SMALLEST_PACKED = 1000
_LEVEL = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is sent. `is_packed` says that the body is packed by gzip."""

    status: int
    body: bytes
    is_packed: bool = False


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Answer
    mark: Hashable
    made_at: float


class Answers:
    """The answers of one server, which threads ask at once."""

    def __init__(self, now: Callable[[], float] = clock.monotonic) -> None:
        self._now = now
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, question: Hashable, mark: Hashable, make: Callable[[], Answer]) -> Answer:
        """The answer to a question: one that is kept, if it was made under the same mark and is young, else a new one."""
        with self._lock:
            kept = self._kept.get(question)
        began = self._now()
        if kept is not None and kept.mark == mark and began - kept.made_at < YOUNG_S:
            return kept.answer
        answer = make()
        if SHORTEST_KEPT <= len(answer.body) <= LONGEST_KEPT:
            with self._lock:
                self._kept[question] = _Kept(answer, mark, began)
                self._kept.move_to_end(question)
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
        return answer


def packed(answer: Answer) -> Answer:
    """The answer packed by gzip, if it is long enough for that."""
    if len(answer.body) < _SMALLEST_PACKED:
        return answer
    return Answer(answer.status, gzip.compress(answer.body, _LEVEL, mtime=0), is_packed=True)
