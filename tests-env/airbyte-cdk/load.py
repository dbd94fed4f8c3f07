"""Reads a list of an OData v2 service with airbyte-cdk the way its Python connectors do: an HTTP stream with pagination, full
refresh, each record printed as an Airbyte message (into nothing: loading is another program's part there).

Reads one JSON object from standard input: url (of the list, with its query but without the page's filter), key (the field
that pages go by), user, password. Pages are asked for exactly as the measured server asks for them. Prints one JSON object:
the number of records, CPU seconds of the imports alone and of the whole process, and the largest resident set in bytes.
"""

import importlib.metadata
import json
import logging
import os
import resource
import sys
from urllib.parse import quote


def cpu():
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime


def main():
    task = json.load(sys.stdin)
    from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer
    from airbyte_cdk.entrypoint import AirbyteEntrypoint
    from airbyte_cdk.sources import AbstractSource
    from airbyte_cdk.sources.streams.http import HttpStream
    from requests.auth import HTTPBasicAuth

    imports = cpu()
    seen = {"records": 0}
    base, rest = task["url"].split("/sap/", 1)

    class Orders(HttpStream):
        name = "purchase_order"
        primary_key = task["key"]
        url_base = base + "/"

        def get_json_schema(self):
            return {"type": "object", "additionalProperties": True, "properties": {}}

        def path(self, *, next_page_token=None, **_):
            after = f"&$filter={next_page_token['filter']}" if next_page_token else ""
            return "sap/" + rest + after

        def next_page_token(self, response):
            rows = response.json()["d"]["results"]
            return {"filter": quote(f"({self.primary_key} gt '{rows[-1][self.primary_key]}')")} if rows else None

        def parse_response(self, response, **_):
            rows = response.json()["d"]["results"]
            seen["records"] += len(rows)
            yield from rows

    class Source(AbstractSource):
        def check_connection(self, logger, config):
            return True, None

        def streams(self, config):
            return [Orders(authenticator=HTTPBasicAuth(task["user"], task["password"]))]

    catalog = ConfiguredAirbyteCatalogSerializer.load({"streams": [{
        "stream": {"name": "purchase_order", "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
        "sync_mode": "full_refresh", "destination_sync_mode": "append"}]})
    logging.disable(logging.INFO)
    with open(os.devnull, "w") as nothing:
        for message in Source().read(logging.getLogger("airbyte"), {}, catalog, {}):
            print(AirbyteEntrypoint.airbyte_message_to_string(message), file=nothing)
    print(json.dumps({"stored": {"purchase_order": seen["records"]}, "cpu_imports": imports, "cpu": cpu(),
                      "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                      "version": importlib.metadata.version("airbyte-cdk")}))


main()
