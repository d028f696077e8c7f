"""The slice of some assets as a code location of Dagster: the same assets by Dagster's names, with the user's own code.

Names of nbasset become those of Dagster, which for most means another import line. What Dagster does not have is refused by name. Stored
values follow nbasset's rules where Dagster's own differ: files of partitions are read and written by an I/O manager that the file brings.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from nbasset.definitions.multi_partitions import MultiPartitionsDefinition
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.errors import InvalidDefinitionError
from nbasset.keys import AssetKey
from nbasset.locations.job_file import JobFile
from nbasset.promotion.export import Code, Exported, signed
from nbasset.promotion.export_imports import Alias, Import, import_text
from nbasset.promotion.export_module import Script, assembled, definitions_call, job_block, joined, project_note, script_of
from nbasset.source.shapes import parse
from nbasset.source.text import statements_of_text

RENAMED = {
    "AssetMetadataValue": "DagsterAssetMetadataValue", "CheckKey": "AssetCheckKey", "Error": "DagsterError",
    "EventRecord": "EventLogRecord", "EventType": "DagsterEventType",
    "Instance": "DagsterInstance", "InvalidConfigError": "DagsterInvalidConfigError",
    "InvalidDefinitionError": "DagsterInvalidDefinitionError", "InvalidInvocationError": "DagsterInvalidInvocationError",
    "InvariantViolationError": "DagsterInvariantViolationError", "JobMetadataValue": "DagsterJobMetadataValue",
    "PythonObjectType": "PythonObjectDagsterType", "Run": "DagsterRun", "RunMetadataValue": "DagsterRunMetadataValue",
    "RunStatus": "DagsterRunStatus", "Type": "DagsterType", "TypeCheckDidNotPass": "DagsterTypeCheckDidNotPass",
    "UnknownPartitionError": "DagsterUnknownPartitionError", "check_type": "check_dagster_type", "get_logger": "get_dagster_logger",
    "make_python_type_usable_as_type": "make_python_type_usable_as_dagster_type", "type_loader": "dagster_type_loader",
    "usable_as_type": "usable_as_dagster_type",
}  # fmt: skip
"""Names of nbasset that are called otherwise in Dagster."""

NOT_THERE = frozenset({
    "AssetCycle", "ChangedByHand", "Column", "ConfigurableResourceFactory", "CorruptData", "DuplicateAsset",
    "DynamicCollectDependencyDefinition", "FreshnessState", "HiddenState", "InvalidNotebook", "LocationError", "MissingValue",
    "ParquetIOManager", "PartitionBusy", "PipesExecutionError", "Problem", "ProblemsFound", "ReexecutionStrategy", "RowCountConstraint",
    "RunCancelled", "RunFailure", "ScheduleType", "SchemaMismatch", "StorageCorrupt", "StorageUnavailable", "StrictColumnsConstraint",
    "UnknownAsset", "UnknownResource", "UnstorableValue", "WorkerLost", "__version__", "assets", "build_not_null_checks",
    "build_row_count_checks", "build_unique_checks", "create_dataframe_type", "create_structured_dataframe_type", "load_ipython_extension",
    "observe", "pandera_schema_to_type", "thread_executor", "unload_ipython_extension",
})  # fmt: skip
"""Names of nbasset that `dagster` itself does not have."""

_ARGUMENTS = {"value_type": "dagster_type"}
_ONLY_OURS: dict[str, frozenset[str]] = {
    "FilesystemIOManager": frozenset({"storage_options"}), "Field": frozenset({"examples"}), "RunConfig": frozenset({"inputs"}),
    "MultiToSingleDimensionPartitionMapping": frozenset({"partition_mapping"}), "ScheduleDefinition": frozenset({"catch_up"}),
    "SourceAsset": frozenset({"freshness_policy"}), "asset_sensor": frozenset({"target", "owners", "latest_only"}),
    "build_column_schema_change_checks": frozenset({"blocking"}), "build_metadata_bounds_checks": frozenset({"blocking"}),
    "graph_multi_asset": frozenset({"retry_policy"}), "materialize": frozenset({"partition_keys", "partition_range", "executor"}),
    "multi_asset_check": frozenset({"partitions_def"}), "multi_observable_source_asset": frozenset({"op_tags"}),
    "run_failure_sensor": frozenset({"owners"}), "run_status_sensor": frozenset({"owners"}),
    "UPathIOManager": frozenset({"storage_options"}),
}  # fmt: skip
_MANAGERS = {"pickle": "fs_io_manager", "memory": "mem_io_manager"}
_PARTS = '''\
class PartsIOManager(IOManager):
    """Keeps each partition in a file of its own; a function may return several of them, in a dict by their keys.

    An input of several partitions is a dict by key, or, if it is annotated as a pandas DataFrame, one table with a column `partition`;
    with one column a dimension, where there are several.
    """

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def handle_output(self, context, obj):
        if not context.has_asset_partitions:
            self._write(self._file(context), obj)
            return
        keys = [str(key) for key in context.asset_partition_keys]
        if isinstance(obj, dict) and {str(key) for key in obj} == set(keys):
            parts = {str(key): value for key, value in obj.items()}
        elif len(keys) == 1:
            parts = {keys[0]: obj}
        else:
            raise TypeError(f"{context.asset_key.to_user_string()} makes {len(keys)} partitions: return a dict by their keys.")
        for key, value in parts.items():
            self._write(self._file(context, key), value)

    def load_input(self, context):
        upstream = context.upstream_output
        if not context.has_asset_partitions:
            return self._read(self._file(upstream))
        parts = {str(key): self._read(self._file(upstream, str(key))) for key in context.asset_partition_keys}
        wanted = context.dagster_type.typing_type
        if getattr(wanted, "__name__", "") == "DataFrame" and (len(parts) > 1 or not context.has_partition_key):
            return self._one_table(context, parts)
        is_dict = wanted is dict or get_origin(wanted) is dict
        if len(parts) == 1 and context.has_partition_key and not is_dict:
            return next(iter(parts.values()))
        return parts

    def _one_table(self, context, parts):
        tables = []
        for key, table in parts.items():
            columns = {"partition": key}
            if isinstance(context.asset_partitions_def, MultiPartitionsDefinition):
                columns = dict(context.asset_partitions_def.get_partition_key_from_str(key).keys_by_dimension)
            new = {name: value for name, value in sorted(columns.items()) if name not in table.columns}
            tables.append(table.assign(**new))
        return pd.concat(tables, ignore_index=True)

    def _file(self, context, partition: str = "") -> Path:
        parts = context.asset_key.path if context.has_asset_key else context.get_identifier()
        return self.folder.joinpath(*parts, quote(partition or "value", safe="") + ".pickle")

    def _write(self, file: Path, value) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(value))

    def _read(self, file: Path):
        return pickle.loads(file.read_bytes())


@io_manager
def parts_io_manager(context):
    return PartsIOManager(context.instance.storage_directory())
'''
_PARTS_NAMES = ("IOManager", "MultiPartitionsDefinition", "io_manager")
_PARTS_IMPORTS = (
    Alias("pickle", "", "pickle"), Alias("pathlib", "Path", "Path"), Alias("typing", "get_origin", "get_origin"),
    Alias("urllib.parse", "quote", "quote"), Alias("pandas", "", "pd"),
)  # fmt: skip


def dagster_text(code: Code, job: JobFile | None = None) -> Exported:
    """The code location. It imports Dagster and nothing of nbasset.

    Raises
    ------
    InvalidDefinitionError
        If the code uses what Dagster does not have, or cannot be a module at all (`module_text`).
    """
    _refuse_partitions(code.partitions)
    _refuse_read_twice(code)
    script = script_of(code, library="dagster")
    where = _Places(code.text)
    known = _names_of_ours(script)
    texts = tuple(_in_dagster(text, known, where) for text in script.texts)
    words = set(re.findall(r"[^\W\d]\w*", "\n".join(texts)))
    imports = [made for one in script.split.imports if (made := _import_in_dagster(one, words, where)) is not None]
    script = replace(script, texts=texts)
    manager, resources, uses = _managers(script, code)
    tail, of_job, notes = job_block(script, code, job)
    tail = tail.replace('"nbasset/', '"dagster/')
    last = _definitions(script, code, job, resources)
    body = joined([*texts, manager, tail, last])
    uses |= script.uses | of_job | {"Definitions"}
    more = _PARTS_IMPORTS if manager else ()
    text = assembled(script, body, code, library="dagster", uses=uses, more=more, imports=imports)
    return Exported(signed(text), (*code.notes, *project_note(script), *notes, *_lazy_note(script)))


def _definitions(script: Script, code: Code, job: JobFile | None, resources: Mapping[str, str]) -> str:
    """The one `Definitions` object that Dagster looks for at the top level."""
    names = code.names
    if job is not None:
        has_schedule = f"{job.name}_schedule" in job_block(script, code, job)[0]
        names = replace(
            names, jobs=(*names.jobs, f"{job.name}_job"), schedules=(*names.schedules, *([f"{job.name}_schedule"] * has_schedule))
        )
    given = "{" + ", ".join(f'"{key}": {value}' for key, value in resources.items()) + "}"
    call = definitions_call(script, replace(names, definitions=()), more=[f"resources={given}"] if resources else [])
    if not names.definitions:
        return f"defs = {call}"
    first, *others = names.definitions
    parts = [first, *others, *([call] if call else [])]
    if len(parts) == 1:
        return ""
    line = f"{first} = {script.prefix}Definitions.merge({', '.join(parts)})"
    return line + (f"\ndel {', '.join(others)}" if others else "")


def _managers(script: Script, code: Code) -> tuple[str, dict[str, str], frozenset[str]]:
    """The I/O manager that the file brings, what resources there are besides the code's own, and the names that they use."""
    wanted = {key for key in code.managers if key not in code.resources}
    resources: dict[str, str] = {}
    uses: set[str] = set()
    if code.partitions and "io_manager" in wanted:
        resources["io_manager"] = "parts_io_manager"
    if "parquet" in wanted:
        resources["parquet"] = "parts_io_manager"
    for key, name in _MANAGERS.items():
        if key in wanted:
            resources[key] = f"{script.prefix}{name}"
            uses.add(name)
    has_parts = "parts_io_manager" in resources.values()
    if has_parts:
        uses.update(_PARTS_NAMES)
    text = _PARTS
    if has_parts and script.prefix:
        text = re.sub(r"(?<![\w.])(IOManager|MultiPartitionsDefinition)(?=[)\n])|(?<=@)(io_manager)", rf"{script.prefix}\g<0>", text)
    return (text.rstrip("\n") if has_parts else ""), resources, frozenset(uses)


def _refuse_partitions(partitions: Mapping[AssetKey, PartitionsDefinition]) -> None:
    for key, definition in partitions.items():
        if not isinstance(definition, MultiPartitionsDefinition):
            continue
        if len(definition.partitions_defs) > 2:
            names = ", ".join(map(str, definition.partitions_defs))
            raise InvalidDefinitionError(
                f"asset '{key}' has partitions of {len(definition.partitions_defs)} dimensions ({names}), and Dagster has two at most. "
                "Join dimensions to one, or export another part of the notebook: name the assets."
            )
        if definition.keys is not None:
            raise InvalidDefinitionError(
                f"asset '{key}' has some of the combinations of its dimensions only, and Dagster has all or none. Leave `keys` out, or "
                "export another part of the notebook: name the assets."
            )


def _refuse_read_twice(code: Code) -> None:
    for asset, inputs in code.inputs.items():
        for key in inputs.values():
            names = [f"'{name}'" for name, other in inputs.items() if other == key]
            if len(names) > 1:
                raise InvalidDefinitionError(
                    f"asset '{asset}' reads '{key}' {len(names)} times, as {' and '.join(names)}; in Dagster an asset reads another once. "
                    "Put an asset in between that hands it on, or export another part of the notebook: name the assets."
                )


def _lazy_note(script: Script) -> Iterator[str]:
    if "annotations" in script.split.futures:
        yield (
            "the code has `from __future__ import annotations`, under which Dagster reads no types of contexts and configs; take it out "
            "of the notebook if Dagster complains of one."
        )


# -- names --------------------------------------------------------------------------------------------------------------------


class _Places:
    """Says where a word stands in the notebook, for errors."""

    def __init__(self, text: str) -> None:
        self._pieces = statements_of_text(text).pieces

    def of(self, word: str) -> str:
        pattern = re.compile(rf"\b{re.escape(word)}\b")
        for piece in self._pieces:
            for number, line in enumerate(piece.text.split("\n"), piece.first_line):
                if pattern.search(line):
                    return f"{piece.label}, line {number} ({piece.document})" if piece.label else f"line {number} ({piece.document})"
        return "the exported part"


def in_dagster(name: str, place: str) -> str:
    """A public name of nbasset by Dagster's.

    >>> in_dagster("asset", "cell 1"), in_dagster("Instance", "cell 1")
    ('asset', 'DagsterInstance')

    Raises
    ------
    InvalidDefinitionError
        If Dagster has nothing of the kind.
    """
    if name in NOT_THERE:
        extra = "the package dagster-pandas has types of tables" if "dataframe" in name or name == "Column" else "write it without"
        raise InvalidDefinitionError(
            f"{place} uses `{name}`, which Dagster does not have: {extra}, or leave what needs it out of the export by naming other assets."
        )
    return RENAMED.get(name, name)


def _import_in_dagster(one: Import, words: Collection[str], where: _Places) -> Import | None:
    """An import that moved to the top, from Dagster; None if nothing of it is used."""
    if not any(alias.module.partition(".")[0] == "nbasset" for alias in one.aliases):
        return one
    aliases = tuple(_alias_in_dagster(alias, where) for alias in one.aliases if not alias.attribute or alias.binds in words)
    return Import(import_text(aliases), aliases) if aliases else None


def _alias_in_dagster(alias: Alias, where: _Places) -> Alias:
    if alias.module.partition(".")[0] != "nbasset":
        return alias
    if alias.module != "nbasset":
        raise InvalidDefinitionError(f"{where.of(alias.module)} imports {alias.module}, which Dagster does not have. Write it without.")
    if not alias.attribute:
        return Alias("dagster", "", "dagster" if alias.name == "nbasset" else alias.name)
    return Alias("dagster", in_dagster(alias.attribute, where.of(alias.attribute)), alias.name)


def _names_of_ours(script: Script) -> tuple[frozenset[str], frozenset[str]]:
    """The names that stand for the package nbasset, and those that were imported from it."""
    aliases = [alias for one in script.split.imports for alias in one.aliases if alias.module == "nbasset"]
    modules = frozenset(alias.binds for alias in aliases if not alias.attribute)
    return modules, frozenset(alias.binds for alias in aliases if alias.attribute) | script.uses


def _in_dagster(text: str, known: tuple[Collection[str], Collection[str]], where: _Places) -> str:
    """A text of the module by Dagster's names: attributes of the package, imports that did not move, arguments, tags."""
    edits: list[tuple[int, int, int, str]] = []  # line, first and last column in bytes, the new text
    for node in ast.walk(parse(text)):
        edits += _edits(node, known, where)
    lines = [line.encode() for line in text.split("\n")]
    for line, first, last, new in sorted(set(edits), reverse=True):
        lines[line - 1] = lines[line - 1][:first] + new.encode() + lines[line - 1][last:]
    return b"\n".join(lines).decode()


def _edits(node: ast.AST, known: tuple[Collection[str], Collection[str]], where: _Places) -> Iterator[tuple[int, int, int, str]]:
    modules, names = known
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
        new = in_dagster(node.attr, where.of(node.attr))
        if new != node.attr and node.end_lineno is not None and node.end_col_offset is not None:
            yield node.end_lineno, node.end_col_offset - len(node.attr), node.end_col_offset, new
    elif isinstance(node, ast.Name) and node.id == "nbasset" and node.id in modules:
        yield node.lineno, node.col_offset, node.end_col_offset or 0, "dagster"
    elif isinstance(node, ast.ImportFrom) and node.module == "nbasset" and not node.level:
        aliases = [Alias("nbasset", alias.name, alias.asname or alias.name) for alias in node.names]
        if node.lineno != node.end_lineno:
            raise InvalidDefinitionError(
                f"{where.of('nbasset')} imports from nbasset over several lines inside a function. Write one line."
            )
        yield node.lineno, node.col_offset, node.end_col_offset or 0, import_text([_alias_in_dagster(alias, where) for alias in aliases])
    elif isinstance(node, ast.Call) and _is_ours(node.func, modules, names):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for keyword in node.keywords:
            if keyword.arg in _ONLY_OURS.get(name, ()):
                raise InvalidDefinitionError(
                    f"{where.of(name)} calls {name}({keyword.arg}=...), which Dagster does not take. Write it without, or leave it out of "
                    "the export by naming the assets."
                )
            if keyword.arg in _ARGUMENTS:
                yield keyword.lineno, keyword.col_offset, keyword.col_offset + len(keyword.arg), _ARGUMENTS[keyword.arg]
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("nbasset/"):
        yield node.lineno, node.col_offset + 1, node.col_offset + 1 + len("nbasset"), "dagster"


def _is_ours(func: ast.expr, modules: Collection[str], names: Collection[str]) -> bool:
    if isinstance(func, ast.Name):
        return func.id in names
    return isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id in modules
