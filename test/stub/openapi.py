"""Checks a description in OpenAPI 3.1, and requests and answers against it.  Prints what is wrong, a line each.

usage: openapi.py DESCRIPTION EXCHANGES    (files of JSON; an exchange: method, path, sent, status, type, content)

Needs jsonschema.  Where openapi-spec-validator is installed, it checks the description, too.
"""
import json
import re
import sys
import warnings

from jsonschema import Draft202012Validator, RefResolver
from jsonschema.exceptions import SchemaError

warnings.simplefilter("ignore")	# newer releases have another resolver
description = json.load(open(sys.argv[1], encoding="utf-8"))
exchanges = json.load(open(sys.argv[2], encoding="utf-8"))
resolver = RefResolver.from_schema(description)
prefix = description["servers"][0]["url"].rstrip("/")


def schemas(node):
    """All schemas: what stands under a member "schema" or "schemas"."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "schema":
                yield value
            elif name == "schemas":
                yield from value.values()
            yield from schemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from schemas(value)


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def check_description():
    names = []
    if not re.fullmatch(r"3\.1\.\d+", description.get("openapi", "")):
        yield "it is not of OpenAPI 3.1"
    for schema in schemas(description):
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            yield f"a schema is none: {error.message}"
    for reference in sorted(set(references(description))):
        try:
            resolver.resolve(reference)
        except Exception:
            yield f"{reference} leads nowhere"
    for path, item in description["paths"].items():
        for method, operation in item.items():
            names.append(operation["operationId"])
            declared = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
            if declared != set(re.findall(r"{(\w+)}", path)):
                yield f"{method} {path} declares other parameters than its path has"
            if not any(status[0] == "2" for status in operation["responses"]):
                yield f"{method} {path} has no good answer"
    if len(names) != len(set(names)):
        yield "two operations have one name"


def find_operation(method, path):
    path = path.split("?")[0]
    for form, item in description["paths"].items():
        pattern = prefix + re.sub(r"\\{\w+\\}", "[^/]+", re.escape(form))
        if re.fullmatch(pattern, path):
            return item.get(method.lower() if method != "HEAD" else "get")
    return None


def faults(schema, value):
    for error in Draft202012Validator(schema, resolver=resolver).iter_errors(value):
        yield f"{error.json_path}: {error.message}"


def check_exchange(exchange):
    operation = find_operation(exchange["method"], exchange["path"])
    status = str(exchange["status"])
    answers = operation["responses"] if operation else {"default": {"content": {"application/problem+json": {
        "schema": {"$ref": "#/components/schemas/Problem"}}}}}
    answer = answers.get(status, answers["default"] if status[0] in "45" else None)
    if answer is None:
        if status != "204":
            yield f"status {status} is not described"
        return
    if not exchange["content"]:
        if "content" in answer and exchange["method"] != "HEAD":
            yield "there is no content"
        return
    media = answer.get("content", {}).get(exchange["type"])
    if media is None:
        yield f"content of type {exchange['type']} is not described"
        return
    is_json = exchange["type"].endswith("json")
    yield from faults(media["schema"], json.loads(exchange["content"]) if is_json else exchange["content"])
    sent = exchange.get("sent")
    if status[0] == "2" and sent and "sent_type" in exchange and operation:
        wanted = operation.get("requestBody", {}).get("content", {}).get(exchange["sent_type"])
        if wanted is not None:
            yield from faults(wanted["schema"], json.loads(sent))


for fault in check_description():
    print(f"description: {fault}")
for exchange in exchanges:
    for fault in check_exchange(exchange):
        print(f"{exchange['method']} {exchange['path']} {exchange['status']}: {fault}")
try:
    import openapi_spec_validator
except ImportError:
    sys.exit()
try:
    openapi_spec_validator.validate(description)
except Exception as error:
    print(f"openapi-spec-validator: {error}")
