"""Signs requests with the senders' own libraries, and checks ours with their verifiers; one JSON object a line.

A verifier that is only tried with our own signatures would share our misunderstandings.
"""
import base64
import datetime
import hashlib
import hmac
import json
import time

import standardwebhooks
import stripe

BODY = '{"id": "evt_1", "price": 10.50, "name": "Gr\\u00fc\\u00dfe", "nested": {"b": 1, "a": [1, 2]}}'
NOW = int(time.time())


def say(scheme, secret, proof, timed, headers, body=BODY):
    """`proof` is the header that proves the sender; `timed` whether a time is signed."""
    print(json.dumps({
        "scheme": scheme, "secret": secret, "proof": proof, "timed": timed, "headers": headers, "body": body,
    }))


secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
sender = standardwebhooks.Webhook(secret)
stamp = datetime.datetime.fromtimestamp(NOW, tz=datetime.timezone.utc)
say("standard", secret, "webhook-signature", True, {
    "webhook-id": "msg_1",
    "webhook-timestamp": str(NOW),
    "webhook-signature": sender.sign(msg_id="msg_1", timestamp=stamp, data=BODY),
})

secret = "whsec_of_stripe"
signature = stripe.WebhookSignature._compute_signature(f"{NOW}.{BODY}", secret)
header = f"t={NOW},v1={signature}"
stripe.WebhookSignature.verify_header(BODY, header, secret, 300)
say("stripe", secret, "stripe-signature", True, {"stripe-signature": header})

# These two publish no library that signs. What their documentation says, by the language's own functions.
secret = "of the webhook's record"
mac = hmac.new(secret.encode(), BODY.encode(), hashlib.sha256)
say("frappe", secret, "x-frappe-webhook-signature", False, {
    "x-frappe-webhook-signature": base64.b64encode(mac.digest()).decode(),
})

secret = "of the subscription"
mac = hmac.new(secret.encode(), f"{NOW}.{BODY}".encode(), hashlib.sha256)
say("maintainx", secret, "x-maintainx-webhook-body-signature", True, {
    "x-maintainx-webhook-body-signature": f"t={NOW},v1={mac.hexdigest()}",
})
