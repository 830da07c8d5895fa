# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds real output of `rebind show --json` to its schema, and the schema to the output.

usage: schema.py SCHEMA FILE...

The schema is made strict first: a field that it does not describe is an error here. Prints a line
for each claim that does not hold, and exits with 1 if there is one. "unused NAME" is a field of the
schema that no FILE has.
"""
import copy, json, sys

import jsonschema

WRONG = {"not": "this"}


def objects(schema):
    """Every part of the schema that describes fields."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "$schema" not in schema:
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


def names(document):
    """Every field of a document, and below."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield name
            yield from names(value)
    elif isinstance(document, list):
        for value in document:
            yield from names(value)


def spoiled(document):
    """Copies of the document, each with one field that is gone wrong."""
    for name in document:
        other = copy.deepcopy(document)
        other[name] = WRONG
        yield name, other
    if document.get("mounts"):
        for name in {name for mount in document["mounts"] for name in mount}:
            other = copy.deepcopy(document)
            next(mount for mount in other["mounts"] if name in mount)[name] = WRONG
            yield name, other


def main():
    schema = json.load(open(sys.argv[1]))
    jsonschema.Draft202012Validator.check_schema(schema)
    described = {name for part in objects(schema) for name in part["properties"]}
    for part in objects(schema):
        part["additionalProperties"] = False
    validator = jsonschema.Draft202012Validator(schema)
    failed, used = False, set()
    for path in sys.argv[2:]:
        document = json.load(open(path))
        used |= set(names(document))
        for error in validator.iter_errors(document):
            print(f"{path}: {error.json_path}: {error.message[:300]}")
            failed = True
        for name, other in spoiled(document):
            if validator.is_valid(other):
                print(f"{path}: with a wrong '{name}' it is valid, too")
                failed = True
    for name in sorted(described - used):
        print(f"unused {name}")
    return 1 if failed else 0


sys.exit(main())
