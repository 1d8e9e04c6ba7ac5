#!/usr/bin/env python3
"""The vectors of clients' tokens, requests and the inbox, after docs/format.md §6.

It goes on from generate.py and generate_contents.py beside it, and is run as they are.
"""

import hashlib

from cryptography.hazmat.primitives.asymmetric import ed25519

from generate import (AES, BOX_INFO, CHACHA, box_open, context, fixed, hpke_export, kdf, key_mac, lp, open_, seal, token_of, write,
                      xwing_encapsulate, xwing_public)
from generate_contents import AK, GK, GRANT, NOW, PERSON, message, pad, u32

END = NOW + 600
HOUR = -(-END // 3600)
BOUND = fixed("thumbprint")


def capsule_of(kind, name, payload, hour, suite=AES, as_kind=None):
    secret = fixed(f"credential {name}")
    cid, kek = kdf(secret, "capsule-id", kind)[:16], kdf(secret, "capsule-kek", kind)
    zeros = bytes(max(0, 300 - len(payload)))
    blob = seal(suite, kek, fixed(f"{name} blob", 24), context("capsule", as_kind or kind, cid, u32(hour)), pad(message((1, payload), (2, zeros))))
    token = token_of(kind.decode(), int.from_bytes(secret, "big"))
    return {"name": name, "kind": kind.decode(), "token": token, "id": cid.hex(), "hour": hour, "blob": blob.hex()}


def terms_vectors():
    names = {1: "person", 2: "grant", 3: "grant_key", 4: "audit_key", 5: "end", 7: "client", 8: "bound", 9: "scope", 10: "place", 11: "backend",
             12: "redirect", 13: "challenge", 14: "nonce"}
    token = {1: PERSON, 2: GRANT, 3: GK, 4: AK, 5: END}
    client = {**token, 7: "https://app.example/\u00e9", 9: "openid offline_access patient/*.rs"}
    bound = {**client, 8: BOUND}
    code = {**client, 12: "https://app.example/back?a=b", 13: hashlib.sha256(b"verifier").digest()}
    opens, refused = [], []

    def made(kind, name, fields, expect="ok", hour=HOUR, suite=AES, as_kind=None, raw=None):
        payload = raw if raw is not None else message(*sorted(fields.items()))
        v = {"expect": expect, **capsule_of(kind, name, payload, hour, suite, as_kind)}
        if expect == "ok":
            for tag, x in fields.items():
                v[names[tag]] = x.hex() if isinstance(x, bytes) else x
        (opens if expect == "ok" else refused).append(v)

    made(b"a", "a token of nobody's client", token, suite=CHACHA)
    made(b"a", "a client's token", client)
    made(b"a", "a client's token, bound", bound)
    made(b"a", "a client's token without scopes", {k: v for k, v in client.items() if k != 9}, suite=CHACHA)
    made(b"a", "a client's token to the grant's end", {k: v for k, v in bound.items() if k != 5}, hour=0)
    made(b"a", "the longest", {**bound, 7: "c" * 300, 9: "s" * 2048})
    made(b"a", "a token of who asked at an address and named a key", {**token, 8: BOUND})
    made(b"r", "a refresh token", client)
    made(b"r", "the first of several", {**client, 10: 1})
    made(b"r", "the last of several", {**bound, 10: 2**32 - 1}, suite=CHACHA)
    made(b"r", "a system's", {k: v for k, v in {**client, 11: 1}.items() if k != 9})
    made(b"c", "a code", code)
    made(b"c", "a code with a nonce, bound", {**code, 8: BOUND, 14: "n-0S6_WzA2Mj"}, suite=CHACHA)
    made(b"w", "an address", {1: PERSON}, hour=0)
    made(b"w", "an address that closes", {1: PERSON, 5: END})

    def bad(kind, name, fields, **how):
        made(kind, name, fields, "fail", **how)

    bad(b"a", "scopes without a client", {**token, 9: "patient/*.rs"})
    bad(b"a", "scopes and a key without a client", {**token, 8: BOUND, 9: "patient/*.rs"})
    bad(b"a", "a client that is too long", {**client, 7: "c" * 301})
    bad(b"a", "scopes that are too long", {**client, 9: "s" * 2049})
    bad(b"a", "a key of 31 bytes", {**client, 8: BOUND[:31]})
    bad(b"a", "an empty client", {**client, 7: b""})
    bad(b"a", "a place in a token", {**client, 10: 1})
    bad(b"a", "what is of a code in a token", {**code})
    bad(b"a", "no grant's key", {k: v for k, v in client.items() if k != 3})
    bad(b"r", "a refresh token of no client", {**token, 10: 1})
    bad(b"r", "place 0", {**client, 10: 0})
    bad(b"r", "a flag of 2", {**client, 11: 2})
    bad(b"r", "a nonce in a refresh token", {**client, 14: "n"})
    bad(b"c", "a code of no client", {k: v for k, v in code.items() if k not in (7, 9)})
    for tag in (12, 13):
        bad(b"c", f"a code without field {tag}", {k: v for k, v in code.items() if k != tag})
    bad(b"c", "a challenge of 20 bytes", {**code, 13: bytes([1]) * 20})
    bad(b"w", "an address of nobody", {5: END})
    bad(b"w", "an address with a grant", {1: PERSON, 2: GRANT})
    bad(b"r", "a token's blob under a refresh token", client, as_kind=b"a")
    write("terms", "Capsules of clients' tokens (a), refresh tokens (r) and codes (c), and of addresses (w)", opens=opens, refused=refused)


def boxed(seed, name, ctx, m, suite=AES):
    shared, enc = xwing_encapsulate(xwing_public(seed), fixed(f"{name} eseed", 64))
    out = enc + seal(suite, hpke_export(shared, 3, 0xFFFF, BOX_INFO, BOX_INFO, 32), fixed(f"{name} salt", 24), ctx, m)
    assert box_open(seed, ctx, out) == m
    return out


def request_vectors():
    answers, answers_refused = [], []

    def answer(name, fields, expect="ok", hour=HOUR, told=None, suite=AES, box_seed=None):
        secret = fixed(f"request {name}")
        cid, seed = kdf(secret, "capsule-id", b"q")[:16], kdf(secret, "ask-box", b"q")
        blob = boxed(box_seed or seed, name, context("answer", cid, u32(hour)), pad(message(*sorted(fields.items()))), suite)
        v = {"name": name, "expect": expect, "token": token_of("q", int.from_bytes(secret, "big")), "id": cid.hex(), "seed": seed.hex(),
             "public_sha256": hashlib.sha256(xwing_public(seed)).hexdigest(), "hour": told or hour, "blob": blob.hex()}
        if expect == "ok":
            for tag, key in {1: "person", 2: "grant", 3: "grant_key", 4: "audit_key", 5: "fetched", 6: "end", 7: "words", 9: "scope"}.items():
                if tag in fields:
                    v[key] = fields[tag].hex() if isinstance(fields[tag], bytes) else fields[tag]
        (answers if expect == "ok" else answers_refused).append(v)

    yes = {1: PERSON, 2: GRANT, 3: GK, 4: AK, 5: END}
    answer("yes", {**yes, 6: NOW + 86400, 9: "openid patient/*.rs"}, suite=CHACHA)
    answer("yes, until it is stopped", yes)
    answer("yes, with words", {**yes, 7: "gl\u00fcck auf"})
    answer("no", {1: PERSON, 5: END})
    answer("no, with words", {1: PERSON, 5: END, 7: "not today"}, suite=CHACHA)
    for tag in (2, 3, 4):
        answer(f"yes without field {tag}", {k: v for k, v in yes.items() if k != tag}, "fail")
    answer("of nobody", {k: v for k, v in yes.items() if k != 1}, "fail")
    answer("without an end", {1: PERSON}, "fail")
    answer("a key of zeros", {**yes, 3: bytes(32)}, "fail")
    answer("a field that there is none of", {**yes, 8: BOUND}, "fail")
    answer("of another hour", yes, "fail", told=HOUR + 1)
    answer("sealed to another", yes, "fail", box_seed=fixed("another"))

    seed = fixed("the person's box")
    key_of = fixed("who asks")
    base = {1: xwing_public(key_of), 2: "Dr Okafor"}
    full = {**base, 3: "Elm Road Surgery", 4: "GP", 5: "7654321", 6: "GMC", 7: "TREAT", 8: "patient/*.rs", 9: 0b1110, 10: 7 * 86400,
            11: "for your appointment", 12: "sunrise", 13: BOUND, 14: 1, 15: NOW, 16: fixed("address", 16)}
    names = {2: "name", 3: "organisation", 4: "role", 5: "number", 6: "register", 7: "purpose", 8: "scope", 9: "sections", 10: "lasts", 11: "words",
             12: "client", 13: "bound", 14: "verified", 15: "time", 16: "address"}
    questions, questions_refused = [], []

    def question(name, fields, expect="ok", person=PERSON, suite=AES):
        cid = fixed(f"question {name}", 16)
        v = {"name": name, "expect": expect, "id": cid.hex(),
             "sealed": boxed(seed, f"question {name}", context("asked", person, cid), pad(message(*sorted(fields.items()))), suite).hex()}
        if expect == "ok":
            v |= {"box_sha256": hashlib.sha256(fields[1]).hexdigest(),
                  **{names[t]: x.hex() if isinstance(x, bytes) else x for t, x in fields.items() if t in names}}
        (questions if expect == "ok" else questions_refused).append(v)

    question("a name is enough", base, suite=CHACHA)
    question("all there is", full)
    question("the longest words", {**base, 11: "w" * 1000})
    question("no name", {1: full[1]}, "fail")
    question("no key", {2: "x"}, "fail")
    question("a key cut off", {**base, 1: base[1][:-1]}, "fail")
    question("a purpose there is none of", {**base, 7: "MARKT"}, "fail")
    question("a section there is none of", {**base, 9: 1 << 20}, "fail")
    question("words that are too many", {**base, 11: "w" * 1001}, "fail")
    question("a field there is none of", {**base, 17: 1}, "fail")
    question("of another person", base, "fail", person=fixed("another", 16))

    identity = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x65" * 32)
    grant = message((1, PERSON), (2, GRANT), (4, "Lin Mei"), (5, "Elm Road Surgery"), (7, 0b1110), (8, "patient/*.c"), (9, "TREAT"),
                    (10, NOW - 60), (12, 5000), (13, "12A3456E"), (14, "NMC"))
    certificate = identity.sign(lp(b"carehold-v1 certificate") + grant) + grant
    waiting, waiting_refused = [], []

    def waits(name, fields, expect="ok", notice=False, suite=AES, entries=(), person=PERSON):
        cid = fixed(f"inbox {name}", 16)
        cid = bytes([cid[0] & 0x7F | (0x80 if notice else 0)]) + cid[1:]
        listed = sorted([*fields.items(), *((3, e) for e in entries)], key=lambda f: f[0])
        v = {"name": name, "expect": expect, "id": cid.hex(),
             "sealed": boxed(seed, f"inbox {name}", context("inbox", person, cid), pad(message(*listed)), suite).hex()}
        if expect == "ok":
            v |= {"grant": fields[1].hex(), "time": fields[2], "entries": list(entries), "more": fields.get(9), "type": fields.get(4),
                  "json": fields[5].decode() if 5 in fields else None, "section": fields.get(6), "rule": fields.get(7),
                  "certificate": fields[8].hex() if 8 in fields else None, "no_room": fields.get(11) == 1}
            if 10 in fields:
                v |= {"opening": fields[10].hex(),
                      "commitment": key_mac(fields[10], "contribution", PERSON, cid, fields[1], fields[4].encode(), fields[5], fields[8]).hex()}
        (waiting if expect == "ok" else waiting_refused).append(v)

    at = {1: GRANT, 2: NOW * 1000 + 7}
    one = {**at, 4: "Observation", 5: b'{"resourceType":"Observation"}', 6: 9, 7: "category vital-signs", 8: certificate, 10: fixed("opening")}
    waits("entries", at, notice=True, entries=["Observation/a/_history/1", "Observation/b/_history/2"], suite=CHACHA)
    waits("entries, and more", {**at, 9: 12}, notice=True, entries=["Observation/a/_history/1"])
    waits("what found no room", {**at, 9: 12, 11: 1}, notice=True, entries=["Observation/a/_history/1"])
    waits("a resource", one)
    waits("a resource without a rule", {k: v for k, v in one.items() if k != 7}, suite=CHACHA)
    waits("nothing", at, "fail")
    waits("both", one, "fail", entries=["Observation/a/_history/1"])
    waits("more of nothing", {**at, 9: 1}, "fail")
    waits("a section there is none of", {**one, 6: 20}, "fail")
    waits("a resource without an opening", {k: v for k, v in one.items() if k != 10}, "fail")
    waits("an opening that is cut off", {**one, 10: fixed("opening", 31)}, "fail")
    waits("an opening of entries", {**at, 10: fixed("opening")}, "fail", entries=["Observation/a/_history/1"], notice=True)
    waits("a resource that found no room", {**one, 11: 1}, "fail")
    waits("of no grant", {2: NOW}, "fail", entries=["Observation/a/_history/1"], notice=True)
    waits("at no time", {1: GRANT}, "fail", entries=["Observation/a/_history/1"], notice=True)
    waits("of another person", one, "fail", person=fixed("another", 16))
    write("request", "Answers to requests, under the seed of the request's credential; questions and what waits in the inbox, under the person's own "
          "X-Wing seed", person=[{"person": PERSON.hex(), "seed": seed.hex()}], answers=answers, answers_refused=answers_refused, questions=questions,
          questions_refused=questions_refused, waiting=waiting, waiting_refused=waiting_refused)


if __name__ == "__main__":
    terms_vectors()
    request_vectors()
