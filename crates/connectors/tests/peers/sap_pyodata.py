"""Asks a running SAP S/4HANA simulator with PyPI's `pyodata`, an OData v2 client that knows nothing of us.

    sap_pyodata.py URL USER PASSWORD

Parses the metadata of all services, lists, filters, expands, counts, follows pages and navigations, creates a
purchase order by deep insert with the CSRF token, changes it with its version and reads it back; receives goods for it and
cancels the receipt by function import; takes a maintenance order through its life; sends batches with changesets. Prints one line per
step and `OK` at the end; leaves with 1 at the first thing that is not as it should be.
"""

import datetime
import logging
import sys
from decimal import Decimal

import pyodata
import requests
from pyodata.exceptions import HttpError
from pyodata.v2.model import Config

ROOT = "/sap/opu/odata/sap/"
# The sets, and how many rows each has at least in a new sandbox.
SETS = {
    "API_BUSINESS_PARTNER": {
        "A_BusinessPartner": 43, "A_Supplier": 40, "A_BusinessPartnerAddress": 43, "A_AddressEmailAddress": 43,
        "A_AddressPhoneNumber": 43, "A_BusinessPartnerRole": 80, "A_SupplierCompany": 0,
        "A_SupplierPurchasingOrg": 0, "A_BusinessPartnerTaxNumber": 0,
    },
    "API_PRODUCT_SRV": {
        "A_Product": 60, "A_ProductDescription": 120, "A_ProductPlant": 0, "A_ProductStorageLocation": 0,
        "A_ProductValuation": 0,
    },
    "API_PURCHASEORDER_PROCESS_SRV": {
        "A_PurchaseOrder": 0, "A_PurchaseOrderItem": 0, "A_PurchaseOrderScheduleLine": 0,
        "A_PurOrdAccountAssignment": 0, "A_PurchaseOrderNote": 0, "A_PurchaseOrderItemNote": 0,
    },
    "API_MATERIAL_DOCUMENT_SRV": {"A_MaterialDocumentHeader": 1, "A_MaterialDocumentItem": 1},
    "API_MATERIAL_STOCK_SRV": {"A_MaterialStock": 50, "A_MatlStkInAcctMod": 100},
    "API_FUNCTIONALLOCATION": {"FunctionalLocation": 12},
    "API_EQUIPMENT": {"Equipment": 30},
    "API_MAINTENANCEORDER;v=2": {
        "MaintenanceOrder": 40, "MaintenanceOrderOperation": 40, "MaintOrderOpComponent": 10, "MaintenanceOrderLongText": 10,
    },
    "API_MAINTNOTIFICATION": {"MaintenanceNotification": 24, "MaintenanceNotificationItem": 0},
}


def expect(what, condition):
    if not condition:
        print(f"MISMATCH {what}")
        sys.exit(1)
    print(f"ok {what}")


def connect(url, user, password):
    session = requests.Session()
    session.auth = (user, password)
    config = Config(retain_null=True)
    return session, {name: pyodata.Client(url + ROOT + name + "/", session, config=config) for name in SETS}


def fetch_token(session, url):
    answer = session.get(url + ROOT + "API_PURCHASEORDER_PROCESS_SRV/", headers={"x-csrf-token": "Fetch"}, timeout=30)
    expect("a token and a session are given", answer.ok and "SAP_SESSIONID_SIM_100" in session.cookies)
    session.headers["x-csrf-token"] = answer.headers["x-csrf-token"]


def read_metadata(session, url, clients):
    for name, sets in SETS.items():
        known = {entity_set.name for entity_set in clients[name].schema.entity_sets}
        expect(f"{name}: metadata lists exactly the sets", known == set(sets))
        for entity_set, count in sets.items():
            rows = getattr(clients[name].entity_sets, entity_set).get_entities().top(3).execute()
            total = getattr(clients[name].entity_sets, entity_set).get_entities().count().execute()
            expect(f"{entity_set}: {total} rows, {len(rows)} read", len(rows) == min(3, total) and total >= count)
            shown = session.get(f"{url}{ROOT}{name}/{entity_set}?$top=1", timeout=30).json()["d"]["results"]
            declared = clients[name].schema.entity_set(entity_set).entity_type
            names = {prop.name for prop in declared.proprties()} | {nav.name for nav in declared.nav_proprties}
            expect(f"{entity_set}: shows what is declared", all(set(row) == names | {"__metadata"} for row in shown))


def read_orders(orders):
    changed = orders.A_PurchaseOrder.get_entities().order_by("LastChangeDateTime desc").top(1).execute()[0]
    expect("a change time has a zone", changed.LastChangeDateTime.tzinfo is not None)
    expect("a date has none of the day's time", changed.PurchaseOrderDate.hour == 0)
    since = changed.LastChangeDateTime.strftime("%Y-%m-%dT%H:%M:%SZ")
    newer = orders.A_PurchaseOrder.get_entities().filter(f"LastChangeDateTime ge datetimeoffset'{since}'").execute()
    expect("a filter by change time finds it", changed.PurchaseOrder in [row.PurchaseOrder for row in newer])
    page = orders.A_PurchaseOrder.get_entities().filter("CompanyCode eq '1010'").count(inline=True).top(2).execute()
    counted = orders.A_PurchaseOrder.get_entities().filter("CompanyCode eq '1010'").count().execute()
    expect("the inline count is the count", page.total_count == counted > 2 == len(page))
    found = orders.A_PurchaseOrder.get_entities().expand("to_PurchaseOrderItem/to_ScheduleLine").top(20).execute()
    for order in found:
        for item in order.to_PurchaseOrderItem:
            expect(f"{order.PurchaseOrder}/{item.PurchaseOrderItem}: decimals and schedule",
                   item.OrderQuantity[-4] == "." and len(item.PurchaseOrderItem) == 5 and Decimal(item.OrderQuantity)
                   == sum(Decimal(line.ScheduleLineOrderQuantity) for line in item.to_ScheduleLine))
    first = found[0]
    items = orders.A_PurchaseOrder.get_entity(first.PurchaseOrder).nav("to_PurchaseOrderItem").get_entities().execute()
    expect("a navigation shows the expanded items",
           [item.PurchaseOrderItem for item in items] == [item.PurchaseOrderItem for item in first.to_PurchaseOrderItem])
    chosen = orders.A_PurchaseOrder.get_entities().select("PurchaseOrder,Supplier").top(1).execute()[0]
    expect("a selection keeps its fields", chosen.Supplier != "" and "CompanyCode" not in chosen._cache)


def read_partners(partners):
    named = partners.A_BusinessPartner.get_entities().filter("substringof('GmbH',OrganizationBPName1)").execute()
    expect("partners are found by a part of the name", named and all("GmbH" in row.OrganizationBPName1 for row in named))
    unchanged = partners.A_BusinessPartner.get_entities().filter("LastChangeDate eq null").execute()
    expect("partners that were never changed have no date", unchanged and all(row.LastChangeDate is None for row in unchanged))
    partner = partners.A_BusinessPartner.get_entity("1000002").expand("to_Supplier/to_SupplierPurchasingOrg").execute()
    rows = partner.to_Supplier.to_SupplierPurchasingOrg
    expect("a supplier's purchasing data hang below it", rows and rows[0].Supplier == partner.Supplier)
    return rows[0].Supplier, rows[0].PurchasingOrganization


def write_order(session, url, orders, supplier, organization):
    plant = {"1010": "1010", "1710": "1710"}[organization]
    body = {
        "CompanyCode": organization, "PurchaseOrderType": "NB", "Supplier": supplier,
        "PurchasingOrganization": organization, "PurchasingGroup": "002", "CorrespncExternalReference": "pyodata-0001",
        "to_PurchaseOrderItem": [
            {"PurchaseOrderItem": "10", "Plant": plant, "Material": "SP-0001", "OrderQuantity": "12.000",
             "NetPriceAmount": "8.300", "to_ScheduleLine": [{"ScheduleLineDeliveryDate": "/Date(1924992000000)/"}]},
        ],
    }
    before = orders.A_PurchaseOrder.get_entities().count().execute()
    created = orders.A_PurchaseOrder.create_entity().set(**body).execute()
    expect(f"order {created.PurchaseOrder} is created", created.PurchaseOrder.startswith("45") and created.Supplier == supplier)
    expect("there is one order more", orders.A_PurchaseOrder.get_entities().count().execute() == before + 1)
    read = orders.A_PurchaseOrder.get_entity(created.PurchaseOrder).expand("to_PurchaseOrderItem/to_ScheduleLine").execute()
    item = read.to_PurchaseOrderItem[0]
    expect("it is read back as it was sent",
           (item.PurchaseOrderItem, item.Material, item.OrderQuantity, item.NetPriceAmount)
           == ("00010", "SP-0001", "12.000", "8.300") and read.CorrespncExternalReference == "pyodata-0001")
    expect("the delivery date is the day that was sent",
           item.to_ScheduleLine[0].ScheduleLineDeliveryDate.date() == datetime.date(2031, 1, 1))
    expect("a change without a version is refused", update(orders, created.PurchaseOrder, "none") == 428)
    session.headers["If-Match"] = read.etag
    expect("a change with it is accepted", update(orders, created.PurchaseOrder, "changed") is None)
    expect("and is shown", orders.A_PurchaseOrder.get_entity(created.PurchaseOrder).execute().CorrespncInternalReference == "changed")
    expect("the old version is stale", update(orders, created.PurchaseOrder, "again") == 412)
    del session.headers["If-Match"]
    orders.A_PurchaseOrderItem.delete_entity(PurchaseOrder=created.PurchaseOrder, PurchaseOrderItem="00010").execute()
    gone = orders.A_PurchaseOrderItem.get_entity(PurchaseOrder=created.PurchaseOrder, PurchaseOrderItem="00010").execute()
    expect("a deleted item stays, with its code", gone.PurchasingDocumentDeletionCode == "L")
    body["Supplier"] = "99999999"
    try:
        orders.A_PurchaseOrder.create_entity().set(**body).execute()
        expect("an unknown supplier is refused", False)
    except HttpError as error:
        details = error.response.json()["error"]["innererror"]["errordetails"]
        expect("an unknown supplier is refused", error.response.status_code == 400
               and any("99999999 does not exist" in detail["message"] for detail in details))
    session.headers["x-csrf-token"] = "wrong"
    answer = session.post(url + ROOT + "API_PURCHASEORDER_PROCESS_SRV/A_PurchaseOrder", json=body, timeout=30)
    expect("a wrong token is refused", answer.status_code == 403 and answer.headers["x-csrf-token"] == "Required")


def on_hand(stock, material, location):
    filter = f"Material eq '{material}' and StorageLocation eq '{location}' and InventoryStockType eq '01'"
    rows = stock.A_MatlStkInAcctMod.get_entities().filter(filter).execute()
    return sum(Decimal(row.MatlWrhsStkQtyInMatlBaseUnit) for row in rows)


def receive_goods(clients, supplier, organization):
    orders = clients["API_PURCHASEORDER_PROCESS_SRV"].entity_sets
    documents, stock = clients["API_MATERIAL_DOCUMENT_SRV"], clients["API_MATERIAL_STOCK_SRV"].entity_sets
    place = {"1010": "101A", "1710": "171A"}[organization]
    order = orders.A_PurchaseOrder.create_entity().set(
        CompanyCode=organization, PurchaseOrderType="NB", Supplier=supplier, PurchasingOrganization=organization,
        PurchasingGroup="002", to_PurchaseOrderItem=[
            {"Plant": organization, "StorageLocation": place, "Material": "SP-0002", "OrderQuantity": "5.000",
             "NetPriceAmount": "180.000", "to_ScheduleLine": [{"ScheduleLineDeliveryDate": "/Date(1924992000000)/"}]}],
    ).execute().PurchaseOrder
    before = on_hand(stock, "SP-0002", place)
    item = {"GoodsMovementType": "101", "PurchaseOrder": order, "PurchaseOrderItem": "00010", "QuantityInEntryUnit": "5.000"}
    body = {"GoodsMovementCode": "01", "ReferenceDocument": "DN-PYODATA", "to_MaterialDocumentItem": [item]}
    try:
        documents.entity_sets.A_MaterialDocumentHeader.create_entity().set(**body).execute()
        expect("a receipt without its reference document type is refused", False)
    except HttpError as error:
        expect("a receipt without its reference document type is refused",
               error.response.json()["error"]["code"] == "MM_IM_ODATA_API_MDOC/011")
    item["GoodsMovementRefDocType"] = "B"
    posted = documents.entity_sets.A_MaterialDocumentHeader.create_entity().set(**body).execute()
    expect("stock grows by what was received", on_hand(stock, "SP-0002", place) == before + 5)
    key = {"MaterialDocumentYear": posted.MaterialDocumentYear, "MaterialDocument": posted.MaterialDocument}
    items = documents.entity_sets.A_MaterialDocumentHeader.get_entity(**key).nav("to_MaterialDocumentItem").get_entities().execute()
    expect("the document has its item", [row.Material for row in items] == ["SP-0002"])
    line = orders.A_PurchaseOrderItem.get_entity(PurchaseOrder=order, PurchaseOrderItem="00010").execute()
    expect("the order's item is completely delivered", line.IsCompletelyDelivered is True)
    cancel = documents.functions.Cancel.parameter("MaterialDocumentYear", key["MaterialDocumentYear"])
    reversal = cancel.parameter("MaterialDocument", key["MaterialDocument"]).parameter("PostingDate", datetime.datetime.now(datetime.timezone.utc)).execute()
    expect("cancelling posts another document", reversal.MaterialDocument != posted.MaterialDocument)
    expect("and takes the stock back", on_hand(stock, "SP-0002", place) == before)


def maintain(session, client):
    orders = client.entity_sets.MaintenanceOrder
    created = orders.create_entity().set(
        MaintenanceOrderType="YA01", MaintenanceOrderDesc="Replace the seal", Equipment="10000002", MaintPriority="2",
        to_MaintenanceOrderOperation=[{"OperationDescription": "Replace", "MaintOrdOperationWorkDuration": "2.5"}],
    ).execute()
    number = created.MaintenanceOrder

    def read():
        return orders.get_entity(number).expand("to_MaintenanceOrderOperation").execute()

    expect("the equipment gives the place", read().FunctionalLocation != "")
    expect("the operation is numbered", [row.MaintenanceOrderOperation for row in read().to_MaintenanceOrderOperation] == ["0010"])
    for function, phase in [("ReleaseMaintenanceOrder", "07"), ("SetMaintOrdToTechCompleted", "08"), ("SetMaintOrderStatusToClosed", "09")]:
        session.headers["If-Match"] = read().etag
        getattr(client.functions, function).parameter("MaintenanceOrder", number).execute()
        expect(f"{function} leads to phase {phase}", read().MaintOrdProcessPhaseCode == phase)
    session.headers["If-Match"] = read().etag
    try:
        client.functions.ReleaseMaintenanceOrder.parameter("MaintenanceOrder", number).execute()
        expect("a closed order cannot be released", False)
    except HttpError as error:
        expect("a closed order cannot be released", error.response.status_code == 400)
    del session.headers["If-Match"]


def batches(session, client, supplier, organization):
    """Several requests in one: a changeset is done whole or not at all, and reads beside it are answered each."""
    orders = client.entity_sets
    count = orders.A_PurchaseOrder.get_entities().count().execute()

    def order(supplier):
        return orders.A_PurchaseOrder.create_entity().set(
            CompanyCode=organization, PurchaseOrderType="NB", Supplier=supplier, PurchasingOrganization=organization,
            PurchasingGroup="002", to_PurchaseOrderItem=[
                {"Plant": organization, "Material": "SP-0001", "OrderQuantity": "1.000", "NetPriceAmount": "8.300",
                 "to_ScheduleLine": [{"ScheduleLineDeliveryDate": "/Date(1924992000000)/"}]}])

    changes = client.create_changeset()
    changes.add_request(order(supplier))
    changes.add_request(order(supplier))
    batch = client.create_batch()
    batch.add_request(changes)
    batch.add_request(orders.A_PurchaseOrder.get_entities().order_by("PurchaseOrder desc").top(1))
    (first, second), newest = batch.execute()
    expect("a changeset creates both orders", int(second.PurchaseOrder) == int(first.PurchaseOrder) + 1)
    expect("a read behind it in the batch shows them", newest[0].PurchaseOrder == second.PurchaseOrder)

    changes = client.create_changeset()
    changes.add_request(order(supplier))
    changes.add_request(order("99999999"))
    batch = client.create_batch()
    batch.add_request(changes)
    try:
        batch.execute()
        expect("a changeset with a wrong order is refused", False)
    except HttpError as error:
        expect("a changeset with a wrong order is refused", "single response received, status code: 400" in str(error))
    expect("and none of its orders is there", orders.A_PurchaseOrder.get_entities().count().execute() == count + 2)


def update(orders, number, text):
    request = orders.A_PurchaseOrder.update_entity(number, method="PATCH")
    try:
        request.set(CorrespncInternalReference=text).execute()
        return None
    except HttpError as error:
        return error.response.status_code


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    logging.disable(logging.WARNING)
    url, user, password = sys.argv[1].rstrip("/"), sys.argv[2], sys.argv[3]
    session, clients = connect(url, user, password)
    fetch_token(session, url)
    read_metadata(session, url, clients)
    read_orders(clients["API_PURCHASEORDER_PROCESS_SRV"].entity_sets)
    supplier, organization = read_partners(clients["API_BUSINESS_PARTNER"].entity_sets)
    receive_goods(clients, supplier, organization)
    maintain(session, clients["API_MAINTENANCEORDER;v=2"])
    batches(session, clients["API_PURCHASEORDER_PROCESS_SRV"], supplier, organization)
    write_order(session, url, clients["API_PURCHASEORDER_PROCESS_SRV"].entity_sets, supplier, organization)
    print("OK pyodata and the simulator understand each other")


main()
