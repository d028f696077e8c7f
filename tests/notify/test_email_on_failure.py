"""Mail about failed runs: what it says, and that a mail server that is not there breaks nothing."""

from __future__ import annotations

from typing import Any

import pytest

from nbasset import (
    EnvVar,
    Instance,
    InvalidDefinitionError,
    asset,
    build_run_status_sensor_context,
    build_sensor_context,
    make_email_on_run_failure_sensor,
    materialize,
)
from nbasset.notify.email_on_failure import default_body, default_subject


@asset
def bad() -> int:
    raise ValueError("no luck")


def test_the_mail_says_what_failed_and_where_to_look() -> None:
    with Instance.ephemeral() as instance:
        result = materialize([bad], instance=instance, raise_on_error=False)
        run = instance.get_run_by_id(result.run_id)
        context = build_run_status_sensor_context("mail", result.all_events[-1], instance, run).for_run_failure()
        assert default_subject(context) == f"Run failed: assets ({result.run_id[:8]})"
        body = default_body(context, "https://assets.example.org/")
    assert "bad: ValueError: no luck" in body
    assert body.endswith(f"https://assets.example.org/runs/{result.run_id}")


def test_a_mail_server_that_is_not_there_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_TEST_PASSWORD", "hush-hush-password")
    sensor = make_email_on_run_failure_sensor(
        "a@example.org", EnvVar("MAIL_TEST_PASSWORD"), ["b@example.org"], smtp_host="127.0.0.1", smtp_port=9, smtp_type="STARTTLS"
    )
    with Instance.ephemeral() as instance:
        materialize([bad], instance=instance, raise_on_error=False)
        (reaction,) = sensor.evaluate_tick(build_sensor_context(instance, cursor="0")).run_reactions
    assert reaction.error is not None
    assert "refused" in reaction.error


@pytest.mark.parametrize(
    ("options", "text"),
    [({"email_to": "b@example.org"}, "email_to is a list"), ({"smtp_type": "TLS"}, "smtp_type is 'SSL' or 'STARTTLS'")],
)
def test_what_cannot_be_sent_is_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidDefinitionError, match=text):
        make_email_on_run_failure_sensor(**{"email_from": "a@example.org", "email_password": "x", "email_to": ["b@example.org"], **options})
