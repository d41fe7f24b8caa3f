"""Stands in for docker and cosign, over a registry that is a JSON file beside it.

It answers as the real ones do, as far as the package asks them. It is run by their names, which are
links to a copy of it.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

REGISTRY = Path(__file__).parent / "registry.json"
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
KINDS = {
    "cyclonedx": "https://cyclonedx.org/bom",
    "slsaprovenance1": "https://slsa.dev/provenance/v1",
}
SIGNATURE = "https://sigstore.dev/cosign/sign/v1"


def fail(status: int, text: str) -> None:
    print(text, file=sys.stderr)
    sys.exit(status)


def resolve(registry: dict[str, Any], reference: str) -> str:
    digest = reference.partition("@")[2] or registry["tags"].get(reference)
    if digest not in registry["images"]:
        fail(1, f"ERROR: {reference}: not found")
    return str(digest)


def docker(registry: dict[str, Any], arguments: list[str]) -> None:
    if registry["fails"]:
        fail(1, registry["fails"])
    assert arguments[:2] == ["buildx", "imagetools"]
    command, *rest = arguments[2:]
    if command == "create":
        option, target, source = rest
        assert option == "--tag"
        digest = resolve(registry, source)
        if registry["images"][digest]["type"] != INDEX:  # is wrapped
            wrapped = f"sha256:{hashlib.sha256(digest.encode()).hexdigest()}"
            registry["images"][wrapped] = {**registry["images"][digest], "type": INDEX}
            digest = wrapped
        registry["tags"][target] = digest
        return
    option, what, reference = rest
    assert (command, option) == ("inspect", "--format")
    digest = resolve(registry, reference)
    image = registry["images"][digest]
    answers = {
        "{{json .Manifest}}": {"digest": digest, "mediaType": image["type"]},
        "{{json .Image}}": image["image"],
        "{{json .Provenance}}": image["provenance"],
    }
    print(json.dumps(answers[what]))


def cosign(registry: dict[str, Any], arguments: list[str]) -> None:
    command, *options = arguments
    if command == "signing-config":
        Path(options[-1]).write_text("{}")
        return
    digest, key = options[-1].partition("@")[2], options[options.index("--key") + 1]
    made = registry["signed"].setdefault(digest, [])
    if command == "sign":
        made.append([key, SIGNATURE, {}])
    elif command == "attest":
        predicate = json.loads(Path(options[options.index("--predicate") + 1]).read_text())
        made.append([key, KINDS[options[options.index("--type") + 1]], predicate])
    else:
        check(command, options, made, key)


def check(command: str, options: list[str], made: list[list[Any]], key: str) -> None:
    if not made:
        fail(10, "Error: no signatures found")
    held = [(kind, said) for by, kind, said in made if by == key]
    if not held:
        fail(1, "Error: no matching attestations: accepted signatures do not match threshold")
    if command == "verify":
        print(json.dumps([{"critical": {"type": kind}} for kind, _ in held]))
        return
    wanted = KINDS[options[options.index("--type") + 1]]
    found = [said for kind, said in held if kind == wanted]
    if not found:
        fail(1, f"Error: none of the attestations matched the predicate type: {wanted}")
    for predicate in found:
        payload = base64.b64encode(json.dumps({"predicate": predicate}).encode()).decode()
        print(json.dumps({"payload": payload}))


if __name__ == "__main__":
    contents = json.loads(REGISTRY.read_text())
    {"docker": docker, "cosign": cosign}[Path(sys.argv[0]).name](contents, sys.argv[1:])
    REGISTRY.write_text(json.dumps(contents))
