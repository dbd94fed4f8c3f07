"""Checks a NetSuite simulator's logins with signatures that somebody else's libraries make.

Usage: netsuite_tba.py URL ACCOUNT CONSUMER_KEY CONSUMER_SECRET TOKEN_ID TOKEN_SECRET PRIVATE_KEY_FILE CLIENT_ID CERTIFICATE_ID

Token-based authentication: `requests_oauthlib` and `oauthlib` (RFC 5849), also with everything that must be refused.
OAuth 2.0: an assertion signed by PyJWT with `cryptography`. Prints one `OK` line for each thing it saw, and fails on the
first that is different. It locks the token and moves the simulator's clock, so it is the last to use an account.
"""

import sys
import time
import uuid

import jwt
import requests
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from oauthlib.oauth1 import Client
from requests_oauthlib import OAuth1

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def same(what, seen, expected):
    if seen != expected:
        raise SystemExit(f"FAIL {what}: saw {seen!r}, expected {expected!r}")
    print(f"OK {what}")


class Account:
    def __init__(self, url, account, consumer_key, consumer_secret, token_id, token_secret):
        self.url = url.rstrip("/")
        self.records = f"{self.url}/services/rest/record/v1"
        self.secrets = {
            "client_key": consumer_key,
            "client_secret": consumer_secret,
            "resource_owner_key": token_id,
            "resource_owner_secret": token_secret,
            "realm": account,
            "signature_method": "HMAC-SHA256",
        }
        self.ahead = 0

    def auth(self, **changes):
        """A signer of one request; the simulator's clock may have been moved."""
        changes.setdefault("timestamp", str(int(time.time()) + self.ahead))
        return OAuth1(**{**self.secrets, **changes})

    def get(self, path="/vendor/101", **changes):
        return requests.get(self.records + path, auth=self.auth(**changes), timeout=30)

    def reason(self):
        """Why the last login failed, as the audit trail says."""
        trail = requests.get(f"{self.url}/_control/login_audit", timeout=30).json()
        return [entry["detail"] for entry in trail if entry["status"] == "Failure"][-1]

    def control(self, path):
        requests.post(f"{self.url}/_control/{path}", timeout=30).raise_for_status()


def accepted(account):
    same("a signed request is accepted", account.get().status_code, 200)
    listed = requests.get(
        account.records + "/vendor", params={"q": "comments EMPTY", "limit": "2"}, auth=account.auth(), timeout=30
    )
    same("the library writes a blank as a plus", "q=comments+EMPTY" in listed.request.url, True)
    same("a query parameter with a blank is accepted", (listed.status_code, listed.json()["count"]), (200, 2))
    written = requests.get(f"{account.records}/vendor?q=comments%20EMPTY&limit=2", auth=account.auth(), timeout=30)
    same("a blank written as %20 is accepted", written.status_code, 200)
    umlaut = requests.get(
        account.records + "/vendor", params={"q": 'companyName CONTAIN "Müller & Söhne"'}, auth=account.auth(), timeout=30
    )
    same("a query parameter beyond ASCII is accepted", umlaut.status_code, 200)
    body = requests.post(
        f"{account.url}/services/rest/query/v1/suiteql?limit=2",
        json={"q": "SELECT id FROM vendor ORDER BY id"},
        headers={"Prefer": "transient"},
        auth=account.auth(),
        timeout=30,
    )
    same("a request with a body is accepted", (body.status_code, body.json()["count"]), (200, 2))


def body_is_not_signed(account):
    address = f"{account.url}/services/rest/query/v1/suiteql"
    request = requests.Request(
        "POST", address, json={"q": "SELECT id FROM vendor"}, headers={"Prefer": "transient"}, auth=account.auth()
    ).prepare()
    request.prepare_body(data='{"q": "SELECT name FROM location WHERE id = 1"}', files=None)
    answer = requests.Session().send(request, timeout=30)
    same("a body changed after signing still passes", (answer.status_code, answer.json()["count"]), (200, 1))


def refused(account):
    def added_parameter():
        request = requests.Request("GET", account.records + "/vendor", auth=account.auth()).prepare()
        request.url += "?limit=1"
        return requests.Session().send(request, timeout=30)

    def other_method():
        request = requests.Request("GET", account.records + "/vendor/101", auth=account.auth()).prepare()
        request.method = "DELETE"
        return requests.Session().send(request, timeout=30)

    now = int(time.time())
    bodies = set()
    for what, call, reason in [
        ("a wrong consumer secret", lambda: account.get(client_secret="wrong"), "InvalidSignature"),
        ("a wrong token secret", lambda: account.get(resource_owner_secret="wrong"), "InvalidSignature"),
        ("an unknown consumer", lambda: account.get(client_key="nobody"), "consumer_key_unknown"),
        ("an unknown token", lambda: account.get(resource_owner_key="nobody"), "token_rejected"),
        ("a clock more than 300 s ahead", lambda: account.get(timestamp=str(now + 303)), "InvalidTimestamp"),
        ("a clock more than 300 s behind", lambda: account.get(timestamp=str(now - 301)), "InvalidTimestamp"),
        ("HMAC-SHA1", lambda: account.get(signature_method="HMAC-SHA1"), "UnknownAlgorithm"),
        ("the realm of another account", lambda: account.get(realm="7654321"), "parameter_rejected"),
        ("a query parameter added after signing", added_parameter, "InvalidSignature"),
        ("another method than the signed one", other_method, "InvalidSignature"),
    ]:
        answer = call()
        same(f"refused: {what}", (answer.status_code, account.reason()), (401, reason))
        bodies.add(answer.text)
        same("and a good request in between is accepted", account.get().status_code, 200)
    same("every refusal says the same to the client", len(bodies), 1)

    nonce = uuid.uuid4().hex
    stamp = str(now)
    same("a new nonce is accepted", account.get(nonce=nonce, timestamp=stamp).status_code, 200)
    repeated = account.get(nonce=nonce, timestamp=stamp)
    same("refused: a repeated nonce", (repeated.status_code, account.reason()), (401, "nonce_used"))
    same("and a good request in between is accepted", account.get().status_code, 200)


def signed_by_oauthlib(account):
    """The same without `requests`: the signature straight from oauthlib."""
    client = Client(**account.secrets)
    address, headers, _ = client.sign(account.records + "/purchaseOrder?limit=3", http_method="GET")
    answer = requests.get(address, headers=headers, timeout=30)
    same("a request signed by oauthlib alone is accepted", (answer.status_code, answer.json()["count"]), (200, 3))


def locked(account):
    for _ in range(5):
        same("one of five failures in a row", account.get(resource_owner_secret="wrong").status_code, 401)
    same("locked: the right secrets are refused", (account.get().status_code, account.reason()), (401, "temporary_locked"))
    account.control("clock_ahead?seconds=1801")
    account.ahead += 1801
    same("after thirty minutes they are accepted again", account.get().status_code, 200)


def assertion(account, key, client_id, certificate_id, **changes):
    now = int(time.time()) + account.ahead
    address = f"{account.url}/services/rest/auth/oauth2/v1/token"
    claims = {
        "iss": client_id, "scope": ["rest_webservices"], "aud": address, "iat": now, "exp": now + 3600, "jti": uuid.uuid4().hex,
    }
    claims.update(changes.pop("claims", {}))
    algorithm = changes.pop("algorithm", None) or ("ES256" if "EC" in type(key).__name__.upper() else "PS256")
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": changes.pop("kid", certificate_id)})


def exchange(account, token):
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": token}
    return requests.post(f"{account.url}/services/rest/auth/oauth2/v1/token", data=form, timeout=30)


def machine_to_machine(account, key_file, client_id, certificate_id):
    with open(key_file, "rb") as file:
        key = load_pem_private_key(file.read(), password=None)
    good = assertion(account, key, client_id, certificate_id)
    answer = exchange(account, good)
    same("an assertion signed by PyJWT is accepted", (answer.status_code, answer.json()["token_type"]), (200, "Bearer"))
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    read = requests.get(account.records + "/vendor/101", headers=bearer, timeout=30)
    same("its access token reads a record", (read.status_code, read.json()["id"]), (200, "101"))

    replayed = exchange(account, good)
    same("refused: an assertion used twice", (replayed.status_code, replayed.json()["error"]), (400, "invalid_grant"))
    now = int(time.time()) + account.ahead
    for what, changes, error in [
        ("an unknown client", {"claims": {"iss": "nobody"}}, "invalid_client"),
        ("an unknown certificate", {"kid": "nothing"}, "invalid_client"),
        ("an expired assertion", {"claims": {"iat": now - 120, "exp": now - 60}}, "invalid_grant"),
        ("a life of more than an hour", {"claims": {"exp": now + 3700}}, "invalid_grant"),
        ("another audience", {"claims": {"aud": account.url + "/services/rest"}}, "invalid_grant"),
        ("an unknown scope", {"claims": {"scope": "everything"}}, "invalid_scope"),
    ]:
        refusal = exchange(account, assertion(account, key, client_id, certificate_id, **changes))
        same(f"refused: {what}", refusal.json()["error"], error)

    account.control("clock_ahead?seconds=3601")
    account.ahead += 3601
    late = requests.get(account.records + "/vendor/101", headers=bearer, timeout=30)
    same("refused: an access token after an hour", late.status_code, 401)
    same("and its challenge says so", 'error="invalid_token"' in late.headers["WWW-Authenticate"], True)


def main(url, account, consumer_key, consumer_secret, token_id, token_secret, key_file, client_id, certificate_id):
    account = Account(url, account, consumer_key, consumer_secret, token_id, token_secret)
    accepted(account)
    signed_by_oauthlib(account)
    body_is_not_signed(account)
    refused(account)
    locked(account)
    machine_to_machine(account, key_file, client_id, certificate_id)


if __name__ == "__main__":
    if len(sys.argv) != 10:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
