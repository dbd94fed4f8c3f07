"""Random changes as Tryton's own client (proteus) makes them; the same seed makes the same choices.

usage: tryton_churn.py URL USER PASSWORD SEED COUNT     URL ends in /DATABASE/rpc/; prints how many of each kind as JSON

Rows that were there before are edited and never deleted, because other tests look at them. Rows that a call made may be
deleted by a later one: they are known by their names, which begin with MARK.
"""
import collections
import datetime
import json
import random
import sys
from decimal import Decimal

from proteus import Model, config

url, user, password, seed, count = sys.argv[1:6]
dice = random.Random(int(seed))
MARK = 'Churn'
done = collections.Counter()


def word():
    return ''.join(dice.choice('abcdeäøñ語ß&<"\'') for _ in range(dice.randint(3, 12)))


def ids(model, *domain):
    """In one call, and in an order that does not depend on the database."""
    return Model.get(model)._proxy.search(list(domain), 0, None, [('id', 'ASC')], config.get_config().context)


def some(model, *domain):
    found = ids(model, *domain)
    return Model.get(model)(dice.choice(found)) if found else None


def write(model, values, *domain):
    found = ids(model, *domain)
    if not found:
        return 'nothing'
    Model.get(model)._proxy.write([dice.choice(found)], values, config.get_config().context)


def delete(model, *domain):
    found = ids(model, *domain)
    if not found:
        return 'nothing'
    Model.get(model)._proxy.delete([dice.choice(found)], config.get_config().context)


def price():
    return Decimal(dice.randint(1, 99999)) / 100


def create_party():
    one = Model.get('party.party')(name=f'{MARK} {word()}', code=f'CH-{seed}-{dice.getrandbits(40)}')
    (address,) = one.addresses or [one.addresses.new()]
    address.city = word()
    address.street_unstructured = f'{dice.randint(1, 99)} {word()}'
    one.contact_mechanisms.new(type='email', value=f'x{dice.getrandbits(30)}@churn.example')
    one.save()


def rename_party():
    own = dice.random() < 0.5
    name = f'{MARK} {word()}' if own else f'{word()} Supply'
    return write('party.party', {'name': name}, ('name', 'like' if own else 'not like', f'{MARK}%'))


def move_party():
    """Only its address changes, not the party."""
    return write('party.address', {'city': word()})


def mail_party():
    return write('party.contact_mechanism', {'value': f'y{dice.getrandbits(30)}@churn.example'}, ('type', '=', 'email'))


def delete_party():
    """No order is ever for one of these."""
    return delete('party.party', ('name', 'like', f'{MARK}%'))


def rename_product():
    """Only its template changes, not the product."""
    return write('product.template', {'name': f'{word()} {word()}'})


def price_product():
    return write('product.template', {'list_price': price()})


def describe_product():
    return write('product.product', {'description': word()})


def create_location():
    parent = some('stock.location', ('code', '=', 'STO'))
    Model.get('stock.location')(name=f'{MARK} {word()}', type='storage', parent=parent).save()


def rename_location():
    return write('stock.location', {'name': f'{MARK} {word()}', 'code': word()}, ('name', 'like', f'{MARK}%'))


def delete_location():
    return delete('stock.location', ('name', 'like', f'{MARK}%'))


def add_line(order):
    line = order.lines.new(product=some('product.product'))
    line.quantity = float(dice.randint(1, 40))
    line.unit_price = price()


def create_purchase():
    order = Model.get('purchase.purchase')(party=some('party.party', ('code', 'like', 'V-%')))
    order.reference = f'{MARK} {word()}'
    order.purchase_date = datetime.date.today() - datetime.timedelta(days=dice.randint(0, 30))
    order.invoice_method = 'order'
    for _ in range(dice.randint(1, 4)):
        add_line(order)
    order.save()


def draft():
    return some('purchase.purchase', ('reference', 'like', f'{MARK}%'), ('state', '=', 'draft'))


DRAFT_LINES = [('purchase.reference', 'like', f'{MARK}%'), ('purchase.state', '=', 'draft')]


def edit_line():
    """Only a line changes, not the order."""
    return write('purchase.line', {'quantity': float(dice.randint(1, 40)), 'unit_price': price()}, *DRAFT_LINES)


def grow_order():
    order = draft()
    if not order:
        return 'nothing'
    add_line(order)
    order.save()


def shrink_order():
    order = draft()
    if not order or len(order.lines) < 2:
        return 'nothing'
    Model.get('purchase.line')._proxy.delete([dice.choice(sorted(line.id for line in order.lines))], config.get_config().context)


def move_order():
    order = draft()
    if not order or not order.lines:
        return 'nothing'
    order.click('quote')
    if dice.random() < 0.6:
        order.click('confirm')


def delete_order():
    order = draft()
    if not order:
        return 'nothing'
    order.click('cancel')
    order.delete()


def create_receipt():
    move = some('stock.move', ('state', '=', 'draft'), ('shipment', '=', None), ('origin', 'like', 'purchase.line,%'))
    if not move:
        return 'nothing'
    shipment = Model.get('stock.shipment.in')(supplier=move.origin.purchase.party, reference=f'{MARK} {word()}')
    shipment.incoming_moves.append(Model.get('stock.move')(move.id))
    shipment.save()


def advance_receipt():
    """Stock changes with it, and what the order says is received."""
    one = some('stock.shipment.in', ('reference', 'like', f'{MARK}%'), ('state', 'in', ['draft', 'received']))
    if not one:
        return 'nothing'
    one.click('receive' if one.state == 'draft' else 'do')


def delete_receipt():
    one = some('stock.shipment.in', ('reference', 'like', f'{MARK}%'), ('state', '=', 'draft'))
    if not one:
        return 'nothing'
    one.click('cancel')
    one.delete()


def count_stock():
    inventory = Model.get('stock.inventory')(location=some('stock.location', ('code', '=', 'STO')))
    inventory.lines.new(product=some('product.product'), quantity=float(dice.randint(0, 200)))
    inventory.click('confirm')


KINDS = [
    (create_party, 3), (rename_party, 3), (move_party, 3), (mail_party, 3), (delete_party, 2), (rename_product, 2),
    (price_product, 2), (describe_product, 2), (create_location, 2), (rename_location, 2), (delete_location, 1),
    (create_purchase, 4), (edit_line, 4), (grow_order, 2), (shrink_order, 2), (move_order, 3), (delete_order, 2),
    (create_receipt, 3), (advance_receipt, 4), (delete_receipt, 1), (count_stock, 2),
]

with config.set_xmlrpc_session(url, user, password):
    while sum(done.values()) < int(count):
        (kind,) = dice.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])
        if kind() != 'nothing':
            done[kind.__name__] += 1
json.dump(done, sys.stdout)
