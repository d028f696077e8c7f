"""A run-failure sensor that writes an email, by the standard library alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from email.message import EmailMessage
from typing import Any, Literal

from nbasset.definitions.catalog_instigators import DefaultSensorStatus
from nbasset.definitions.run_status import RunStatus
from nbasset.definitions.run_status_sensors import RunFailureSensorContext, RunFailureSensorDefinition
from nbasset.errors import InvalidDefinitionError
from nbasset.secrets import EnvVar, mask_secrets

_PORTS = {"SSL": 465, "STARTTLS": 587}


def make_email_on_run_failure_sensor(
    email_from: str,
    email_password: str | EnvVar,
    email_to: Sequence[str],
    email_body_fn: Callable[[RunFailureSensorContext], str] | None = None,
    email_subject_fn: Callable[[RunFailureSensorContext], str] | None = None,
    smtp_host: str = "smtp.gmail.com",
    smtp_type: Literal["SSL", "STARTTLS"] = "SSL",
    smtp_port: int | None = None,
    smtp_user: str | None = None,
    name: str | None = None,
    webserver_base_url: str | None = None,
    monitored_jobs: Sequence[Any] | None = None,
    monitor_all_code_locations: bool = False,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
) -> RunFailureSensorDefinition:
    """A sensor that writes to people when a run failed. Give the password as an `EnvVar`, so that it stands in no file.

    >>> make_email_on_run_failure_sensor("me@example.org", EnvVar("MAIL_PASSWORD"), ["you@example.org"]).name
    'email_on_run_failure'

    Raises
    ------
    InvalidDefinitionError
        If the kind of connection is unknown or nobody is written to.
    """
    if smtp_type not in _PORTS:
        raise InvalidDefinitionError(f"make_email_on_run_failure_sensor: smtp_type is 'SSL' or 'STARTTLS', not {smtp_type!r}.")
    if isinstance(email_to, str) or not email_to:
        raise InvalidDefinitionError(f"make_email_on_run_failure_sensor: email_to is a list of addresses, not {email_to!r}.")
    recipients = list(email_to)

    def send(context: RunFailureSensorContext) -> None:
        message = EmailMessage()
        message["From"] = email_from
        message["To"] = ", ".join(recipients)
        message["Subject"] = mask_secrets((email_subject_fn or default_subject)(context)).replace("\n", " ")
        body = email_body_fn(context) if email_body_fn is not None else default_body(context, webserver_base_url)
        message.set_content(mask_secrets(body))
        _deliver(message, smtp_host, smtp_type, smtp_port or _PORTS[smtp_type], smtp_user or email_from, _password(email_password))

    return RunFailureSensorDefinition(
        name or "email_on_run_failure", RunStatus.FAILURE, send, monitored_jobs=monitored_jobs,
        monitor_all_code_locations=monitor_all_code_locations, default_status=default_status,
        description=f"Writes to {', '.join(recipients)} when a run failed.",
    )  # fmt: skip


def default_subject(context: RunFailureSensorContext) -> str:
    """What the mail is called: which job failed."""
    return f"Run failed: {context.run.job or 'assets'} ({context.run.run_id[:8]})"


def default_body(context: RunFailureSensorContext, base_url: str | None) -> str:
    """What the mail says: the message, each failed step with its error, and where to look."""
    lines = [f"Run {context.run.run_id} failed.", context.failure_event.message, ""]
    lines.extend(f"{step.step}: {step.error}" for step in context.get_step_failure_events())
    if base_url:
        lines.extend(["", f"{base_url.rstrip('/')}/runs/{context.run.run_id}"])
    return "\n".join(lines)


def _password(given: str | EnvVar) -> str:
    if not isinstance(given, EnvVar):
        return given
    value = given.get_value()
    if value is None:
        raise InvalidDefinitionError(f"the password of the mail is in {given.env_var_name}, which is not set.")
    return str(value)


def _deliver(message: EmailMessage, host: str, kind: str, port: int, user: str, password: str) -> None:
    import smtplib
    import ssl

    trusted = ssl.create_default_context()
    if kind == "SSL":
        with smtplib.SMTP_SSL(host, port, context=trusted, timeout=30) as server:
            server.login(user, password)
            server.send_message(message)
        return
    with smtplib.SMTP(host, port, timeout=30) as server:
        server.starttls(context=trusted)
        server.login(user, password)
        server.send_message(message)
