"""What rules and documents are generated from is valid, and what is generated is up to date."""

from collections.abc import Callable, Iterator
from functools import partial

from .. import generated
from ..docs.pages import documents
from ..errors import ShipshapeError
from ..monitoring import products, rules
from .subject import Subject


def valid_sources(subject: Subject) -> Iterator[str]:
    """The objectives and each file of rules are valid."""
    reads: list[Callable[[], object]] = [lambda: subject.promise]
    reads += [partial(rules.source, file) for file in rules.sources()]
    for read in reads:
        try:
            read()
        except ShipshapeError as error:
            yield str(error)


def current_rules(subject: Subject) -> Iterator[str]:
    """The rules are those that `make monitoring` writes."""
    for path in generated.stale(products.products(subject.promise, subject.groups)):
        yield f"{path} is stale: run `make monitoring`"


def current_documents(subject: Subject) -> Iterator[str]:
    """The documents are those that `make docs` writes."""
    for path in generated.stale(documents(subject.described)):
        yield f"{path} is stale: run `make docs`"
