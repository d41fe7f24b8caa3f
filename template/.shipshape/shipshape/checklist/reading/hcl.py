"""The blocks and attributes of HCL files, as `nomad fmt` lays them out. Expressions stay text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import ShipshapeError

_BLOCK = re.compile(r'(\w+)((?: +"[^"]*")*) *\{(?: *(.*?) *\})?')
_ATTRIBUTE = re.compile(r"(\w+) *= *(.*)")
_HEREDOC = re.compile(r"<<-?(\w+)$")
_CODE = re.compile(r"""(?:[^"#/]|"(?:\\.|[^"\\])*"|/(?!/))*""")


@dataclass
class Block:
    """A block such as `group "api" {`; the file itself is the outermost one."""

    type: str
    labels: tuple[str, ...]
    place: str
    attributes: dict[str, str] = field(default_factory=dict)
    """The text of each value, strings without their quotes; `settings.HOST` is one in an object."""
    blocks: list["Block"] = field(default_factory=list)

    @property
    def name(self) -> str:
        return " ".join((self.type, *self.labels))

    def all(self, *types: str) -> Iterator["Block"]:
        """The blocks at the end of a path of types."""
        for block in self.blocks:
            if block.type == types[0]:
                if types[1:]:
                    yield from block.all(*types[1:])
                else:
                    yield block

    def first(self, *types: str) -> "Block":
        """The first of them; an empty one where there is none."""
        return next(self.all(*types), Block(types[-1], (), self.place))


def read(path: Path) -> Block:
    """ShipshapeError for a file that cannot be read."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ShipshapeError(f"{path} cannot be read: {error}") from None
    file = Block("file", (), str(path))
    inside = [(file, "")]  # the open blocks, each with a prefix for the names of attributes
    for number, statement in _statements(text):
        outer, prefix = inside[-1]
        if started := _BLOCK.fullmatch(statement):
            labels = tuple(re.findall(r'"([^"]*)"', started[2]))
            block = Block(started[1], labels, f"{path}:{number}")
            outer.blocks.append(block)
            if started[3] is None:
                inside.append((block, ""))
            elif only := _ATTRIBUTE.fullmatch(started[3]):
                block.attributes[only[1]] = _value(only[2])
        elif attribute := _ATTRIBUTE.fullmatch(statement):
            if attribute[2] == "{":
                inside.append((outer, f"{prefix}{attribute[1]}."))
            else:
                outer.attributes[f"{prefix}{attribute[1]}"] = _value(attribute[2])
        elif statement.startswith("}") and len(inside) > 1:
            inside.pop()
    return file


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """The lines without comments, a list over several lines as one, heredocs left out."""
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        statement = _without_comment(line.strip())
        if heredoc := _HEREDOC.search(statement):
            for _, more in lines:
                if more.strip() == heredoc[1]:
                    break
        if statement.endswith("["):
            for _, more in lines:
                statement += f" {_without_comment(more.strip())}"
                if more.strip().startswith("]"):
                    break
        yield number, statement


def _without_comment(line: str) -> str:
    found = _CODE.match(line)
    return found[0].rstrip() if found else line


def _value(text: str) -> str:
    quoted = re.fullmatch(r'"([^"]*)"', text)
    return quoted[1] if quoted else text
