"""What nbasset.toml may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbasset.errors import InvalidConfigError
from nbasset.secrets import EnvVar
from nbasset.settings import LocationSettings, Settings, TagLimit, load_settings, settings_from

WHOLE = """
storage = "postgresql://db.example.org/assets"
executor = "processes"
locations = ["notebooks/*.ipynb", { module = "sales.assets", name = "sales" }]

[warehouse]
url = "s3://bucket/warehouse"
options = { key = { env = "S3_KEY" } }

[queue]
max_concurrent_runs = 3
tag_limits = [{ key = "team", limit = 1, per_value = true }]
pools = { database = 2 }

[retention]
size_bytes = "2 GB"
"""


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "nbasset.toml") == Settings()


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "nbasset.toml"
    file.write_text(WHOLE)
    settings = load_settings(file)
    assert settings.storage.url == "postgresql://db.example.org/assets"
    assert settings.executor.kind == "processes"
    assert settings.locations == (LocationSettings(path="notebooks/*.ipynb"), LocationSettings(module="sales.assets", name="sales"))
    assert settings.warehouse.options == {"key": EnvVar("S3_KEY")}
    assert settings.queue.tag_limits == (TagLimit("team", 1, per_value=True),)
    assert settings.retention.size_bytes == 2_000_000_000


def test_all_that_is_wrong_is_said_at_once_with_the_nearest_right_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        settings_from({"warehose": "w", "queue": {"max_concurrent_runs": "many", "tag_limits": [{"limit": 1}]}, "executor": "procesess"})
    text = str(caught.value)
    assert "Did you mean 'warehouse'?" in text
    assert "queue.max_concurrent_runs: 'many' is a str; it takes a whole number." in text
    assert "queue.tag_limits[0].key: is missing." in text
    assert "Did you mean 'processes'?" in text


def test_a_file_that_is_not_toml_names_itself_and_the_line(tmp_path: Path) -> None:
    file = tmp_path / "nbasset.toml"
    file.write_text("storage = 1 2\n")
    with pytest.raises(InvalidConfigError, match=r"nbasset\.toml:\n.*line 1"):
        load_settings(file)


def test_a_negative_number_is_refused() -> None:
    with pytest.raises(InvalidConfigError, match="less than 0"):
        settings_from({"retention": {"versions": -1}})
