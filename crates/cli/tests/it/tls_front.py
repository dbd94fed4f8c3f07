"""What stands before a system: TLS with client certificates (OpenSSL's, by Python), which hands the certificate on.

usage: tls_front.py make DIRECTORY            a CA, the front's certificate, and clients: known.pem, strange.pem (another CA)
       tls_front.py serve DIRECTORY UPSTREAM  prints its address
"""
import base64
import datetime
import http.client
import ipaddress
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


def make(directory):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    now = datetime.datetime.now(datetime.timezone.utc)

    def write(name, certificate, key):
        pem = serialization.Encoding.PEM
        (directory / f"{name}.pem").write_bytes(certificate.public_bytes(pem))
        plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (directory / f"{name}.key").write_bytes(plain)

    def certificate(name, issuer=None, is_ca=False):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer_name, signer_key = (subject, key) if issuer is None else issuer
        made = (
            x509.CertificateBuilder()
            .subject_name(subject).issuer_name(signer_name).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        if not is_ca:
            address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            made = made.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        made = made.sign(signer_key, hashes.SHA256())
        write(name, made, key)
        return subject, key

    ca = certificate("ca", is_ca=True)
    certificate("front", ca)
    certificate("known", ca)
    certificate("strange", certificate("other-ca", is_ca=True))


class Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self):
        certificate = self.connection.getpeercert(binary_form=True)
        # Whoever comes with the header of its own does not get in with it.
        headers = {name: value for name, value in self.headers.items() if name.lower() != "ssl_client_cert"}
        headers["SSL_CLIENT_CERT"] = base64.b64encode(certificate).decode()
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=60)
        upstream.request(self.command, self.path, body, headers)
        answer = upstream.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection", "date"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        upstream.close()

    do_GET = do_POST = do_PATCH = do_DELETE = do_HEAD = forward

    def log_message(self, *_):
        pass


def serve(directory, upstream):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
    server.upstream = urlsplit(upstream).netloc
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "front.pem", directory / "front.key")
    context.load_verify_locations(directory / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print(f"https://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if sys.argv[1] == "make":
    make(Path(sys.argv[2]))
else:
    serve(Path(sys.argv[2]), sys.argv[3])
