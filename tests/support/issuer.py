"""An issuer of OpenID Connect on loopback: whoever comes is the same person, whom it signs in at once.

It does the part of OpenID Connect Core 1.0 that a sign-in by a code needs, and checks what it is asked.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CLIENT = "scrip"
KEY_ID = "key"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Issuer:
    """Who signs in there, and what was asked."""

    name: str
    email: str
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    # The question that each code answers.
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def discovery(self) -> dict[str, str]:
        return {
            "issuer": self.name, "authorization_endpoint": f"{self.name}/authorize",
            "token_endpoint": f"{self.name}/token", "jwks_uri": f"{self.name}/keys",
        }

    def keys(self) -> dict[str, Any]:
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": KEY_ID, "alg": "EdDSA", "x": encoded(public)}]}

    def authorized(self, asked: dict[str, str]) -> str:
        """Where the browser goes back to."""
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_hex(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def redeemed(self, asked: dict[str, str]) -> dict[str, str]:
        """The token that a code is good for, once, for whoever has the verifier."""
        begun = self.codes.pop(asked["code"])
        assert asked["redirect_uri"] == begun["redirect_uri"]
        assert encoded(hashlib.sha256(asked["code_verifier"].encode()).digest()) == begun["code_challenge"]
        now = int(time.time())
        claims = {
            "iss": self.name, "aud": CLIENT, "sub": "subject-1", "iat": now, "exp": now + 300,
            "nonce": begun["nonce"], "email": self.email, "email_verified": True,
        }
        header = {"alg": "EdDSA", "kid": KEY_ID, "typ": "JWT"}
        signed = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
        token = f"{signed}.{encoded(self.key.sign(signed.encode()))}"
        return {"id_token": token, "access_token": "none", "token_type": "Bearer"}


@contextmanager
def issuing(email: str) -> Iterator[Issuer]:
    """An issuer for the length of a block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path)
            issuer.asked.append(path.path)
            match path.path:
                case "/.well-known/openid-configuration":
                    self._answer(issuer.discovery())
                case "/keys":
                    self._answer(issuer.keys())
                case "/authorize":
                    self.send_response(302)
                    self.send_header("location", issuer.authorized(members(path.query)))
                    self.send_header("content-length", "0")
                    self.end_headers()
                case _:
                    self.send_error(404)

        def do_POST(self) -> None:
            issuer.asked.append(self.path)
            body = self.rfile.read(int(self.headers["content-length"]))
            self._answer(issuer.redeemed(members(body.decode())))

        def _answer(self, answer: dict[str, Any]) -> None:
            text = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    def members(text: str) -> dict[str, str]:
        return {name: value for name, (value, *_) in parse_qs(text).items()}

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # Another site than the server's, which is called by its address.
    issuer = Issuer(f"http://localhost:{server.server_port}", email)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
