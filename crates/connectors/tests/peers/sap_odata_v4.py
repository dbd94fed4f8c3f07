"""Asks a running SAP S/4HANA simulator with PyPI's `python-odata`, an OData v4 client that knows nothing of us.

    sap_odata_v4.py URL USER PASSWORD

Makes its classes from `$metadata`; lists, filters, orders, counts, expands, follows pages and navigations; creates a purchase
order by deep insert with the CSRF token, changes its header and an item with their versions, adds an item, deletes one.
Prints one line per step and `OK` at the end; leaves with 1 at the first thing that is not as it should be.
"""

import datetime
import sys
from decimal import Decimal

import requests
from odata import ODataService
from odata.exceptions import ODataError
from odata.flags import ODataServerFlags

SERVICE = "/sap/opu/odata4/sap/api_purchaseorder_2/srvd_a2x/sap/purchaseorder/0001/"
SETS = ["PurchaseOrder", "PurchaseOrderItem", "PurchaseOrderScheduleLine", "PurchaseOrderAccountAssignment",
        "PurchaseOrderNote", "PurchaseOrderItemNote"]


def expect(what, condition):
    if not condition:
        print(f"MISMATCH {what}")
        sys.exit(1)
    print(f"ok {what}")


def status_of(call):
    try:
        call()
        return 200
    except ODataError as error:
        return int(error.status_code.split()[1])


def items_of(service, order):
    item_class = service.entities["PurchaseOrderItem"]
    return service.query(item_class).filter(item_class.PurchaseOrder == order).order_by(item_class.PurchaseOrderItem.asc()).all()


def version(session, url, order):
    """The client does not keep what a row says of its version."""
    return session.get(f"{url}{SERVICE}PurchaseOrder('{order}')", timeout=30).json()["@odata.etag"]


def read(service, session, url):
    order_class = service.entities["PurchaseOrder"]
    query = service.query(order_class)
    total = query.count()
    expect("the count is the number of rows, over all pages", total == len(query.all()) > 20)
    first = query.order_by(order_class.PurchaseOrder.asc()).limit(3).all()
    expect("rows come in the order of their keys", [row.PurchaseOrder for row in first] == sorted(row.PurchaseOrder for row in first))
    expect("a date is a day", isinstance(first[0].PurchaseOrderDate, (datetime.date, str)) and len(str(first[0].PurchaseOrderDate)[:10]) == 10)
    newest = query.order_by(order_class.LastChangeDateTime.desc()).first()
    expect("an instant has its zone", newest.LastChangeDateTime.tzinfo is not None)
    since = newest.LastChangeDateTime - datetime.timedelta(seconds=1)
    found = query.filter(order_class.LastChangeDateTime >= since).all()
    expect("a filter by change time finds it", newest.PurchaseOrder in [row.PurchaseOrder for row in found] and len(found) < total)
    two = query.filter((order_class.CompanyCode == "1010") & (order_class.PurchaseOrder > first[0].PurchaseOrder)).limit(2).all()
    expect("conditions are joined", len(two) == 2 and all(row.CompanyCode == "1010" for row in two))
    item_class = service.entities["PurchaseOrderItem"]
    texts = service.query(item_class).filter(item_class.PurchaseOrderItemText.contains("ear")).limit(5).all()
    expect("contains finds a part of a text", texts and all("ear" in item.PurchaseOrderItemText for item in texts))
    one = query.get(first[0].PurchaseOrder)
    items = one._PurchaseOrderItem
    expect("a navigation leads to the items", items and all(item.PurchaseOrder == one.PurchaseOrder for item in items))
    expect("numbers are numbers", all(isinstance(item.OrderQuantity, Decimal) and item.OrderQuantity > 0 for item in items))
    rows = query.raw({"$expand": "_PurchaseOrderItem($expand=_PurchaseOrderScheduleLineTP;$select=OrderQuantity)", "$top": 5})
    for order in rows:
        for item in order["_PurchaseOrderItem"]:
            lines = item["_PurchaseOrderScheduleLineTP"]
            expect(f"{order['PurchaseOrder']}/{item['PurchaseOrderItem']}: the schedule adds up and only the chosen is shown",
                   abs(sum(line["ScheduleLineOrderQuantity"] for line in lines) - item["OrderQuantity"]) < 1e-9 and "Material" not in item)
    chosen = query.select(order_class.PurchaseOrder, order_class.Supplier).limit(1).all()[0]
    expect("a selection keeps its fields", chosen["Supplier"] and "CompanyCode" not in chosen)
    exact = session.get(url + SERVICE + "PurchaseOrderItem?$top=1", headers={"Accept": "application/json;IEEE754Compatible=true"}, timeout=30).json()
    expect("numbers are texts where that is asked for", isinstance(exact["value"][0]["OrderQuantity"], str))
    by_segments = session.get(f"{url}{SERVICE}PurchaseOrderItem/{items[0].PurchaseOrder}/{items[0].PurchaseOrderItem}", timeout=30).json()
    expect("keys may be segments", by_segments["Material"] == items[0].Material)


def create(service, supplier):
    order_class, item_class = service.entities["PurchaseOrder"], service.entities["PurchaseOrderItem"]
    line_class = service.entities["PurchaseOrderScheduleLine"]
    order, item, line = order_class(), item_class(), line_class()
    order.CompanyCode = order.PurchasingOrganization = "1010"
    order.PurchaseOrderType, order.PurchasingGroup, order.Supplier = "NB", "002", supplier
    order.CorrespncExternalReference = "python-odata"
    line.ScheduleLineDeliveryDate = "2031-01-01"
    item.Plant, item.Material, item.OrderQuantity, item.NetPriceAmount = "1010", "SP-0001", Decimal("12"), Decimal("8.3")
    item._PurchaseOrderScheduleLineTP = [line]
    order._PurchaseOrderItem = [item]
    before = service.query(order_class).count()
    service.save(order)
    expect(f"order {order.PurchaseOrder} is created", order.PurchaseOrder.startswith("45") and order.Supplier == supplier)
    expect("there is one order more", service.query(order_class).count() == before + 1)
    found = service.query(order_class).filter(order_class.CorrespncExternalReference == "python-odata").all()
    expect("it is found by its reference", order.PurchaseOrder in [row.PurchaseOrder for row in found])
    made = service.query(order_class).get(order.PurchaseOrder)
    first = items_of(service, order.PurchaseOrder)[0]
    expect("its item is as it was sent", (first.PurchaseOrderItem, first.Material, first.OrderQuantity, first.NetPriceAmount, first.NetAmount)
           == ("00010", "SP-0001", Decimal("12"), Decimal("8.3"), Decimal("99.6")))
    expect("so is the delivery date", str(first._PurchaseOrderScheduleLineTP[0].ScheduleLineDeliveryDate)[:10] == "2031-01-01")
    return made


def change(service, session, url, order):
    query = service.query(service.entities["PurchaseOrder"])
    order.CorrespncInternalReference = "changed"
    expect("a change without a version is refused", status_of(lambda: service.save(order)) == 428)
    old = version(session, url, order.PurchaseOrder)
    service.default_context.save(order, extra_headers={"If-Match": old})
    expect("a change with it is made", query.get(order.PurchaseOrder).CorrespncInternalReference == "changed")
    order.CorrespncInternalReference = "again"
    expect("the old version is stale", status_of(lambda: service.default_context.save(order, extra_headers={"If-Match": old})) == 412)
    item = items_of(service, order.PurchaseOrder)[0]
    item.OrderQuantity = Decimal("20")
    service.default_context.save(item, extra_headers={"If-Match": version(session, url, order.PurchaseOrder)})
    item = items_of(service, order.PurchaseOrder)[0]
    expect("an item is changed, and its schedule with it", item.OrderQuantity == 20
           and item._PurchaseOrderScheduleLineTP[0].ScheduleLineOrderQuantity == 20)
    at = f"{url}{SERVICE}PurchaseOrder('{order.PurchaseOrder}')/_PurchaseOrderItem"
    new = {"Plant": "1010", "Material": "SP-0002", "OrderQuantity": 2, "NetPriceAmount": 180,
           "_PurchaseOrderScheduleLineTP": [{"ScheduleLineDeliveryDate": "2031-02-01"}]}
    expect("an item is added below its order", session.post(at, json=new, timeout=30).status_code == 201)
    expect("but not to the set of items", session.post(url + SERVICE + "PurchaseOrderItem", json=new, timeout=30).status_code == 405)
    session.headers["If-Match"] = version(session, url, order.PurchaseOrder)
    service.default_context.delete(items_of(service, order.PurchaseOrder)[0])
    del session.headers["If-Match"]
    items = items_of(service, order.PurchaseOrder)
    expect("a deleted item stays, with its code", [row.PurchasingDocumentDeletionCode for row in items] == ["L", ""])


def refuse(service, session, url):
    answer = session.post(url + SERVICE + "PurchaseOrder", json={"CompanyCode": "1010", "Supplier": "99999999"}, timeout=30)
    error = answer.json()["error"]
    expect("what is wrong with an order is told in the details", answer.status_code == 400 and isinstance(error["message"], str)
           and any("99999999" in detail["message"] for detail in error["details"]))
    for wrong in [{"Menge": "1"}, {"CashDiscount1Days": "3"}, {"Supplier": None}, {"PurchaseOrderDate": "/Date(0)/"}]:
        expect(f"{wrong} is refused", session.post(url + SERVICE + "PurchaseOrder", json=wrong, timeout=30).status_code == 400)
    expect("an unknown order is not there", session.get(url + SERVICE + "PurchaseOrder('1')", timeout=30).status_code == 404)
    session.headers["x-csrf-token"] = "wrong"
    answer = session.post(url + SERVICE + "PurchaseOrder", json={}, timeout=30)
    expect("a wrong token is refused", answer.status_code == 403 and answer.headers["x-csrf-token"] == "Required")


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    url, user, password = sys.argv[1].rstrip("/"), *sys.argv[2:]
    session = requests.Session()
    session.auth = (user, password)
    service = ODataService(url + SERVICE, session=session, reflect_entities=True, quiet_progress=True,
                           server_flags=ODataServerFlags(skip_null_properties=True, provide_odata_type_annotation=False))
    expect("the metadata has exactly the sets", sorted(service.entities) == sorted(SETS))
    answer = session.get(url + SERVICE, headers={"x-csrf-token": "Fetch"}, timeout=30)
    session.headers["x-csrf-token"] = answer.headers["x-csrf-token"]
    requests.post(url + "/_control/page_cap?rows=20", timeout=30)
    read(service, session, url)
    terms = "/sap/opu/odata/sap/API_BUSINESS_PARTNER/A_SupplierPurchasingOrg?$filter=PurchasingOrganization eq '1010'&$top=1"
    supplier = session.get(url + terms, timeout=30).json()["d"]["results"][0]["Supplier"]
    change(service, session, url, create(service, supplier))
    refuse(service, session, url)
    print("OK python-odata and the simulator understand each other")


main()
