"""The running service answers as schema/openapi.yaml says, to good requests and to bad ones.

One check of schemathesis is left out, that what fits the schema is accepted: a cursor or an ETag
may well fit it and still be none that the service gave out.
"""

from pathlib import Path
from typing import Any

import hypothesis
import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

from ..service import Service

SCHEMA = schemathesis.openapi.from_path(Path(__file__).parents[2] / "schema" / "openapi.yaml")


@SCHEMA.parametrize()
@hypothesis.settings(max_examples=30, derandomize=True)
def test_operation(case: schemathesis.Case[Any], service: Service) -> None:
    case.call_and_validate(base_url=service.api, excluded_checks=[positive_data_acceptance])
