"""The routes by which programs elsewhere tell what became of an asset: made, looked at, checked.

``POST /report_asset_materialization/sales/orders`` with a JSON body or a query of the same names; the answer is ``{}``, or 400 and
``{"error": ...}`` with what is wrong.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nbasset.definitions.reported import DATA_VERSION_TAG
from nbasset.definitions.results import AssetCheckEvaluation, AssetMaterialization, AssetObservation
from nbasset.errors import Error, InvalidInvocationError
from nbasset.events.facts import AssetCheckSeverity
from nbasset.keys import AssetKey
from nbasset.web.serving import Served, served_by

_YES_OR_NO = {"true": True, "1": True, "false": False, "0": False}

Event = AssetMaterialization | AssetObservation | AssetCheckEvaluation


async def _materialization(request: Request) -> Response:
    return await _answer(request, _materialized)


async def _observation(request: Request) -> Response:
    return await _answer(request, _observed)


async def _check(request: Request) -> Response:
    return await _answer(request, _checked)


REPORTS: Mapping[str, Callable[[Request], Awaitable[Response]]] = {
    "materialization": _materialization,
    "observation": _observation,
    "check": _check,
}
"""What answers for each kind of report."""


async def _answer(request: Request, made: Callable[[AssetKey, Mapping[str, Any]], Event]) -> Response:
    served = served_by(request)
    if served.access.read_only:
        return JSONResponse({"error": "this server is read-only: nothing is reported to it."}, 403)
    try:
        given = await _given(request)
        key = AssetKey([part for part in (request.path_params["key"] or str(given.get("asset_key") or "")).split("/") if part])
        await asyncio.to_thread(_report, served, made(key, given))
    except Error as error:
        return JSONResponse({"error": str(error)}, 400)
    return JSONResponse({})


async def _given(request: Request) -> Mapping[str, Any]:
    given: dict[str, Any] = dict(request.query_params)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
        body = await request.body()
        if body:
            found = _parsed(body, "the body")
            if not isinstance(found, dict):
                raise InvalidInvocationError('the body is no JSON object. Send one: {"metadata": {"rows": 3}}')
            given |= found
    if isinstance(given.get("metadata"), str):
        given["metadata"] = _parsed(given["metadata"], "metadata")
    if not isinstance(given.get("metadata") or {}, dict):
        raise InvalidInvocationError('metadata is no JSON object. Send one: {"rows": 3}')
    return given


def _parsed(text: bytes | str, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInvocationError(f"{what} cannot be read as JSON.") from None


def _report(served: Served, event: Event) -> None:
    partitions_def = None
    if event.partition is not None:
        served.workspace().snapshot()  # how an asset is partitioned stands in its code
        partitions_def = served.instance.partitions_def_of(event.asset_key)
        if partitions_def is not None:
            partitions_def.validate_partition_key(event.partition, dynamic_partitions_store=served.instance)
    served.instance.report_runless_asset_event(event, partitions_def=partitions_def)


def _materialized(key: AssetKey, given: Mapping[str, Any]) -> AssetMaterialization:
    return AssetMaterialization(
        key, _text(given, "description"), given.get("metadata"), _text(given, "partition"), _version(given),
    )  # fmt: skip


def _observed(key: AssetKey, given: Mapping[str, Any]) -> AssetObservation:
    return AssetObservation(
        key, _text(given, "description"), given.get("metadata"), _text(given, "partition"), _version(given),
    )  # fmt: skip


def _checked(key: AssetKey, given: Mapping[str, Any]) -> AssetCheckEvaluation:
    name = _text(given, "check_name")
    if name is None:
        raise InvalidInvocationError("check_name is missing: which check of the asset is it?")
    passed = given.get("passed")
    if isinstance(passed, str):
        passed = _YES_OR_NO.get(passed.lower())
    if not isinstance(passed, bool):
        raise InvalidInvocationError("passed is missing, or is neither true nor false.")
    severity = (_text(given, "severity") or "ERROR").upper()
    if severity not in AssetCheckSeverity.__members__:
        raise InvalidInvocationError(f"severity is {severity[:40]!r}. Give one of: {', '.join(AssetCheckSeverity.__members__)}.")
    return AssetCheckEvaluation(
        key, name, passed, given.get("metadata"), AssetCheckSeverity[severity], _text(given, "description"),
        _YES_OR_NO.get(str(given.get("blocking")).lower(), False), _text(given, "partition"),
    )  # fmt: skip


def _version(given: Mapping[str, Any]) -> dict[str, str] | None:
    version = _text(given, "data_version")
    return {DATA_VERSION_TAG: version} if version is not None else None


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidInvocationError(f"{name} is no text: {value!r:.60}.")
    return value
