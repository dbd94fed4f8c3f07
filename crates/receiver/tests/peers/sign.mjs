// Signs requests with the libraries that senders publish; one JSON object a line.
//
// `node_modules` lies beside this file when it runs.
import { sign as github } from '@octokit/webhooks-methods';
import '@shopify/shopify-api/adapters/node';
import { createSHA256HMAC as shopify } from '@shopify/shopify-api/runtime';
import { CloudEvent, HTTP } from 'cloudevents';
import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';

const BODY = '{"id": "evt_1", "price": 10.50, "name": "Gr\\u00fc\\u00dfe", "nested": {"b": 1, "a": [1, 2]}}';
const NOW = Math.floor(Date.now() / 1000);

// `proof` is the header that proves the sender; `timed` whether a time is signed.
function say(scheme, secret, proof, timed, headers, body = BODY) {
    console.log(JSON.stringify({ scheme, secret, proof, timed, headers, body }));
}

let secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
say('standard', secret, 'webhook-signature', true, {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(NOW),
    'webhook-signature': new Webhook(secret).sign('msg_1', new Date(NOW * 1000), BODY),
});

secret = 'whsec_of_stripe';
const stripe = new Stripe('sk_test_nobody');
const signature = stripe.webhooks.generateTestHeaderString({ payload: BODY, secret, timestamp: NOW });
say('stripe', secret, 'stripe-signature', true, { 'stripe-signature': signature });

secret = "It's a Secret to Everybody";
say('github', secret, 'x-hub-signature-256', false, {
    'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    'x-hub-signature-256': await github(secret, BODY),
});

secret = 'hush';
say('shopify', secret, 'x-shopify-hmac-sha256', false, {
    'x-shopify-event-id': '98880550-7158-44d4-b7cd-2c97c8a091b5',
    'x-shopify-hmac-sha256': await shopify(secret, BODY),
});

// CloudEvents say nothing of proofs; the broker sends user and password.
secret = 'broker:pass word';
const authorization = `Basic ${Buffer.from(secret).toString('base64')}`;
const event = new CloudEvent({ type: 'thing.changed', source: '/here', id: '7', data: { thing: 'o1' } });
for (const { headers, body } of [HTTP.binary(event), HTTP.structured(event)]) {
    say('cloudevents', secret, 'authorization', false, { ...headers, authorization }, body);
}
