#!/usr/bin/env python3
"""A second implementation of Carehold's cryptography, and the vectors it makes.

It shares no code with the Go package and is what docs/format.md was checked against: the
expected values in the JSON files beside it are its own. Where a third
implementation exists, this one is checked against it while it runs: sealing
against Cobblestone-256 of the `cryptography` package, ML-KEM of kyber-py against
that of OpenSSL, HPKE with X-Wing against the published vector in
hpke-pq-x-wing.json.

    python3 -m venv venv
    venv/bin/pip install cryptography==50.0.2 argon2-cffi==25.1.0 kyber-py==1.2.0
    venv/bin/python generate.py

Running it again changes no byte of the files.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import unicodedata
import zlib

import argon2.low_level
from cryptography import cobblestone
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, mlkem, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from kyber_py.ml_kem import ML_KEM_768

HERE = pathlib.Path(__file__).parent


def fixed(name, n=32):
    """Bytes that look random and are the same on every run."""
    return hashlib.shake_256(b"carehold test vectors: " + name.encode()).digest(n)


def write(name, about, **lists):
    text = json.dumps({"about": about, **lists}, indent=1, ensure_ascii=True)
    (HERE / f"{name}.json").write_text(text + "\n")
    print(name, {k: len(v) for k, v in lists.items()})


# ---------------------------------------------------------------- deriving

def mac(key, data):
    return hmac.new(key, data, hashlib.sha512).digest()


def expand(prk, info, n):
    out, block, i = b"", b"", 1
    while len(out) < n:
        block = mac(prk, block + info + bytes([i]))
        out, i = out + block, i + 1
    return out[:n]


def extract(salt, ikm):
    return mac(salt or bytes(64), ikm)[:32]


def lp(*fields):
    return b"".join(len(f).to_bytes(4, "big") + f for f in fields)


def kdf(key, label, *fields):
    return expand(key, lp(b"carehold-v1", label.encode(), *fields), 32)


def key_mac(key, label, *fields):
    return expand(key, lp(b"carehold-v1 mac", label.encode(), *fields), 32)


def kdf_vectors():
    cases = [
        ("capsule-id", []), ("capsule-id", [b""]), ("capsule-id", [b"a"]), ("capsule-kek", [b"a"]),
        ("section", [b"allergies"]), ("section", [b"al", b"lergies"]), ("section", [b"allergies", b""]),
        ("ring", []), ("entry-id", [b"Patient", b"0191"]), ("entry-id", [b"Patient0", b"191"]),
        ("seal-entry", []), ("prev", [(7).to_bytes(4, "big")]),
        ("audit", [bytes(16), (2**63 + 5).to_bytes(8, "big")]), ("patient-id", [bytes(range(256)) * 3]),
    ]
    vectors = []
    for name in ("k1", "k2"):
        for label, fields in cases:
            out = kdf(fixed(name), label, *fields)
            vectors.append({"key": fixed(name).hex(), "label": label, "fields": [f.hex() for f in fields],
                            "out": out.hex(), "id": out[:16].hex(), "mac": key_mac(fixed(name), label, *fields).hex()})
    write("kdf", "KDF(key, label, fields), the id that is its first half, and the MAC of the same", vectors=vectors)


# ----------------------------------------------------------------- sealing

CHACHA, AES = 1, 2
NAMES = {CHACHA: b"AEAD_CHACHA20_POLY1305", AES: b"AEAD_AES_256_GCM"}
CIPHERS = {CHACHA: ChaCha20Poly1305, AES: AESGCM}
CHUNK = 16384


def schedule(suite, key, salt, context):
    okm = expand(key, b"c2sp.org/chunked-encryption@v1+" + NAMES[suite] + b"\0" + salt + context, 76)
    return okm[:32], okm[32:44], okm[44:]


def nonce(base, i):
    return (int.from_bytes(base, "big") ^ i).to_bytes(12, "big")


def seal(suite, key, salt, context, plaintext):
    one, base, commitment = schedule(suite, key, salt, context)
    aead, out, i = CIPHERS[suite](one), bytes([suite]) + salt + commitment, 0
    while True:
        chunk = plaintext[i * CHUNK:(i + 1) * CHUNK]
        out += aead.encrypt(nonce(base, i), chunk, None)
        if len(chunk) < CHUNK:
            return out
        i += 1


def open_(key, context, blob):
    """Returns None for whatever does not open."""
    if len(blob) < 73 or blob[0] not in NAMES:
        return None
    one, base, commitment = schedule(blob[0], key, blob[1:25], context)
    if not hmac.compare_digest(commitment, blob[25:57]):
        return None
    aead, body, out, i = CIPHERS[blob[0]](one), blob[57:], b"", 0
    while True:
        chunk, body = body[:CHUNK + 16], body[CHUNK + 16:]
        try:
            out += aead.decrypt(nonce(base, i), chunk, None)
        except (InvalidTag, ValueError):
            return None
        if len(chunk) < CHUNK + 16:
            return out
        i += 1


def third_opinion(key, context, blob):
    """Opens a blob of suite 2 with the Cobblestone-256 of another project."""
    d = cobblestone.Cobblestone256Decryptor(key, context)
    try:
        return d.update(blob[1:]) + d.finalize()
    except (InvalidTag, ValueError):
        return None


def context(kind, *fields):
    return lp(kind.encode(), *fields)


def context_json(kind, *fields):
    return {"kind": kind, "fields": [f.hex() for f in fields], "encoded": context(kind, *fields).hex()}


def pattern(n):
    return bytes(i % 251 for i in range(n))


def b64(b):
    return base64.b64encode(b).decode()


def gf_mul(x, y):  # NIST SP 800-38D, 6.3
    z = 0
    for i in range(127, -1, -1):
        if x >> i & 1:
            z ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return z


def gf_inverse(x):
    out, square = 1 << 127, x  # the one of this field
    for _ in range(127):
        square = gf_mul(square, square)
        out = gf_mul(out, square)
    return out


def two_key_blob(salt, contexts, keys):
    """A body of two blocks whose AES-GCM tag holds under two keys: the tag is
    linear in the ciphertext, so the second block can be solved for."""
    parts = []
    for key, ctx in zip(keys, contexts):
        one, base, commitment = schedule(AES, key, salt, ctx)
        block = Cipher(algorithms.AES(one), modes.ECB()).encryptor()
        h = int.from_bytes(block.update(bytes(16)), "big")
        start = int.from_bytes(block.update(base + b"\0\0\0\1"), "big")
        parts.append((one, base, commitment, h, start))
    first, lengths = int.from_bytes(fixed("two keys, first block", 16), "big"), 256

    def without_second(h, start):
        h2 = gf_mul(h, h)
        return start ^ gf_mul(first, gf_mul(h2, h)) ^ gf_mul(lengths, h), h2

    (a, a2), (b, b2) = (without_second(p[3], p[4]) for p in parts)
    second = gf_mul(a ^ b, gf_inverse(a2 ^ b2))
    tag = a ^ gf_mul(second, a2)
    body = b"".join(x.to_bytes(16, "big") for x in (first, second, tag))
    plaintexts = [AESGCM(p[0]).decrypt(p[1], body, None) for p in parts]  # both hold
    return body, [p[2] for p in parts], plaintexts


def seal_vectors():
    person, entry = fixed("person", 16), fixed("entry", 16)
    where = ("entry", person, b"allergies", (3).to_bytes(4, "big"), entry, (1).to_bytes(8, "big"),
             (0).to_bytes(4, "big"), (1).to_bytes(4, "big"))
    key, ctx = fixed("seal key"), context(*where)
    opens, refused, blobs = [], [], {}
    for suite, name in ((CHACHA, "chacha20-poly1305"), (AES, "aes-256-gcm")):
        for size in (0, 1, 33, 16383, 16384, 16385, 40000):
            salt = fixed(f"salt {name} {size}", 24)
            blob = seal(suite, key, salt, ctx, pattern(size))
            assert open_(key, ctx, blob) == pattern(size)
            if suite == AES:
                assert third_opinion(key, ctx, blob) == pattern(size)
            blobs[f"{name} {size}"] = blob
            opens.append({"name": f"{name} {size}", "expect": "ok", "suite": suite, "key": key.hex(),
                          "context": context_json(*where), "salt": salt.hex(), "size": size, "blob": b64(blob)})

    def fail(name, of, pieces, key=key, where=where):
        blob = b"".join(bytes.fromhex(p) if isinstance(p, str) else blobs[of][p[0]:p[1]] for p in pieces)
        assert open_(key, context(*where), blob) is None, name
        if blob[:1] == b"\2":
            assert third_opinion(key, context(*where), blob) is None, name
        refused.append({"name": f"{of}: {name}", "expect": "fail", "key": key.hex(),
                        "context": context_json(*where), "of": of, "pieces": pieces})

    def flip(of, i, bit=0):
        return [[0, i], bytes([blobs[of][i] ^ 1 << bit]).hex(), [i + 1, len(blobs[of])]]

    for name in ("chacha20-poly1305", "aes-256-gcm"):
        for size in (0, 33):
            of = f"{name} {size}"
            n = len(blobs[of])
            places = {"suite": 0, "first of the salt": 1, "last of the salt": 24, "first of the commitment": 25,
                      "last of the commitment": 56, "first after the header": 57, "first of the tag": n - 16,
                      "last": n - 1}
            for place, i in places.items():
                for bit in (0, 7):
                    fail(f"bit {bit} flipped in the byte: {place}", of, flip(of, i, bit))
            for cut in (0, 1, 25, 57, 58, 72, n - 17, n - 16, n - 1):
                fail(f"cut to {cut}", of, [[0, cut]])
            for more in ("00", "ff", "00" * 16, "00" * 73):
                fail(f"{len(more) // 2} bytes more", of, [[0, n], more])
            fail("one byte before", of, ["00", [0, n]])
            fail("without the suite", of, [[1, n]])
            fail("twice", of, [[0, n], [0, n]])
            fail("the other suite", of, [f"{3 - blobs[of][0]:02x}", [1, n]])
            for suite in ("00", "03", "80", "ff"):
                fail(f"suite 0x{suite}", of, [suite, [1, n]])
            fail("salt of zeros", of, [[0, 1], "00" * 24, [25, n]])
            fail("commitment of zeros", of, [[0, 25], "00" * 32, [57, n]])
            fail("no body", of, [[0, 57]])
            fail("another key", of, [[0, n]], key=fixed("another key"))
            for i, bit in ((0, 0), (31, 7)):
                near = bytearray(key)
                near[i] ^= 1 << bit
                fail(f"key with a bit flipped in byte {i}", of, [[0, n]], key=bytes(near))
            others = {
                "another kind": ("leaf-grant",) + where[1:],
                "no kind": ("",) + where[1:],
                "another person": where[:1] + (fixed("another person", 16),) + where[2:],
                "another section": where[:2] + (b"medicines",) + where[3:],
                "another epoch": where[:3] + ((4).to_bytes(4, "big"),) + where[4:],
                "another entry": where[:4] + (fixed("another entry", 16),) + where[5:],
                "another version": where[:5] + ((2).to_bytes(8, "big"),) + where[6:],
                "another index": where[:6] + ((1).to_bytes(4, "big"),) + where[7:],
                "another count": where[:7] + ((2).to_bytes(4, "big"),),
                "a field fewer": where[:7],
                "an empty field more": where + (b"",),
                "a boundary moved": where[:1] + (where[1] + where[2],) + where[3:],
                "a boundary moved by one": where[:1] + (where[1][:15], where[1][15:] + where[2]) + where[3:],
                "fields swapped": where[:1] + (where[4], where[2], where[3], where[1]) + where[5:],
            }
            for why, elsewhere in others.items():
                fail(why, of, [[0, n]], where=elsewhere)

        of, n, w = f"{name} 40000", len(blobs[f"{name} 40000"]), CHUNK + 16
        head, c0, c1, c2 = [0, 57], [57, 57 + w], [57 + w, 57 + 2 * w], [57 + 2 * w, n]
        fail("the last chunk dropped", of, [head, c0, c1])
        fail("two chunks dropped", of, [head, c0])
        fail("all chunks dropped", of, [head])
        fail("the first chunk dropped", of, [head, c1, c2])
        fail("the middle chunk dropped", of, [head, c0, c2])
        fail("chunks swapped", of, [head, c1, c0, c2])
        fail("a chunk twice", of, [head, c0, c0, c1, c2])
        fail("a chunk over another", of, [head, c0, c0, c2])
        fail("the last chunk twice", of, [head, c0, c1, c2, c2])
        fail("the last chunk first", of, [head, c2, c0, c1])
        fail("cut inside the second chunk", of, [head, c0, [57 + w, 57 + w + 1000]])
        fail("cut by one", of, [[0, n - 1]])
        fail("cut inside the first chunk", of, [[0, 57 + w - 1]])
        for i in (57, 57 + w - 1, 57 + w, 57 + 2 * w - 1, 57 + 2 * w, n - 1):
            fail(f"bit flipped at {i}", of, flip(of, i, i % 8))
        for size in (16383, 16384, 16385):
            of = f"{name} {size}"
            n = len(blobs[of])
            fail("cut by one", of, [[0, n - 1]])
            fail("a zero more", of, [[0, n], "00"])
            fail("cut to 57 + 16400", of, [[0, 57 + w]]) if n > 57 + w else None
        fail("its empty last chunk dropped", f"{name} 16384", [[0, 57 + w]])

    # Key commitment. One body with a tag that holds under two keys, and under
    # one key in two contexts; only the one that the header commits to opens.
    committed, other = fixed("two keys: committed"), fixed("two keys: other")
    elsewhere = where[:5] + ((2).to_bytes(8, "big"),) + where[6:]
    for name, keys, wheres in (("two keys", (committed, other), (where, where)),
                               ("two contexts", (committed, committed), (where, elsewhere))):
        salt = fixed(f"salt {name}", 24)
        body, commitments, plain = two_key_blob(salt, [context(*w) for w in wheres], keys)
        for chosen in (0, 1):
            of = f"made for {name}, committed to {'first second'.split()[chosen]}"
            blob = b"\2" + salt + commitments[chosen] + body
            blobs[of] = blob
            assert open_(keys[chosen], context(*wheres[chosen]), blob) == plain[chosen]
            opens.append({"name": of, "expect": "ok", "suite": AES, "key": keys[chosen].hex(),
                          "context": context_json(*wheres[chosen]), "plaintext": plain[chosen].hex(), "blob": b64(blob)})
            fail("opened with the other", of, [[0, len(blob)]], key=keys[1 - chosen], where=wheres[1 - chosen])
            fail("commitment and body of different keys", of,
                 [[0, 25], commitments[1 - chosen].hex(), [57, len(blob)]], key=keys[chosen], where=wheres[chosen])
    write("seal", "Sealing. Byte i of a plaintext given by its size is i mod 251; blobs are base64. A blob to be refused "
          "is put together from pieces: [from, to] of the blob named in 'of', or bytes in hex", opens=opens, refused=refused)


# ------------------------------------------------------------------ tokens

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def base62(n, digits):
    out = ""
    for _ in range(digits):
        n, d = divmod(n, 62)
        out = DIGITS[d] + out
    assert n == 0
    return out


def token_of(kind, n, prefix="chd", mark="_"):
    head = prefix + kind + mark + base62(n, 43)
    return head + base62(zlib.crc32(head.encode()), 6)


def token_vectors():
    good = []
    for kind in "arcsielq":
        for secret in (fixed(f"token {kind}"), (1).to_bytes(32, "big"), b"\xff" * 32, b"\x80" + bytes(31)):
            good.append({"expect": "ok", "kind": kind, "secret": secret.hex(),
                         "token": token_of(kind, int.from_bytes(secret, "big"))})
    n = int.from_bytes(fixed("token a"), "big")
    t = token_of("a", n)
    head, crc = t[:-6], zlib.crc32(t[:-6].encode())
    bad = {
        "nothing": "", "the prefix only": "chda_", "one character short": t[:-1], "one character long": t + "0",
        "a space before": " " + t, "a newline after": t + "\n", "a NUL after": t + "\0",
        "a space for a digit": t[:20] + " " + t[21:], "a hyphen for the underscore": t[:4] + "-" + t[5:],
        "small letters throughout": t.lower(), "capitals throughout": t.upper(), "Bearer before": "Bearer " + t,
        "another prefix, right check": token_of("a", n, prefix="chx"),
        "prefix in capitals, right check": token_of("a", n, prefix="CHD"),
        "a hyphen, right check": token_of("a", n, mark="-"),
        "the kind of another token, old check": "chdr" + t[4:],
        "the kind in capitals, right check": token_of("A", n), "kind z, right check": token_of("z", n),
        "the kind of a passphrase slot, right check": token_of("P", n),
        "the kind of a passkey slot, right check": token_of("K", n),
        "the kind of a recovery slot, right check": token_of("R", n),
        "a digit changed": t[:30] + ("A" if t[30] != "A" else "B") + t[31:],
        "two digits swapped": t[:10] + t[11] + t[10] + t[12:],
        "the check changed": t[:-1] + ("A" if t[-1] != "A" else "B"), "the check of zeros": head + "000000",
        "the check plus 2^32": head + base62(crc + 2**32, 6), "the check plus 2 * 2^32": head + base62(crc + 2**33, 6),
        "a secret of 2^256": token_of("a", 2**256), "a secret of 2^256 + 12345": token_of("a", 2**256 + 12345),
        "a secret of 62^43 - 1": token_of("a", 62**43 - 1), "a secret of zeros": token_of("a", 0),
        "a Cyrillic a for the kind": "chd\u0430" + t[4:], "the same, as long": "chd\u0430" + t[5:],
        "a full-width digit": t[:20] + "\uff11" + t[23:], "a Cyrillic C in the prefix": "\u0441hd" + t[4:],
        "an invisible joiner": t[:20] + "\u200d" + t[23:],
        "a character that base62 has not": head[:-1] + "+" + base62(zlib.crc32((head[:-1] + "+").encode()), 6),
        "a slash": head[:-1] + "/" + base62(zlib.crc32((head[:-1] + "/").encode()), 6),
        "a brace": head[:-1] + "{" + base62(zlib.crc32((head[:-1] + "{").encode()), 6),
    }
    assert t[10] != t[11]
    write("token", "Tokens, and what is refused", opens=good,
          refused=[{"name": k, "expect": "fail", "token": v} for k, v in bad.items()])


# ---------------------------------------------------------------- capsules

def capsule(kind, secret):
    k = kind.encode()
    return kdf(secret, "capsule-id", k)[:16], kdf(secret, "capsule-kek", k)


def capsule_vectors():
    vectors, refused = [], []
    for kind in "arcsielqPKR":
        secret, payload = fixed(f"capsule {kind}"), fixed("capsule payload")
        expiry = 0 if kind in "PKR" else 497000
        cid, kek = capsule(kind, secret)
        suite, salt = (AES, CHACHA)[ord(kind) % 2], fixed(f"capsule salt {kind}", 24)
        hour = expiry.to_bytes(4, "big")
        blob = seal(suite, kek, salt, context("capsule", kind.encode(), cid, hour), payload)
        base = {"kind": kind, "secret": secret.hex(), "expiry_hour": expiry, "blob": blob.hex()}
        vectors.append({"expect": "ok", **base, "id": cid.hex(), "kek": kek.hex(), "suite": suite, "salt": salt.hex(),
                        "payload": payload.hex()})
        refused.append({"name": f"{kind}: an hour later", "expect": "fail", **base, "expiry_hour": expiry + 1})
        refused.append({"name": f"{kind}: for ever" if expiry else f"{kind}: for an hour", "expect": "fail", **base,
                        "expiry_hour": 0 if expiry else 1})
        refused.append({"name": f"{kind}: another secret", "expect": "fail", **base, "secret": fixed("other").hex()})
        for other in "arcsielqPKR":
            if other != kind:
                refused.append({"name": f"{kind} opened as {other}", "expect": "fail", **base, "kind": other})
    write("capsule", "A credential's capsule: its id, its key and its blob", opens=vectors, refused=refused)


# ------------------------------------------------------------------- slots

def device_text(key):
    return "1" + base64.b32encode(key).decode().rstrip("=")


def passphrase_vectors():
    device, vectors = fixed("device key", 16), []
    same = {  # what NFKC makes one
        "plain": "correct horse battery staple",
        "no-break spaces": "correct\u00a0horse\u00a0battery\u00a0staple",
        "full width": "\uff43orrect horse battery staple",
        "composed": "caf\u00e9 \u00c5ngstr\u00f6m", "decomposed": "cafe\u0301 A\u030angstro\u0308m",
        "the Angstrom sign": "caf\u00e9 \u212bngstr\u00f6m",
        "a ligature": "\ufb01rst", "no ligature": "first",
        "a capital": "Correct horse battery staple", "a space after": "correct horse battery staple ",
        "Hangul in letters": "\u1112\u1161\u11ab\u1100\u1173\u11af", "Hangul": "\ud55c\uae00", "one character": "x",
        "1,000 characters": "\u00e9x" * 500,
    }
    for name, typed in same.items():
        salt = hashlib.sha512(b"carehold/device" + device).digest()[:16]
        stretched = argon2.low_level.hash_secret_raw(unicodedata.normalize("NFKC", typed).encode(), salt, time_cost=3,
                                                     memory_cost=65536, parallelism=4, hash_len=32, type=argon2.low_level.Type.ID)
        secret = kdf(extract(device, stretched), "passphrase", b"1")
        cid, kek = capsule("P", secret)
        vectors.append({"name": name, "device_key": device_text(device), "passphrase": typed, "secret": secret.hex(),
                        "capsule_id": cid.hex(), "capsule_kek": kek.hex()})
    t = device_text(device)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    last = alphabet.index(t[-1])
    assert last % 4 == 0
    bad = {"nothing": "", "short": t[:-1], "long": t + "A", "small letters": t.lower(), "padding": t + "======",
           "version 0": "0" + t[1:], "version 2": "2" + t[1:], "no version": t[1:] + "A", "version of a letter": "A" + t[1:],
           "a newline inside": t[:10] + "\n" + t[11:], "a newline more": t + "\n", "a space before": " " + t,
           "a digit that base32 has not": t[:10] + "1" + t[11:], "zeros": "1" + "A" * 26,
           "a Cyrillic letter": t[:10] + "\u0410" + t[12:]}
    for spare in (1, 2, 3):
        bad[f"spare bits {spare}"] = t[:-1] + alphabet[last + spare]
    write("passphrase", "Argon2id of a passphrase, with the device key; and device keys that are refused", opens=vectors,
          device_keys=[{"expect": "ok", "text": t, "key": device.hex()}]
          + [{"name": k, "expect": "fail", "text": v} for k, v in bad.items()])


CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def crockford(b):
    n = int.from_bytes(b, "big")
    text = "".join(CROCKFORD[n >> 5 * i & 31] for i in range(len(b) * 8 // 5 - 1, -1, -1))
    return "-".join(text[i:i + 5] for i in range(0, len(text), 5))


def recovery_text(bits):
    return crockford(bits + hashlib.sha512(b"carehold/recovery" + bits).digest()[:5])


def recovery_vectors():
    good, bad = [], {}
    for bits in (fixed("recovery", 20), fixed("recovery 2", 20), bytes(19) + b"\1", b"\xff" * 20):
        text = recovery_text(bits)
        secret = kdf(extract(b"", bits), "recovery")
        cid, kek = capsule("R", secret)
        typed = [text, text.lower(), text.replace("-", ""), text.replace("-", " "), text.replace("-", "\u2011"),
                 text.replace("-", "\u2013"), text.replace("-", "\u00a0"), text.replace("-", "\n"), "  " + text + "\r\n",
                 text.replace("0", "O"), text.replace("0", "o"), text.replace("1", "I"), text.replace("1", "l"),
                 text.lower().replace("1", "L").replace("0", "O")]
        good.append({"expect": "ok", "bits": bits.hex(), "text": text, "typed": sorted(set(typed)), "secret": secret.hex(),
                     "capsule_id": cid.hex(), "capsule_kek": kek.hex()})
    t = good[0]["text"]
    plain = t.replace("-", "")
    bad = {"nothing": "", "one group short": t[:-6], "one character short": t[:-1], "one character long": t + "0",
           "only hyphens": "-" * 47, "zeros": "0" * 40, "zero bits with their check": recovery_text(bytes(20)),
           "a U": "U" + t[1:], "padding": plain + "========", "an underscore": t.replace("-", "_"),
           "a slash": t.replace("-", "/"), "a NUL": t + "\0",
           "a Cyrillic letter": "\u0410" + t[1:], "a full-width digit": "\uff11" + t[1:],
           "a dotless i": "\u0131" + t[1:], "the Kelvin sign": "\u212a" + t[1:], "a zero-width space": t + "\u200b"}
    for i in range(40):
        change = CROCKFORD[(CROCKFORD.index(plain[i]) + 1) % 32]
        bad[f"character {i} changed"] = plain[:i] + change + plain[i + 1:]
    for i in range(39):
        if plain[i] != plain[i + 1]:
            bad[f"characters {i} and {i + 1} swapped"] = plain[:i] + plain[i + 1] + plain[i] + plain[i + 2:]
    groups = t.split("-")
    bad["two groups swapped"] = "-".join([groups[1], groups[0]] + groups[2:])
    write("recovery", "Recovery codes, as printed and as typed", opens=good,
          refused=[{"name": k, "expect": "fail", "typed": v} for k, v in bad.items()])


def passkey_vectors():
    good = []
    for prf in (fixed("prf"), bytes(31) + b"\1", b"\xff" * 32):
        secret = kdf(extract(b"", prf), "prf-output")
        cid, kek = capsule("K", secret)
        good.append({"expect": "ok", "prf": prf.hex(), "secret": secret.hex(), "capsule_id": cid.hex(), "capsule_kek": kek.hex()})
    bad = {"nothing": b"", "zeros": bytes(32), "31 bytes": fixed("prf", 31), "33 bytes": fixed("prf", 33),
           "64 bytes": fixed("prf", 64), "31 zeros": bytes(31)}
    write("passkey", "The output of WebAuthn's PRF extension", opens=good,
          refused=[{"name": k, "expect": "fail", "prf": v.hex()} for k, v in bad.items()])


# ------------------------------------------------------------------- boxes

def xwing_private(seed):
    s = hashlib.shake_256(seed).digest(96)
    pq = mlkem.MLKEM768PrivateKey.from_seed_bytes(s[:64])
    return s[:64], pq, x25519.X25519PrivateKey.from_private_bytes(s[64:])


def raw(public):
    return public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def xwing_public(seed):
    s, pq, t = xwing_private(seed)
    ours, _ = ML_KEM_768._keygen_internal(s[:32], s[32:])
    assert pq.public_key().public_bytes_raw() == ours  # kyber-py and OpenSSL agree
    return ours + raw(t.public_key())


def xwing_combine(ss_pq, ss_t, ct_t, pk_t):
    return hashlib.sha3_256(ss_pq + ss_t + ct_t + pk_t + b"\\.//^\\").digest()


def xwing_encapsulate(public, eseed):
    ss_pq, ct_pq = ML_KEM_768._encaps_internal(public[:1184], eseed[:32])
    e = x25519.X25519PrivateKey.from_private_bytes(eseed[32:])
    ct_t = raw(e.public_key())
    ss_t = e.exchange(x25519.X25519PublicKey.from_public_bytes(public[1184:]))
    return xwing_combine(ss_pq, ss_t, ct_t, public[1184:]), ct_pq + ct_t


def xwing_decapsulate(seed, enc):
    _, pq, t = xwing_private(seed)
    ss_t = t.exchange(x25519.X25519PublicKey.from_public_bytes(enc[1088:]))
    return xwing_combine(pq.decapsulate(enc[:1088]), ss_t, enc[1088:], raw(t.public_key()))


def hpke_export(shared, kdf_id, aead_id, info, exporter_context, n):  # RFC 9180, 5.1 and 5.3
    name = {1: "sha256", 3: "sha512"}[kdf_id]
    size = hashlib.new(name).digest_size
    suite = b"HPKE" + (0x647A).to_bytes(2, "big") + kdf_id.to_bytes(2, "big") + aead_id.to_bytes(2, "big")

    def labeled_extract(salt, label, ikm):
        return hmac.new(salt or bytes(size), b"HPKE-v1" + suite + label + ikm, name).digest()

    def labeled_expand(prk, label, info, n):
        info, out, block, i = n.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, b"", b"", 1
        while len(out) < n:
            block = hmac.new(prk, block + info + bytes([i]), name).digest()
            out, i = out + block, i + 1
        return out[:n]

    schedule_context = b"\0" + labeled_extract(b"", b"psk_id_hash", b"") + labeled_extract(b"", b"info_hash", info)
    secret = labeled_extract(shared, b"secret", b"")
    return labeled_expand(labeled_expand(secret, b"exp", schedule_context, size), b"sec", exporter_context, n)


def check_published():
    p = {k: bytes.fromhex(v) if isinstance(v, str) else v
         for k, v in json.loads((HERE / "hpke-pq-x-wing.json").read_text())["vector"].items()}
    assert xwing_public(p["skRm"]) == p["pkRm"]
    assert xwing_decapsulate(p["skRm"], p["enc"]) == p["shared_secret"]
    for e in p["exports"]:
        assert hpke_export(p["shared_secret"], p["kdf_id"], p["aead_id"], p["info"], bytes.fromhex(e["exporter_context"]),
                           e["L"]) == bytes.fromhex(e["exported_value"])
    print("the published HPKE vector holds:", len(p["exports"]), "exports")


BOX_INFO = b"carehold-v1 box"


def box_open(seed, ctx, box):
    try:
        shared = xwing_decapsulate(seed, box[:1120])
    except ValueError:
        return None
    return open_(hpke_export(shared, 3, 0xFFFF, BOX_INFO, BOX_INFO, 32), ctx, box[1120:])


def box_vectors():
    opens, refused = [], []
    where = ("entry", fixed("person", 16), b"results")
    for i, size in enumerate((0, 1, 33, 2000)):
        seed = fixed(f"box seed {i}")
        public = xwing_public(seed)
        shared, enc = xwing_encapsulate(public, fixed(f"box eseed {i}", 64))
        assert xwing_decapsulate(seed, enc) == shared
        key = hpke_export(shared, 3, 0xFFFF, BOX_INFO, BOX_INFO, 32)
        suite, salt = (CHACHA, AES)[i % 2], fixed(f"box salt {i}", 24)
        blob = seal(suite, key, salt, context(*where), pattern(size))
        box = enc + blob
        assert box_open(seed, context(*where), box) == pattern(size)
        base = {"seed": seed.hex(), "context": context_json(*where), "box": box.hex()}
        opens.append({"expect": "ok", **base, "public": public.hex(), "key": key.hex(), "size": size})
        if i != 2:
            continue
        bad = {"nothing": b"", "the encapsulation only": enc, "one byte short of it": enc[:-1], "cut by one": box[:-1],
               "a byte more": box + b"\0", "a byte before": b"\0" + box,
               "X25519 half of zeros": enc[:1088] + bytes(32) + blob,
               "X25519 half of order 1": enc[:1088] + b"\1" + bytes(31) + blob,
               "X25519 half with its top bit set": enc[:1119] + bytes([enc[1119] | 0x80]) + blob,
               "ML-KEM half of zeros": bytes(1088) + enc[1088:] + blob,
               "ML-KEM half of ones": b"\xff" * 1088 + enc[1088:] + blob, "zeros": bytes(len(box))}
        for at in (0, 500, 1087, 1088, 1119, 1120, 1121, 1150, 1177, len(box) - 1):
            bad[f"a bit flipped at {at}"] = box[:at] + bytes([box[at] ^ 1]) + box[at + 1:]
        for name, b in bad.items():
            assert box_open(seed, context(*where), b) is None, name
            refused.append({"name": name, "expect": "fail", **base, "box": b.hex()})
        refused.append({"name": "another seed", "expect": "fail", **base, "seed": fixed("box seed 0").hex()})
        refused.append({"name": "another context", "expect": "fail", **base,
                        "context": context_json("entry", fixed("person", 16), b"plan")})
    public = xwing_public(fixed("box seed 0"))
    over = bytearray(public)
    over[0], over[1] = 0x01, over[1] & 0xF0 | 0x0D  # the first coefficient is q = 3329 = 0xd01
    keys = {"nothing": b"", "cut by one": public[:-1], "a byte more": public + b"\0", "ML-KEM part only": public[:1184],
            "X25519 part only": public[1184:], "a coefficient of q": bytes(over), "all ones": b"\xff" * 1216}
    # These parse, for one cannot see it, but nothing can be sealed to them.
    low = {"X25519 half of zeros": bytes(32), "X25519 half of order 1": b"\1" + bytes(31),
           "X25519 half of order 8": bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
           "X25519 half of p": bytes.fromhex("ed" + "ff" * 30 + "7f")}
    write("box", "Boxes: X-Wing through HPKE's exporter, then sealing. Byte i of a plaintext is i mod 251", opens=opens,
          refused=refused, public_keys=[{"name": k, "expect": "fail", "public": v.hex()} for k, v in keys.items()],
          low_order=[{"name": k, "expect": "fail", "public": (public[:1184] + v).hex()} for k, v in low.items()])


# -------------------------------------------------------------- signatures

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def add(a, b):
    k = D * a[0] * b[0] * a[1] * b[1] % P
    return ((a[0] * b[1] + a[1] * b[0]) * pow(1 + k, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - k, -1, P) % P)


def times(n, a):
    out = (0, 1)
    while n:
        if n & 1:
            out = add(out, a)
        a, n = add(a, a), n >> 1
    return out


def low_order_points():
    """The eight points of low order, from any points: L times one is one."""
    found, y = set(), 1
    while len(found) < 8:
        y += 1
        x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
        x = pow(x2, (P + 3) // 8, P)
        if (x * x - x2) % P:
            x = x * pow(2, (P - 1) // 4, P) % P
        if (x * x - x2) % P == 0:
            t = times(L, (x, y))
            found |= {times(i, t) for i in range(8)}
    return sorted(found)


def encode(x, y):
    return (y | (x & 1) << 255).to_bytes(32, "little")


def sign_vectors():
    purposes = ["carehold-v1 statement", "carehold-v1 certificate", "carehold-v1 identity"]
    good, bad = [], []
    for i, message in enumerate((b"", b"a", bytes(range(256)))):
        for purpose in purposes:
            seed = fixed(f"sign seed {i}")
            k = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
            public, signature = raw(k.public_key()), k.sign(lp(purpose.encode()) + message)
            base = {"public": public.hex(), "purpose": purpose, "message": message.hex(), "signature": signature.hex()}
            person = hashlib.sha512(b"carehold/person" + public).digest()[:16]
            good.append({"expect": "ok", "seed": seed.hex(), **base, "person": person.hex()})
            for other in purposes:
                if other != purpose:
                    bad.append({"name": f"{purpose} taken for {other}", "expect": "fail", **base, "purpose": other})
            bad.append({"name": "a byte moved from the message to the purpose", "expect": "fail", **base,
                        "purpose": purpose + message[:1].decode("latin-1") if message[:1] == b"a" else purpose + "a",
                        "message": message[1:].hex()})
            bad.append({"name": "another message", "expect": "fail", **base, "message": (message + b"\0").hex()})
            for at in (0, 31, 32, 63):
                s = bytearray(signature)
                s[at] ^= 1
                bad.append({"name": f"a bit flipped in byte {at}", "expect": "fail", **base, "signature": s.hex()})
            s = int.from_bytes(signature[32:], "little") + L
            bad.append({"name": "S + L", "expect": "fail", **base, "signature": (signature[:32] + s.to_bytes(32, "little")).hex()})
            for name, b in (("nothing", b""), ("63 bytes", signature[:63]), ("65 bytes", signature + b"\0"),
                            ("zeros", bytes(64))):
                bad.append({"name": name, "expect": "fail", **base, "signature": b.hex()})
            plain = k.sign(message)
            bad.append({"name": "signed without a purpose", "expect": "fail", **base, "signature": plain.hex()})
    keys = []
    for x, y in low_order_points():
        for value in {y, y + P} if y + P < 2**255 else {y}:
            for sign in (0, 1):
                keys.append(((value | sign << 255).to_bytes(32, "little"), f"y = {value if value < 9 else hex(value)}, sign {sign}"))
    for extra in range(19):
        for sign in (0, 1):
            b = ((P + extra) | sign << 255).to_bytes(32, "little")
            if b not in [k for k, _ in keys]:
                keys.append((b, f"y = p + {extra}, sign {sign}"))
    identity = encode(0, 1)
    for b, name in keys:  # 0 B = identity + k A for A of order 1, whatever the message
        bad.append({"name": f"key with {name}", "expect": "fail", "public": b.hex(), "purpose": purposes[0],
                    "message": b"anything".hex(), "signature": (identity + bytes(32)).hex()})
    for v in bad:
        b = {k: bytes.fromhex(v[k]) for k in ("public", "message", "signature")}
        if b["public"] in [k for k, _ in keys]:
            continue  # RFC 8032 lets a verifier accept these; Carehold does not
        try:
            ed25519.Ed25519PublicKey.from_public_bytes(b["public"]).verify(b["signature"], lp(v["purpose"].encode()) + b["message"])
            raise AssertionError(v["name"])
        except InvalidSignature:
            pass
    write("sign", "Ed25519 over lp(purpose) || message, and the person named by a key", opens=good, refused=bad,
          public_keys=[{"name": name, "expect": "fail", "public": b.hex()} for b, name in keys])


# ---------------------------------------------------------- padding, tags

def padded_size(n):
    n += 4
    if n <= 65536:
        size = 512
        while size < n:
            size *= 2
        return size
    e = n.bit_length() - 1          # Padme, from "Reducing Metadata Leakage from Encrypted Files
    s = e.bit_length()              # and Communication with PURBs", algorithm 1
    last = e - s
    return -(-n >> last) << last


def pad_vectors():
    sizes = [0, 1, 507, 508, 509, 1019, 1020, 1021, 2044, 2045, 4092, 4093, 32764, 32765, 65531, 65532, 65533, 67580, 67581,
             99996, 131067, 131068, 131069, 262140, 262141, 999996, 16777212, 16777213, 2**30]
    rows = [{"size": n, "padded": padded_size(n)} for n in sizes]
    m = b"hello"
    good = len(m).to_bytes(4, "big") + m + bytes(512 - 9)
    bad = {"nothing": b"", "three bytes": bytes(3), "four zeros": bytes(4), "a length only": (5).to_bytes(4, "big"),
           "511 zeros": bytes(511), "513 zeros": bytes(513), "the next size": good + bytes(512),
           "a last byte not zero": good[:-1] + b"\1", "a first byte of the filling not zero": good[:9] + b"\1" + good[10:],
           "a length that is too great": (509).to_bytes(4, "big") + bytes(508),
           "a length of 2^32 - 1": b"\xff" * 4 + bytes(508), "a length of 2^31": b"\x80\0\0\0" + bytes(508),
           "a small length in a large size": (100).to_bytes(4, "big") + bytes(1020),
           "a large size one short": (600).to_bytes(4, "big") + bytes(1019)}
    write("pad", "Padding: sizes, and what is refused", sizes=rows,
          opens=[{"expect": "ok", "message": m.hex(), "padded": good.hex()},
                 {"expect": "ok", "message": "", "padded": bytes(512).hex()},
                 {"expect": "ok", "message": "00" * 5, "padded": ((5).to_bytes(4, "big") + bytes(508)).hex()}],
          refused=[{"name": k, "expect": "fail", "padded": v.hex()} for k, v in bad.items()])


def tagger_vectors():
    vectors = []
    for label in ("view-tag", "hint", "epoch-mask"):
        for name, number in ((bytes(16), 0), (bytes(16), 1), (fixed("row", 16), 0), (fixed("row", 16), 1),
                             (fixed("row", 16), 2**64 - 1), (fixed("row 2", 16), 258)):
            key = kdf(fixed("tag key"), label)[:16]
            x = (int.from_bytes(name, "big") ^ number).to_bytes(16, "big")
            block = Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(x)
            value = 7
            vectors.append({"key": fixed("tag key").hex(), "label": label, "name": name.hex(), "number": str(number),
                            "tag": block[:8].hex(), "value": value, "masked": value ^ int.from_bytes(block[12:], "big")})
    write("tagger", "Tags and masks of rows", vectors=vectors)


if __name__ == "__main__":
    check_published()
    for make in (kdf_vectors, seal_vectors, token_vectors, capsule_vectors, passphrase_vectors, recovery_vectors,
                 passkey_vectors, box_vectors, sign_vectors, pad_vectors, tagger_vectors):
        make()
