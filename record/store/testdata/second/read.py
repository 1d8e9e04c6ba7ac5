#!/usr/bin/env python3
"""A second reader of Carehold's format, after docs/format.md.

It shares no code with the program. Its author had read the program, so it shows
that document and program agree; a stranger's reader would show more. It takes the rows of a store with what a holder and an operator have, as JSON on
standard input, and prints what it opened. TestSecondReader compares that with
what went in; the section numbers below are those of docs/format.md.

    pip install cryptography argon2-cffi kyber-py
    read.py store < dump.json      opens and checks a store, and damaged copies of it
    read.py examples               prints the examples of §16
"""

import base64
import hashlib
import hmac
import json
import sys
import unicodedata
import zlib

import argon2.low_level
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from kyber_py.ml_kem import ML_KEM_768


class Refused(Exception):
    """What is stored is not what the format allows."""


def need(ok, what):
    if not ok:
        raise Refused(what)


# ------------------------------------------------------------ 2 notation

def u8(n):
    return n.to_bytes(1, "big")


def u32(n):
    return n.to_bytes(4, "big")


def u64(n):
    return n.to_bytes(8, "big")


def num(b):
    return int.from_bytes(b, "big")


def lp(*fields):
    return b"".join(u32(len(f)) + f for f in fields)


def sha256(b):
    return hashlib.sha256(b).digest()


def fhir_id(b):
    return base64.b32encode(b).decode().lower().rstrip("=")


def key_of(b):
    need(len(b) == 32 and any(b), "not a key")
    return b


def fields(b):
    """A message as a list of (tag, value)."""
    out, last = [], 0
    while b:
        need(len(b) >= 6, "a message cut off")
        tag, n = num(b[:2]), num(b[2:6])
        need(tag >= last and len(b) >= 6 + n, "a message out of order or cut off")
        out.append((tag, b[6:6 + n]))
        b, last = b[6 + n:], tag
    return out


SIZES = {"num": 8, "time": 8, "ms": 8, "flag": 8}


def value(kind, b):
    if kind in SIZES:
        need(len(b) == 8, "a number of another length")
        n = num(b)
        need(kind != "flag" or n == 1, "not a flag")
        need(kind != "time" or n <= 253402300799, "not a time")
        return n
    if kind == "text":
        try:
            return b.decode("utf-8", "strict")
        except UnicodeDecodeError:
            raise Refused("not text")
    if kind[0] == "b" and kind[1:].isdigit():
        need(len(b) == int(kind[1:]), "bytes of another length")
    return b


def message(b, table, unknown="refused"):
    """Reads a message by a table {tag: (name, type, how often)}."""
    out = {name: [] if often == "*" else None for name, _, often in table.values()}
    for tag, v in fields(b):
        if tag not in table:
            need(unknown != "refused", f"unknown tag {tag}")
            continue
        name, kind, often = table[tag]
        if often == "*":
            out[name].append(value(kind, v))
        else:
            need(out[name] is None, f"tag {tag} twice")
            out[name] = value(kind, v)
    for name, _, often in table.values():
        need(often != "1" or out[name] is not None, f"no {name}")
    return out


def write(*pairs):
    """A message of (tag, value); numbers become u64."""
    out = b""
    for tag, v in pairs:
        v = u64(v) if isinstance(v, int) else v.encode() if isinstance(v, str) else v
        out += tag.to_bytes(2, "big") + u32(len(v)) + v
    return out


def padded_size(n):
    if n <= 512:
        return 512
    if n <= 65536:
        return 1 << (n - 1).bit_length()
    e = n.bit_length() - 1
    step = 1 << (e - e.bit_length())  # floor(log2 e) + 1 bits of e
    return (n + step - 1) // step * step


def pad(m):
    out = u32(len(m)) + m
    return out + bytes(padded_size(len(out)) - len(out))


def unpad(b):
    need(len(b) >= 4, "padding")
    n = num(b[:4])
    need(n + 4 <= len(b) and padded_size(n + 4) == len(b) and not any(b[4 + n:]), "padding")
    return b[4:4 + n]


# ------------------------------------------------------------ 3 deriving

def extract64(salt, ikm):
    return hmac.new(salt or bytes(64), ikm, hashlib.sha512).digest()


def expand(prk, info, n):
    out, block, i = b"", b"", 1
    while len(out) < n:
        block = hmac.new(prk, block + info + bytes([i]), hashlib.sha512).digest()
        out, i = out + block, i + 1
    return out[:n]


def extract(salt, ikm):
    return extract64(salt, ikm)[:32]


def kdf(k, label, *f):
    return expand(k, lp(b"carehold-v1", label.encode(), *f), 32)


def id_of(k, label, *f):
    return kdf(k, label, *f)[:16]


def mac(k, label, *f):
    return expand(k, lp(b"carehold-v1 mac", label.encode(), *f), 32)


def block(k, label, name, n):
    x = (num(name) ^ n).to_bytes(16, "big")
    return Cipher(algorithms.AES(kdf(k, label)[:16]), modes.ECB()).encryptor().update(x)


def tag_of(k, label, name, n):
    return block(k, label, name, n)[:8]


def mask(k, label, name, n, v):
    return v ^ num(block(k, label, name, n)[12:16])


# ------------------------------------------------------------- 4 sealing

AEADS = {1: (b"AEAD_CHACHA20_POLY1305", ChaCha20Poly1305), 2: (b"AEAD_AES_256_GCM", AESGCM)}


def context(kind, *f):
    return lp(kind.encode(), *f)


def schedule(k, suite, salt, ctx):
    name, aead = AEADS[suite]
    okm = expand(k, b"c2sp.org/chunked-encryption@v1+" + name + b"\0" + salt + ctx, 76)
    return aead(okm[:32]), num(okm[32:44]), okm[44:]


def seal(k, ctx, m, suite, salt):
    aead, base, commitment = schedule(k, suite, salt, ctx)
    out, i = u8(suite) + salt + commitment, 0
    while True:
        chunk = m[16384 * i:16384 * (i + 1)]
        out += aead.encrypt((base ^ i).to_bytes(12, "big"), chunk, None)
        if len(chunk) < 16384:
            return out
        i += 1


def open_(k, ctx, blob):
    need(len(blob) >= 73 and blob[0] in AEADS, "a blob that is none")
    aead, base, commitment = schedule(k, blob[0], blob[1:25], ctx)
    need(hmac.compare_digest(commitment, blob[25:57]), "a blob of another key or context")
    body, out, i = blob[57:], [], 0
    while body:
        chunk, body = body[:16400], body[16400:]
        try:
            out.append(aead.decrypt((base ^ i).to_bytes(12, "big"), chunk, None))
        except (InvalidTag, ValueError):
            raise Refused("a blob that was altered")
        if len(chunk) < 16400:
            return b"".join(out)
        i += 1
    raise Refused("a blob cut off")


def xwing_keys(seed):
    s = hashlib.shake_256(seed).digest(96)
    ek, dk = ML_KEM_768._keygen_internal(s[:32], s[32:64])
    x = X25519PrivateKey.from_private_bytes(s[64:])
    return dk, x, ek + x.public_key().public_bytes_raw()


def box_key(seed, enc):
    dk, x, public = xwing_keys(seed)
    try:
        shared = x.exchange(X25519PublicKey.from_public_bytes(enc[1088:]))
    except ValueError:
        raise Refused("a box of low order")
    ss = hashlib.sha3_256(ML_KEM_768.decaps(dk, enc[:1088]) + shared + enc[1088:] + public[1184:] + b"\\.//^\\").digest()
    hpke, info = b"HPKE" + bytes.fromhex("647a0003ffff"), b"carehold-v1 box"

    def l_extract(salt, label, x):
        return extract64(salt, b"HPKE-v1" + hpke + label + x)

    def l_expand(prk, label, x, n):
        return expand(prk, n.to_bytes(2, "big") + b"HPKE-v1" + hpke + label + x, n)

    ctx = b"\0" + l_extract(b"", b"psk_id_hash", b"") + l_extract(b"", b"info_hash", info)
    exporter = l_expand(l_extract(ss, b"secret", b""), b"exp", ctx, 64)
    return l_expand(exporter, b"sec", info, 32)


def open_box(seed, ctx, box):
    need(len(box) >= 1120 + 73, "a box cut off")
    return open_(box_key(seed, box[:1120]), ctx, box[1120:])


def verify(public, purpose, m, signature, prefix=True):
    y = num(public[::-1]) & (1 << 255) - 1
    p = 2**255 - 19
    low = {0, 1, p - 1, num(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")[::-1]),
           num(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")[::-1])}
    need(len(public) == 32 and y < p and y not in low, "a degenerate public key")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, (lp(purpose.encode()) if prefix else b"") + m)
    except InvalidSignature:
        raise Refused("a signature that does not hold")


def public_of(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


# --------------------------------------------------- 6 credentials, capsules

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def base62(n, digits):
    out = ""
    for _ in range(digits):
        n, d = divmod(n, 62)
        out = DIGITS[d] + out
    return out


def token_of(kind, secret):
    head = "chd" + kind + "_" + base62(num(secret), 43)
    return head + base62(zlib.crc32(head.encode()), 6)


def parse_token(text):
    need(len(text) == 54 and text[:3] == "chd" and text[3] in "arcsielq" and text[4] == "_", "not a token")
    need(all(c in DIGITS for c in text[5:]), "not a token")
    n = 0
    for c in text[5:48]:
        n = 62 * n + DIGITS.index(c)
    need(n < 2**256, "not a token")
    secret = key_of(n.to_bytes(32, "big"))
    need(token_of(text[3], secret) == text, "a token with a slip in it")
    return text[3], secret


CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def recovery_slot(text):
    for gap in " \t\n\r-\u00a0\u2010\u2011\u2013":
        text = text.replace(gap, "")
    text = text.upper().replace("O", "0").replace("I", "1").replace("L", "1")
    need(len(text) == 40 and all(c in CROCKFORD for c in text), "not a recovery code")
    n = 0
    for c in text:
        n = n << 5 | CROCKFORD.index(c)
    b = n.to_bytes(25, "big")
    need(any(b[:20]) and hashlib.sha512(b"carehold/recovery" + b[:20]).digest()[:5] == b[20:], "a recovery code with a slip in it")
    return "R", kdf(extract(b"", b[:20]), "recovery")


def passphrase_slot(device, passphrase):
    need(len(device) == 27 and device[0] == "1", "not a device key")
    key = base64.b32decode(device[1:] + "======")
    need(base64.b32encode(key).decode().rstrip("=") == device[1:] and any(key), "not a device key")
    stretched = argon2.low_level.hash_secret_raw(
        unicodedata.normalize("NFKC", passphrase).encode(), hashlib.sha512(b"carehold/device" + key).digest()[:16],
        time_cost=3, memory_cost=65536, parallelism=4, hash_len=32, type=argon2.low_level.Type.ID, version=0x13)
    return "P", kdf(extract(key, stretched), "passphrase", device[0].encode())


def capsule_key(credential):
    kind, secret = credential
    return id_of(secret, "capsule-id", kind.encode()), kdf(secret, "capsule-kek", kind.encode())


PAYLOADS = {
    "P": {1: ("person", "b16", "1")},
    "a": {1: ("person", "b16", "1"), 2: ("grant", "b16", "1"), 3: ("key", "b32", "1"), 4: ("audit", "b32", "1"),
          5: ("until", "time", "?")},
    "i": {1: ("quota", "num", "1"), 2: ("until", "time", "1")},
}
PAYLOADS["K"] = PAYLOADS["R"] = PAYLOADS["P"]
PAYLOADS["s"] = PAYLOADS["a"]


def wrapped(b):
    """msg{1: payload, 2: zeros}"""
    m = message(unpad(b), {1: ("payload", "bytes", "1"), 2: ("zeros", "bytes", "1")})
    return m["payload"]


# ------------------------------------------------------------- tables

RING = {1: ("version", "num", "1"), 2: ("person", "b16", "1"), 3: ("store", "b16", "1"), 4: ("verifier", "text", "?"),
        5: ("seq", "num", "1"), 6: ("recent", "b32", "*"), 7: ("trail", "b32", "1"), 8: ("size", "num", "1"),
        9: ("root", "b32", "1"), 20: ("id", "b32", "1"), 21: ("epochs", "b32", "*"), 22: ("generations", "bytes", "*"),
        23: ("slots", "bytes", "*"), 24: ("grants", "bytes", "*")}
GENERATION = {1: ("audit", "b32", "1"), 2: ("box", "b32", "1"), 3: ("identity", "b32", "?"), 4: ("grants", "b32", "?")}
SLOT = {1: ("kind", "num", "1"), 2: ("id", "b16", "1"), 3: ("public", "b1216", "1"), 4: ("label", "text", "?"), 5: ("made", "time", "?")}
HELD = {1: ("grant", "bytes", "1"), 2: ("generation", "num", "1"), 3: ("tokens", "bytes", "*"), 4: ("ended", "time", "?"), 5: ("why", "num", "?")}
TOKEN = {1: ("capsule", "b16", "1"), 2: ("label", "text", "?"), 3: ("ends", "time", "?"), 4: ("made", "time", "?")}
GRANT = {1: ("person", "b16", "1"), 2: ("grant", "b16", "1"), 3: ("self", "flag", "?"), 4: ("name", "text", "1"),
         5: ("organisation", "text", "?"), 6: ("role", "text", "?"), 7: ("sections", "num", "1"), 8: ("scopes", "text", "*"),
         9: ("purpose", "text", "1"), 10: ("from", "time", "1"), 11: ("until", "time", "?"), 12: ("daily", "num", "1")}
ROW = {1: ("epoch", "num", "1"), 2: ("id", "b32", "1"), 3: ("keys", "b33", "*"), 4: ("audit", "b32", "1"), 5: ("certificate", "bytes", "1")}
STOPPED = {4: ("audit", "b32", "1"), 6: ("stopped", "flag", "1")}
HEADER = {1: ("type", "text", "?"), 2: ("id", "text", "?"), 3: ("time", "ms", "1"), 4: ("deleted", "flag", "?"), 5: ("grant", "b16", "1"),
          6: ("self", "flag", "?"), 7: ("name", "text", "?"), 8: ("import", "b16", "?"), 9: ("source", "text", "?"),
          10: ("why", "text", "?"), 11: ("moved", "flag", "?")}
SIGNED = {1: ("body", "bytes", "1"), 2: ("signature", "b64", "1"), 3: ("new", "b64", "?")}
BODY = {1: ("person", "b16", "1"), 2: ("store", "b16", "1"), 3: ("seq", "num", "1"), 4: ("before", "b32", "1"), 5: ("size", "num", "1"),
        6: ("root", "b32", "1"), 7: ("time", "time", "?"), 20: ("identity", "b1248", "?"), 21: ("put", "bytes", "*"),
        22: ("cut", "b16", "*"), 23: ("epoch", "bytes", "?"), 24: ("grants", "bytes", "*"), 25: ("ended", "bytes", "*"),
        26: ("capsules", "bytes", "*"), 40: ("slots", "bytes", "*"), 41: ("ring", "bytes", "1"), 42: ("leaf", "bytes", "1")}
EVENT = {1: ("time", "ms", "1"), 2: ("action", "num", "1"), 3: ("outcome", "num", "1"), 4: ("reason", "num", "?"), 5: ("grant", "b16", "?"),
         6: ("token", "num", "?"), 7: ("entries", "text", "*"), 8: ("more", "num", "?"), 9: ("query", "text", "?"), 10: ("text", "text", "?"),
         11: ("dir", "b32", "?"), 12: ("state", "b32", "?"), 13: ("about", "b16", "*")}
HEAD = {1: ("time", "ms", "1"), 2: ("leaves", "num", "1"), 3: ("peaks", "bytes", "1"), 4: ("account", "b32", "1"), 5: ("live", "b32", "1"),
        6: ("ring", "b32", "1"), 7: ("dir", "b32", "1"), 8: ("used", "num", "1")}
ACCOUNT = {1: ("identity", "b32", "1"), 2: ("box", "b1216", "1"), 3: ("seq", "num", "1"), 4: ("last", "b32", "1"), 5: ("quota", "num", "1"),
           6: ("since", "time", "?"), 7: ("from", "b16", "?"), 8: ("note", "bytes", "?"), 9: ("moved", "text", "?")}
RINGROW = {1: ("seq", "num", "1"), 2: ("slots", "bytes", "*"), 3: ("blob", "bytes", "1")}
LIVE = {1: ("epoch", "num", "1"), 2: ("grants", "b57", "*")}
STORE = {1: ("store", "b16", "1"), 2: ("format", "num", "1")}

SECTIONS = ("identity providers about-me allergies medicines conditions vaccinations results measurements visits documents "
            "support plan budget mental-health sexual-health substance-use safeguarding private").split()
ALL = sum(1 << s for s in range(1, 20))
PURPOSES = "TREAT ETREAT CAREMGT COC FAMRQT PATRQT SUPNWK HRESCH".split()


def parse_grant(b):
    g = message(b, GRANT)
    need(g["sections"] & ~ALL == 0 and g["sections"] & 6 == 6 and g["scopes"] and g["name"] and g["from"], "a grant against the rules")
    need(not g["self"] or g["sections"] == ALL, "a self-grant that is not to everything")
    need(g["purpose"] in PURPOSES and (not g["until"] or g["until"] > g["from"]), "a grant against the rules")
    for text in g["scopes"]:
        context_, _, rest = text.partition("/")
        typ, _, verbs = rest.partition(".")
        need(context_ == "patient" and (typ == "*" or typ.isalpha()) and verbs and
             verbs == "".join(c for c in "cruds" if c in verbs), "a scope")
    return g


def verify_certificate(cert, identity):
    need(len(cert) > 64, "a certificate cut off")
    verify(identity, "carehold-v1 certificate", cert[64:], cert[:64])
    return parse_grant(cert[64:])


# ----------------------------------------------------------------- 12 tree

def leaf_hash(leaf):
    return sha256(b"\0" + leaf)


def node_hash(a, b):
    return sha256(b"\1" + a + b)


def add_peak(peaks, size, h):
    while size & 1:
        h, size = node_hash(peaks.pop(), h), size >> 1
    peaks.append(h)


def root_of(peaks):
    if not peaks:
        return sha256(b"")
    h = peaks[-1]
    for p in reversed(peaks[:-1]):
        h = node_hash(p, h)
    return h


def node_verifier(store, public):
    """The name, the key hash and the verifier key."""
    name, key = "carehold/node/" + store.hex(), b"\1" + public
    key_hash = sha256(name.encode() + b"\n" + key)[:4]
    return name, key_hash, f"{name}+{key_hash.hex()}+{base64.b64encode(key).decode()}"


def verify_checkpoint(note, verifier, store, person):
    name, hash_, key = verifier.split("+", 2)
    public = base64.b64decode(key, validate=True)
    need(public[:1] == b"\1" and len(public) == 33 and node_verifier(store, public[1:])[2] == verifier, "a verifier key")
    text, _, signatures = note.partition("\n\n")
    text += "\n"
    lines = text.split("\n")
    need(len(lines) == 4 and lines[0] == f"carehold/log/{store.hex()}/{person.hex()}", "a checkpoint of another log")
    start = f"\u2014 {name} "
    ours = [s[len(start):] for s in signatures.split("\n") if s.startswith(start)]
    need(len(ours) == 1, "a checkpoint by another node")
    b = base64.b64decode(ours[0], validate=True)
    need(len(b) == 68 and b[:4].hex() == hash_, "a checkpoint by another node")
    verify(public[1:], "", text.encode(), b[4:], prefix=False)
    root = base64.b64decode(lines[2], validate=True)
    need(str(int(lines[1])) == lines[1] and len(root) == 32, "a checkpoint")
    return int(lines[1]), root


# ----------------------------------------------------------- reading a store

class Person:
    """One person's rows, checked as far as node.key goes."""

    def __init__(self, rows, node, store, person):
        self.rows, self.person = rows, person
        head = self.row(b"h")
        need(len(head) > 32 and hmac.compare_digest(mac(node, "head-mac", store, person, head[32:]), head[:32]), "a head not by this node")
        self.head = message(head[32:], HEAD)
        self.account = message(self.hashed(b"a", self.head["account"]), ACCOUNT)
        self.live = message(self.hashed(b"v", self.head["live"]), LIVE)
        self.ring = message(self.hashed(b"r", self.head["ring"]), RINGROW)
        self.listed = {}
        for line in self.live["grants"]:
            need(len(line) == 57 and line[24] & ~3 == 0, "a line of the live list")
            need(hashlib.sha256(self.rows.get(b"g" + line[:16], b"")).digest() == line[25:], "a live grant's row is not the live list's")
            self.listed[line[:16]] = {"until": num(line[16:24]) or None, "self": line[24] & 1, "struck": line[24] >> 1 & 1}
        self.directory()
        self.log()

    def row(self, key):
        need(key in self.rows, f"no row {key[:1]}")
        return self.rows[key]

    def hashed(self, key, want):
        need(sha256(self.row(key)) == want, f"row {key[:1]} is another")
        return self.rows[key]

    def directory(self):
        row = self.row(b"d")
        need(len(row) == 2048 and sha256(b"carehold/directory" + row) == self.head["dir"], "the directory is another")
        self.entries = {}
        for n in range(64):
            h = row[32 * n:32 * n + 32]
            if not any(h):
                continue
            segment = self.hashed(b"s" + u8(n) + h, h)
            need(len(segment) % 56 == 0, "a segment cut off")
            lines = [segment[i:i + 56] for i in range(0, len(segment), 56)]
            need(lines == sorted(lines) and all(l[0] >> 2 == n for l in lines), "a segment out of order")
            for l in lines:
                self.entries[l[:16]] = (num(l[16:24]), l[24:])

    def log(self):
        self.leaves, self.peaks = [], []
        for i in range(self.head["leaves"]):
            leaf = self.row(b"l" + u64(i))
            add_peak(self.peaks, i, leaf_hash(leaf))
            self.leaves.append(leaf)
        need(b"".join(self.peaks) == self.head["peaks"], "the log is another")
        self.root = root_of(self.peaks)

    def version_rows(self, entry, stamp):
        """A version's rows, its prev taken off, once the newest version answers for them."""
        newest, want = self.entries[entry]
        for at in range(newest, stamp - 1, -1):
            inverted = u64(~at & 2**64 - 1)
            first = self.row(b"e" + entry + inverted)
            need(sha256(first) == want, "an entry is another")
            count = num(first[44:48])
            need(1 <= count <= 16384 and len(first) >= 48 + 32 * (count - 1), "a count of rows")
            if at == stamp:
                rows = [first[32:]] + [self.row(b"x" + entry + inverted + u32(i)) for i in range(1, count)]
                for i in range(1, count):
                    need(sha256(rows[i]) == first[16 + 32 * i:48 + 32 * i], "a row of an entry is another")
            want = first[:32]
        need(stamp & 2**40 - 1 != 1 or not any(want), "a version before the first")
        return rows

    def versions(self, entry):
        newest = self.entries[entry][0]
        generation, last = newest >> 40, newest & 2**40 - 1
        return [generation << 40 | v for v in range(1, last + 1)]


class Hold:
    """The keys of a grant: ID and its sections' in one epoch."""

    def __init__(self, p, id_, epoch, sections):
        self.p, self.id, self.epoch, self.keys = p, id_, epoch, {epoch: sections}

    def at(self, e):
        need(1 <= e <= self.epoch, "an epoch that never was")
        for x in range(self.epoch, e, -1):
            if x - 1 in self.keys:
                continue
            row = self.p.row(b"b" + u32(x))
            need(len(row) in (1995, 3990), "a back row cut off")
            self.keys[x - 1] = {s: key_of(open_(kdf(k, "prev"), context("prev", self.p.person, u8(s), u32(x)),
                                                row[105 * (s - 1):105 * s])) for s, k in self.keys[x].items()}
        return self.keys[e]

    def open(self, entry, stamp):
        """None for a version in a section that is not held."""
        rows = self.p.version_rows(entry, stamp)
        e = mask(self.id, "epoch-mask", entry, stamp, num(rows[0][:4]))
        keys = self.at(e)
        mine = [s for s, k in keys.items() if tag_of(k, "view-tag", entry, stamp) == rows[0][4:12]]
        if not mine:
            return None
        s, count, parts = mine[0], len(rows), []
        for i, row in enumerate(rows):
            ctx = context("entry", self.p.person, u8(s), u32(e), entry, u64(stamp), u32(i), u32(count))
            parts.append(open_(kdf(keys[s], "seal-entry"), ctx, row[16 + 32 * (count - 1):] if i == 0 else row))
        return parse_entry(self.id, entry, stamp, s, unpad(b"".join(parts)))


def parse_entry(id_, entry, stamp, section, plain):
    need(len(plain) >= 6 and num(plain[:2]) == 1, "a header of another version")
    n = num(plain[2:6])
    need(6 + n <= len(plain), "a header cut off")
    h = message(plain[6:6 + n], HEADER)
    need(id_of(id_, "entry-id", h["type"].encode(), h["id"].encode()) == entry, "an entry under another's name")
    need(not h["deleted"] or len(plain) == 6 + n, "a deleted entry with content")
    return {"ref": h["type"] + "/" + h["id"], "version": stamp & 2**40 - 1, "section": SECTIONS[section - 1], "deleted": bool(h["deleted"]),
            "name": h["name"] or "", "grant": h["grant"].hex(), "source": h["source"] or "", "moved": bool(h["moved"]),
            "time": h["time"], "json": plain[6 + n:].decode()}


def open_grant(p, gk, g):
    """A live grant's row: its hold and certificate. Stopped: None."""
    plain = wrapped(open_(kdf(gk, "wrap"), context("grant-row", p.person, g), p.row(b"g" + g)))
    if any(tag == 6 for tag, _ in fields(plain)):
        key_of(message(plain, STOPPED)["audit"])
        need(g not in p.listed, "a live grant with a stopped row")
        return None
    need(g in p.listed, "a grant that is not live with keys")
    m = message(plain, ROW)
    need(m["epoch"] == p.live["epoch"], "a grant's row of another epoch")
    c, line = verify_certificate(m["certificate"], p.account["identity"]), p.listed[g]
    keys = {k[0]: key_of(k[1:]) for k in m["keys"]}
    need(len(keys) == len(m["keys"]), "a section twice")
    need(c["person"] == p.person and c["grant"] == g and bool(c["self"]) == bool(line["self"]) and c["until"] == line["until"] and
         c["sections"] == sum(1 << s for s in keys), "a certificate of another grant")
    return Hold(p, key_of(m["id"]), m["epoch"], keys), c


class Database:
    """A store's rows, by partition and key."""

    def __init__(self, rows, node):
        self.rows, self.node = {(k[1:17], k[17:]): v for k, v in rows.items() if k[:1] == b"r"}, node
        meta = message(self.rows.get((bytes(16), b"ms"), b""), STORE)
        need(meta["format"] == 2, "another format")
        self.store = meta["store"]
        mark = self.rows.get((bytes(16), b"mc"))
        need(mark is None or len(mark) == 40 and mac(node, "clock-mark", mark[32:]) == mark[:32], "the clock's mark")
        for (part, key), row in self.rows.items():
            if key == b"c":
                self.capsule(part, row)

    def capsule(self, cid, row):
        """State, hour, owner and the rest."""
        need(len(row) >= 69 and row[0] <= 1, "a capsule cut off")
        want = mac(self.node, "belongs", self.store, cid, row[5:37], row[:1], row[1:5], row[69:])
        need(hmac.compare_digest(want, row[37:69]), "a capsule not by this node")
        return row[0], row[1:5], row[5:37], row[69:]

    def open_capsule(self, credential):
        """The capsule's id, its KEK, its payload, and whom a used invite admitted."""
        cid, kek = capsule_key(credential)
        need((cid, b"c") in self.rows, "no such capsule")
        state, hour, owner, blob = self.capsule(cid, self.rows[cid, b"c"])
        admitted, blob = (blob[:16], blob[16:]) if state else (None, blob)
        payload = wrapped(open_(kek, context("capsule", credential[0].encode(), cid, hour), blob))
        out = message(payload, PAYLOADS[credential[0]])
        need(num(hour) == (-(-out["until"] // 3600) if out.get("until") else 0), "an expiry hour")
        need(owner == mac(self.node, "belongs", self.store, cid, out.get("person", bytes(16))), "a capsule of another person")
        return cid, kek, out, admitted


def unlock(database, people, credential):
    """From a slot to the keyring: §7."""
    cid, kek, payload, _ = database.open_capsule(credential)
    p = people[payload["person"]]
    wraps = {s[:16]: s[16:] for s in p.ring["slots"]}
    need(cid in wraps, "a slot that was removed")
    root = key_of(open_box(kek, context("root", p.person, cid), wraps[cid]))
    blob = open_(kdf(root, "ring"), context("ring", p.person, u64(p.ring["seq"])), p.ring["blob"])
    ring = message(unpad(blob), RING, unknown="kept")
    need(ring["version"] == 1 and ring["person"] == p.person and ring["seq"] == p.ring["seq"], "a keyring of another place")
    for name, table in (("generations", GENERATION), ("slots", SLOT), ("grants", HELD)):
        ring[name] = [message(b, table, unknown="kept") for b in ring[name]]
    for k in [ring["id"]] + ring["epochs"]:
        key_of(k)
    last = ring["generations"][-1]
    need(last["identity"] and last["grants"], "a last generation without keys")
    need(public_of(last["identity"]) == p.account["identity"] and xwing_keys(last["box"])[2] == p.account["box"] and
         p.account["seq"] == ring["seq"] and len(ring["epochs"]) == p.live["epoch"], "a keyring that is not the account's")
    mine = [s for s in ring["slots"] if s["id"] == cid]
    need(len(mine) == 1 and chr(mine[0]["kind"]) == credential[0] and mine[0]["public"] == xwing_keys(kek)[2], "a keyring without this slot")
    need({s["id"] for s in ring["slots"]} == set(wraps), "other slots than the keyring's")
    for h in ring["grants"]:
        h["grant"] = parse_grant(h["grant"])
        need(h["generation"] < len(ring["generations"]) and (h["ended"] is None) == (h["why"] is None), "a grant of the keyring")
        h["tokens"] = [message(t, TOKEN, unknown="kept") for t in h["tokens"]]
    need(sum(1 for h in ring["grants"] if h["grant"]["self"] and not h["ended"]) == 1, "not one self-grant")
    return p, ring


def open_leaf(p, ring, index, leaf):
    need(len(leaf) >= 9, "a leaf cut off")
    if leaf[0] == 2:
        for h in ring["grants"]:
            g = h["grant"]["grant"]
            ak = kdf(ring["generations"][h["generation"]]["audit"], "audit", g)
            if tag_of(ak, "hint", p.person, index) == leaf[1:9]:
                return "grant", g, open_(kdf(ak, "leaf"), context("leaf-grant", p.person, g, u64(index)), leaf[9:])
        raise Refused(f"leaf {index}: no grant's hint fits")
    for gen in ring["generations"]:
        try:
            if leaf[0] == 1:
                key = kdf(kdf(gen["audit"], "owner"), "leaf")
                return "device", num(leaf[1:9]), open_(key, context("leaf-owner", p.person, leaf[1:9]), leaf[9:])
            if leaf[0] == 3:
                return "node", None, open_box(gen["box"], context("leaf-node", p.person, u64(index)), leaf[1:])
        except Refused:
            pass
    raise Refused(f"leaf {index}: no key opens it")


def check_log(p, ring):
    """§12, Checking."""
    events, trail, seq, directory, peaks = [], bytes(32), 0, None, []
    first = ring["seq"] - len(ring["recent"])
    hashes = {first + i: h for i, h in enumerate(ring["recent"])}
    met = ring["size"] == 0
    for i, leaf in enumerate(p.leaves):
        add_peak(peaks, i, leaf_hash(leaf))
        met = met or i + 1 == ring["size"] and root_of(peaks) == ring["root"]
        writer, who, plain = open_leaf(p, ring, i, leaf)
        e = message(unpad(plain), EVENT, unknown="passed over")
        if writer == "device":
            seq += 1
            need(who == seq, f"leaf {i} is of statement {who}, not {seq}")
            need(seq - 1 not in hashes or e["state"] == hashes[seq - 1], f"leaf {i} does not follow")
            trail = sha256(trail + leaf_hash(leaf))
        if writer == "grant":
            need(e["grant"] == who, f"leaf {i} names another grant")
        directory = e["dir"] or directory
        events.append({"index": i, "writer": writer, "time": e["time"], "action": e["action"], "outcome": e["outcome"], "reason": e["reason"] or 0,
                       "grant": (e["grant"] or bytes(16)).hex(), "entries": e["entries"], "text": e["text"] or "", "query": e["query"] or ""})
    need(seq == ring["seq"] and trail == ring["trail"], "the statements' leaves are not those of the keyring")
    need(met, "a head that was seen is no part of the log")
    need(directory is None or directory == p.head["dir"], "the directory is not the one the log has")
    return events


def check_statements(p, ring, statements):
    """§11: signatures and chain, from the first to the account's last."""
    before, identity, seq, seen = bytes(32), None, 0, []
    leaves = [l for l in p.leaves if l[0] == 1]
    for signed in statements:
        s = message(signed, SIGNED)
        b = message(s["body"], BODY)
        seq += 1
        need(b["seq"] == seq and b["before"] == before and b["person"] == p.person and b["store"] == ring["store"], "a statement out of the chain")
        new = b["identity"][:32] if b["identity"] else None
        if identity is None:
            need(new and hashlib.sha512(b"carehold/person" + new).digest()[:16] == p.person, "a first statement of another person")
            identity = new
        verify(identity, "carehold-v1 statement", s["body"], s["signature"])
        need(bool(new) == bool(s["new"]), "a signature too many or too few")
        if new:
            verify(new, "carehold-v1 identity", s["body"], s["new"])
            identity = new
        need(b["leaf"] == leaves[seq - 1] and num(b["leaf"][1:9]) == seq, "a statement without its leaf")
        before = sha256(s["body"])
        seen.append({"seq": seq, "hash": before.hex()})
    need(before == p.account["last"] and identity == p.account["identity"] and seq == p.account["seq"], "the chain does not end at the account")
    need([bytes.fromhex(x["hash"]) for x in seen][-1 - len(ring["recent"]):-1] == ring["recent"], "the keyring remembers another chain")
    return seen


def check_anchor(database, node, raw_record, anchor):
    k = kdf(node, "anchor")

    def h(label, x):
        return hmac.new(k, label + b"\0" + x, hashlib.sha256).digest()

    def record(b):
        ok = len(b) == 96 and b[:16] == b"carehold anchor2" and hmac.compare_digest(h(b"slot", b[:64]), b[64:])
        return b if ok else None

    slots = [r for r in (record(anchor[0:96]), record(anchor[4096:4192])) if r]
    need(slots and record(raw_record or b""), "an anchor not by this node")
    newest = max(slots, key=lambda r: num(r[16:24]))
    at, anchored = num(raw_record[16:24]), num(newest[16:24])
    need(at == anchored + 1 or at == anchored and raw_record == newest, "the anchor and the database differ")
    total = sum(num(h(b"row", part + len(key).to_bytes(2, "big") + key + v)) for (part, key), v in database.items() if key[:1] in b"hcm") % 2**256
    need(h(b"state", u64(at) + total.to_bytes(32, "big")) == raw_record[32:64], "a row that was put back")
    return at


def read_store(dump):
    node = key_of(bytes.fromhex(dump["node_key"]))
    rows = {bytes.fromhex(k): bytes.fromhex(v) for k, v in dump["rows"].items()}
    database = Database(rows, node)
    store = database.store
    commit = check_anchor(database.rows, node, rows.get(b"a"), bytes.fromhex(dump["anchor"]))

    parts = {}
    for (part, key), v in database.rows.items():
        parts.setdefault(part, {})[key] = v
    people = {part: Person(r, node, store, part) for part, r in parts.items() if b"h" in r}

    p, ring = unlock(database, people, recovery_slot(dump["recovery"]))
    if dump.get("passphrase"):
        again = unlock(database, people, passphrase_slot(dump["device_key"], dump["passphrase"]))
        need(again[1]["trail"] == ring["trail"], "two slots, two keyrings")
    need(ring["store"] == store, "a keyring of another store")
    public = public_of(kdf(node, "checkpoint", store))
    need(node_verifier(store, public)[2] == ring["verifier"], "another node than the keyring pins")
    size, root = verify_checkpoint(dump["checkpoint"], ring["verifier"], store, p.person)
    need((size, root) == (len(p.leaves), p.root), "the checkpoint is of another log")
    events = check_log(p, ring)

    epoch = len(ring["epochs"])
    whole = Hold(p, ring["id"], epoch, {s: kdf(ring["epochs"][-1], "section", u8(s)) for s in range(1, 20)})
    for e in range(1, epoch):  # the links lead to what the keyring has
        need(whole.at(e) == {s: kdf(ring["epochs"][e - 1], "section", u8(s)) for s in range(1, 20)}, "a link to another key")
    entries = []
    for entry in p.entries:
        for stamp in p.versions(entry):
            v = whole.open(entry, stamp)
            need(v is not None, "an entry in no section")
            entries.append(v)

    grants = []
    for h in ring["grants"]:
        g, live = h["grant"], h["ended"] is None
        need((g["grant"] in p.listed) == live, "the live list is not the keyring's")
        out = {"id": g["grant"].hex(), "name": g["name"], "self": bool(g["self"]), "sections": g["sections"], "scopes": g["scopes"],
               "live": live, "tokens": len(h["tokens"])}
        key = ring["generations"][h["generation"]]["grants"]
        if key:
            opened = open_grant(p, kdf(key, "grant", g["grant"]), g["grant"])
            need((opened is not None) == live, "a grant that ended has keys")
            if opened:
                need({k: v for k, v in opened[1].items()} == g, "the certificate is not the keyring's grant")
        grants.append(out)

    tokens = []
    for text in dump["tokens"]:
        _, _, t, _ = database.open_capsule(parse_token(text))
        opened = open_grant(people[t["person"]], t["key"], t["grant"])
        seen = [opened[0].open(entry, p.entries[entry][0]) for entry in p.entries] if opened else []
        tokens.append({"grant": t["grant"].hex(), "opens": opened is not None,
                       "entries": sorted(v["ref"] for v in seen if v and not v["deleted"])})
    admitted = database.open_capsule(parse_token(dump["invite"]))[3]
    need(admitted == p.person, "an invite that admitted another")
    return {"store": store.hex(), "person": p.person.hex(), "patient": fhir_id(id_of(ring["id"], "patient-id")), "commit": commit,
            "epoch": epoch, "generations": len(ring["generations"]), "size": size, "root": root.hex(), "verifier": ring["verifier"],
            "slots": sorted(chr(s["kind"]) for s in ring["slots"]), "entries": sorted(entries, key=lambda v: (v["ref"], v["version"])),
            "grants": grants, "tokens": tokens, "log": events,
            "statements": check_statements(p, ring, [bytes.fromhex(s) for s in dump["statements"]])}


def main_store():
    given = json.load(sys.stdin)
    dump, out = given["dump"], {"damages": {}}
    out["read"] = read_store(dump)
    for d in given["damages"]:
        copy = dict(dump, passphrase=None, rows=dict(dump["rows"]))
        if d["key"] == "anchor":
            copy["anchor"] = d["value"]
        elif d["value"] is None:
            del copy["rows"][d["key"]]
        else:
            copy["rows"][d["key"]] = d["value"]
        try:
            read_store(copy)
            out["damages"][d["name"]] = ""
        except Refused as why:
            out["damages"][d["name"]] = str(why)
    json.dump(out, sys.stdout)


# ---------------------------------------------------------------- examples

def n32(n):
    return bytes([n]) * 32


def examples():
    """Every value of §16, from the inputs it names."""
    out = {}
    id_, e1, k_audit, k_grants, node = n32(0x41), n32(0x51), n32(0x61), n32(0x66), n32(0x71)
    identity = n32(0x65)
    public = public_of(identity)
    person = hashlib.sha512(b"carehold/person" + public).digest()[:16]
    grant, store = bytes([0x21]) * 16, bytes([0x12]) * 16
    salt = bytes(range(24))

    out["KDF(41^32, entry-id, Patient, p1)"] = kdf(id_, "entry-id", b"Patient", b"p1")
    out["KDF(51^32, section, 04)"] = sk = kdf(e1, "section", u8(4))
    out["MAC(71^32, clock-mark, u64(5))"] = mac(node, "clock-mark", u64(5))
    out["person of identity seed 65^32"] = person
    ctx = context("prev", person, u8(4), u32(2))
    out["ctx (prev, person, section 4, epoch 2)"] = ctx
    out["Seal(41^32, ctx, hello), suite 1, salt 00..17"] = seal(n32(0x41), ctx, b"hello", 1, salt)
    out["Seal(41^32, ctx, hello), suite 2, salt 00..17"] = seal(n32(0x41), ctx, b"hello", 2, salt)
    out["token a, secret 01^32"] = token_of("a", n32(1)).encode()
    cid, kek = capsule_key(("a", n32(1)))
    out["its capsule id"], out["its KEK"] = cid, kek
    b = bytes(range(1, 21))
    n = num(b + hashlib.sha512(b"carehold/recovery" + b).digest()[:5])
    text = "".join(CROCKFORD[n >> 5 * i & 31] for i in range(39, -1, -1))
    out["recovery code of 01 02 .. 14"] = "-".join(text[i:i + 5] for i in range(0, 40, 5)).encode()
    out["secret of its slot"] = recovery_slot(text)[1]

    entry, stamp = id_of(id_, "entry-id", b"AllergyIntolerance", b"a1"), 1
    out["entry id of AllergyIntolerance/a1"] = entry
    hint = u32(mask(id_, "epoch-mask", entry, stamp, 1)) + tag_of(sk, "view-tag", entry, stamp)
    out["hint, section 4, epoch 1, stamp 1"] = hint
    header = write((1, "AllergyIntolerance"), (2, "a1"), (3, 1795269720000), (5, grant), (6, 1), (7, "you"), (10, "type:AllergyIntolerance"))
    plain = (1).to_bytes(2, "big") + u32(len(header)) + header + b'{"resourceType":"AllergyIntolerance","id":"a1"}'
    out["plaintext"] = plain
    ctx = context("entry", person, u8(4), u32(1), entry, u64(stamp), u32(0), u32(1))
    out["row 0 of version 1, suite 2, salt 00..17"] = row = bytes(32) + hint + u32(1) + seal(kdf(sk, "seal-entry"), ctx, pad(plain), 2, salt)
    out["its row key"] = b"e" + entry + u64(~stamp & 2**64 - 1)
    out["its line in the directory"] = entry + u64(stamp) + sha256(row)

    g = write((1, person), (2, grant), (3, 1), (4, "you"), (7, ALL), (8, "patient/*.cruds"), (9, "PATRQT"), (10, 1795269600), (12, 1000000))
    out["certificate"] = Ed25519PrivateKey.from_private_bytes(identity).sign(lp(b"carehold-v1 certificate") + g) + g
    out["GK_g of K_grants 66^32"] = kdf(k_grants, "grant", grant)
    out["AK_g of K_audit 61^32"] = ak = kdf(k_audit, "audit", grant)

    body = write((1, person), (2, store), (3, 2), (4, n32(0x31)), (5, 7), (6, n32(0x34)), (7, 1795269720),
                 (22, bytes([0x72]) * 16), (40, bytes([0x73]) * 16 + b"wrap"), (41, b"keyring"), (42, b"\1" + u64(2) + b"leaf"))
    out["statement body (stand-ins for wrap, keyring, leaf)"] = body
    out["its hash"] = sha256(body)
    out["its signature by 65^32"] = Ed25519PrivateKey.from_private_bytes(identity).sign(lp(b"carehold-v1 statement") + body)

    event = write((1, 1795269720000), (2, 1), (3, 0), (5, grant), (6, num(cid[:4])), (7, "AllergyIntolerance/a1/_history/1"))
    out["event"] = event
    leaf = b"\2" + tag_of(ak, "hint", person, 2) + seal(kdf(ak, "leaf"), context("leaf-grant", person, grant, u64(2)), pad(event), 2, salt)
    out["leaf 2, suite 2, salt 00..17"] = leaf
    out["its leaf hash"] = leaf_hash(leaf)
    peaks = []
    for i, l in enumerate((b"zero", b"one", leaf)):
        add_peak(peaks, i, leaf_hash(l))
    out["peaks of the tree of leaves zero, one, leaf 2"] = b"".join(peaks)
    out["its root"] = root_of(peaks)
    seed = kdf(node, "checkpoint", store)
    name, key_hash, verifier = node_verifier(store, public_of(seed))
    out["verifier key of node.key 71^32"] = verifier.encode()
    text = f"carehold/log/{store.hex()}/{person.hex()}\n3\n{base64.b64encode(root_of(peaks)).decode()}\n"
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(text.encode())
    out["checkpoint of that tree"] = f"{text}\n\u2014 {name} {base64.b64encode(key_hash + signature).decode()}\n".encode()
    return out


def printed(v):
    """Texts as they are, in quotes; everything else in hexadecimal."""
    try:
        text = v.decode("utf-8")
        if len(v) > 8 and all(c.isprintable() or c == "\n" for c in text):
            return json.dumps(text, ensure_ascii=False)
    except UnicodeDecodeError:
        pass
    return v.hex()


if __name__ == "__main__":
    if sys.argv[1:] == ["store"]:
        main_store()
    elif sys.argv[1:] == ["examples"]:
        json.dump({k: printed(v) for k, v in examples().items()}, sys.stdout, ensure_ascii=False)
    else:
        sys.exit(__doc__)
