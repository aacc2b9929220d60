"""Checks anchors and proofs by `docs/anchors.md` alone: nothing of Scrip is asked, and nothing of it is imported."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LINES = ["number", "previous", "signed-at", "rows", "wallets", "root", "public-key"]


class Wrong(Exception):
    """What was looked at is not what it says it is."""


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def wallet_digest(environment: int, customer: str, currency: str, resource: str | None) -> bytes:
    named = [customer.encode(), b"\0", currency.encode(), b"\0", (resource or "").encode()]
    return sha256(b"scrip wallet 1\0", environment.to_bytes(4, "big"), *named)


def leaf(wallet: bytes, sequence: int, row_hash: bytes) -> bytes:
    return sha256(b"\0", wallet, sequence.to_bytes(8, "big"), row_hash)


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1", left, right)


def root(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256()
    parting = 1
    while parting * 2 < len(leaves):
        parting *= 2
    return node(root(leaves[:parting]), root(leaves[parting:]))


def climb(start: bytes, index: int, leaves: int, path: list[bytes]) -> bytes:
    """The root that a leaf comes to. The sides follow from its place among so many leaves."""
    if leaves == 1:
        if path:
            raise Wrong("the path is too long")
        return start
    parting = 1
    while parting * 2 < leaves:
        parting *= 2
    if not path or not 0 <= index < leaves:
        raise Wrong("the path is too short, or leads past the leaves")
    *nearer, other = path
    if index < parting:
        return node(climb(start, index, parting, nearer), other)
    return node(other, climb(start, index - parting, leaves - parting, nearer))


@dataclass(frozen=True)
class Statement:
    text: str
    said: dict[str, str]

    @property
    def hash(self) -> str:
        return sha256(self.text.encode()).hex()

    def number(self, name: str) -> int:
        return int(self.said[name])


def check_anchor(anchor: dict[str, Any], public_key: str | None = None) -> Statement:
    """The statement, if it is signed with this key, or by whoever it names itself."""
    text = anchor["statement"]
    first, *lines = text.split("\n")
    if first != "scrip anchor 1" or lines[-1] != "" or [line.split(" ")[0] for line in lines[:-1]] != LINES:
        raise Wrong(f"no statement: {text!r}")
    statement = Statement(text, dict(line.split(" ") for line in lines[:-1]))
    if public_key is not None and statement.said["public-key"] != public_key:
        raise Wrong("it is signed with another key")
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(statement.said["public-key"]))
        key.verify(bytes.fromhex(anchor["signature"]), text.encode())
    except InvalidSignature as invalid:
        raise Wrong("the signature is not its own") from invalid
    for name, line in [("hash", None), ("root", "root"), ("publicKey", "public-key"), ("signedAt", "signed-at")]:
        said = statement.hash if line is None else statement.said[line]
        if anchor.get(name, said) != said:
            raise Wrong(f"{name} is not what is signed")
    return statement


def check_line(anchors: list[dict[str, Any]], public_key: str | None = None) -> list[Statement]:
    """Anchors from the first on, each of which must name the one before."""
    before, statements = "00" * 32, []
    for place, anchor in enumerate(anchors, start=1):
        statement = check_anchor(anchor, public_key)
        if statement.number("number") != place or statement.said["previous"] != before:
            raise Wrong(f"anchor {place} does not follow on the one before")
        before = statement.hash
        statements.append(statement)
    return statements


def check_proof(parts: list[dict[str, Any]], row_hash: str, public_key: str | None = None) -> Statement:
    """That a row of this hash is one that the anchor covers. `parts` are the pages of the proof, in order."""
    first, last = parts[0], parts[-1]
    wallet, head = first["wallet"], first["head"]
    names = (wallet["environment"], wallet["customerId"], wallet["currencyId"], wallet["resourceId"])
    digest = wallet_digest(*names)
    if digest.hex() != wallet["digest"]:
        raise Wrong("the digest is not the wallet's")
    if first["sequence"] == 1 and first["previousHash"] != digest.hex():
        raise Wrong("the first row does not begin the wallet's chain")
    links = [link for part in parts for link in part["links"]]
    before = bytes.fromhex(first["previousHash"])
    for place, link in enumerate(links):
        texts = bytes.fromhex(link["textsDigest"] or "")
        before = sha256(before, base64.b64decode(link["content"]), texts)
        if before.hex() != link["hash"] or link["sequence"] != first["sequence"] + place:
            raise Wrong(f"link {place} does not follow on the one before")
    if links[0]["hash"] != row_hash:
        raise Wrong("it is another row that is proven")
    if sequence_of(base64.b64decode(links[0]["content"])) != first["sequence"]:
        raise Wrong("the row has another sequence")
    if last["next"] is not None or (links[-1]["sequence"], before.hex()) != (head["sequence"], head["hash"]):
        raise Wrong("the links do not end with the head")
    statement = check_anchor(first["anchor"], public_key)
    path = [bytes.fromhex(other) for other in head["path"]]
    reached = climb(leaf(digest, head["sequence"], before), head["leafIndex"], statement.number("wallets"), path)
    if reached.hex() != statement.said["root"]:
        raise Wrong("the head does not come to the anchor's root")
    return statement


def sequence_of(content: bytes) -> int:
    """What a row's content begins with, behind one byte of version and four of length: its sequence, as a varint."""
    value, shift = 0, 0
    for byte in content[5:]:
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
        shift += 7
    raise Wrong("the content is cut off")


def check_file(text: str, public_key: str | None = None) -> Statement:
    """A file of an anchor directory: its heads come to its root."""
    anchor, *heads = [json.loads(line) for line in text.splitlines()]
    statement = check_anchor(anchor, public_key)
    leaves = [leaf(bytes.fromhex(it["wallet"]), it["sequence"], bytes.fromhex(it["hash"])) for it in heads]
    if [it["wallet"] for it in heads] != sorted({it["wallet"] for it in heads}):
        raise Wrong("the heads are not sorted, or a wallet is there twice")
    if len(leaves) != statement.number("wallets") or root(leaves).hex() != statement.said["root"]:
        raise Wrong("the heads do not come to the root")
    return statement
