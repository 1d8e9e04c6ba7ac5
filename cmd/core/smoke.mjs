// The core in node, against a real server: node smoke.mjs core.wasm wasm_exec.js <url> <invite>
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import assert from "node:assert/strict";
import { server } from "../../httpapi/web/ui/server.mjs";

const [wasm, exec, base, invite] = process.argv.slice(2);
const took = {};
async function timed(name, work) {
  const at = performance.now();
  const value = await work();
  took[name] = Math.round(performance.now() - at);
  return value;
}

await import(pathToFileURL(exec));
const go = new globalThis.Go();
const ready = new Promise((done) => (globalThis.careholdReady = done));
const { instance } = await timed("compile", async () => WebAssembly.instantiate(await readFile(wasm), go.importObject));
go.run(instance);
await ready;
const { enrol, unlock } = globalThis.carehold;
const at = server(base);
const passphrase = "correct horse battery staple";

const { holder, deviceKey, recovery } = await timed("enrol", () => enrol(at, { invite, passphrase, label: "browser" }));
assert.match(holder.person, /^[0-9a-f]{32}$/);
assert.match(recovery, /^([0-9A-Z]{5}-){7}[0-9A-Z]{5}$/);
assert.deepEqual(holder.slots().map((s) => s.kind), ["passphrase", "recovery"]);

const again = await timed("unlock by passphrase", () => unlock(at, { deviceKey, passphrase }, holder.memory()));
const other = await timed("unlock by recovery code", () => unlock(at, { recovery }, null));
assert.equal(other.person, holder.person);
await assert.rejects(unlock(at, { deviceKey, passphrase: "wrong" }, null), { code: "unauthorized" });
await assert.rejects(unlock(at, { deviceKey: "1AAA" }, null), { code: "invalid" });
await assert.rejects(unlock(async () => { throw new Error("offline"); }, { recovery }, null), { code: "unavailable" });

const prf = new Uint8Array(32).fill(7);
await holder.addPasskey(prf, "phone");
const byPasskey = await unlock(at, { prf }, again.memory());

const request = { name: "Dr Amara Okafor", role: "GP", sections: ["medicines", "allergies"], scopes: "patient/*.rs", purpose: "TREAT", lasts: 3600 };
const issued = await timed("grant", () => again.grant(request)); // behind by one statement: a conflict, and again
await assert.rejects(again.grant({ ...request, sections: ["hats"] }), { code: "invalid" });
const see = () => fetch(`${base}/fhir/AllergyIntolerance`, { headers: { Authorization: `Bearer ${issued.token}` } });
assert.equal((await see()).status, 200);
const [granted] = again.grants();
assert.equal(granted.state, "live");
assert.deepEqual(granted.sections, ["identity", "providers", "allergies", "medicines"]);
await timed("revoke", () => byPasskey.revoke([issued.id]));
assert.equal((await see()).status, 401);
assert.equal(byPasskey.epoch(), 2);

const { token } = await byPasskey.signIn();
const report = await timed("check", () => byPasskey.check(token));
assert.equal(report.statements, 4);
const history = await byPasskey.history(token, 0);
assert.deepEqual(history.map((e) => e.index), history.map((_, i) => i));
for (const words of ["You made this record", "Dr Amara Okafor (GP) looked for AllergyIntolerance", "You ended the grant to Dr Amara Okafor (GP)"]) {
  assert.ok(history.some((e) => e.sentence.startsWith(words)), words);
}
const kept = byPasskey.memory();
assert.ok(kept instanceof Uint8Array && kept.length > 100);
for (const h of [holder, again, other, byPasskey]) h.close();
console.log(JSON.stringify(took));
process.exit(0);
