"""Faults of automation, each for one static check."""

from ..mutating import GITLAB, NOMAD, Mutation, deleted, replaced, without

MERGE = ".github/workflows/merge.yml"
ROLLBACK = ".github/workflows/rollback.yml"

MUTATIONS = [
    Mutation(
        "AU1",
        "a failing build is ignored",
        replaced(
            # The planted fault: this job passes though its build fails.
            MERGE,
            "        id: build\n",
            "        id: build\n        continue-on-error: true\n",
        ),
    ),
    Mutation(
        "AU1",
        "merge requests build no image",
        replaced(".gitlab/ci/merge-request.yml", "docker buildx build --load", "true"),
        GITLAB,
    ),
    Mutation("AU2", "no .dockerignore", deleted(".dockerignore")),
    Mutation("AU2", "one stage", without("Dockerfile", r"^COPY --from=.*\n")),
    Mutation(
        "AU3",
        "the tag moves",
        replaced(
            MERGE, "tags: ${{ env.IMAGE }}:sha-${{ github.sha }}", "tags: ${{ env.IMAGE }}:latest"
        ),
    ),
    Mutation(
        "AU3",
        "the tag moves on GitLab",
        replaced(".gitlab/ci/main.yml", '"$IMAGE:sha-$CI_COMMIT_SHA"', '"$IMAGE:latest"'),
        GITLAB,
    ),
    Mutation(
        "AU4",
        "nothing deploys",
        replaced(".github/workflows/deploy.yml", ".shipshape deploy", ".shipshape digest"),
    ),
    Mutation(
        "AU5",
        "no strategy",
        without("deploy/base/deployment.yaml", r"^  strategy:\n(    .*\n)+"),
    ),
    Mutation(
        "AU5",
        "no update block",
        without("deploy/service.nomad.hcl", r"^  update \{\n(    .*\n)+  \}\n"),
        NOMAD,
    ),
    Mutation("AU6", "no rollback", deleted(ROLLBACK)),
    Mutation(
        "AU6",
        "nobody can start a rollback",
        replaced(ROLLBACK, "  workflow_dispatch:\n", "  workflow_call:\n"),
    ),
    Mutation("AU6", "no rollback on GitLab", deleted(".gitlab/ci/rollback.yml"), GITLAB),
    Mutation("AU7", "no bot", deleted(".github/dependabot.yml")),
    Mutation(
        "AU7",
        "the bot leaves Python out",
        replaced("renovate.json", '"poetry"', '"dockerfile"'),
        GITLAB,
    ),
    Mutation(
        "AU8",
        "no review",
        replaced(
            ".github/repository-rules.json",
            '"required_approving_review_count": 1',
            '"required_approving_review_count": 0',
        ),
    ),
    Mutation(
        "AU8",
        "a required check that no job is",
        replaced(".github/repository-rules.json", '"context": "test"', '"context": "tests"'),
    ),
    Mutation(
        "AU8",
        "history can be rewritten",
        replaced(
            ".gitlab/repository-rules.json",
            '"allow_force_push": false',
            '"allow_force_push": true',
        ),
        GITLAB,
    ),
    Mutation("AU10", "no changelog", deleted("CHANGELOG.md")),
]
