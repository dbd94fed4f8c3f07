"""What Tryton's own client (proteus) sees and does, as JSON on standard output.

usage: tryton_client.py URL USER PASSWORD COMMAND [JSON]     URL ends in /DATABASE/rpc/
"""
import datetime
import json
import sys
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
            'lines': [{'item': str(line.product.id), 'sku': line.product.code, 'quantity': plain(line.quantity),
                       'unit': line.unit.symbol, 'unit_price': plain(line.unit_price), 'amount': plain(line.amount),
                       'required_on': line.delivery_date and line.delivery_date.isoformat()} for line in one.lines]}


def receipt(one):
    return {'id': str(one.id), 'number': one.number, 'state': one.state, 'vendor': str(one.supplier.id),
            'lines': [{'item': str(move.product.id), 'quantity': plain(move.quantity)} for move in one.incoming_moves]}


def said(kind, about):
    """One line about one thing, or how many there are."""
    if kind == 'parties':
        return str(len(Model.get('party.party').find([('name', '=', about)])))
    if kind == 'purchases':
        return str(len(Model.get('purchase.purchase').find([('reference', '=', about)])))
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
            vendors = each('party.party', party)
        answer = {'vendors': vendors, 'items': each('product.product', product),
                  'locations': each('stock.location', location), 'stock': stock(),
                  'purchases': each('purchase.purchase', purchase), 'receipts': each('stock.shipment.in', receipt)}
    elif command == 'rename_party':
        one = Model.get('party.party')(int(given['id']))
        one.name = given['name']
        one.save()
        answer = party(one)
    elif command == 'purchases_of':
        answer = [purchase(one) for one in Model.get('purchase.purchase').find([('party', '=', int(given['id']))])]
    elif command == 'say':
        answer = [said(kind, about) for kind, about in given]
    elif command == 'parties_called':
        answer = [party(one) for one in Model.get('party.party').find([('name', '=', given['name'])])]
    else:
        raise SystemExit(f'unknown command {command}')
json.dump(answer, sys.stdout)
