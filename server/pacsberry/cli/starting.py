"""From options to a running server process."""

import os

from pacsberry.cli.image import become, is_compiled_for_oo, plan_image
from pacsberry.cli.options import ServeOptions


def become_server(options: ServeOptions) -> None:
    """Replace this process by the server's; raises ConfigError when the configuration cannot be used."""
    become(plan_image(options, options.load(), os.environ, optimized=is_compiled_for_oo()))
