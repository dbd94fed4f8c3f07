"""Reads one set of a running SAP S/4HANA simulator with PyPI's `pyodata`: what we wrote, seen by others.

    sap_read.py URL USER PASSWORD SERVICE SET FILTER MEMBER...

Prints the rows as a JSON list of objects with those members.
"""

import json
import sys

import pyodata
import requests
from pyodata.v2.model import Config

url, user, password, service, name, condition, *members = sys.argv[1:]
session = requests.Session()
session.auth = (user, password)
client = pyodata.Client(f"{url}/sap/opu/odata/sap/{service}/", session, config=Config(retain_null=True))
rows = getattr(client.entity_sets, name).get_entities().filter(condition).execute()
print(json.dumps([{member: str(getattr(row, member)) for member in members} for row in rows]))
