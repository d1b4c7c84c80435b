"""contracts/http/ is OpenAPI that tells a caller all it needs."""

import json
from pathlib import Path

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

ROOT = Path(__file__).parents[2]
CONTRACTS = {
    path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / "contracts" / "http").glob("*.yaml")
}
REFUSAL = {"$ref": "#/components/responses/Refusal"}
OPERATIONS = [
    pytest.param(path, operation, id=f"{service}-{operation['operationId']}")
    for service, contract in sorted(CONTRACTS.items())
    for path, operations in contract["paths"].items()
    for method, operation in operations.items()
    if method != "parameters"
]
GRANTS = {
    grant
    for issuer in json.loads((ROOT / "deploy" / "issuers.json").read_text()).values()
    for grant in (*issuer["with_account"], *issuer["without_account"])
}


def test_every_service_has_a_contract():
    assert CONTRACTS.keys() == {path.name for path in (ROOT / "services").iterdir() if path.is_dir()}


@pytest.mark.parametrize("service", sorted(CONTRACTS))
def test_the_contract_is_valid_openapi(service):
    assert [error.message for error in OpenAPIV31SpecValidator(CONTRACTS[service]).iter_errors()] == []


@pytest.mark.parametrize(("path", "operation"), OPERATIONS)
def test_an_operation_says_what_it_does_who_may_and_how_it_refuses(path, operation):
    assert operation["summary"].endswith(".") or operation["summary"].endswith("?")
    assert operation["responses"]["default"] == REFUSAL
    if operation["security"]:
        assert operation["x-grants"], "a token needs at least one grant"
        assert set(operation["x-grants"]) <= GRANTS, "no issuer may grant it"
        assert operation["responses"]["401"] == operation["responses"]["403"] == REFUSAL
    if "requestBody" in operation:
        assert operation["responses"]["422"] == operation["responses"]["415"] == REFUSAL
    if "{" in path:
        assert operation["responses"]["404"] == REFUSAL


@pytest.mark.parametrize(("path", "operation"), OPERATIONS)
def test_an_answer_that_succeeds_is_described(path, operation):
    succeeds = {status: answer for status, answer in operation["responses"].items() if status < "4"}

    assert len(succeeds.keys() - {"304"}) == 1
    assert all("content" in answer for status, answer in succeeds.items() if status in ("200", "201"))
