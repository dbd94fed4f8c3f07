"""Reads one record of a running NetSuite simulator with the `netsuite` package of PyPI: what we wrote, seen by others.

    netsuite_read.py URL ACCOUNT CONSUMER_KEY CONSUMER_SECRET TOKEN_ID TOKEN_SECRET PATH

Prints the record as JSON, with its lines; or a list of records, if PATH asks for one with `?q=`.
"""

import asyncio
import json
import sys

from netsuite import Config, TokenAuth
from netsuite_client import Sandbox

url, account, key, secret, token, token_secret, path = sys.argv[1:]
auth = TokenAuth(consumer_key=key, consumer_secret=secret, token_id=token, token_secret=token_secret)
api = Sandbox(url, Config(account=account, auth=auth))
path, _, condition = path.partition("?q=")
params = {"q": condition} if condition else {"expandSubResources": "true"}
print(json.dumps(asyncio.run(api.get(path, params=params))))
