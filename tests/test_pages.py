"""How pages are run: what they show is compared as a whole."""

import os
from pathlib import Path

import pytest

from .pages import Block, Step, blocks, is_shown, terminal

PAGE = """
```console
$ echo one
one
$ echo \\
    two
two
```

- In a list:

  ```console exit=2
  $ false
  ```

```diff
--- a/file
```
"""


def test_blocks_have_their_commands_and_exit_codes() -> None:
    first, second, third = blocks(PAGE)
    assert [*first.steps()] == [Step("echo one", "one\n"), Step("echo \\\n    two", "two\n")]
    assert [*second.steps()] == [Step("false", "", 2)]
    assert third == Block("diff", "--- a/file\n")


def test_block_that_cannot_be_read_is_a_failure() -> None:
    with pytest.raises(AssertionError):
        blocks("```console exit=one\n$ false\n```")


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        ("", ""),
        ("7 passed in 0.1s\n", "7 passed in …\n"),
        ("a\nb\nc\n", "…\nc\n"),
        ("a\nb\nc\n", "a\n…\n"),
        ("\nc \n", "…\nc\n"),
        ("a\n", "…\na\n…\n"),
    ],
)
def test_output_is_as_shown(output: str, shown: str) -> None:
    assert is_shown(output, shown)


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        ("noise\n", ""),
        ("1 failed, 7 passed in 0.1s\n", "7 passed in …\n"),
        ("7 passed in 0.1s\nerror\n", "7 passed in …\n"),
        ("a\nb\nd\n", "…\nc\n"),
        ("one\ntwo\n", "o…o\n"),
        ("a+\n", "aa\n"),
    ],
)
def test_output_is_not_as_shown(output: str, shown: str) -> None:
    assert not is_shown(output, shown)


def test_terminal_keeps_its_state_and_tells_exit_codes(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with terminal(tmp_path, os.environ) as shell:
        assert shell.run("cd folder && word=tea") == ("", 0)
        assert shell.run('basename "$PWD"; echo $word; test -t 1') == ("folder\ntea\n", 0)
        assert shell.run("printf unfinished") == ("unfinished", 0)
        assert shell.run("echo failed >&2; (exit 3)") == ("failed\n", 3)


@pytest.mark.parametrize("step", [Step("true", "", 1), Step("false", ""), Step("echo a", "b\n")])
def test_step_that_is_not_as_shown_fails(step: Step, tmp_path: Path) -> None:
    with terminal(tmp_path, os.environ) as shell, pytest.raises(AssertionError, match="exit code"):
        step.check(*shell.run(step.command))
