"""What `copier copy` of this template costs, against a template of a single file."""

from pathlib import Path

from scripts.render import ROOT, export

from .measuring import Cost, Row, Table, Target, progress, run

TITLE = "Copy"
NOTE = """\
`copier copy --defaults -d service=orders`, as a whole process. Both templates are plain folders,
so that no clone of a repository evens the difference out. Warm: Copier's bytecode and the disk
cache, after a round that does not count. {rounds} rounds."""
ONE_FILE = {"copier.yml": "service:\n  type: str\n", "README.md.jinja": "# {{ service }}\n"}


def copy(template: Path, service: Path) -> Cost:
    """Make a service as a person does."""
    copier = ROOT / ".venv" / "bin" / "copier"
    answers = ("--defaults", "-d", "service=orders")
    return run(service.parent, copier, "copy", *answers, template, service)


def measure(folder: Path, rounds: int) -> list[Table]:
    """Copy the one and the other in turn."""
    template, one_file = export(folder / "template"), folder / "one-file"
    one_file.mkdir()
    for name, text in ONE_FILE.items():
        (one_file / name).write_text(text, encoding="utf-8")

    pairs = []
    for number in range(rounds + 1):
        progress(f"copy: round {number} of {rounds}")
        copies = folder / f"copies-{number}"
        copies.mkdir()
        pairs.append((copy(template, copies / "orders"), copy(one_file, copies / "one-file")))
    ours, theirs = zip(*pairs[1:], strict=True)  # round 0 warms up

    files = sum(path.is_file() for path in (folder / "copies-0" / "orders").rglob("*"))
    rows = [
        Row(f"this template: {files} files", ours, theirs, Target("at most", 4, "×")),
        Row("a template of one file", theirs),
    ]
    return [Table(TITLE, NOTE.format(rounds=rounds), rows)]
