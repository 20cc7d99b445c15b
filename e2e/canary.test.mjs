// Secrets are in the encrypted session, on their way to Auth0, and nowhere else: not
// in an output, a log, a config file, a client's config, an argument or a plugin.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { unzipSync } from "fflate";
import { children } from "./client.mjs";
import { recorder } from "./recorder.mjs";
import { audited, computer, files, folder, tenant, until } from "./station.mjs";

const passphrase = "canary of a passphrase 5d1f";

// forms are how a secret may show: as it is, or wrapped by whoever had it.
const forms = (secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString("base64").replace(/.{3}=*$/, ""), Buffer.from(secret).toString("hex")];

// Canaries are the secrets of one test.
class Canaries {
  secrets = new Map();

  add(name, secret) {
    assert.ok(secret?.length > 16, `${name} is a secret to look for`);
    this.secrets.set(name, secret);
  }

  // token is known by its signature: its other parts may be shown.
  token(name, token) {
    this.add(name, token.split(".").at(-1));
  }

  found(text) {
    return [...this.secrets].filter(([, secret]) => forms(secret).some((form) => text.includes(form))).map(([name]) => name);
  }

  absent(where, text) {
    assert.deepEqual(this.found(text), [], `in ${where}`);
  }
}

// argumentsBelow are those of a process's children and theirs: any user of the
// machine can read them. The tests beside this one have the same tenant's secrets.
const argumentsBelow = (pid) =>
  children(pid).flatMap((child) => {
    try {
      return [readFileSync(`/proc/${child}/cmdline`, "latin1"), ...argumentsBelow(child)];
    } catch {
      return []; // it has just ended
    }
  });

const processes = () => argumentsBelow(process.pid).join("\n");

// serve runs the server until it has answered a call, and examines its processes then.
async function serve(desk, canaries, env) {
  const run = desk.auth0mcp(["run", "--log-level", "debug"], { env, input: null });
  run.child.stdin.write('{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"canary","version":"1"}}}\n');
  run.child.stdin.write('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"auth0_list_logs","arguments":{"per_page":1}}}\n');
  await until(() => `no answer: ${run.said}`, () => run.out.includes('"id":1,'));
  assert.match(run.out, /log_id/);
  const plugins = children(run.child.pid);
  assert.equal(plugins.length, 1);
  const seen = processes();
  assert.match(seen, /auth0-mcp-plugin/, "the plugin's arguments were read");
  canaries.absent("arguments", seen);
  for (const pid of plugins) canaries.absent("a plugin's environment", readFileSync(`/proc/${pid}/environ`, "latin1"));
  run.child.stdin.end();
  await run.ok();
}

// searched is everything that was written. The sessions are encrypted.
function searched(desk, canaries) {
  for (const run of desk.runs) canaries.absent(run.child.spawnargs.join(" "), run.said);
  const written = files(desk.home);
  assert.ok(written.some((path) => path.endsWith(".age")), "a session was written");
  for (const path of written) canaries.absent(path, readFileSync(path, "latin1"));
  const bundle = unzipSync(readFileSync(desk.path("support.zip")));
  for (const [name, bytes] of Object.entries(bundle)) canaries.absent(`support.zip: ${name}`, Buffer.from(bytes).toString("latin1"));
}

const clients = ["--client", "cursor", "--client", "codex", "--client", "print"];

// shown are the commands that tell about a session, and calls that go wrong.
async function shown(desk, env) {
  await desk.auth0mcp(["session", "--json"], { env }).ok();
  // Whether all is well on this machine is not the question.
  await desk.auth0mcp(["doctor", "--mask=false", "--bundle", desk.path("support.zip")], { env }).ended;
  await desk.auth0mcp(["call", "--log-level", "debug", "auth0_list_logs"], { env: { ...env, AUTH0_MCP_PASSPHRASE: "a wrong one" } }).fails();
  await desk.auth0mcp(["call", "--log-level", "debug", "auth0_list_logs", "nonsense=1"], { env }).fails();
}

test("the search finds what it looks for", () => {
  const canaries = new Canaries();
  canaries.add("passphrase", passphrase);
  for (const form of forms(passphrase)) assert.deepEqual(canaries.found(`before${form}after`), ["passphrase"]);
  assert.deepEqual(canaries.found("nothing"), []);
});

test("a user: access token, refresh token, device code, passphrase", async (t) => {
  const auth0 = await tenant(t);
  const between = await recorder(t, auth0, (answer, form) => (form.grant_type !== "refresh_token" && answer.access_token ? { ...answer, expires_in: 1 } : answer));
  const desk = computer(t, auth0);
  Object.assign(desk.env, { AUTH0_MCP_AUTH_DOMAIN: between.domain, AUTH0_MCP_CA_FILE: between.caFile });
  const env = { AUTH0_MCP_PASSPHRASE: passphrase };
  const canaries = new Canaries();
  canaries.add("passphrase", passphrase);
  const init = desk.auth0mcp(["init", "--json", "--store", "file", "--scopes", "read:logs", ...clients], { env });
  canaries.absent("arguments", processes());
  await auth0.decide((await init.event("confirm")).user_code, "confirm");
  await init.ok();
  await serve(desk, canaries, env); // renews: a second pair of tokens
  await shown(desk, env);

  const granted = between.exchanges.filter((e) => e.status === 200);
  assert.equal(granted.length, 2);
  for (const [i, { json }] of granted.entries()) {
    canaries.token(`access token ${i}`, json.access_token);
    canaries.add(`refresh token ${i}`, json.refresh_token);
  }
  canaries.add("device code", between.exchanges[0].form.device_code);
  searched(desk, canaries);
});

test("a machine with a secret, by every way to give it", async (t) => {
  const auth0 = await tenant(t);
  const desk = computer(t, auth0);
  const env = { AUTH0_MCP_PASSPHRASE: passphrase };
  const canaries = new Canaries();
  canaries.add("passphrase", passphrase);
  canaries.add("client secret", auth0.secret);
  const file = `${folder(t)}/secret`;
  writeFileSync(file, auth0.secret, { mode: 0o600 });
  const init = ["init", "--store", "file", "--auth0-domain", auth0.domain, "--auth0-client-id", auth0.clientID, ...clients];
  for (const [flags, given] of [
    [[], { env: { ...env, AUTH0_CLIENT_SECRET: auth0.secret } }],
    [["--auth0-client-secret-stdin"], { env, input: auth0.secret }],
    [["--auth0-client-secret-file", file], { env }],
    [["--json"], { env: { ...env, AUTH0_CLIENT_SECRET: auth0.secret } }],
  ]) {
    const run = desk.auth0mcp([...init, ...flags], given);
    canaries.absent("arguments", processes());
    await run.ok();
  }
  const refused = desk.auth0mcp([...init, "--profile", "wrong"], { env: { ...env, AUTH0_CLIENT_SECRET: `${auth0.secret}x` } });
  await refused.fails();
  await serve(desk, canaries, env);
  await shown(desk, env);
  searched(desk, canaries);
});

test("a machine with a private key", async (t) => {
  const auth0 = await tenant(t);
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048, publicKeyEncoding: { type: "spki", format: "pem" }, privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const credentials = [{ credential_type: "public_key", name: "a key", pem: publicKey, alg: "RS256" }];
  const application = await auth0.manage("clients", {
    name: "Key Holder", app_type: "non_interactive", grant_types: ["client_credentials"], client_authentication_methods: { private_key_jwt: { credentials } },
  });
  await auth0.manage("client-grants", { client_id: application.client_id, audience: `https://${auth0.domain}/api/v2/`, scope: ["read:logs"] });
  const desk = computer(t, auth0);
  const env = { AUTH0_MCP_PASSPHRASE: passphrase };
  const canaries = new Canaries();
  canaries.add("passphrase", passphrase);
  for (const [i, line] of privateKey.split("\n").slice(1, -2).entries()) canaries.add(`line ${i} of the private key`, line);
  const file = `${folder(t)}/key.pem`;
  writeFileSync(file, privateKey, { mode: 0o600 });
  const init = desk.auth0mcp(["init", "--store", "file", "--auth0-domain", auth0.domain, "--auth0-client-id", application.client_id, "--private-key-file", file, ...clients], { env });
  canaries.absent("arguments", processes());
  await init.ok();
  assert.match(init.err, /Scopes: read:logs\./);
  await serve(desk, canaries, env);
  await shown(desk, env);
  searched(desk, canaries);
});

test("a token of the environment", async (t) => {
  const auth0 = await tenant(t);
  const desk = computer(t, auth0);
  const env = { AUTH0_DOMAIN: auth0.domain, AUTH0_TOKEN: auth0.token };
  const canaries = new Canaries();
  canaries.token("token", auth0.token);
  await serve(desk, canaries, env);
  for (const run of desk.runs) canaries.absent(run.child.spawnargs.join(" "), run.said);
  for (const path of files(desk.home).filter(audited)) canaries.absent(path, readFileSync(path, "latin1"));
  assert.deepEqual(files(desk.home).filter((path) => !audited(path)), [], "nothing else was written");
});
