"""An OAuth 2.0 provider in front of a simulator: oauthlib's server (RFC 6749, RFC 7636), with PKCE required and refresh
tokens that work once. Whoever has one of its tokens reaches the simulator, which is asked with credentials of its own.

SIM holds what the simulator prints (JSON with url, client_id, certificate_id, private_key); CLIENT is "id secret". Prints its
address. Under /_seen it tells what it was asked, under /_issued all codes and tokens that it ever gave; /_set?name=value
changes how it behaves.
"""

import html
import json
import os
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlsplit

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
import jwt
import requests
from oauthlib.oauth2 import FatalClientError, RequestValidator, WebApplicationServer

SIM = json.loads(os.environ["SIM"])
CLIENT_ID, CLIENT_SECRET = os.environ["CLIENT"].split()
AUTHORIZE, TOKEN = "/app/login/oauth2/authorize.nl", "/services/rest/auth/oauth2/v1/token"
USER = {"email": "buyer@example.com", "password": "right-password"}

lock = threading.Lock()
codes, access, refresh = {}, {}, {}
issued = []
seen = {"codes": 0, "renewals": 0, "refused": 0}
# delay: seconds between a rotated token and its answer. grace: a used refresh token still works. life: of access tokens.
settings = {"delay": 0.0, "grace": 0.0, "life": 3600.0}


class Client:
    client_id = CLIENT_ID


class Validator(RequestValidator):
    def validate_client_id(self, client_id, request, *args, **kwargs):
        request.client = Client()
        return client_id == CLIENT_ID

    def validate_redirect_uri(self, client_id, redirect_uri, request, *args, **kwargs):
        return urlsplit(redirect_uri).path == "/link/callback"

    def validate_scopes(self, client_id, scopes, client, request, *args, **kwargs):
        return scopes == ["rest_webservices"]

    def validate_response_type(self, client_id, response_type, client, request, *args, **kwargs):
        return response_type == "code"

    def is_pkce_required(self, client_id, request):
        return True

    def save_authorization_code(self, client_id, code, request, *args, **kwargs):
        issued.append(code["code"])
        codes[code["code"]] = {
            "redirect": request.redirect_uri,
            "scopes": request.scopes,
            "challenge": request.code_challenge,
            "method": request.code_challenge_method,
        }

    def client_authentication_required(self, request, *args, **kwargs):
        return True

    def authenticate_client(self, request, *args, **kwargs):
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        import base64

        pair = base64.b64decode(value).decode() if kind == "Basic" else ""
        request.client = Client()
        return pair == f"{CLIENT_ID}:{CLIENT_SECRET}"

    def validate_grant_type(self, client_id, grant_type, client, request, *args, **kwargs):
        return grant_type in ("authorization_code", "refresh_token")

    def validate_code(self, client_id, code, client, request, *args, **kwargs):
        if code not in codes:
            return False
        request.scopes = codes[code]["scopes"]
        return True

    def get_code_challenge(self, code, request):
        return codes[code]["challenge"]

    def get_code_challenge_method(self, code, request):
        return codes[code]["method"]

    def confirm_redirect_uri(self, client_id, code, redirect_uri, client, request, *args, **kwargs):
        return codes[code]["redirect"] == redirect_uri

    def invalidate_authorization_code(self, client_id, code, request, *args, **kwargs):
        codes.pop(code)

    def validate_refresh_token(self, refresh_token, client, request, *args, **kwargs):
        return refresh_token in refresh

    def get_original_scopes(self, refresh_token, request, *args, **kwargs):
        return ["rest_webservices"]

    def save_bearer_token(self, token, request, *args, **kwargs):
        if request.grant_type == "refresh_token":
            seen["renewals"] += 1
            if not settings["grace"]:
                refresh.pop(request.refresh_token, None)
        else:
            seen["codes"] += 1
        issued.extend([token["access_token"], token["refresh_token"]])
        access[token["access_token"]] = time.time() + token["expires_in"]
        refresh[token["refresh_token"]] = True
        return None

    def validate_bearer_token(self, token, scopes, request):
        return access.get(token, 0) > time.time()


server = WebApplicationServer(Validator(), token_expires_in=lambda request: int(settings["life"]))
simulator = requests.Session()
own = {"token": None}


def own_token():
    """The simulator's, by a signed assertion."""
    now = int(time.time())
    audience = SIM["url"] + TOKEN
    claims = {"iss": SIM["client_id"], "aud": audience, "iat": now, "exp": now + 300, "jti": str(uuid.uuid4())}
    claims["scope"] = ["rest_webservices"]
    signed = jwt.encode(claims, SIM["private_key"], algorithm="ES256", headers={"kid": SIM["certificate_id"]})
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {"grant_type": "client_credentials", "client_assertion_type": kind, "client_assertion": signed}
    answer = simulator.post(audience, data=form)
    answer.raise_for_status()
    return answer.json()["access_token"]


PAGE = """<!doctype html><html lang="en"><title>Log in</title><h1>Give access?</h1><p role="alert" id="wrong">{wrong}</p>
<form method="post"><label>E-mail <input id="email" name="email"></label>
<label>Password <input id="password" name="password" type="password"></label>
<button id="allow" name="decision" value="allow">Allow</button>
<button id="deny" name="decision" value="deny">Deny</button></form>"""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, headers, body):
        body = body.encode() if isinstance(body, str) else (body or b"")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except BrokenPipeError:
            self.close_connection = True  # Whoever asked was killed: that is what some tests do.

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        uri = f"http://{self.headers['Host']}{self.path}"
        path = urlsplit(self.path).path
        if path == "/_seen":
            return self.answer(200, {"Content-Type": "application/json"}, json.dumps(seen))
        if path == "/_issued":
            return self.answer(200, {"Content-Type": "application/json"}, json.dumps(issued))
        if path == "/_set":
            return self.set(parse_qsl(urlsplit(self.path).query))
        if path == AUTHORIZE:
            return self.authorize(uri, body)
        if path == TOKEN:
            return self.token(uri, body)
        return self.forward(uri, body)

    do_GET = do_POST = do_PATCH = do_DELETE = handle_any

    def set(self, pairs):
        with lock:
            for name, value in pairs:
                if name == "expire":
                    access.clear()
                elif name == "revoke":
                    access.clear()
                    refresh.clear()
                else:
                    settings[name] = float(value)
        self.answer(204, {}, "")

    def authorize(self, uri, body):
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        try:
            with lock:
                scopes, credentials = server.validate_authorization_request(uri)
        except FatalClientError as error:
            return self.answer(400, {"Content-Type": "text/plain"}, str(error))
        if form.get("decision") == "deny":
            given = parse_qs(urlsplit(uri).query)
            target = f"{given['redirect_uri'][0]}?error=access_denied&state={given['state'][0]}"
            return self.answer(302, {"Location": target}, "")
        if not form or any(form.get(name) != value for name, value in USER.items()):
            wrong = html.escape("Wrong e-mail or password.") if form else ""
            return self.answer(200, {"Content-Type": "text/html"}, PAGE.format(wrong=wrong))
        with lock:
            headers, text, status = server.create_authorization_response(uri, scopes=scopes, credentials=credentials)
        self.answer(status, headers, text)

    def token(self, uri, body):
        with lock:
            headers, text, status = server.create_token_response(
                uri, "POST", body.decode(), {"Authorization": self.headers.get("Authorization", "")}
            )
            if status != 200:
                seen["refused"] += 1
            delay = settings["delay"]
        time.sleep(delay)
        self.answer(status, headers, text)

    def forward(self, uri, body):
        with lock:
            valid, _ = server.verify_request(
                uri, self.command, None, {"Authorization": self.headers.get("Authorization", "")}, ["rest_webservices"]
            )
            if valid and not own["token"]:
                own["token"] = own_token()
        if not valid:
            return self.answer(401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}, "")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length")}
        headers["Authorization"] = f"Bearer {own['token']}"
        got = simulator.request(self.command, SIM["url"] + self.path, data=body, headers=headers, allow_redirects=False)
        kept = {name: got.headers[name] for name in ("Content-Type", "Location") if name in got.headers}
        self.answer(got.status_code, kept, got.content)


listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
listener.daemon_threads = True
print(f"listens on http://127.0.0.1:{listener.server_address[1]}", flush=True)
listener.serve_forever()
