// The npm packages, installed from a registry on this machine: npm chooses the one with the binaries by itself.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { after, folder } from "../station.mjs";
import { dist, fetches, readJSON, run, serves, version } from "./release.mjs";

// The least registry that npm can install from.
async function registry(t) {
  const packages = new Map();
  for (const file of readdirSync(dist).filter((name) => name.endsWith(".tgz"))) {
    const data = readFileSync(join(dist, file));
    const manifest = JSON.parse(run("tar", ["-xzOf", join(dist, file), "package/package.json"]));
    packages.set(manifest.name, { file, data, manifest });
  }
  const server = createServer((request, response) => {
    const name = decodeURIComponent(request.url.slice(1));
    const found = packages.get(name);
    const tarball = [...packages.values()].find(({ file }) => `tarballs/${file}` === name);
    if (tarball) return response.end(tarball.data);
    if (!found) return response.writeHead(404).end("{}");
    const integrity = `sha512-${createHash("sha512").update(found.data).digest("base64")}`;
    const dist = { integrity, tarball: `http://localhost:${server.address().port}/tarballs/${found.file}` };
    response.end(JSON.stringify({
      name, "dist-tags": { latest: version }, versions: { [version]: { ...found.manifest, dist } },
    }));
  });
  await promisify(server.listen.bind(server))(0);
  after(t, () => server.close());
  return { url: `http://localhost:${server.address().port}/`, packages };
}

async function npm(t, command, args, cwd) {
  const { url } = await registry(t);
  const home = folder(t);
  const env = { PATH: process.env.PATH, HOME: home, npm_config_registry: url, npm_config_cache: join(home, "cache"),
    npm_config_update_notifier: "false", npm_config_audit: "false", npm_config_fund: "false" };
  return promisify(execFile)(command, args, { cwd, env });
}

test("npm install takes the binaries for this platform alone, and the launcher is as good as they are", async (t) => {
  const project = folder(t);
  await npm(t, "npm", ["install", "auth0-mcp"], project);
  assert.deepEqual(readdirSync(join(project, "node_modules/@auth0-mcp")), [`${process.platform}-${process.arch}`]);
  const installed = readJSON(join(project, "node_modules/auth0-mcp/package.json"));
  assert.equal(installed.scripts, undefined);
  const launcher = join(project, "node_modules/.bin/auth0-mcp");
  await serves(t, launcher);
  fetches(join(project, `node_modules/@auth0-mcp/${process.platform}-${process.arch}/bin/auth0-mcp-fetch`));

  const home = folder(t);
  const start = (...args) => spawn(launcher, args, { env: { PATH: process.env.PATH, HOME: home, TMPDIR: home } });
  const status = async (child) => (await once(child, "exit"))[0];
  assert.equal(await status(start("--version")), 0);
  assert.equal(await status(start("no-such-command")), 1);
  const atEnd = start("run", "--sandbox");
  atEnd.stdin.end();
  assert.equal(await status(atEnd), 0, "it ends when its client is gone");
  for (const signal of ["SIGTERM", "SIGINT"]) {
    const server = start("run", "--sandbox");
    server.stdin.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
    await once(server.stdout, "data"); // it runs
    server.kill(signal);
    assert.equal(await status(server), 0, `${signal} is passed on`);
  }
});

test("without the binaries the launcher says what is missing", async (t) => {
  const project = folder(t);
  await npm(t, "npm", ["install", "--omit=optional", "auth0-mcp"], project);
  await assert.rejects(promisify(execFile)(join(project, "node_modules/.bin/auth0-mcp"), ["--version"]),
    ({ code, stdout, stderr }) => code === 1 && stdout === "" && stderr.includes("--omit=optional"));
});

test("npx runs it", async (t) => {
  const { stdout } = await npm(t, "npx", ["--yes", "auth0-mcp", "--version"], folder(t));
  assert.equal(stdout.trim(), version);
});

test("all npm packages are of one version, and the binaries' are bound to it", async (t) => {
  const { packages } = await registry(t);
  const wanted = packages.get("auth0-mcp").manifest.optionalDependencies;
  assert.equal(Object.keys(wanted).length, 6);
  for (const [name, { manifest }] of packages) {
    assert.equal(manifest.version, version, name);
    if (name !== "auth0-mcp") assert.equal(wanted[name], version, name);
  }
});
