"""A stand-in for kubectl and its cluster: it runs what is deployed, as a container on this machine.

It knows what a delivery asks. CLUSTER is a folder: `running` names the image that runs, `applied`
lists everything that was applied.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

CLUSTER = Path(os.environ["CLUSTER"])
RUNNING, APPLIED = CLUSTER / "running", CLUSTER / "applied"
SECONDS = 30.0


def kustomize(folder: str) -> None:
    """What of the manifests counts here: their kind, the image and the settings."""
    overlay = json.loads((Path(folder) / "kustomization.yaml").read_text("utf-8"))
    job = overlay["resources"][0].endswith("/migration")
    print(f"kind: {'Job' if job else 'Deployment'}")
    for image in overlay["images"]:
        print(f"image: {image['newName']}@{image['digest']}")
    for settings in overlay.get("configMapGenerator", []):
        print(*(f"setting: {setting}" for setting in settings["literals"]), sep="\n")


def apply(manifests: str) -> None:
    kind, image, *settings = (line.partition(": ")[2] for line in manifests.splitlines())
    with APPLIED.open("a", encoding="utf-8") as applied:
        applied.write(f"{kind} {image.partition('@')[2]}\n")
    if kind == "Deployment":
        start(image, settings)
        RUNNING.write_text(image, "utf-8")


def start(image: str, settings: list[str]) -> None:
    """Run an image instead of what runs. It needs no database to be ready."""
    own = ("PORT", "MANAGEMENT_PORT", "DATABASE_URL")
    variables = [f"--env={setting}" for setting in (*own, *settings)]
    name = os.environ["CONTAINER"]
    subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False)
    subprocess.run(
        ["docker", "run", "--detach", "--quiet", f"--name={name}", "--network=host", *variables]
        + [image],
        stdout=subprocess.PIPE,
        check=True,
    )


def wait() -> None:
    """Return once it is ready."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{os.environ['PORT']}/readyz", timeout=5)
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit("error: it is not ready")


def main(arguments: list[str]) -> None:
    match arguments:
        case ["kustomize", folder]:
            kustomize(folder)
        case ["apply", *_]:
            apply(sys.stdin.read())
        case ["rollout", "status", *_]:
            wait()
        case ["get", "deployment", *_]:
            print(RUNNING.read_text("utf-8") if RUNNING.exists() else "", end="")
        case ["get", "job", *_]:
            print("Complete")
        case ["get", "pods", *_]:
            print('{"items": []}')
        case ["delete" | "logs", *_]:
            pass
        case _:
            sys.exit(f"error: the stand-in does not know kubectl {' '.join(arguments)}")


if __name__ == "__main__":
    main(sys.argv[1:])
