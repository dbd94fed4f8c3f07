"""python3 -m unittest in this folder."""
import http.server
import json
import threading
import unittest

from trunnion_inbox import NotVerified, consume, verify

# From the tests of the standard's own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
NOW = 1614265330
HEADERS = {
    "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(NOW),
    "webhook-signature": "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


class Verify(unittest.TestCase):
    def test_the_published_vector_passes_with_any_of_the_secrets(self):
        other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
        self.assertEqual(verify(BODY, HEADERS, [other, SECRET], now=NOW), HEADERS["Webhook-Id"])

    def test_what_is_wrong_is_refused(self):
        for body, headers, secret, now in [
            (BODY + b" ", HEADERS, SECRET, NOW),
            (BODY, {**HEADERS, "webhook-signature": "v1,AAAA"}, SECRET, NOW),
            (BODY, {**HEADERS, "webhook-signature": "v1,gr\u00fc\u00dfe"}, SECRET, NOW),
            (BODY, {**HEADERS, "webhook-timestamp": "soon"}, SECRET, NOW),
            (BODY, {k: v for k, v in HEADERS.items() if k != "Webhook-Id"}, SECRET, NOW),
            (BODY, HEADERS, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", NOW),
            (BODY, HEADERS, SECRET, NOW + 301),
            (BODY, HEADERS, SECRET, NOW - 301),
        ]:
            with self.assertRaises(NotVerified):
                verify(body, headers, secret, now=now)
        with self.assertRaises(TypeError):
            verify(BODY.decode(), HEADERS, SECRET, now=NOW)


class Consume(unittest.TestCase):
    def test_each_is_acknowledged_and_what_fails_holds_up_its_key(self):
        messages = [{"receipt": r, "id": r, "type": "t", "key": k, "attempt": 1, "body": '{"n":1}'}
                    for r, k in [("1", "a"), ("2", "a"), ("3", "b")]]
        acks, handled = [], []

        class SideCar(http.server.BaseHTTPRequestHandler):
            def answer(self, body):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def do_GET(self):
                if self.away:
                    self.away.pop()
                    return self.close_connection
                self.answer({"messages": messages})

            def do_POST(self):
                acks.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.answer({"late": []})

            def log_message(self, *_):
                pass

            away = [True]

        server = http.server.HTTPServer(("127.0.0.1", 0), SideCar)
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def handle(message):
            handled.append(message["id"])
            if message["id"] == "1":
                raise ValueError("not now")

        rounds = iter([False, False, True])
        consume(f"http://127.0.0.1:{server.server_port}", handle, stop=lambda: next(rounds))
        server.shutdown()
        server.server_close()
        self.assertEqual(handled, ["1", "3"])
        self.assertEqual(acks, [{"receipts": ["1"], "failed": "ValueError: not now"}, {"receipts": ["3"]}])


if __name__ == "__main__":
    unittest.main()
