"""Holds events against the schemas of their types, with a validator that others wrote: reads {"types": […], "events": […]}."""

import json
import sys

from jsonschema import Draft202012Validator, FormatChecker

given = json.load(sys.stdin)
validators = {}
for kind in given["types"]:
    Draft202012Validator.check_schema(kind["schema"])
    validators[kind["name"]] = Draft202012Validator(kind["schema"], format_checker=FormatChecker())
for kind in given["types"]:
    validators[kind["name"]].validate(kind["example"])
for event in given["events"]:
    validators[event["type"]].validate(event)
print("OK", len(given["types"]), len(given["events"]))
