# A receiver of Trunnion's webhooks in Python: pip install standardwebhooks
# Run it with WEBHOOK_SECRET=whsec_… PORT=9000 python receive.py
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["WEBHOOK_SECRET"])
handled = set()  # in your program: a table with the id as its key, written together with what you do


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        # The bytes as they came: verify first, parse afterwards.
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            event = webhook.verify(body, {name.lower(): value for name, value in self.headers.items()})
        except WebhookVerificationError:
            return self.answer(401)
        # An event may come more than once, always with the same id.
        if event["id"] not in handled:
            handled.add(event["id"])
            print("handled", event["type"], event["id"], flush=True)
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Receiver)
print("listening", flush=True)
server.serve_forever()
