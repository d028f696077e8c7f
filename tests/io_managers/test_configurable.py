"""I/O managers as resources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nbasset import asset, materialize_to_memory
from nbasset.definitions.resources import build_resources
from nbasset.errors import InvalidDefinitionError
from nbasset.io_managers.configurable import (
    ConfigurableIOManager,
    ConfigurableIOManagerFactory,
    IOManagerDefinition,
    fs_io_manager,
    input_manager,
    io_manager,
    mem_io_manager,
)
from nbasset.io_managers.memory import InMemoryIOManager
from nbasset.io_managers.parquet import ParquetIOManager
from nbasset.io_managers.pickled import FilesystemIOManager
from nbasset.io_managers.protocol import InputContext, IOManager, OutputContext, build_input_context, build_output_context


class TextIOManager(ConfigurableIOManager):
    base: str
    ending: str = ".txt"

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        Path(self.base, "-".join(context.get_asset_identifier()) + self.ending).write_text(obj)

    def load_input(self, context: InputContext) -> Any:
        return Path(self.base, "-".join(context.get_asset_identifier()) + self.ending).read_text()


def test_a_class_with_fields_is_a_manager_and_a_resource(tmp_path: Path) -> None:
    with build_resources({"io_manager": TextIOManager(base=str(tmp_path))}) as resources:
        assert isinstance(resources.io_manager, IOManager)
        resources.io_manager.handle_output(build_output_context(asset_key="raw/a", partition_key="x"), "hello")
        assert resources.io_manager.load_input(build_input_context(asset_key="raw/a", partition_key="x")) == "hello"
    assert (tmp_path / "raw-a-x.txt").read_text() == "hello"


def test_both_functions_have_to_be_written() -> None:
    class Half(ConfigurableIOManager):
        def load_input(self, context: InputContext) -> Any:
            return None

    with pytest.raises(TypeError, match="handle_output"):
        Half()  # type: ignore[abstract]


def test_a_factory_makes_a_manager_of_another_class(tmp_path: Path) -> None:
    class Warehouse(ConfigurableIOManagerFactory):
        where: str

        def create_io_manager(self, context: Any) -> IOManager:
            return ParquetIOManager(self.where)

    with build_resources({"io_manager": Warehouse(where=str(tmp_path))}) as resources:
        assert isinstance(resources.io_manager, ParquetIOManager)
    with pytest.raises(InvalidDefinitionError, match="override create_io_manager"), build_resources({"io": ConfigurableIOManagerFactory()}):
        pass


def test_functions_make_managers(tmp_path: Path) -> None:
    @io_manager(config_schema={"where": str})
    def models(context: Any) -> IOManager:
        return FilesystemIOManager(context.resource_config["where"])

    @io_manager
    def plain() -> IOManager:
        return InMemoryIOManager()

    @input_manager
    def by_name(context: InputContext) -> str:
        return f"loaded {context.name}"

    assert isinstance(models, IOManagerDefinition)
    hard = IOManagerDefinition.hardcoded_io_manager(InMemoryIOManager())
    definitions = {"models": models.configured({"where": str(tmp_path)}), "plain": plain, "by_name": by_name, "mem": mem_io_manager,
                   "fs": fs_io_manager.configured({"base_dir": str(tmp_path)}), "hard": hard}  # fmt: skip
    with build_resources(definitions) as resources:
        assert repr(resources.models) == repr(resources.fs) == f"FilesystemIOManager('{tmp_path}')"
        assert all(isinstance(one, InMemoryIOManager) for one in (resources.plain, resources.mem, resources.hard))
        assert resources.by_name.load_input(build_input_context("orders")) == "loaded orders"


def test_a_pickle_tells_where_it_is(tmp_path: Path) -> None:
    @asset
    def words() -> set[str]:
        return {"a"}

    result = materialize_to_memory([words], resources={"io_manager": FilesystemIOManager(str(tmp_path))})
    (made,) = result.asset_materializations_for_node("words")
    assert Path(made.metadata["path"].value) == tmp_path / "words.pickle"
