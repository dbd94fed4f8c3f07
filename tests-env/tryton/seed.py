"""Makes the Tryton database that the tests start from.

    python seed.py CONFIG DATABASE LOGIN    (the password of LOGIN is read from standard input)

CONFIG names an empty directory as the SQLite path. The result is the same at every run, apart from Tryton's own time
stamps and the dates, which count back from today: one company in USD, 30 suppliers, 12 products with stock, 25
purchases in four states of which one is received, and one user who may do everything.
"""

import configparser
import datetime
import os
import secrets
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

MODULES = ["purchase", "purchase_request", "stock", "stock_supply"]

# Code, name, unit, cost. Litres and kilograms are there because a quantity is not always a whole number.
PRODUCTS = [
    ("SP-0001", "Deep groove ball bearing 6204-2RS", "Unit", "7.4250"),
    ("SP-0002", "Deep groove ball bearing 6308-C3", "Unit", "21.9000"),
    ("SP-0003", "Hydraulic oil ISO VG 46", "Liter", "3.1875"),
    ("SP-0004", "V-belt SPB 2240", "Unit", "18.0500"),
    ("SP-0005", "Lithium grease NLGI 2", "Kilogram", "9.9900"),
    ("SP-0006", "Contactor 3-pole 25 A, 24 V coil", "Unit", "44.7000"),
    ("SP-0007", "Wellendichtring Ø 45×62×8 „Viton“", "Unit", "12.3456"),
    ("SP-0008", "Inductive sensor M12, PNP", "Unit", "31.2000"),
    ("SP-0009", "Roller chain 10B-1, 5 m", "Unit", "38.5000"),
    ("SP-0010", "Filter element 10 µm", "Unit", "26.7500"),
    ("SP-0011", "Gear motor 0.75 kW", "Unit", "412.0000"),
    ("SP-0012", "Mechanical seal 32 mm", "Unit", "96.4000"),
]

# Supplier names by number where they are not the ordinary one; accents and ampersands must survive a sync.
NAMES = {4: "Société Dupré & Fils", 11: "Müller Antriebstechnik GmbH", 23: "Łódź Castings sp. z o.o."}
SUPPLIERS = 30
PURCHASES = 25
STATES = ["draft", "quotation", "confirmed", "processing"]


def create_database(config, database):
    """Creates the empty database and its modules with Tryton's own tool; nobody ever logs in as its administrator."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(config)
    (Path(parser["database"]["path"]) / f"{database}.sqlite").touch(exist_ok=False)
    with tempfile.NamedTemporaryFile("w") as password:
        password.write(secrets.token_urlsafe(24) + "\n")
        password.flush()
        admin = Path(sys.executable).parent / "trytond-admin"
        command = [admin, "-c", config, "-d", database, "--email", "admin@example.invalid", "-p", "-u", *MODULES]
        subprocess.run(
            [*command, "--activate-dependencies"],
            env={**os.environ, "TRYTONPASSFILE": password.name},
            stdin=subprocess.DEVNULL,
            timeout=600,
            check=True,
        )


def connect(config, database):
    import trytond.config
    from proteus import config as proteus_config

    trytond.config.update_etc(config)
    return proteus_config.set_trytond(database, config_file=config)


def one(model, **wanted):
    """The only record of a model with these values; anything else than one record is an error."""
    from proteus import Model

    (found,) = Model.get(model).find([(name, "=", value) for name, value in wanted.items()])
    return found


def create_company(today):
    from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, get_accounts
    from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences
    from trytond.modules.company.tests.tools import create_company as run_wizard
    from trytond.modules.company.tests.tools import get_company
    from trytond.modules.currency.tests.tools import get_currency
    from proteus import Model

    party = Model.get("party.party")(name="Acme Plant Services Inc.")
    party.save()
    run_wizard(party=party, currency=get_currency("USD"))
    company = get_company()
    create_chart(company)
    # From last year to the next one, so that a template cached over New Year stays usable.
    span = (datetime.date(today.year - 1, 1, 1), datetime.date(today.year + 1, 12, 31))
    year = set_fiscalyear_invoice_sequences(create_fiscalyear(company, span))
    year.save()
    year.click("create_period")
    return company, get_accounts(company)


def create_payment_term():
    from proteus import Model

    term = Model.get("account.invoice.payment_term")(name="30 days net")
    line = term.lines.new(type="remainder")
    line.relativedeltas.new(days=30)
    term.save()
    return term


def create_suppliers(term):
    from proteus import Model

    country = Model.get("country.country")(name="United States", code="US", code3="USA", code_numeric="840")
    country.save()
    suppliers = []
    for number in range(1, SUPPLIERS + 1):
        name = NAMES.get(number, f"Supplier {number:02d} Industrial Supply")
        supplier = Model.get("party.party")(name=name, code=f"V-{1000 + number}", supplier_payment_term=term)
        (address,) = supplier.addresses or [supplier.addresses.new()]
        address.street_unstructured = f"{100 + number} Mill Street"
        address.postal_code = f"{44100 + number}"
        address.city = "Cleveland"
        address.country = country
        supplier.contact_mechanisms.new(type="email", value=f"orders@supplier{number:02d}.example")
        supplier.save()
        suppliers.append(supplier)
    return suppliers


def create_products(accounts):
    from proteus import Model

    category = Model.get("product.category")(name="Spare parts", accounting=True)
    category.account_expense = accounts["expense"]
    category.account_revenue = accounts["revenue"]
    category.save()
    products = []
    for code, name, unit, cost in PRODUCTS:
        template = Model.get("product.template")(name=name, code=code, type="goods", account_category=category)
        template.default_uom = one("product.uom", name=unit)
        template.purchasable = True
        template.cost_price_method = "fixed"
        template.list_price = (Decimal(cost) * 2).quantize(Decimal("0.01"))
        (product,) = template.products
        # Without a suffix the product's code is the template's.
        product.suffix_code = ""
        product.cost_price = Decimal(cost)
        template.save()
        products.append(template.products[0])
    return products


def create_stock(products):
    from proteus import Model

    inventory = Model.get("stock.inventory")(location=one("stock.location", code="STO"))
    for index, product in enumerate(products):
        fraction = 0.5 if product.default_uom.digits else 0
        inventory.lines.new(product=product, quantity=40.0 + 5 * index + fraction)
    inventory.click("confirm")
    assert inventory.state == "done", inventory.state


def create_purchases(company, suppliers, products, term, today):
    """Purchases in four states in turn.

    Tryton processes a confirmed purchase at once, unless that is left to a worker. There is none, so with the queue's
    worker switched on the purchase stays confirmed.
    """
    import trytond.config
    from proteus import Model

    purchases = []
    for index in range(PURCHASES):
        state = STATES[index % len(STATES)]
        purchase = Model.get("purchase.purchase")(party=suppliers[index], company=company, payment_term=term)
        purchase.reference = f"REQ-{2000 + index}"
        purchase.description = f"Maintenance stock {index + 1}"
        purchase.purchase_date = today - datetime.timedelta(days=3 * index)
        purchase.invoice_method = "order"
        for position in range(1 + index // len(STATES) % 4):
            product = products[(index + position) % len(products)]
            line = purchase.lines.new(product=product)
            line.quantity = 2.0 + position + (0.25 if product.default_uom.digits else 0)
            line.unit_price = product.cost_price + Decimal("0.05")
        purchase.save()
        if state != "draft":
            purchase.click("quote")
        if state in ("confirmed", "processing"):
            trytond.config.set("queue", "worker", str(state == "confirmed"))
            purchase.click("confirm")
            trytond.config.set("queue", "worker", "False")
        purchase.reload()
        assert purchase.state == state, (purchase.rec_name, purchase.state, state)
        purchases.append(purchase)
    return purchases


def receive(purchase, day):
    from proteus import Model

    shipment = Model.get("stock.shipment.in")(supplier=purchase.party, effective_date=day)
    for move in purchase.moves:
        shipment.incoming_moves.append(Model.get("stock.move")(move.id))
    shipment.save()
    shipment.click("receive")
    shipment.click("do")
    purchase.reload()
    assert (shipment.state, purchase.shipment_state) == ("done", "received"), shipment.state


def create_user(company, login, password, groups=None):
    """Whoever has no `groups` is in all of them."""
    from proteus import Model

    user = Model.get("res.user")(name=f"Tests over the API ({login})", login=login, password=password)
    user.companies.append(Model.get("company.company")(company.id))
    user.company = company
    for group in Model.get("res.group").find([] if groups is None else [("name", "in", groups)]):
        user.groups.append(group)
    user.save()


def main():
    config_file, database, login = sys.argv[1:]
    password = sys.stdin.readline().rstrip("\n")
    create_database(config_file, database)
    config = connect(config_file, database)
    from proteus import Model

    today = datetime.date.today()
    company, accounts = create_company(today)
    with config.set_context(Model.get("res.user").get_preferences(True, {})):
        term = create_payment_term()
        suppliers = create_suppliers(term)
        products = create_products(accounts)
        create_stock(products)
        purchases = create_purchases(company, suppliers, products, term, today)
        # On different days: a window of history has something to leave out.
        for days, purchase in enumerate([each for each in purchases if each.state == "processing"][:2]):
            receive(purchase, today - datetime.timedelta(days=3 * days))
        create_user(company, login, password)
        # Who may not do everything.
        create_user(company, "storekeeper", password, ["Stock", "Party"])
        create_user(company, "visitor", password, [])
        # Whose password a test changes.
        create_user(company, f"{login}-rotating", password)
    print(f"seeded {len(suppliers)} suppliers, {len(products)} products, {len(purchases)} purchases")


if __name__ == "__main__":
    main()
