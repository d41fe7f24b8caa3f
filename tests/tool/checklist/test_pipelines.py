"""Pipelines of any repository are read as the forges run them."""

from pathlib import Path
from textwrap import dedent

import pytest

from shipshape.checklist.check import Unknown
from shipshape.checklist.reading import gitlab, runs
from shipshape.checklist.reading.pipelines import Event


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(file: str, text: str) -> None:
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text), "utf-8")


def workflow(triggers: str, step: str = "run: make check", more: str = "") -> None:
    write(
        ".github/workflows/ci.yml",
        f"on: {triggers}\njobs:\n  test:\n    {more or 'timeout-minutes: 5'}\n"
        f"    steps:\n      - {step}\n",
    )


def names(event: Event) -> list[str]:
    return [it.name for it in runs.jobs() if event in it.events]


def commands(event: Event) -> list[str]:
    return [it.command for it in runs.on(event, runs.jobs())]


@pytest.mark.parametrize(
    ("triggers", "events"),
    [
        ("pull_request", {Event.CHANGE}),
        ("[push, workflow_dispatch]", {Event.CHANGE, Event.MAIN, Event.MANUAL}),
        ("{push: {branches: [main]}}", {Event.MAIN}),
        ("{schedule: [{cron: 1 2 * * *}]}", {Event.SCHEDULE}),
        ("{pull_request: {paths: [src/**]}, schedule: [{cron: 1 2 * * *}]}", {Event.SCHEDULE}),
    ],
)
def test_workflows_run_on_their_events(triggers: str, events: set[Event]) -> None:
    workflow(triggers)
    assert {event for event in Event if names(event)} == events


def test_a_condition_of_a_job_leaves_events_out() -> None:
    workflow("[push, pull_request]", more="if: github.event_name == 'push'")
    assert (names(Event.MAIN), names(Event.CHANGE)) == (["test"], [])


def test_a_matrix_is_a_job_for_each_entry() -> None:
    step = 'run: make "$WHAT"\n        env: {WHAT: "${{ matrix.what }}"}'
    workflow("pull_request", step, more="strategy: {matrix: {what: [lint, types]}}")
    assert names(Event.CHANGE) == ["test (lint)", "test (types)"]
    assert commands(Event.CHANGE) == ['make "lint"', 'make "types"']


def test_what_may_fail_does_not_count() -> None:
    # What the test is about: a job that passes whatever its tests do.
    workflow("pull_request", "run: pytest\n        continue-on-error: true")
    assert commands(Event.CHANGE) == []


def test_entry_points_are_followed_in_the_folder_of_the_step() -> None:
    write("api/Makefile", "test: lint\n\t@sh scripts/test.sh\nlint:\n\tflake8\n")
    write("api/scripts/test.sh", "# all of them\npytest\n")
    workflow("pull_request", "run: make test\n        working-directory: api")
    ran = runs.on(Event.CHANGE, runs.jobs())
    expected = ["make test", "flake8", "@sh scripts/test.sh", "pytest"]
    assert [it.command for it in ran] == expected
    assert {it.entry_point for it in ran[1:]} == {"make test"}


def test_local_actions_and_called_workflows_are_part_of_the_job() -> None:
    write(".github/actions/it/action.yml", "runs: {steps: [{run: pytest}]}\n")
    write(
        ".github/workflows/called.yml",
        "on: workflow_call\njobs: {inner: {steps: [{uses: ./.github/actions/it}]}}\n",
    )
    write(
        ".github/workflows/ci.yml",
        "on: pull_request\njobs: {outer: {uses: ./.github/workflows/called.yml}}\n",
    )
    assert commands(Event.CHANGE) == ["pytest"]


def test_jobs_of_gitlab_extend_others_and_run_by_rules() -> None:
    write(
        ".gitlab-ci.yml",
        """
        include: [{local: ci/*.yml}]
        workflow:
          rules:
            - if: $CI_PIPELINE_SOURCE == "merge_request_event"
            - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
        .base: {before_script: [make install]}
        """,
    )
    write(
        "ci/jobs.yml",
        """
        check:
          extends: .base
          parallel: {matrix: [{TARGET: [lint, test]}]}
          script: [make $TARGET]
        docs:
          rules: [{changes: [docs/**]}]
          script: [make docs]
        publish:
          rules: [{if: '$CI_PIPELINE_SOURCE == "push"', when: manual}]
          before_script: [!reference [.base, before_script]]
          script: [make publish]
        """,
    )
    assert names(Event.CHANGE) == ["check: [lint]", "check: [test]"]
    assert names(Event.MANUAL) == ["check: [lint]", "check: [test]", "publish"]
    assert commands(Event.CHANGE) == ["make install", "make lint", "make install", "make test"]
    assert commands(Event.MANUAL)[-2:] == ["make install", "make publish"]


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("", True),
        ("$CI_COMMIT_TAG", False),
        ("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", True),
        ('$CI_COMMIT_BRANCH != "main" || $CI_COMMIT_BRANCH =~ /^ma/', True),
        ('$CI_COMMIT_BRANCH == "main" && $CI_COMMIT_TAG', False),
        ("$CI_COMMIT_TAG == null", True),
    ],
)
def test_expressions_of_gitlab(expression: str, holds: bool) -> None:
    variables = {"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"}
    assert gitlab.holds(expression, variables) is holds


def test_pipelines_of_another_forge_are_unknown() -> None:
    write("Jenkinsfile", "node {}\n")
    with pytest.raises(Unknown, match="Jenkinsfile is neither"):
        runs.jobs()


def test_no_pipeline_is_a_fault() -> None:
    with pytest.raises(AssertionError, match="there is no pipeline"):
        runs.jobs()
