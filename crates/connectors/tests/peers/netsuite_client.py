"""Drives a NetSuite simulator with the `netsuite` package of PyPI (0.12, token-based authentication).

Usage: netsuite_client.py URL ACCOUNT CONSUMER_KEY CONSUMER_SECRET TOKEN_ID TOKEN_SECRET

The package knows only Oracle's hosts, so its address is overridden; everything else (headers, signature, paging,
parsing) is the package's own. Prints one `OK` line for each thing it saw, and fails on the first that is different.
"""

import asyncio
import sys

from netsuite import Config, NetSuiteRestApi, TokenAuth
from netsuite.exceptions import NetsuiteAPIRequestError


class Sandbox(NetSuiteRestApi):
    """The package's client, pointed at the simulator."""

    def __init__(self, url, config):
        super().__init__(config, concurrent_requests=2)
        self.url = url

    def _make_url(self, subpath):
        return f"{self.url}/services/rest{subpath}"


def same(what, seen, expected):
    if seen != expected:
        raise SystemExit(f"FAIL {what}: saw {seen!r}, expected {expected!r}")
    print(f"OK {what}")


async def receive(api, order):
    """Receives an order by transformation, looks at the stock, and takes the receipt back."""
    levels = "SELECT l.quantityonhand AS n FROM inventoryitemlocations l WHERE l.item = 1001 AND l.location = 2"

    async def on_hand():
        return float((await api.suiteql(levels, limit=1))["items"][0]["n"])

    before = await on_hand()
    path = f"/record/v1/purchaseOrder/{order['id']}/!transform/itemReceipt"
    body = {
        "externalId": "peer-receipt-1",
        "item": {"items": [{"orderLine": 1, "itemReceive": True, "quantity": 3, "location": {"id": "2"}}]},
    }
    same("a transformation has no body", await api.post(path, json=body), None)
    receipt = await api.get("/record/v1/itemReceipt/eid:peer-receipt-1", params={"expandSubResources": "true"})
    line = receipt["item"]["items"][0]
    same("the receipt is of the order's line", (receipt["createdFrom"]["id"], line["orderLine"], line["quantity"]), (order["id"], 1, 3.0))
    same("stock has grown by it", await on_hand(), before + 3)
    status = await api.get(f"/record/v1/purchaseOrder/{order['id']}", params={"fields": "status"})
    same("the order is partially received", status["status"]["id"] in ("D", "E"), True)
    kinds = await api.suiteql(f"SELECT t.type FROM transaction t WHERE t.id = {receipt['id']}", limit=1)
    same("suiteql knows it as a receipt", kinds["items"][0]["type"], "ItemRcpt")
    try:
        await api.delete(f"/record/v1/purchaseOrder/{order['id']}")
    except NetsuiteAPIRequestError as error:
        same("an order with a receipt is not deleted", error.status_code, 400)
    await api.delete(f"/record/v1/itemReceipt/{receipt['id']}")
    same("without the receipt the stock is as before", await on_hand(), before)


async def drive(api):
    counted = await api.suiteql("SELECT COUNT(*) AS n FROM transaction", limit=1)
    same("suiteql counts the orders as a text", isinstance(counted["items"][0]["n"], str), True)

    query = "SELECT t.id, t.tranid, t.entity FROM transaction t WHERE t.type = 'PurchOrd' ORDER BY t.id"
    first = await api.suiteql(query, limit=10)
    second = await api.suiteql(query, limit=10, offset=10)
    same("suiteql pages of ten", (first["count"], second["count"], second["offset"]), (10, 10, 10))
    ids = [int(row["id"]) for row in first["items"] + second["items"]]
    same("suiteql pages follow one another", ids, sorted(set(ids)))

    listed = await api.get("/record/v1/purchaseOrder", params={"limit": 5, "q": "tranId START_WITH PO"})
    same("a list with a blank in its q parameter", listed["count"], 5)
    same("a list shows only ids and links", sorted(listed["items"][0]), ["id", "links"])

    vendor = await api.get("/record/v1/vendor/101", params={"expandSubResources": "true"})
    same("a vendor reads back under its id", vendor["id"], "101")
    same("its addresses are expanded", vendor["addressBook"]["totalResults"], len(vendor["addressBook"]["items"]))

    order = {
        "externalId": "peer-client-1",
        "entity": {"id": "101"},
        "memo": "made by the netsuite package",
        "item": {"items": [{"item": {"id": "1001"}, "quantity": 4, "rate": 2.25}]},
    }
    same("a created order has no body", await api.post("/record/v1/purchaseOrder", json=order), None)
    made = await api.get("/record/v1/purchaseOrder/eid:peer-client-1", params={"expandSubResources": "true"})
    line = made["item"]["items"][0]
    same("the order was made as it was sent", (made["memo"], line["quantity"], line["amount"]), (order["memo"], 4.0, 9.0))
    same("its total is the line's amount", made["total"], 9.0)
    await api.patch(f"/record/v1/purchaseOrder/{made['id']}", json={"memo": "changed"})
    changed = await api.get(f"/record/v1/purchaseOrder/{made['id']}", params={"fields": "memo"})
    same("a patch changes only what it names", changed["memo"], "changed")

    await receive(api, made)

    for what, call, status in [
        ("a duplicate external id is refused", api.post("/record/v1/purchaseOrder", json=order), 400),
        ("a misspelled field is refused", api.patch("/record/v1/vendor/101", json={"emial": "x"}), 400),
        ("an unknown id is not found", api.get("/record/v1/vendor/999999"), 404),
        ("a query for an unknown table is refused", api.suiteql("SELECT id FROM nowhere"), 400),
    ]:
        try:
            await call
        except NetsuiteAPIRequestError as error:
            same(what, error.status_code, status)
        else:
            raise SystemExit(f"FAIL {what}: it was accepted")

    await api.delete(f"/record/v1/purchaseOrder/{made['id']}")
    gone = await api.suiteql(f"SELECT name FROM deletedrecord WHERE recordid = {made['id']}")
    same("a deleted order is in the deleted records", gone["items"][0]["name"], made["tranId"])

    schema = await api.jsonschema("purchaseOrder")
    same("the JSON Schema describes the lines", "item" in schema["properties"], True)


def main(url, account, consumer_key, consumer_secret, token_id, token_secret):
    auth = TokenAuth(
        consumer_key=consumer_key, consumer_secret=consumer_secret, token_id=token_id, token_secret=token_secret
    )
    asyncio.run(drive(Sandbox(url.rstrip("/"), Config(account=account, auth=auth))))


if __name__ == "__main__":
    if len(sys.argv) != 7:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
