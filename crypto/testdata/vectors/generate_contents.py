#!/usr/bin/env python3
"""The vectors of links, contents and uploads, after docs/format.md §6, §10 and §13.

It goes on from generate.py beside it, and is run as that is. What is hand-chosen is
that of the examples of §17: ID 41^32, E_1 51^32, K_audit 61^32, K_grants 66^32, node.key
71^32, store 12^16, grant 21^16, identity seed 65^32.
"""

import base64
import hashlib
import json
import unicodedata

import argon2.low_level
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from generate import (AES, CHACHA, context, extract, fixed, kdf, key_mac, open_, padded_size, pattern, raw, seal,
                      token_of, write)

ID, E1, K_AUDIT, K_GRANTS, NODE = (bytes([b]) * 32 for b in (0x41, 0x51, 0x61, 0x66, 0x71))
STORE, GRANT = b"\x12" * 16, b"\x21" * 16
PERSON = hashlib.sha512(b"carehold/person" + raw(ed25519.Ed25519PrivateKey.from_private_bytes(b"\x65" * 32).public_key())).digest()[:16]
GK, AK = kdf(K_GRANTS, "grant", GRANT), kdf(K_AUDIT, "audit", GRANT)
NOW = 1795269720


def u32(n):
    return n.to_bytes(4, "big")


def u64(n):
    return n.to_bytes(8, "big")


def message(*fields):
    """fields are (tag, value); None is left out; a number is a num."""
    out = b""
    for tag, value in fields:
        if value is None:
            continue
        b = u64(value) if isinstance(value, int) else value.encode() if isinstance(value, str) else value
        out += tag.to_bytes(2, "big") + u32(len(b)) + b
    return out


def pad(m):
    return u32(len(m)) + m + bytes(padded_size(len(m)) - len(m) - 4)


# ------------------------------------------------------------------- links

def link_key(secret, passcode, salt):
    if passcode is None:
        return kdf(secret, "link")
    stretched = argon2.low_level.hash_secret_raw(unicodedata.normalize("NFKC", passcode).encode(), salt, time_cost=2,
                                                 memory_cost=19456, parallelism=1, hash_len=32,
                                                 type=argon2.low_level.Type.ID, version=19)
    return kdf(extract(secret, stretched), "link", salt)


def jwe(key, iv, plain):
    head = base64.urlsafe_b64encode(b'{"alg":"dir","enc":"A256GCM","cty":"application/fhir+json"}').rstrip(b"=")
    sealed = AESGCM(key).encrypt(iv, plain, head)
    parts = [head, b""] + [base64.urlsafe_b64encode(x).rstrip(b"=") for x in (iv, sealed[:-16], sealed[-16:])]
    return b".".join(parts)


def link_vectors():
    secret, salt = fixed("link"), fixed("link salt", 16)
    number = int.from_bytes(secret, "big")
    segment = token_of("l", number)[5:]
    assert len(segment) == 49
    cid, kek = kdf(secret, "capsule-id", b"l")[:16], kdf(secret, "capsule-kek", b"l")
    keys = []
    for passcode in (None, "4711", "five", "\ufb01ve", "five ", "Stra\u00dfe \u00c5", "Stra\u00dfe A\u030a", "\U0001f511", "0" * 200):
        for s in (salt, bytes(16)):
            keys.append({"secret": secret.hex(), "passcode": passcode, "salt": s.hex(), "key": link_key(secret, passcode, s).hex()})

    def made(name, expect, passcode=None, flags=0, typed=(), inner=None, outer=None, hour=None, drop=(), suite=AES, **change):
        end = NOW + 7 * 86400
        hour = -(-end // 3600) if hour is None else hour
        files = {"key": fixed("link files"), "grant_key": GK if flags & 4 else None,
                 "outer": fixed("link outer") if flags & 1 else None}
        half = message(*(f for f in ((1, files["key"]), (2, files["grant_key"]), (3, files["outer"])))) if inner is None else inner
        sealed = seal(suite, link_key(secret, passcode, salt), fixed(f"{name} inner", 24), context("link", change.get("inner_id", cid)), half)
        fields = [(1, PERSON), (2, GRANT), (4, AK), (5, end), (6, flags), (7, 5), (8, salt), (9, sealed)]
        payload = message(*(f for f in fields if f[0] not in drop)) if outer is None else outer
        zeros = bytes(max(0, 300 - len(payload)))
        blob = seal(suite, kek, fixed(f"{name} blob", 24), context("capsule", b"l", cid, u32(hour)), pad(message((1, payload), (2, zeros))))
        v = {"name": name, "expect": expect, "segment": segment, "id": cid.hex(), "hour": hour, "blob": blob.hex(), "passcodes": list(typed)}
        if expect == "fail":
            return v
        v |= {"person": PERSON.hex(), "grant": GRANT.hex(), "audit_key": AK.hex(), "end": end, "flags": flags, "tries": 5, "salt": salt.hex(),
              **{k: x and x.hex() for k, x in files.items()}}
        plain = b'{"resourceType":"Patient"}'
        one = jwe(files["key"], fixed(f"{name} iv", 12), plain)
        kept = seal(suite, files["outer"], fixed(f"{name} file", 24), context("file", cid, u32(1)), one) if files["outer"] else one
        v["file"] = {"number": 1, "row": kept.hex(), "jwe": one.decode(), "plain": plain.decode()}
        return v

    opens = [made("no passcode", "ok", suite=CHACHA), made("one file", "ok", flags=2), made("a summary", "ok", flags=4),
             made("a passcode", "ok", "4711", 1, ["4711", "\uff14711"]),
             made("a passcode and a summary", "ok", "Stra\u00dfe \u00c5", 5, ["Stra\u00dfe \u00c5", "Stra\u00dfe A\u030a", "Stra\u00dfe \u212b"])]
    key = fixed("link files")
    refused = [made("another passcode", "fail", "4711", 1, ["", "4712", "4711 ", "04711"]),
               made("the key of the grant without its flag", "fail", inner=message((1, key), (2, GK))),
               made("a summary without the key of the grant", "fail", flags=4, inner=message((1, key))),
               made("an inner half without a key", "fail", inner=b""),
               made("a key of zeros", "fail", inner=message((1, bytes(32)))),
               made("a field of the inner half that there is none of", "fail", inner=message((1, key), (4, key))),
               made("the inner half of another link", "fail", inner_id=fixed("another link", 16)),
               made("sealed with a passcode, and without the flag", "fail", "4711"),
               *(made(f"without field {tag}", "fail", drop=[tag]) for tag in (1, 2, 4, 6, 7, 8, 9)),
               made("a token's payload", "fail", outer=message((1, PERSON), (2, GRANT), (3, GK), (4, AK)))]
    another = made("of another hour", "fail")
    refused.append({**another, "hour": another["hour"] + 1})
    lists = []
    for files in ([], [("application/fhir+json", 4711, NOW)], [("application/fhir+json", 1, NOW), ("application/smart-api-access", 2**40, None)]):
        row = message(*((1, message((1, typ), (2, n), (3, made_at))) for typ, n, made_at in files))
        lists.append({"row": row.hex(), "files": [{"type": typ, "length": n, "made": made_at or 0} for typ, n, made_at in files]})
    tries = [{"node_key": NODE.hex(), "store": STORE.hex(), "id": cid.hex(), "count": n, "row": (u32(n) + key_mac(NODE, "tries", STORE, cid, u32(n))).hex()}
             for n in (0, 1, 10, 2**32 - 1)]
    write("link", "Links: the key of the inner half (a passcode that is null is none), capsules with what they open by each of the passcodes, a file, "
          "lists of files, and the rows that count tries", keys=keys, opens=opens, refused=refused, lists=lists, tries=tries)


# ---------------------------------------------------------------- contents

FIRST, OTHER = 65536, 262144


def entry_rows(fhir_type, fhir_id, stamp, prev, plain, suite, name):
    sk = kdf(E1, "section", bytes([11]))
    entry = kdf(ID, "entry-id", fhir_type.encode(), fhir_id.encode())[:16]
    padded = pad(plain)
    parts = [padded[:FIRST]] + [padded[i:i + OTHER] for i in range(FIRST, len(padded), OTHER)]
    count = u32(len(parts))
    blobs = [seal(suite, kdf(sk, "seal-entry"), fixed(f"content {name} {i}", 24),
                  context("entry", PERSON, bytes([11]), u32(1), entry, u64(stamp), u32(i), count), p) for i, p in enumerate(parts)]

    def block(key, label):
        x = (int.from_bytes(entry, "big") ^ stamp).to_bytes(16, "big")
        return Cipher(algorithms.AES(kdf(key, label)[:16]), modes.ECB()).encryptor().update(x)

    mask = int.from_bytes(block(ID, "epoch-mask")[12:], "big") ^ 1
    hint = u32(mask) + block(sk, "view-tag")[:8]
    sums = b"".join(hashlib.sha256(b).digest() for b in blobs[1:])
    return entry, [prev + hint + count + sums + blobs[0]] + blobs[1:]


def content_vectors():
    json_ = b'{"resourceType":"Binary","id":"b1","contentType":"application/pdf"}'
    first = b'{"id":"b1","resourceType":"Binary","contentType":"application/pdf"}'
    last, comma = len(json_) - 1, json_.index(b',"contentType"')

    def made(name, expect, content=b"%PDF-1.7 \0\xff", json_=json_, at=last, lead=b',"data":"', trail=b'"', number=2, fhir_type="Binary",
             stamp=1, prev=bytes(32), deleted=None, drop=(), suite=AES, **change):
        fields = [(1, fhir_type), (2, change.get("named", "b1")), (3, NOW * 1000), (4, deleted), (5, GRANT), (6, 1), (7, "you"), (10, "type:Binary"),
                  (12, change.get("json_length", len(json_))), (13, at), (14, change.get("length", len(content))),
                  (15, change.get("sha256", hashlib.sha256(content).digest())), (16, lead), (17, trail)]
        header = message(*(f for f in fields if f[0] not in drop))
        plain = number.to_bytes(2, "big") + u32(len(header)) + header + json_ + content
        entry, rows = entry_rows(fhir_type, "b1", stamp, prev, plain, suite, name)
        v = {"name": name, "expect": expect, "type": fhir_type, "id": "b1", "entry": entry.hex(), "stamp": str(stamp), "rows": [r.hex() for r in rows]}
        if expect == "fail":
            return v
        resource = json_[:at] + lead + base64.b64encode(content) + trail + json_[at:]
        assert base64.b64decode(json.loads(resource)["data"]) == content
        return v | {"json": json_.decode(), "at": at, "lead": lead.decode(), "trail": trail.decode(), "length": len(content),
                    "content_sha256": hashlib.sha256(content).hexdigest(), "resource_sha256": hashlib.sha256(resource).hexdigest(),
                    "resource_length": len(resource)}

    one = made("one row", "ok")
    opens = [one, made("data in the middle", "ok", at=comma, suite=CHACHA), made("data first, and spaces", "ok", json_=first, at=1, lead=b'"data" :\n"', trail=b'" ,'),
             made("empty", "ok", b""), made("a length of one that base64 fills up", "ok", b"a"),
             made("the second version", "ok", b"another", stamp=2, prev=hashlib.sha256(bytes.fromhex(one["rows"][0])).digest()),
             made("of another generation", "ok", stamp=(3 << 40) | 1),
             made("two rows", "ok", pattern(70000))]
    assert len(opens[-1]["rows"]) == 2
    # Refused by whoever reads the first row.
    refused = [made("no Binary", "fail", fhir_type="Condition", json_=b'{"resourceType":"Condition"}', at=1),
               made("deleted", "fail", deleted=1), made("a place behind the JSON", "fail", at=len(json_) + 1), made("JSON that is longer than what is there", "fail", json_length=10**6),
               made("another entry", "fail", named="b2"),
               made("header version 1", "fail", number=1), made("header version 3", "fail", number=3), made("header version 0", "fail", number=0),
               *(made(f"without field {tag}", "fail", drop=[tag]) for tag in (12, 13, 14, 15, 16, 17))]
    # And by whoever reads all of it.
    whole = [made("another hash", "fail", sha256=hashlib.sha256(b"").digest()), made("a length one less", "fail", length=10), made("a length one more", "fail", length=12),
             made("JSON one shorter", "fail", json_length=len(json_) - 1)]
    about = ("Versions of Binary/b1 with a content behind the JSON, in section 11 and epoch 1, under the keys of the examples of docs/format.md. "
             "Byte i of the content of two rows is i mod 251")
    write("content", about, opens=opens, refused=refused, refused_whole=whole)


# ----------------------------------------------------------------- uploads

def upload_vectors():
    upload, until = fixed("upload", 16), NOW + 86400
    key = kdf(GK, "upload")

    def made(size, there, suite):
        ctx = lambda i: context("upload", PERSON, GRANT, upload, u32(i))
        name = f"upload {size} {there}"
        state = seal(suite, key, fixed(f"{name} state", 24), ctx(2**32 - 1), message((1, size), (2, there), (3, until)))
        parts = [seal(suite, key, fixed(f"{name} {i}", 24), ctx(i // OTHER), pattern(size)[i:i + OTHER]) for i in range(0, there, OTHER)]
        assert open_(key, ctx(2**32 - 1), state)
        return {"expect": "ok", "grant_key": GK.hex(), "person": PERSON.hex(), "grant": GRANT.hex(), "upload": upload.hex(), "size": size, "there": there,
                "until": until, "row": (u32(-(-until // 3600)) + u64(size) + state).hex(), "parts": [p.hex() for p in parts]}

    write("upload", "What was sent and is not in the record yet. Byte i of it is i mod 251", opens=[made(0, 0, AES), made(1000, 0, AES), made(1000, 1000, CHACHA)])


if __name__ == "__main__":
    for make in (link_vectors, content_vectors, upload_vectors):
        make()
