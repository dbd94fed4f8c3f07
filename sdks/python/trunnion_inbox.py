"""What a receiver of Standard Webhooks needs: proof of the sender, and messages fetched from `trunnion inbox`.

One file, the standard library only. Copy it, or put this folder on your path.
"""
import base64
import hashlib
import hmac
import json
import time
import urllib.request


class NotVerified(Exception):
    """The request is not believed. Answer 401 and do not say why."""


def verify(body: bytes, headers, secret, tolerance: int = 300, now=None) -> str:
    """Checks the raw `body` against the headers (any mapping, names in any case); gives the event's id.

    `secret` is `whsec_…`, or a list of them while one takes over from another.
    """
    if not isinstance(body, (bytes, bytearray)):
        raise TypeError("verify the raw bytes: JSON that was parsed and written again is another text")
    found = {str(name).lower(): value for name, value in headers.items()}
    event_id, stamp = found.get("webhook-id"), found.get("webhook-timestamp")
    if not event_id or not stamp or "webhook-signature" not in found:
        raise NotVerified("a header is missing")
    try:
        age = (time.time() if now is None else now) - int(stamp)
    except ValueError:
        raise NotVerified("the time is no number") from None
    if abs(age) > tolerance:
        raise NotVerified("the time is outside the window")
    signed = f"{event_id}.{stamp}.".encode() + bytes(body)
    offered = [part[3:] for part in found["webhook-signature"].split(" ") if part.startswith("v1,")]
    good = False
    for one in [secret] if isinstance(secret, str) else list(secret):
        key = base64.b64decode(one.removeprefix("whsec_"))
        if not key:
            raise ValueError("the secret is empty")
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        for text in offered:
            good |= hmac.compare_digest(expected.encode(), text.encode())
    if not good:
        raise NotVerified("no signature matches")
    return event_id


def consume(inside: str, handle, at_once: int = 10, wait: int = 30, stop=lambda: False):
    """Fetches messages from the side-car at `inside` and acknowledges each after `handle(message)` returned.

    A message is a dict with `id`, `type`, `key`, `attempt` and `event` (the parsed body). One that raises is handed out again later;
    those behind it of the same key wait for it. A side-car that is away is waited for; what could not be acknowledged comes again.
    """
    while not stop():
        try:
            pulled = _call(f"{inside}/pull?max={at_once}&wait={wait}", timeout=wait + 30)
            _handle_all(inside, handle, pulled["messages"])
        except OSError:
            time.sleep(1)


def _handle_all(inside, handle, messages):
    blocked = set()
    for message in messages:
        if message["key"] in blocked:
            continue
        ack = {"receipts": [message["receipt"]]}
        try:
            handle({**message, "event": json.loads(message["body"])})
        except Exception as error:  # whatever it is: it is the handler's, and the message is not lost
            blocked.add(message["key"])
            ack["failed"] = f"{type(error).__name__}: {error}"
        _call(f"{inside}/ack", ack)


def _call(url, body=None, timeout=30):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return json.load(answer)
