"""The command line: `python3 -m delivery COMMAND …`."""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from . import __doc__ as description
from . import project, registry, signature, version
from .deployment import Deployment
from .errors import DeliveryError
from .gates import Gates
from .platform import NO_DIGEST, Platform
from .promotion import promote
from .rollback import roll_back


class Parser(argparse.ArgumentParser):
    """Refuses what it cannot use in one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}\n")


def digest(text: str) -> str:
    if not registry.DIGEST.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no digest: it must be sha256: and 64 hexadecimal digits"
        )
    return text


def commit(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{40}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no commit: it must be all 40 digits of one")
    return text


def release(text: str) -> str:
    if not re.fullmatch(r"\d+\.\d+\.\d+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no version: it must be such as 1.4.0")
    return text


def reason(text: str) -> str:
    words = " ".join(text.split())
    if not words:
        raise argparse.ArgumentTypeError("say why, for those who read this later")
    return words


def parser() -> Parser:
    """The commands, each with the function of this module that carries it out."""
    parser = Parser(prog="python3 -m delivery", description=description)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(run: Callable[[argparse.Namespace], str], name: str, text: str) -> Parser:
        added: Parser = commands.add_parser(name, help=text, description=f"{text}.")
        added.set_defaults(run=run)
        return added

    each = command(print_version, "version", "Print the next version, out of the commits")
    each.add_argument("--bump", choices=("auto", "patch", "minor", "major"), default="auto")

    each = command(print_notes, "notes", "Print what a version changes for its users, in Markdown")
    each.add_argument("version", type=release, metavar="VERSION")

    each = command(print_digest, "digest", "Print the digest behind a tag of the image")
    each.add_argument("tag", metavar="TAG", help="such as 1.4.0 or sha-<commit>")

    each = command(sign, "sign", "Sign an image that passed all checks, and what is known of it")
    each.add_argument("digest", type=digest, metavar="DIGEST")
    each.add_argument("--sbom", type=Path, metavar="FILE", required=True, help="CycloneDX in JSON")

    each = command(verify, "verify", "Check that an image and its provenance are signed by main")
    each.add_argument("digest", type=digest, metavar="DIGEST")

    each = command(save, "attestations", "Save the SBOM and the provenance of an image")
    each.add_argument("digest", type=digest, metavar="DIGEST")
    each.add_argument("--into", type=Path, metavar="FOLDER", required=True)

    each = command(print_promoted, "promote", "Give the image of a commit a version, as a release")
    each.add_argument("--commit", type=commit, metavar="SHA", required=True)
    each.add_argument("--version", type=release, metavar="VERSION", required=True)

    each = command(deploy, "deploy", "Deploy an image, and check it; put back what ran if it fails")
    each.add_argument("environment", metavar="ENVIRONMENT", help="such as staging")
    each.add_argument("digest", type=digest, metavar="DIGEST")
    each.add_argument("--version", metavar="VERSION", help="what it calls itself there")
    each.add_argument("--without-slo", action="store_true", help="without looking at Prometheus")

    each = command(rollback, "rollback", "Put an earlier release back")
    each.add_argument("environment", metavar="ENVIRONMENT", help="such as production")
    each.add_argument("version", type=release, metavar="VERSION")
    each.add_argument("--reason", type=reason, metavar="TEXT", required=True)
    each.add_argument("--without-slo", action="store_true", help="without looking at Prometheus")

    for run, name, text in (
        (print_manifests, "manifests", "Print what a deployment would apply"),
        (print_difference, "diff", "Print what a deployment would change"),
    ):
        each = command(run, name, text)
        each.add_argument("environment", metavar="ENVIRONMENT", help="such as staging")
        each.add_argument("digest", metavar="DIGEST", nargs="?", type=digest)
        each.add_argument("--version", metavar="VERSION", help="what it calls itself there")
    return parser


def print_version(given: argparse.Namespace) -> str:
    return version.next_version(given.bump)


def print_notes(given: argparse.Namespace) -> str:
    return version.notes(given.version)


def print_digest(given: argparse.Namespace) -> str:
    return registry.digest_of(f"{project.image()}:{given.tag}")


def sign(given: argparse.Namespace) -> str:
    reference = f"{project.image()}@{given.digest}"
    signature.sign(reference, given.sbom, registry.provenance(reference))
    return f"signed {reference}"


def verify(given: argparse.Namespace) -> str:
    reference = f"{project.image()}@{given.digest}"
    signature.verify(reference)
    return f"{reference} is signed by {signature.signer().name}"


def save(given: argparse.Namespace) -> str:
    return "\n".join(map(str, signature.save(f"{project.image()}@{given.digest}", given.into)))


def print_promoted(given: argparse.Namespace) -> str:
    return promote(project.image(), given.commit, given.version)


def deploy(given: argparse.Namespace) -> str:
    return _deployment(given).deploy(given.digest, given.version)


def rollback(given: argparse.Namespace) -> str:
    return roll_back(_deployment(given), given.version, given.reason)


def print_manifests(given: argparse.Namespace) -> str:
    return Platform().render(given.environment, given.digest or NO_DIGEST, given.version)


def print_difference(given: argparse.Namespace) -> str:
    platform = Platform()
    wanted = given.digest or platform.current(given.environment) or NO_DIGEST
    return platform.diff(given.environment, wanted, given.version)


def _deployment(given: argparse.Namespace) -> Deployment:
    gates = Gates.from_environment(with_slo=not given.without_slo)
    return Deployment(project.image(), given.environment, Platform(), gates)


def main(arguments: Sequence[str]) -> int:
    """Carry a command out: its result on stdout; or an error in a sentence on stderr, and 1."""
    given = parser().parse_args(arguments)
    try:
        result = given.run(given)
    except DeliveryError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if result := result.rstrip("\n"):
        print(result)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
