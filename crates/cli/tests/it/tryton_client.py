"""What Tryton's own client (proteus) sees and does, as JSON on standard output.

usage: tryton_client.py URL USER PASSWORD COMMAND [JSON]     URL ends in /DATABASE/rpc/
"""
import datetime
import json
import sys
from decimal import Decimal
from urllib.parse import quote

from proteus import Model, config

url, user, password, command = sys.argv[1:5]
given = json.loads(sys.argv[5]) if len(sys.argv) > 5 else None
if command == 'set_password':
    # As people do it in their own preferences; without a session, which would end with the old password.
    login = '://' + ':'.join(quote(given[name], safe='') for name in ('login', 'old')) + '@'
    config.set_xmlrpc(url.replace('://', login))
    Model.get('res.user').set_preferences({'password': given['password']}, {})
    print(json.dumps(given['login']))
    sys.exit()


def plain(number):
    if number is None:
        return None
    text = format(number, 'f')
    return text.rstrip('0').rstrip('.') if '.' in text else text


def party(one):
    address = one.addresses[0] if one.addresses else None
    return {'id': str(one.id), 'code': one.code, 'name': one.name, 'email': one.email or None,
            'city': address.city if address else None, 'line1': address.street_unstructured if address else None}


def product(one):
    return {'id': str(one.id), 'sku': one.code, 'name': one.template.name, 'unit': one.default_uom.symbol,
            'cost': plain(one.cost_price)}


def location(one):
    return {'id': str(one.id), 'code': one.code, 'name': one.name, 'type': one.type,
            'parent': str(one.parent.id) if one.parent else None}


def purchase(one):
    return {'id': str(one.id), 'number': one.number, 'state': one.state, 'shipment_state': one.shipment_state,
            'vendor': str(one.party.id), 'ordered_on': one.purchase_date and one.purchase_date.isoformat(),
            'currency': one.currency.code, 'net_total': plain(one.untaxed_amount), 'reference': one.reference or None,
            'lines': [{'item': line.product and str(line.product.id), 'sku': line.product and line.product.code,
                       'quantity': plain(line.quantity),
                       'unit': line.unit.symbol, 'unit_price': plain(line.unit_price), 'amount': plain(line.amount),
                       'required_on': line.delivery_date and line.delivery_date.isoformat()} for line in one.lines]}


def receipt(one):
    return {'id': str(one.id), 'number': one.number, 'state': one.state, 'vendor': str(one.supplier.id),
            'lines': [{'item': str(move.product.id), 'quantity': plain(move.quantity)} for move in one.incoming_moves]}


def line_of(move):
    return str(move.origin.id) if move.origin and move.origin.__class__.__name__ == 'purchase.line' else None


def receipts_of(purchase):
    """What came for a purchase, and what it waits for."""
    shipments = [{'id': str(one.id), 'state': one.state,
                  'lines': [{'line': line_of(move), 'quantity': plain(move.quantity), 'to': move.to_location.code}
                            for move in one.incoming_moves],
                  'put_away': [{'quantity': plain(move.quantity), 'to': move.to_location.code}
                               for move in one.inventory_moves if move.state == 'done']}
                 for one in purchase.shipments]
    waiting = [{'line': line_of(move), 'quantity': plain(move.quantity)}
               for move in purchase.moves if move.state == 'draft' and not move.shipment]
    return {'shipments': sorted(shipments, key=lambda one: int(one['id'])),
            'waiting': sorted(waiting, key=lambda one: int(one['line']))}


def internal(one):
    return {'state': one.state, 'reference': one.reference, 'from': one.from_location.name, 'to': one.to_location.name,
            'moves': [{'sku': move.product.code, 'quantity': plain(move.quantity), 'state': move.state}
                      for move in one.moves]}


def inventory(one):
    return {'state': one.state, 'lines': [{'sku': line.product.code, 'quantity': plain(line.quantity)} for line in one.lines]}


def whole_product(one):
    template = one.template
    return {**product(one), 'type': template.type, 'description': one.description or None,
            'order_unit': template.purchase_uom.symbol,
            'list_price': template.list_price and plain(template.list_price),
            'purchasable': bool(template.purchasable), 'category': template.account_category and template.account_category.name}


def stocked(given):
    """A product of its own for a test, with so much of it in the storage zone."""
    (category,) = Model.get('product.category').find([('accounting', '=', True)], limit=1)
    template = Model.get('product.template')(name=given['sku'], code=given['sku'], type='goods', account_category=category)
    (template.default_uom,) = Model.get('product.uom').find([('symbol', '=', given['unit'])])
    template.purchasable = True
    (one,) = template.products
    one.suffix_code = ''
    one.cost_price = Decimal('1.5')
    template.save()
    one = template.products[0]
    (place,) = Model.get('stock.location').find([('code', '=', 'STO')])
    count = Model.get('stock.inventory')(location=place)
    count.lines.new(product=one, quantity=given['quantity'])
    count.click('confirm')
    return str(one.id)


def reserve(given):
    """Stock in the storage zone that a shipment of somebody else's has assigned."""
    (item,) = Model.get('product.product').find([('code', '=', given['sku'])])
    places = [Model.get('stock.location').find([('code', '=', code)])[0] for code in ('STO', 'OUT')]
    one = Model.get('stock.shipment.internal')(from_location=places[0], to_location=places[1], reference='for somebody else')
    one.moves.new(product=item, quantity=given['quantity'], from_location=places[0], to_location=places[1])
    one.click('wait')
    one.click('assign_try')
    return one.state


def said(kind, about):
    """One line about one thing, or how many there are."""
    if kind == 'parties':
        return str(len(Model.get('party.party').find([('name', '=', about)])))
    if kind == 'purchases':
        return str(len(Model.get('purchase.purchase').find([('reference', '=', about)])))
    # Behind the text stands the write key. What was not brought to its end does not count.
    documents = {'shipments': 'stock.shipment.in', 'adjustments': 'stock.shipment.internal'}
    if kind in documents:
        found = Model.get(documents[kind]).find([('reference', 'like', f'{about} #%')])
        return str(sum(1 if one.state == 'done' else 100 for one in found))
    if kind == 'products':
        return str(len(Model.get('product.product').find([('code', '=', about)])))
    if kind == 'stock':
        place, item = map(int, about.split('/'))
        with config.get_config().set_context(locations=[place], stock_date_end=datetime.date.today(), with_childs=False):
            return plain(Model.get('product.product')(item).quantity)
    model = {'party': 'party.party', 'purchase': 'purchase.purchase'}[kind]
    with config.get_config().set_context(active_test=False):
        found = Model.get(model).find([('id', '=', int(about))])
    if not found:
        return 'gone'
    one = found[0]
    if kind == 'party':
        return f'{one.name} {str(bool(one.active)).lower()}'
    return f'{one.reference}:' + ''.join(f' {plain(line.quantity)}' for line in one.lines)


def stock():
    levels = []
    for place in Model.get('stock.location').find([('type', '=', 'storage')]):
        with config.get_config().set_context(locations=[place.id], stock_date_end=datetime.date.today(), with_childs=False):
            for one in Model.get('product.product').find([('quantity', '!=', 0)]):
                levels.append({'location': str(place.id), 'item': str(one.id), 'quantity': plain(one.quantity)})
    return levels


def each(model, shape):
    return [shape(one) for one in Model.get(model).find([])]


with config.set_xmlrpc_session(url, user, password):
    if command == 'dump':
        with config.get_config().set_context(active_test=False):
            vendors, items = each('party.party', party), each('product.product', product)
        answer = {'vendors': vendors, 'items': items,
                  'locations': each('stock.location', location), 'stock': stock(),
                  'purchases': each('purchase.purchase', purchase), 'receipts': each('stock.shipment.in', receipt)}
    elif command == 'rename_party':
        one = Model.get('party.party')(int(given['id']))
        one.name = given['name']
        one.save()
        answer = party(one)
    elif command == 'purchases_of':
        answer = [purchase(one) for one in Model.get('purchase.purchase').find([('party', '=', int(given['id']))])]
    elif command == 'receipts_of':
        answer = receipts_of(Model.get('purchase.purchase')(int(given['id'])))
    elif command == 'internal_shipments':
        found = Model.get('stock.shipment.internal').find([('moves.product.code', '=', given['sku'])], order=[('id', 'ASC')])
        answer = [internal(one) for one in found]
    elif command == 'inventories':
        found = Model.get('stock.inventory').find([('lines.product.code', '=', given['sku'])], order=[('id', 'ASC')])
        answer = [inventory(one) for one in found]
    elif command == 'products':
        answer = [whole_product(one) for one in Model.get('product.product').find([('code', '=', given['sku'])])]
    elif command == 'reserve':
        answer = reserve(given)
    elif command == 'stocked':
        answer = stocked(given)
    elif command == 'say':
        answer = [said(kind, about) for kind, about in given]
    elif command == 'parties_called':
        answer = [party(one) for one in Model.get('party.party').find([('name', '=', given['name'])])]
    else:
        raise SystemExit(f'unknown command {command}')
json.dump(answer, sys.stdout)
