"""The command line: `python3 .shipshape COMMAND …`."""

import argparse
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from shipshape.errors import ShipshapeError
from shipshape.template import COMMAND, TemplateError

from . import __doc__ as description
from . import adopt, adoption, checklist, drift, preview, proposal, update


class Parser(argparse.ArgumentParser):
    """Refuses what it cannot use in one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}\n")


def parser() -> Parser:
    """The commands, each with the function that carries it out and gives the exit code."""
    parser = Parser(prog=COMMAND, description=description)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(run: Callable[[argparse.Namespace], int], name: str, text: str) -> Parser:
        added: Parser = commands.add_parser(name, help=text, description=f"{text}.")
        added.set_defaults(run=run)
        return added

    each = command(preview.run, "preview", "Show what an update would change, and change nothing")
    each.add_argument("--diff", action="store_true", help="show every line, too")
    each.add_argument("--data", action="append", default=[], metavar="NAME=VALUE", help="an answer")

    each = command(update.run, "update", "Take the newest release of the template")
    each.add_argument("--data", action="append", default=[], metavar="NAME=VALUE", help="an answer")

    each = command(drift.run, "drift", "Show the template's files that are not as it has them")
    each.add_argument("--warn", action="store_true", help="as warnings of the forge, with exit 0")

    command(proposal.run, "propose", "Update on a branch, and open or refresh its request")

    command(adoption.show, "parts", "List the parts of the template, taken or not")

    each = command(adoption.take, "take", "Take a part of the template, or a file of your own back")
    each.add_argument("what", metavar="PART", help="or a path, or a pattern of `keep`")
    each.add_argument(
        "--preview", action="store_true", help="show what it would do, and do nothing"
    )
    each.add_argument(
        "--keep-mine",
        nargs="*",
        metavar="PATH",
        help="leave out what differs, or the files that are named",
    )

    each = command(adoption.compare, "compare", "Show how files differ from the template's")
    each.add_argument("paths", nargs="+", metavar="PATH")

    each = command(adoption.keep, "keep", "Make files your own, for no update to touch")
    each.add_argument("patterns", nargs="+", metavar="PATTERN", help="as in .gitignore: /deploy/")

    each = command(checklist.run, "checklist", "Check how production-ready a repository is")
    each.add_argument("folder", nargs="?", type=Path, default=Path(), metavar="FOLDER")
    each.add_argument("--static", action="store_true", help="run only the checks that read files")
    each.add_argument("--level", choices=checklist.LEVELS, help="the level to require")
    each.add_argument("--only", action="append", default=[], metavar="ID", help="run this check")
    each.add_argument("--write", action="append", default=[], type=Path, metavar="FILE")

    each = command(adopt.run, "adopt", "Bring an existing service under the template")
    each.add_argument("--template", metavar="ADDRESS", help="where it updates from")
    each.add_argument("--release", metavar="TAG", help="of the template; the newest if not given")
    each.add_argument("--part", action="append", metavar="PART", help="to begin with")
    each.add_argument("--preview", action="store_true", help="show the parts, and change nothing")
    each.add_argument("--defaults", action="store_true", help="take the defaults, do not ask")
    each.add_argument("-d", "--data", action="append", default=[], metavar="NAME=VALUE")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Carry a command out. An error is a sentence on stderr, and 2; 1 is the command's own."""
    given = parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # a diff shows the bytes that there are
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # tidies up, as Ctrl-C does
    try:
        status: int = given.run(given)
        sys.stdout.flush()
    except (TemplateError, ShipshapeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("error: stopped: nothing is changed here", file=sys.stderr)
        return 130
    except BrokenPipeError:  # who reads it has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status
