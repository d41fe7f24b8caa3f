"""Reading and writing YAML."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import SafeRepresenter
from ruamel.yaml.resolver import VersionedResolver

from .errors import ShipshapeError

_STRING = "tag:yaml.org,2002:str"
_YAML_1_1 = VersionedResolver(version="1.1")


class Quoted(str):
    """A string that is always quoted: a service may be called null."""


class _Representer(SafeRepresenter):
    """Strings with several lines as blocks, and in quotes what YAML 1.1 reads as another type."""

    def _string(self, value: str) -> ScalarNode:
        is_string = _YAML_1_1.resolve(ScalarNode, value, (True, False)) == _STRING
        style = "|" if "\n" in value else None if is_string else "'"
        return self._scalar(value, style)

    def _quoted(self, value: Quoted) -> ScalarNode:
        return self._scalar(value, '"')

    def _scalar(self, value: str, style: str | None) -> ScalarNode:
        node: ScalarNode = self.represent_scalar(_STRING, value, style=style)
        return node


_Representer.add_representer(str, _Representer._string)
_Representer.add_representer(Quoted, _Representer._quoted)


def read(path: Path) -> Any:
    """The document in a file; ShipshapeError if there is none."""
    return _loaded(path, YAML(typ="safe", pure=True).load)


def read_all(path: Path) -> list[Any]:
    """All documents in a file; ShipshapeError if it cannot be read."""
    documents: list[Any] = _loaded(
        path, lambda text: list(YAML(typ="safe", pure=True).load_all(text))
    )
    return documents


def _loaded(path: Path, load: Callable[[str], Any]) -> Any:
    try:
        return load(path.read_text("utf-8"))
    except OSError as error:
        raise ShipshapeError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, YAMLError) as error:
        raise ShipshapeError(f"{path} cannot be read: {' '.join(str(error).split())}") from None


def text(document: object) -> str:
    """The document as block YAML, its keys in their order."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 1000
    yaml.indent(mapping=2, sequence=4, offset=2)
    written = io.StringIO()
    yaml.dump(document, written)
    return written.getvalue()
