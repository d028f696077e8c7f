"""The verb that serves the pages and the API: ``ui``."""

from __future__ import annotations

import click

from nbasset.arguments.options_web import UiArguments
from nbasset.arguments.parameters import Verb, locations, log_format

UI = Verb(
    "ui",
    """Serve the pages and the GraphQL API of this project, at one address, until Ctrl-C.

    From other machines it is reached with a token alone, which stands in the address that is printed; scripts send it in the header
    Authorization: Bearer TOKEN.

    \b
    nbasset ui
    nbasset ui --port 8080 --read-only
    nbasset ui --host 0.0.0.0 --prefix /nbasset
    """,
    (
        locations(),
        click.Option(["--host", "-h"], default="127.0.0.1", metavar="HOST", help="The address to listen on.", show_default=True),
        click.Option(
            ["--port", "-p"], type=click.IntRange(0, 65535), default=3000, show_default=True, help="The port; 0 for one that is free."
        ),
        click.Option(
            ["--token"], default="", metavar="TEXT", envvar="NBASSET_TOKEN",
            help="What callers have to know; 'auto' for one that is made. Also the variable NBASSET_TOKEN.",
        ),
        click.Option(["--prefix"], default="", metavar="PATH", help="The path that it is reached below, behind a proxy: /nbasset."),
        click.Option(
            ["--known-as"], multiple=True, metavar="NAME", help="Another name of this server, as that of a proxy: data.example.org."
        ),
        click.Option(["--read-only"], is_flag=True, help="Show everything, change and start nothing."),
        click.Option(["--no-open"], is_flag=True, help="Open no browser."),
        log_format(),
    ),
    lambda values: UiArguments(
        tuple(values["locations"]), values["host"], values["port"], values["token"], values["prefix"], tuple(values["known_as"]),
        values["read_only"], not values["no_open"], values["log_format"],
    ),
    in_notebook=False,
)  # fmt: skip
