// An object is read through a tool, changed in one harmless member and written back, as an assistant does it: what
// reaches the tenant must be the object with that change, its secrets included, and no secret may be in an output.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { getDefaultEnvironment, StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { after, binary, folder } from "./station.mjs";

// How each kind is read and written, which of its members cannot be changed, and a change that harms nothing.
export const kinds = {
  application: {
    get: "auth0_get_application", update: "auth0_update_application", id: "client_id",
    fixed: ["client_id", "tenant", "global", "owners", "signing_keys", "callback_url_template", "cross_origin_auth", "resource_server_identifier"],
    change: (o) => ({ description: `${(o.description ?? "").slice(0, 100)} (checked)` }),
  },
  api: {
    get: "auth0_get_resource_server", update: "auth0_update_resource_server", id: "id",
    fixed: ["id", "identifier", "is_system", "client_id"],
    change: (o) => ({ token_lifetime: (o.token_lifetime ?? 7200) === 3600 ? 3601 : 3600 }),
  },
  action: {
    get: "auth0_get_action", update: "auth0_update_action", id: "id",
    fixed: ["id", "created_at", "updated_at", "built_at", "status", "errors", "all_changes_deployed", "deployed_version", "current_version", "integration"],
    change: (o) => ({ code: `${o.code ?? ""}\n// checked\n` }),
  },
  form: {
    get: "auth0_get_form", update: "auth0_update_form", id: "id",
    fixed: ["id", "created_at", "updated_at", "embedded_at", "submitted_at"],
    change: (o) => ({ name: `${o.name.slice(0, 100)} (checked)` }),
  },
};

// What Auth0 adds to what it is given, and does not take back.
const added = new Set(["updated_at", "created_at", "thumbprint_sha256", "kid"]);

// What can be changed of an API of Auth0's own.
const ofSystem = ["token_lifetime", "skip_consent_for_verifiable_first_party_clients", "proof_of_possession"];

// Members whose values are secret wherever these objects have them.
const secret = /^(client_secret|signing_secret|secret_key|server_key|private_key|privateKey|access_token|masterkey|sasKey|storageAccessKey|servicePassword|password|secret|api_key|key)$/;

// secretsOf are the secret values of an object, and the keys in its code that have a vendor's form.
export function secretsOf(value, found = new Set()) {
  for (const [name, member] of Object.entries(value ?? {})) {
    if (typeof member === "string") {
      if (name === "code") for (const [key] of member.matchAll(/\bsk_live_\w+/g)) found.add(key);
      if (secret.test(name) && member.length >= 8 && !/^\{\{.*\}\}$|^-----BEGIN (PUBLIC|CERT)/.test(member)) found.add(member);
    } else if (typeof member === "object") secretsOf(member, found);
  }
  return found;
}

// refill puts values of its own where a recorder wrote "[REDACTED]": no two are equal.
export function refill(value, name = "") {
  if (value === "[REDACTED]") {
    const noise = randomBytes(36).toString("base64url");
    if (name === "cert") return `-----BEGIN CERTIFICATE-----\r\nMII${noise}\r\n-----END CERTIFICATE-----\r\n`;
    return name === "client_secret" ? noise : `refilled ${noise}`;
  }
  if (Array.isArray(value)) return value.map((item) => refill(item, name));
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, member]) => [key === "[REDACTED]" ? "refilled" : key, refill(member, key)]));
  return value;
}

// withoutAdded is a value without what Auth0 adds to it.
function withoutAdded(value) {
  if (Array.isArray(value)) return value.map(withoutAdded);
  if (!value || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !added.has(name)).map(([name, member]) => [name, withoutAdded(member)]));
}

// station is a server for a played tenant, a client of it, and all that the server said.
export async function station(t, tenant, ...flags) {
  const state = folder(t);
  const transport = new StdioClientTransport({
    command: binary, args: ["run", "--log-level", "debug", ...flags], stderr: "pipe",
    env: { ...getDefaultEnvironment(), ...tenant.env, HOME: state, XDG_STATE_HOME: state, XDG_CONFIG_HOME: state, TMPDIR: state },
  });
  const said = { text: "" };
  transport.stderr.on("data", (chunk) => (said.text += chunk));
  const client = new Client({ name: "roundtrip", version: "1" });
  after(t, () => client.close());
  await client.connect(transport);
  const receive = transport.onmessage;
  transport.onmessage = (message, extra) => {
    said.text += JSON.stringify(message);
    receive(message, extra);
  };
  return { client, said };
}

// The members of an object that can be written back. Auth0 wants the key of an API's token_encryption again, and does
// not show it.
function writable(object, fixed) {
  const takes = ([name, value]) => !fixed.includes(name) && (!object.is_system || ofSystem.includes(name)) && !(name === "token_encryption" && !value?.encryption_key?.pem);
  return Object.fromEntries(Object.entries(object).filter(takes));
}

function parse(result, what) {
  assert.ok(!result.isError, `${what}: ${result.content[0].text.slice(0, 600)}`);
  return JSON.parse(result.content[0].text);
}

// roundTrip proves one object of the tenant. edit may change more of what was read, as an assistant would.
export async function roundTrip({ client, said }, tenant, kind, object, edit = (read) => read) {
  const { get, update, id: key, fixed, change } = kinds[kind];
  const id = tenant.put(kind, structuredClone(object));
  const before = said.text.length;
  const read = parse(await client.callTool({ name: get, arguments: { [key]: id } }), get);
  const lost = Object.keys(writable(object, fixed)).filter((name) => !(name in read));
  assert.ok(lost.length === 0, `${get} leaves out ${lost.join(", ")}`);
  const changed = change(read.code === undefined ? object : read);
  const sent = { ...edit(writable(read, fixed)), ...changed };
  tenant.writes.length = 0;
  parse(await client.callTool({ name: update, arguments: { [key]: id, ...sent } }), update);
  const output = said.text.slice(before);
  for (const value of secretsOf(object)) {
    const shown = output.includes(value) || output.includes(JSON.stringify(value).slice(1, -1));
    assert.ok(!shown, `a secret of ${value.length} characters was in an output`);
  }
  assert.equal(tenant.writes.length, 1, `${tenant.writes.length} writes`);
  const [{ body }] = tenant.writes;
  // What reaches the tenant is what was read, edited, with the secrets that the tenant has.
  const expected = { ...edit(writable(structuredClone(object), fixed)), ...change(object) };
  for (const name of Object.keys(sent)) {
    const [got, want] = [withoutAdded(body[name]), withoutAdded(expected[name])];
    assert.ok(isDeepStrictEqual(got, want), `${name}: the tenant got ${JSON.stringify(got)?.slice(0, 300)}, not ${JSON.stringify(want)?.slice(0, 300)}`);
  }
  for (const name of Object.keys(body)) assert.ok(name in sent, `${name} was sent unasked`);
  return { members: Object.keys(sent).length, secrets: secretsOf(object).size };
}
