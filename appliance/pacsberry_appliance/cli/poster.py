"""`poster`: the page for the printer, or the same for this screen."""

from argparse import Namespace

from pacsberry_appliance.cli.context import Context
from pacsberry_appliance.cli.talk import data
from pacsberry_appliance.making.everything import invitation
from pacsberry_appliance.poster import console
from pacsberry_appliance.poster.page import page


def show(context: Context, options: Namespace) -> int:
    """Print it."""
    made = invitation(context.settings())
    data((console.text(made) if options.console else page(made)).rstrip("\n"))
    return 0
