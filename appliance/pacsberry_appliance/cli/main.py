"""The command line: one table of verbs, each a function that takes the context and the parsed words.

Data goes to standard output, talk to standard error. What it says follows the language of the box where it is about the
box; help and errors are in English.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from pacsberry_appliance.cli import network, poster, setting, status
from pacsberry_appliance.cli.context import Context
from pacsberry_appliance.cli.talk import talk
from pacsberry_appliance.errors import BoxError

_EPILOG = """\
examples:
  pacsberry-box status                           how the class gets in, who is there, what is wrong
  pacsberry-box set "wifi name=Radiology"        change a setting; of the network: for 60 s, until confirmed
  pacsberry-box set --secret "admin password"    asks for it
  pacsberry-box network use client "join wifi name=School"
  pacsberry-box network confirm                  keep the change of the network
  pacsberry-box portal welcome                   what tablets see when they join: quiet, welcome, off
  pacsberry-box poster > poster.html             to print: two QR codes, join and open

exit codes:
  0  done        1  failed, the last line says why        2  wrong words        7  done, and something is wrong
"""


def parser() -> argparse.ArgumentParser:
    """All verbs with their words."""
    made = argparse.ArgumentParser(
        prog="pacsberry-box",
        description="Looks after a Pacsberry box: its network, its portal, its poster.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--root", type=Path, default=Path("/"), help=argparse.SUPPRESS)
    verbs = made.add_subparsers(dest="verb", required=True, metavar="VERB")

    one = verbs.add_parser("status", help="how the class gets in, who is there, what is wrong")
    one.add_argument("--json", action="store_true", help="for programs; names stay the same over versions")
    one.add_argument("--publish", action="store_true", help="write that for the server's admin page (run each minute)")
    one.set_defaults(act=status.show)

    one = verbs.add_parser("settings", help="the settings in force; passwords are not shown")
    one.add_argument("--json", action="store_true", help="for programs")
    one.set_defaults(act=setting.show)

    one = verbs.add_parser("set", help="change settings, named as in pacsberry.txt")
    one.add_argument(
        "changes", nargs="*", metavar="NAME=VALUE", help="in English, French or German; an empty value takes it away"
    )
    one.add_argument("--secret", metavar="NAME", help="ask for this one, or read it from standard input")
    _trial_options(one)
    one.set_defaults(act=setting.change)

    one = verbs.add_parser("settings-file", help="print pacsberry.txt as it lies on a new card")
    one.set_defaults(act=setting.print_template)

    one = verbs.add_parser("network", help="change how the class gets in")
    parts = one.add_subparsers(dest="part", required=True, metavar="WHAT")
    use = parts.add_parser(
        "use", help="another mode: access-point, external-access-point, client; for 60 s, until confirmed"
    )
    use.add_argument("mode", metavar="MODE")
    use.add_argument("changes", nargs="*", metavar="NAME=VALUE", help="further settings, as with `set`")
    _trial_options(use)
    use.set_defaults(act=network.use)
    parts.add_parser("confirm", help="keep the change").set_defaults(act=network.confirm)
    parts.add_parser("revert", help="take the change back now").set_defaults(act=network.revert)
    parts.add_parser("settle", help="see that the network came up (run at boot)").set_defaults(act=network.settle)
    guarded = parts.add_parser("guard", help="look for a foreign DHCP server (run when a cable is plugged in)")
    guarded.add_argument("interface", metavar="INTERFACE")
    guarded.set_defaults(act=network.guard)

    one = verbs.add_parser("portal", help="what tablets see when they join: quiet, welcome or off")
    one.add_argument("mode", metavar="MODE")
    one.set_defaults(act=setting.portal)

    one = verbs.add_parser("poster", help="print the poster: a page with two QR codes")
    one.add_argument("--console", action="store_true", help="for this screen instead")
    one.set_defaults(act=poster.show)
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run a verb; the exit code."""
    options = parser().parse_args(arguments)
    act: Callable[[Context, argparse.Namespace], int] = options.act
    try:
        return act(Context.here(options.root), options)
    except (BoxError, OSError) as error:
        talk(f"pacsberry-box: {error}")
        return 1
    except KeyboardInterrupt:
        talk("pacsberry-box: interrupted.")
        return 130


def _trial_options(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--seconds", type=int, default=60, metavar="N", help="how long a change of the network waits (%(default)s)"
    )
    one.add_argument("--now", action="store_true", help="keep it at once; wrong values may lock you out")
    one.add_argument("--dry-run", action="store_true", help="only say what would change")
