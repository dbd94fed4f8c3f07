"""Loads a list of an OData v2 service into PostgreSQL with dlt, the way its documentation shows: a resource that yields
pages, child tables for nested lists (dlt's default), the default write disposition (append).

Reads one JSON object from standard input: url (of the list, with its query but without the page's filter), key (the field
that pages go by), user, password, database (a URL), dataset. Pages are asked for exactly as the measured server asks for
them. Prints one JSON object: rows, pages, CPU seconds of the imports alone, of the whole process and its children, and the
largest resident set in bytes.
"""

import json
import os
import resource
import sys
import tempfile
from urllib.parse import quote


def cpu():
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def main():
    task = json.load(sys.stdin)
    home = tempfile.mkdtemp(prefix="dlt-", dir=os.getcwd())
    os.environ["DLT_DATA_DIR"] = home
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

    import dlt
    import requests

    imports = cpu()
    seen = {"rows": 0, "pages": 0}

    @dlt.resource(name="purchase_order")
    def orders():
        session = requests.Session()
        session.auth = (task["user"], task["password"])
        after = None
        while True:
            url = task["url"]
            if after is not None:
                url += "&$filter=" + quote(f"({task['key']} gt '{after}')")
            answer = session.get(url, headers={"accept": "application/json"}, timeout=120)
            answer.raise_for_status()
            rows = answer.json()["d"]["results"]
            if not rows:
                return
            seen["rows"] += len(rows)
            seen["pages"] += 1
            after = rows[-1][task["key"]]
            yield rows

    pipeline = dlt.pipeline(
        pipeline_name="bench",
        pipelines_dir=os.path.join(home, "pipelines"),
        destination=dlt.destinations.postgres(task["database"]),
        dataset_name=task["dataset"],
    )
    info = pipeline.run(orders())
    info.raise_on_failed_jobs()
    with pipeline.sql_client() as client:
        tables = [row[0] for row in client.execute_sql(
            "select table_name from information_schema.tables where table_schema = %s", task["dataset"])]
        tables = [name for name in tables if not name.startswith("_dlt")]
        stored = {name: client.execute_sql(f'select count(*) from "{name}"')[0][0] for name in tables}
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({**seen, "stored": stored, "cpu_imports": imports, "cpu": cpu(), "peak": most * 1024,
                      "version": dlt.__version__}))


main()
