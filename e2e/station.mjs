// A tenant over HTTPS, and a computer with an empty home folder that signs in to it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";

export const binary = new URL("../bin/auth0-mcp", import.meta.url).pathname;

// The longest wait for an event. Only a test that fails waits this long.
const patience = 120_000;

// undo runs when the test is over, what was made last first: node would begin with
// the first, and take folders away from what still uses them.
const undone = new WeakMap();
export function after(t, undo) {
  if (!undone.has(t)) {
    undone.set(t, []);
    t.after(async () => {
      for (const last of undone.get(t).reverse()) await last();
    });
  }
  undone.get(t).push(undo);
}

// A process that is asked to end gets to clean up behind it: the sandbox has a folder.
export async function end(child, signal = "SIGTERM") {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

export async function until(what, probe) {
  for (const deadline = Date.now() + patience; ; await wait(50)) {
    const found = await probe();
    if (found) return found;
    assert.ok(Date.now() < deadline, typeof what === "function" ? what() : `waited too long: ${what}`);
  }
}

// folder is gone after the test. Its path is short: Unix sockets are made below it.
export function folder(t) {
  const dir = mkdtempSync(join(tmpdir(), "e2e-"));
  after(t, () => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

// audited is a file of the audit log, which outlives every sign-in.
export const audited = (path) => path.includes("/auth0-mcp/audit/");

export const files = (dir) =>
  readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    return entry.isDirectory() ? files(path) : entry.isFile() ? [path] : [];
  });

export function fetchOver(ca, url, { method = "GET", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, { method, headers, ca, agent: false }, async (response) => {
      response.on("error", reject);
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
    });
    request.on("error", reject);
    request.end(body);
  });
}

class Tenant {
  constructor(variables) {
    this.domain = variables.AUTH0_DOMAIN;
    this.token = variables.AUTH0_TOKEN;
    this.clientID = variables.AUTH0_CLIENT_ID;
    this.secret = variables.AUTH0_CLIENT_SECRET;
    this.caFile = variables.AUTH0_MCP_CA_FILE;
    this.ca = readFileSync(this.caFile, "utf8");
  }

  async manage(path, body) {
    const headers = { authorization: `Bearer ${this.token}`, "content-type": "application/json" };
    const answer = await fetchOver(this.ca, `https://${this.domain}/api/v2/${path}`, { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body) });
    assert.ok(answer.status < 300, answer.body.toString());
    return JSON.parse(answer.body);
  }

  // decide is what the page's buttons send, for tests that are not about the page.
  async decide(userCode, action) {
    const body = new URLSearchParams({ user_code: userCode, action }).toString();
    const answer = await fetchOver(this.ca, `https://${this.domain}/activate`, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body });
    assert.equal(answer.status, 200, answer.body.toString());
  }
}

export async function tenant(t) {
  const child = spawn(binary, ["sandbox"], { stdio: ["ignore", "pipe", "inherit"] });
  after(t, () => end(child));
  const variables = {};
  for await (const line of createInterface({ input: child.stdout })) {
    const [, name, value] = /^([A-Z0-9_]+)=(.*)$/.exec(line);
    variables[name] = value;
    if (name === "AUTH0_TOKEN") return new Tenant(variables);
  }
  assert.fail("the sandbox ended");
}

// Run is one auth0-mcp that was started: what it said, and how it ended.
class Run {
  out = "";
  err = "";

  constructor(child) {
    this.child = child;
    child.stdout.setEncoding("utf8").on("data", (text) => (this.out += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (this.err += text));
    this.ended = once(child, "close").then(([status]) => Object.assign(this, { status }));
  }

  get said() {
    return this.out + this.err;
  }

  // event waits for one of the lines of --json.
  event(name) {
    const find = () => this.out.split("\n").slice(0, -1).map((line) => JSON.parse(line)).find((e) => e.event === name);
    return until(() => `no ${name} in: ${this.said}`, find);
  }

  async ok() {
    await this.ended;
    assert.equal(this.status, 0, this.said);
    return this;
  }

  async fails() {
    await this.ended;
    assert.equal(this.status, 1, this.said);
    return this;
  }
}

// Computer has a home folder and an environment of its own, nothing of this one's.
class Computer {
  constructor(t, tenant) {
    this.t = t;
    this.home = folder(t);
    this.env = { PATH: process.env.PATH, HOME: this.home, LANG: "C.UTF-8", AUTH0_MCP_CA_FILE: tenant.caFile, AUTH0_MCP_AUTH_DOMAIN: tenant.domain };
    this.runs = [];
  }

  // auth0mcp starts a command; with the input null, its stdin stays open.
  auth0mcp(args, { env = {}, input = "" } = {}) {
    return this.start(binary, args, env, input);
  }

  // shell runs a script, in which $0 is the binary.
  shell(script, env = {}) {
    return this.start("sh", ["-c", script, binary], env, "");
  }

  start(program, args, env, input) {
    const child = spawn(program, args, { env: { ...this.env, ...env } });
    after(this.t, () => end(child, "SIGKILL"));
    child.stdin.on("error", () => {}); // it may end without reading
    if (input !== null) child.stdin.end(input);
    const run = new Run(child);
    this.runs.push(run);
    return run;
  }

  path(...parts) {
    return join(this.home, ...parts);
  }

  // wroteNothing: no profile, no session, no client's config. A lock file holds nothing.
  wroteNothing() {
    assert.deepEqual(files(this.home).filter((path) => !/\.(lock|put)$/.test(path)), []);
  }

  // keptSession: the profile in clear, without a secret, and the session encrypted.
  keptSession(profile, store) {
    const config = readFileSync(this.path(".config/auth0-mcp/config.toml"), "utf8");
    assert.ok(config.includes(`[profiles.${profile}]`), config);
    assert.ok(config.includes(`store = '${store}'`), config);
    const session = readFileSync(this.path(`.local/share/auth0-mcp/sessions/${profile}.age`), "latin1");
    assert.ok(session.startsWith("age-encryption.org/v1\n"), "the session is encrypted");
  }

  lostSession(profile) {
    assert.ok(!existsSync(this.path(`.local/share/auth0-mcp/sessions/${profile}.age`)));
  }
}

export const computer = (t, tenant) => new Computer(t, tenant);
