"""Clients that know nothing of nbasset, as they are published, against a server of ours.

Dagster's client needs another graphql-core than the server, so it works in a Python of its own: that of `.bench-venv`, or the one that the
environment variable DAGSTER_CLIENT_PYTHON names.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .conftest import Project, serving

ROOT = Path(__file__).parents[2]
CALLS = """
import json, sys, warnings
warnings.simplefilter("ignore")
from dagster_graphql import DagsterGraphQLClient, DagsterGraphQLClientError

port, token, prefix = int(sys.argv[1]), sys.argv[2], sys.argv[3]
client = DagsterGraphQLClient("127.0.0.1", port_number=port, headers={"Authorization": "Bearer " + token}, path_prefix=prefix)
told = {}

def note(name, call):
    try:
        told[name] = str(getattr(found := call(), "status", found))
    except DagsterGraphQLClientError as error:
        told[name] = error.args[0]

note("reload", lambda: client.reload_repository_location("kiosk"))
note("reload nothing", lambda: client.reload_repository_location("nothing"))
note("submit nothing", lambda: client.submit_job_execution("nothing"))
note("wrong config", lambda: client.submit_job_execution("nightly", run_config={"ops": {"nothing": {}}}))
note("status", lambda: client.get_run_status(sys.argv[4]).value)
note("status of nothing", lambda: client.get_run_status("nothing"))
note("terminate", lambda: client.terminate_run(sys.argv[4]))
note("terminate nothing", lambda: client.terminate_run("nothing"))
note("terminate both", lambda: client.terminate_runs([sys.argv[4], "nothing"]))
note("shutdown", lambda: client.shutdown_repository_location("kiosk"))
print(json.dumps(told))
"""


def _client_python() -> str | None:
    for python in (os.environ.get("DAGSTER_CLIENT_PYTHON"), str(ROOT / ".bench-venv" / "bin" / "python")):
        found = shutil.which(python) if python else None
        if found and subprocess.run([found, "-c", "import dagster_graphql.client"], capture_output=True, check=False).returncode == 0:
            return found
    return None


def test_dagsters_own_client_works_unchanged(shop: Project) -> None:
    python = _client_python()
    if python is None:
        pytest.skip("no Python here has dagster-graphql: name one in DAGSTER_CLIENT_PYTHON")
    with serving(shop, token="a-long-token", prefix="/nb") as running:
        words = [python, "-c", CALLS, str(running.port), "a-long-token", "/nb", shop.run_id]
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "reload": "ReloadRepositoryLocationStatus.SUCCESS",
        "reload nothing": "ReloadRepositoryLocationStatus.FAILURE",
        "submit nothing": "JobNotFoundError",
        "wrong config": "RunConfigValidationInvalid",
        "status": "SUCCESS",
        "status of nothing": "RunNotFoundError",
        "terminate": "TerminateRunFailure",
        "terminate nothing": "RunNotFoundError",
        "terminate both": "TerminateRunsError",
        "shutdown": "ShutdownRepositoryLocationStatus.SUCCESS",
    }


# What a script sends that knows the interface and uses no client: names and nullability as the reference has them.
LAUNCH = """
mutation Launch($selector: JobOrPipelineSelector!, $config: RunConfigData!, $metadata: ExecutionMetadata) {
  launchRun(executionParams: {selector: $selector, runConfigData: $config, executionMetadata: $metadata, mode: "default"}) {
    __typename
    ... on LaunchRunSuccess { run { runId status tags { key value } } }
    ... on PythonError { message }
  }
}
"""
STATUS = """
query Status($id: ID!) {
  pipelineRunOrError(runId: $id) {
    __typename
    ... on PipelineRun { status pipelineName runConfigYaml }
    ... on PipelineRunNotFoundError { message }
    ... on PythonError { message }
  }
}
"""


def test_a_script_launches_a_job_and_asks_for_its_status(new_shop: Project) -> None:
    selector = {"repositoryLocationName": "kiosk", "repositoryName": "__repository__", "jobName": "nightly"}
    variables: dict[str, Any] = {"selector": selector, "config": {}, "metadata": {"tags": [{"key": "team", "value": "data"}]}}
    with serving(new_shop) as running:
        launched = running.graphql(LAUNCH, variables=variables)["data"]["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        run_id = launched["run"]["runId"]
        found = running.graphql(STATUS, variables={"id": run_id})["data"]["pipelineRunOrError"]
        assert (found["__typename"], found["pipelineName"]) == ("Run", "nightly")
        record = running.served.instance.get_run_by_id(run_id)
        assert record is not None
        assert record.tags["team"] == "data"
