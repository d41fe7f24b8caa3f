"""The command line: results on stdout, one sentence for what is wrong."""

import pytest

from scripts.example import EXAMPLE
from shipshape.command_line import main
from shipshape.releases import migrations

from .conftest import IMAGE, Registry, Repository

DIGEST = f"sha256:{'a' * 64}"


def test_release_from_commit_to_tag(
    repository: Repository,
    images: Registry,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("IMAGE", IMAGE)
    commit = repository.commit("feat: a")
    digest = images.push(commit)

    for command, result in (
        (["version"], "0.1.0"),
        (["digest", f"sha-{commit}"], digest),
        (["sign", digest, "--sbom", str(images.sbom)], f"signed {IMAGE}@{digest}"),
        (["verify", digest], f"{IMAGE}@{digest} is signed by the key a key"),
        (["promote", "--commit", commit, "--version", "0.1.0"], digest),
        (["digest", "0.1.0"], digest),
    ):
        assert main(command) == 0
        assert capsys.readouterr().out == f"{result}\n"


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["deploy", "staging", "1.4.0"], "'1.4.0' is no digest: it must be sha256: and"),
        (["promote", "--commit", "main", "--version", "1.4.0"], "'main' is no commit"),
        (["promote", "--commit", "a" * 40, "--version", "v1.4.0"], "'v1.4.0' is no version"),
        (["rollback", "staging", "1.4.0", "--reason", " "], "say why"),
        (["rollback", "staging", "1.4.0"], "Missing option '--reason'"),
        (["version", "--bump", "huge"], "'huge' is not one of 'auto', 'patch'"),
        (["manifests"], "Missing argument 'ENVIRONMENT'"),
        (["manifests", "staging", "latest"], "'latest' is no digest: it must be sha256:"),
        (["contract", ""], "name a commit, as in `make contract base=origin/main`"),
        (["rolback"], "No such command 'rolback'. Did you mean 'rollback'?"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(
    command: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert sentence in line


def test_failure_is_one_sentence(
    images: Registry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IMAGE", IMAGE)

    assert main(["digest", "1.4.0"]) == 1
    assert capsys.readouterr().err == f"error: the registry has no {IMAGE}:1.4.0\n"


def test_repository_of_another_user_is_one_sentence(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit("feat: a")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own way to test this

    assert main(["version"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "run `git config --global --add safe.directory " in line


@pytest.mark.parametrize("image", ["orders", "Registry.example.com/orders", f"{IMAGE}:1.4.0"])
def test_image_must_be_a_path(
    image: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IMAGE", image)

    assert main(["verify", DIGEST]) == 1
    assert f"'{image}' is no image" in capsys.readouterr().err


@pytest.mark.parametrize("environment", ["", "live"])
def test_an_environment_that_is_not_there(
    environment: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(EXAMPLE)
    assert main(["manifests", environment]) == 1
    assert capsys.readouterr().err == (
        f"error: there is no environment {environment!r}: name production or staging\n"
    )


def test_without_a_command_it_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    shown = capsys.readouterr()
    assert "Go back to an earlier release." in shown.out
    assert not shown.err


def test_a_command_that_is_stopped_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(migrations, "check", stop)
    assert main(["migrations"]) == 130
    assert capsys.readouterr().err == "error: stopped\n"
