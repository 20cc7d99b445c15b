// The files that make snapshot has made, and how what is in them is tried.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { after, binary, folder } from "../station.mjs";

export const dist = new URL("../../dist/", import.meta.url).pathname;
export const root = new URL("../../", import.meta.url).pathname;

export const run = (command, args, options = {}) =>
  execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], ...options });

// Of everything in dist.
export const version = run(binary, ["--version"]).trim();

// Go's name of this machine's architecture.
export const arch = { x64: "amd64", arm64: "arm64" }[process.arch];

export const packageFile = (rest) => join(dist, `auth0-mcp_${version}_${rest}`);
export const readJSON = (path) => JSON.parse(readFileSync(path, "utf8"));

// A client starts the command and calls a tool, which needs a plugin.
export async function serves(t, command, args = [], env = {}) {
  const home = folder(t);
  const client = new Client({ name: "e2e", version: "1" });
  const transport = new StdioClientTransport({
    command, args: [...args, "run", "--sandbox", "--log-level", "error"],
    env: { PATH: process.env.PATH, HOME: home, TMPDIR: home, ...env }, stderr: "pipe",
  });
  after(t, () => client.close());
  await client.connect(transport);
  assert.deepEqual([client.getServerVersion().name, client.getServerVersion().version], ["auth0-mcp", version]);
  const { content, isError } = await client.callTool({ name: "auth0_list_logs", arguments: {} });
  assert.ok(!isError, content[0].text);
  assert.ok(JSON.parse(content[0].text).logs.length > 0);
  return transport.pid;
}

// The program that fetches plugins is beside the server, and can be executed there.
export function fetches(command, args = []) {
  const { status, stderr } = spawnSync(command, args, { input: "", encoding: "utf8" });
  assert.match(stderr, /it is run by `auth0-mcp plugin`/);
  assert.notEqual(status, 0);
}

// The command that runs a program with a folder as its root, and the machine's devices and processes. Without root it
// takes a user namespace.
export function inRoot(folder, program, user) {
  for (const name of ["dev", "proc", "tmp"]) mkdirSync(join(folder, name), { recursive: true });
  chmodSync(folder, 0o755);
  const isRoot = process.getuid() === 0;
  const script = `mount --rbind /dev "$0/dev" && mount --rbind /proc "$0/proc" && exec chroot ${isRoot && user ? `--userspec=${user} ` : ""}"$0" "$@"`;
  return { command: "unshare",
    args: [isRoot ? "--mount" : "--map-root-user", "--mount", "sh", "-c", script, folder, program] };
}
