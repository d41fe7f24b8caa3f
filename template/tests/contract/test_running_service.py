"""The running service answers as schema/openapi.yaml says, to good requests and to bad ones.

Two checks of schemathesis are left out. A request that fits the schema may be refused, as its
cursor or ETag may not exist. And a 503 that the schema declares is no failure, as in an operation
that calls another service; any other status from 500 on is one.
"""

from pathlib import Path
from typing import Any

import hypothesis
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import positive_data_acceptance

from ..service import Service

SCHEMA = schemathesis.openapi.from_path(Path(__file__).parents[2] / "schema" / "openapi.yaml")


@SCHEMA.parametrize()  # type: ignore[untyped-decorator]
@hypothesis.settings(max_examples=30, derandomize=True)
def test_operation(case: schemathesis.Case[Any], service: Service) -> None:
    response = case.call_and_validate(
        base_url=service.api, excluded_checks=[not_a_server_error, positive_data_acceptance]
    )
    assert response.status_code < 500 or response.status_code == 503
