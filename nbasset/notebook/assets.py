"""`assets`: what this notebook defines, as a mapping by key.

>>> from nbasset import assets  # doctest: +SKIP
>>> assets["delays"].load("2013-06-01")  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from nbasset.dataclass import dataclass
from nbasset.errors import InvalidInvocationError, UnknownAsset, did_you_mean
from nbasset.keys import AssetKey

if TYPE_CHECKING:
    from nbasset.notebook.session import Session


@dataclass(frozen=True, slots=True)
class AssetHandle:
    """One asset of the notebook. It shows its card when a cell ends with it."""

    key: AssetKey
    _session: Session = field(repr=False)

    def load(self, partition: str | None = None, *, as_of: str = "", type: str = "") -> Any:  # noqa: A002 - the word of the verb
        """The stored value; of a partitioned asset one partition or a range (``a..b``), of all a dict by key.

        `as_of` is a version, a run or a moment; `type` one of pandas, polars, arrow, records.
        """
        from nbasset.arguments.options import LoadArguments, PartitionArguments
        from nbasset.commands.load import load
        from nbasset.notebook.verbs import scope_of

        return load(scope_of(self._session), LoadArguments(f'key:"{self.key}"', "", PartitionArguments(partition or ""), as_of, type))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from nbasset.notebook.verbs import asset_bundle

        return asset_bundle(self._session, f'key:"{self.key}"').data()


class Assets(Mapping[str, AssetHandle]):
    """The assets of the running notebook; each question is answered anew, so cells that ran since count."""

    def __getitem__(self, key: str | AssetKey) -> AssetHandle:
        session = _session()
        wanted = AssetKey.from_user_string(key) if isinstance(key, str) else key
        known = session.location().definitions.catalog.by_key
        if wanted not in known:
            near = did_you_mean(str(wanted), map(str, known)) or ("Nothing is defined yet." if not known else "See: %asset list.")
            raise UnknownAsset(f"no asset '{wanted}' is defined in {session.state.document.name}. {near}")
        return AssetHandle(wanted, session)

    def __iter__(self) -> Iterator[str]:
        return iter([str(key) for key in _session().location().definitions.catalog.order])

    def __len__(self) -> int:
        return len(_session().location().definitions.catalog.by_key)

    def __repr__(self) -> str:
        return f"assets({', '.join(self)})"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from nbasset.arguments.options import ListArguments
        from nbasset.notebook.cards import list_bundle
        from nbasset.notebook.verbs import scope_of

        return list_bundle(scope_of(_session()), ListArguments()).data()


def _session() -> Session:
    from nbasset.notebook.magics import current_session

    session = current_session()
    if session is None:
        raise InvalidInvocationError("`assets` are those of a notebook, and none runs here. In a notebook: %load_ext nbasset.")
    session.catch_up()
    session.sync()
    return session


assets = Assets()
