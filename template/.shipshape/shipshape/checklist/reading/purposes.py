"""What commands of pipelines and of make are for, by the programs that they run."""

import re

INSTALLS = re.compile(r"\binstall(\.py)?\b|\b(uv|pip|pdm|poetry) sync\b|pip-sync")
RUNS = re.compile(
    r"\b(uvicorn|gunicorn|hypercorn|granian|daphne|runserver|flask run|fastapi (dev|run))\b"
)
LINTS = re.compile(r"\b(flake8|ruff(?! format)|pylint)\b")
FORMATS = re.compile(r"\b(black|ruff format|ruff-format|yapf|autopep8)\b")
CHECKS_TYPES = re.compile(r"\b(mypy|pyright|basedpyright|pyrefly|ty check)\b")
TESTS = re.compile(r"\b(pytest|unittest|manage\.py test|tox|nox)\b")
MEASURES = re.compile(r"--cov\b|\bcoverage run\b")
BUILDS = re.compile(
    r"\bdocker (buildx |compose )?build\b|\b(podman|buildah) (build|bud)\b|kaniko|\bpack build\b"
    r"|docker/(build-push|bake)-action|\b(python -m|uv|poetry|hatch|pdm) build\b"
)
DEPLOYS = re.compile(
    r"\.shipshape deploy\b|\bkubectl .*(apply|set image)\b|\bhelm .*(upgrade|install)\b"
    r"|\bnomad job run\b|\bargocd app (sync|set)\b|\b(terraform|tofu) apply\b|\brun deploy\b"
)
ROLLS_BACK = re.compile(r"\brollback\b|\brollout undo\b|\bnomad job revert\b")
RELEASES = re.compile(
    r"\b(gh|glab) release create|release-cli|semantic-release|release-please|\bcz bump\b"
    r"|action-gh-release|\.shipshape (promote|publish)|\bgit tag -?[^-]"
)
COMPILES = re.compile(r"\b(build-essential|gcc|g\+\+|clang|cargo|python3-dev)\b")
