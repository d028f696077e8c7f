"""Files of runs over HTTP, and all the ways to ask for another file."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from nbasset.promotion.notebook_run import NOTEBOOK_NAME
from nbasset.web.records import opened_below

from .conftest import Project, Running

STRANGE = (
    "..", ".", "../nbasset.db", "%2e%2e%2fnbasset.db", "..%2fnbasset.db", "..%5cnbasset.db", "%2fetc%2fpasswd", "/etc/passwd",
    "C:%5cx", "file:%2f%2f%2fetc%2fpasswd", "%00", "a%00.out", "%0a.out", "x" * 5000 + ".out", "%ed%a0%80.out", "con", "-rf",
)  # fmt: skip


def test_what_a_step_printed_is_text(server: Running, shop: Project) -> None:
    for folder in ("steps", "compute_logs"):
        answer = server.http.get(f"/logs/{shop.run_id}/{folder}/orders.1.out")
        assert answer.text == "three orders <script>\n"
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert server.http.get(f"/logs/{shop.run_id}/steps/orders.1.err").text == "and a word aside\n"


@pytest.mark.parametrize("name", STRANGE)
def test_no_name_leads_to_another_file(server: Running, shop: Project, name: str) -> None:
    for path in (f"/logs/{name}", f"/logs/{shop.run_id}/{name}", f"/logs/{shop.run_id}/steps/{name}", f"/logs/{name}/steps/orders.1.out"):
        answer = server.http.get(path)
        assert answer.status_code == 404
        assert "root:" not in answer.text
    for query in ({"path": name}, {"path": f"{shop.folder}/{name}"}, {"run": name}, {"path": f"{shop.folder}/{name}.ipynb"}):
        assert server.http.get("/notebook", params=query).status_code == 404
    assert server.http.get(f"/download_debug/{name}").status_code in (404, 405)


def test_a_link_is_followed_nowhere(server: Running, shop: Project, tmp_path: Path) -> None:
    secret = tmp_path / "secret.out"
    secret.write_text("not for you")
    steps = shop.folder / ".nbasset" / "runs" / shop.run_id / "steps"
    (steps / "link.1.out").symlink_to(secret)
    (steps.parent.parent / "linked").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "a.1.out").write_text("not for you")
    (shop.folder / "linked.ipynb").symlink_to(shop.notebook)
    try:
        assert server.http.get(f"/logs/{shop.run_id}/steps/link.1.out").status_code == 404
        assert server.http.get("/logs/linked/steps/a.1.out").status_code == 404
    finally:
        (steps / "link.1.out").unlink()
        (steps.parent.parent / "linked").unlink()
        (shop.folder / "linked.ipynb").unlink()


def test_a_pipe_or_folder_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for names in (["pipe"], ["folder"], ["..", tmp_path.name], [""], ["folder/../pipe"]):
        with pytest.raises(OSError, match=r"."):
            opened_below(tmp_path, names)


def test_everything_about_a_run_is_one_packed_file(server: Running, shop: Project) -> None:
    answer = server.http.get(f"/download_debug/{shop.run_id}")
    assert answer.headers["content-disposition"] == f'attachment; filename="{shop.run_id}.gz"'
    data = json.loads(gzip.decompress(answer.content))
    assert shop.run_id in json.dumps(data["run"])
    sequence = [entry["seq"] for entry in data["entries"]]
    assert sequence == sorted(sequence)
    assert len(sequence) > 4


def test_a_notebook_of_a_location_can_only_be_looked_at(server: Running, shop: Project) -> None:
    for query in ({"path": "counting.ipynb"}, {"path": str(shop.notebook), "repoLocName": "counting.ipynb"}):
        answer = server.http.get("/notebook", params=query)
        assert answer.status_code == 200
        assert "counted" in answer.text
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("sandbox;")
        assert "script" not in policy
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert "<script" not in answer.text
    assert "<img src=x" not in answer.text
    assert server.http.get("/notebook", params={"path": "counting.ipynb", "repoLocName": "kiosk"}).status_code == 404


def test_a_notebook_that_no_location_has_is_not_shown(server: Running, shop: Project, tmp_path: Path) -> None:
    (shop.folder / "private.ipynb").write_text(shop.notebook.read_text())
    (tmp_path / "other.ipynb").write_text(shop.notebook.read_text())
    for path in ("private.ipynb", str(tmp_path / "other.ipynb"), "../home/private.ipynb", "missing.ipynb", "kiosk.py", "nbasset.toml"):
        assert server.http.get("/notebook", params={"path": path}).status_code == 404


def test_the_executed_notebook_of_a_run_is_found_by_its_run(server: Running, shop: Project) -> None:
    kept = shop.folder / ".nbasset" / "runs" / shop.run_id / NOTEBOOK_NAME
    assert server.http.get("/notebook", params={"run": shop.run_id}).status_code == 404
    kept.write_text(shop.notebook.read_text())
    try:
        for query in ({"run": shop.run_id}, {"path": str(kept)}):
            answer = server.http.get("/notebook", params=query)
            assert answer.status_code == 200
            assert "counted" in answer.text
        kept.write_text("{")
        assert server.http.get("/notebook", params={"run": shop.run_id}).status_code == 422
    finally:
        kept.unlink()
