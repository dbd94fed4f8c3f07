"""Reads /metrics with Prometheus's own library, which is strict about the form, and prints the samples as JSON."""

import json
import sys
import urllib.request

from prometheus_client.openmetrics.parser import text_string_to_metric_families

with urllib.request.urlopen(sys.argv[1]) as answer:
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text"), answer.headers["Content-Type"]
    text = answer.read().decode()
families = list(text_string_to_metric_families(text))
for family in families:
    assert family.documentation, family.name
samples = [[sample.name, sample.labels, sample.value] for family in families for sample in family.samples]
print(json.dumps(samples))
