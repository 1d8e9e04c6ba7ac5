// What the core does beside opening and giving, against a real server, each op once:
// node ops.mjs core.wasm wasm_exec.js <url> <invite>
// It prints the links that it made; TestCore opens them as others do.
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import assert from "node:assert/strict";
import { server } from "../../httpapi/web/ui/server.mjs";
import * as shl from "../../httpapi/web/ui/shlmake.mjs";

const [wasm, exec, base, invite] = process.argv.slice(2);
await import(pathToFileURL(exec));
const go = new globalThis.Go();
const ready = new Promise((done) => (globalThis.careholdReady = done));
go.run((await WebAssembly.instantiate(await readFile(wasm), go.importObject)).instance);
await ready;
const at = server(base);
const { holder: h, recovery } = await globalThis.carehold.enrol(at, { invite, passphrase: "correct horse battery staple", label: "browser" });
const { token } = await h.signIn();
const code = (c) => (e) => e.code === c || assert.equal(e.code, c, e.message) === undefined;

async function fhir(method, path, body, as = token) {
  const r = await fetch(`${base}/fhir/${path}`, { method, headers: { Authorization: `Bearer ${as}`, "Content-Type": "application/fhir+json" }, body: body && JSON.stringify(body) });
  return { status: r.status, body: await r.json().catch(() => null) };
}

// A link needs to know whose the record is.
const live = { name: "Elm Road Surgery", sections: ["allergies", "medicines"], kind: "live", passcode: "8294", lasts: 86400, label: "For Elm Road" };
await assert.rejects(shl.make(h, at, token, base, live), code("unprocessable"));
const { patient } = await at({ method: "GET", path: "/holder/v1/sessions", token });
assert.equal((await fhir("PUT", `Patient/${patient}`, { resourceType: "Patient", id: patient, name: [{ family: "Okonkwo", given: ["Ada"] }] })).status, 201);
assert.equal((await fhir("POST", "AllergyIntolerance", { resourceType: "AllergyIntolerance", patient: { reference: `Patient/${patient}` }, code: { text: "Penicillin" },
  clinicalStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", code: "active" }] } })).status, 201);

// Links, of three kinds.
const made = { live: await shl.make(h, at, token, base, live) };
made.snapshot = await shl.make(h, at, token, base, { ...live, kind: "snapshot", passcode: "", label: "" });
made.api = await shl.make(h, at, token, base, { ...live, kind: "api", lasts: 0 });
assert.match(made.live.until, /^\d{4}-\d\d-\d\dT/);
assert.equal(made.api.until, null);
assert.ok(made.live.url.startsWith(`${base}/v#shlink:/`));
assert.deepEqual(h.links().map((g) => g.id), [made.api.grant, made.snapshot.grant, made.live.grant]);
assert.ok(h.links().every((g) => g.link && g.tokens.some((t) => t.link)));
const before = h.epoch();
await assert.rejects(shl.make(h, at, token, base, { ...live, kind: "poster" }), code("invalid"));
await assert.rejects(shl.make(h, at, token, base, { ...live, passcode: "829" }), code("invalid"));
await assert.rejects(shl.make(h, at, token, base, { ...live, sections: ["mental-health"] }), code("unprocessable"));
await assert.rejects(shl.make(h, at, token, base, { ...live, kind: "snapshot", passcode: "", sections: ["private"] }), code("unprocessable"));
await assert.rejects(shl.make(h, at, token, base, { ...live, label: "x".repeat(81) }), code("invalid"));
await assert.rejects(shl.make(h, at, token, "http://record.example.org", live), code("unprocessable"));
await assert.rejects(shl.make(h, at, token, "https://" + "x".repeat(100) + ".example.org", live), code("unprocessable"));
assert.equal(h.links().length, 3);
const stopped = await shl.make(h, at, token, base, { ...live, name: "Stopped" });
await h.revoke([stopped.grant]);
await shl.drop(h, at, token, [stopped.grant]);
assert.ok(h.epoch() > before);

// Grants change, pause and go on, and are told of on paper.
const issued = await h.grant({ name: "Dr Amara Okafor", role: "GP", sections: ["medicines", "allergies"], scopes: "patient/*.rs", purpose: "TREAT", lasts: 3600 });
const reads = async () => (await fhir("GET", "AllergyIntolerance", undefined, issued.token)).status;
assert.equal(await reads(), 200);
const is = await h.amend(issued.id, { add: ["plan"], drop: ["allergies"], open: true });
assert.deepEqual([is.sections, is.until], [["identity", "providers", "medicines", "plan"], null]);
await assert.rejects(h.amend(issued.id, { add: ["hats"] }), code("invalid"));
await assert.rejects(h.amend("00".repeat(16), { open: true }), code("not found"));
await h.suspend([issued.id]);
assert.equal(h.grants().find((g) => g.id === issued.id).state, "suspended");
assert.equal(await reads(), 401);
await h.resume([issued.id]);
assert.equal(await reads(), 200);
assert.match(await h.receipt(issued.id), /^Carehold receipt 1\n[^]*Dr Amara Okafor/);
await assert.rejects(h.receipt("00".repeat(16)), code("not found"));

// Somebody asks at an address.
const address = await h.newAddress("card in my purse", null);
assert.ok(address.open && /^\/ask\/[0-9A-Za-z]{49}$/.test(address.path));
await assert.rejects(h.newAddress("x".repeat(201)), code("invalid"));
const asks = async (name) => {
  const r = await fetch(base + address.path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ name, role: "nurse", purpose: "TREAT",
    sections: ["medicines", "documents", "mental-health"], days: 30, words: "for your visit" }) });
  assert.equal(r.status, 202);
  return (await r.json()).request;
};
const told = async (request) => (await fetch(`${base}/ask/answer`, { method: "POST", headers: { Authorization: `Bearer ${request}` } })).json();
const secrets = {};
for (const name of ["Joan", "Mary", "Ann"]) secrets[name] = await asks(name);
const list = await h.requests(token);
const of = (name) => list.find((r) => r.name === name);
const { id, sections, sensitive, proposal, where, words, app } = of("Joan");
assert.deepEqual([sections, sensitive, where, words, app], [["identity", "providers", "medicines", "documents"], ["mental-health"], "card in my purse", "for your visit", null]);
assert.deepEqual(proposal, { sections, scopes: "patient/*.rs", purpose: "TREAT", lasts: 30 * 86400 });
await assert.rejects(h.approve(token, id, { ...proposal, sections: ["plan"] }), code("unprocessable")); // more than was asked for
const yes = await h.approve(token, id, { ...proposal, sections: ["medicines"], words: "see you on Monday" });
assert.deepEqual(h.grants().find((g) => g.id === yes.id).sections, ["identity", "providers", "medicines"]);
const answer = await told(secrets.Joan);
assert.deepEqual([answer.status, answer.words], ["approved", "see you on Monday"]);
await assert.rejects(h.approve(token, id, proposal), code("unprocessable")); // twice
const other = await globalThis.carehold.unlock(at, { recovery }, null); // another time with the keys, by its id alone
await other.refuse(token, of("Mary").id, { words: "not now" });
assert.deepEqual(await told(secrets.Mary), { status: "refused", words: "not now" });
await other.drop(token, of("Ann").id);
await assert.rejects(other.approve(token, "00".repeat(16), proposal), code("not found"));
assert.equal((await h.requests(token)).length, 0);
await h.closeAddress(token, address.id);
assert.deepEqual(h.addresses().map((a) => [a.label, a.open]), [["card in my purse", false]]);
await assert.rejects(h.closeAddress(token, "00".repeat(16)), code("not found"));

// An app asks with a code.
const asked = async () => {
  const q = new URLSearchParams({ response_type: "code", client_id: "sunrise", redirect_uri: "https://app.sunrise.example/callback", state: "af0ifjsldkj-9h2kf83nz71", aud: `${base}/fhir`,
    scope: "launch/patient patient/*.rs", code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256" });
  let r = await fetch(`${base}/oauth/authorize?${q}`, { redirect: "manual" });
  r = await fetch(new URL(r.headers.get("Location"), base), { headers: { Cookie: r.headers.getSetCookie().map((c) => c.split(";")[0]).join("; ") } });
  return /([0-9A-Z]{4}-){2}[0-9A-Z]{4}/.exec(await r.text())[0];
};
await assert.rejects(h.lookup(token, "0000-0000-0000"), code("not found"));
const first = await asked(), question = await h.lookup(token, first);
assert.deepEqual([question.app.name, question.app.verified, question.app.redirect, question.client], ["Sunrise", true, "app.sunrise.example", "sunrise"]);
assert.ok(Date.parse(question.expires) > Date.parse(h.now()));
const given = await other.approve(token, question.id, { ...question.proposal, sections: ["medicines"], code: first }); // with the code, for it was looked up elsewhere
assert.equal(h.grants().some((g) => g.id === given.id), false); // which this one learns when it looks
await h.refresh();
assert.equal(h.grants().find((g) => g.id === given.id).client, "sunrise");
await h.refuse(token, (await h.lookup(token, await asked())).id, { words: "no, thank you" });

// A laboratory adds, and it waits.
const lab = await h.grant({ name: "City Lab", role: "laboratory", sections: ["results"], scopes: "patient/*.c", purpose: "TREAT", lasts: 3600 });
for (const [text, value] of [["Potassium", 4.2], ["Glucose", 9.9], ["Sodium", 140]]) {
  assert.equal((await fhir("POST", "Observation", { resourceType: "Observation", status: "final", code: { text }, valueQuantity: { value, unit: "mmol/L" } }, lab.token)).status, 201);
}
const waits = await h.inbox(token);
const item = (text) => waits.find((i) => i.json && JSON.parse(i.json).code.text === text);
assert.deepEqual([item("Potassium").type, item("Potassium").name, item("Potassium").known, item("Potassium").notice], ["Observation", "City Lab", true, false]);
await assert.rejects(h.takeIn(token, item("Potassium").id, { section: "hats" }), code("invalid"));
const taken = await h.takeIn(token, item("Potassium").id, { section: "results" });
assert.deepEqual([taken.type, taken.section, taken.name, taken.disputed], ["Observation", "results", "City Lab", false]);
const disputed = await other.takeIn(token, item("Glucose").id, { dispute: "This was not my blood" });
assert.deepEqual([disputed.disputed, disputed.version], [true, 2]);
assert.ok(JSON.stringify((await fhir("GET", `Observation/${disputed.id}`)).body).includes("not my blood"));
await h.dismiss(token, item("Sodium").id);
await assert.rejects(h.dismiss(token, item("Sodium").id), code("not found"));
// Who may also read tells by a notice.
const nurse = await h.grant({ name: "Nurse", sections: ["measurements"], scopes: "patient/*.crs", purpose: "TREAT", lasts: 3600 });
assert.equal((await fhir("POST", "Observation", { resourceType: "Observation", status: "final", code: { coding: [{ system: "http://loinc.org", code: "29463-7" }], text: "Weight" }, category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" }] }], subject: { reference: `Patient/${patient}` }, valueQuantity: { value: 70, unit: "kg", system: "http://unitsofmeasure.org", code: "kg" } }, nurse.token)).status, 201);
const [notice] = await h.inbox(token);
assert.ok(notice.notice && notice.entries.length === 1 && notice.name === "Nurse");
await assert.rejects(h.takeIn(token, notice.id), code("unprocessable"));
await h.looked(token, notice.id);
assert.equal((await h.inbox(token)).length, 0);
await h.check(token);

// Another device begins with what this one has seen, and checks the rest itself.
const begun = h.handover();
assert.ok(begun.length < 400 && begun.length < h.memory().length);
const next = await globalThis.carehold.unlock(at, { recovery }, begun);
await next.check((await next.signIn()).token);
begun[begun.length - 20] ^= 1; // of the root of the log that was seen
const doubts = await globalThis.carehold.unlock(at, { recovery }, begun).then((x) => x.doubt(), (e) => e.code);
assert.ok(doubts, "a log that is another than what was seen is taken for it");
console.log(JSON.stringify({ ...made, stopped }));
process.exit(0);
