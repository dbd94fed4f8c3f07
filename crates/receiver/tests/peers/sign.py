"""Signs requests with the senders' own libraries, and checks ours with their verifiers; one JSON object a line.

A verifier that is only tried with our own signatures would share our misunderstandings.
"""
import datetime
import json
import time

import standardwebhooks
import stripe

BODY = '{"id": "evt_1", "price": 10.50, "name": "Gr\\u00fc\\u00dfe", "nested": {"b": 1, "a": [1, 2]}}'
NOW = int(time.time())


def say(scheme, secret, headers, body=BODY):
    print(json.dumps({"scheme": scheme, "secret": secret, "headers": headers, "body": body}))


secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
sender = standardwebhooks.Webhook(secret)
stamp = datetime.datetime.fromtimestamp(NOW, tz=datetime.timezone.utc)
say("standard", secret, {
    "webhook-id": "msg_1",
    "webhook-timestamp": str(NOW),
    "webhook-signature": sender.sign(msg_id="msg_1", timestamp=stamp, data=BODY),
})

secret = "whsec_of_stripe"
signature = stripe.WebhookSignature._compute_signature(f"{NOW}.{BODY}", secret)
header = f"t={NOW},v1={signature}"
stripe.WebhookSignature.verify_header(BODY, header, secret, 300)
say("stripe", secret, {"stripe-signature": header})
