"""What ``nbasset ui`` does on the command line: serve the home of the call and print what the server says of itself."""

from __future__ import annotations

from nbasset.arguments.options_web import UiArguments
from nbasset.cli_automation import Lines, places_of_call
from nbasset.cli_scopes import Call, open_home
from nbasset.cli_text import is_terminal
from nbasset.serde import Json


def ui(call: Call, arguments: UiArguments) -> tuple[int, Json]:
    """Serve until somebody ends it."""
    from nbasset.web.server import ServerOptions, serve

    home, instance = open_home(call)
    instance.close()
    lines = Lines("json" if call.json else arguments.log_format)
    options = ServerOptions(
        places_of_call(call, home, arguments.locations), arguments.host, arguments.port, arguments.token, arguments.prefix,
        arguments.known_as, arguments.read_only,
        opens_browser=arguments.opens_browser and lines.log_format == "text" and is_terminal(),
    )  # fmt: skip
    return serve(home, options, lambda text: lines("ui", text)), None
