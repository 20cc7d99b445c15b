// A team's distribution, made by the commands of docs/teams.md: only its plugins, and defaults that a flag cannot widen.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { folder } from "../station.mjs";
import { arch, root, run, serves, version } from "./release.mjs";

const page = readFileSync(join(root, "docs/teams.md"), "utf8");
const block = (language) => page.split("```" + language + "\n")[1].split("```")[0];

const said = (command, args, env) => {
  try {
    return { out: run(command, args, { env }), err: "" };
  } catch ({ stdout, stderr }) {
    return { out: stdout, err: stderr };
  }
};

test("a distribution has its own plugins only, and what is locked stays", async (t) => {
  const out = folder(t), unpacked = folder(t), home = folder(t);
  writeFileSync(join(out, "acme.json"), block("json"));
  // The page's command, for this platform, with the file and the folder of this test.
  const [make, ...args] = block("sh").trim().replaceAll("\\\n", "").split(/\s+/)
    .map((word) => word.replace("DISTRIBUTION=acme.json", `DISTRIBUTION=${join(out, "acme.json")}`));
  run(make, [...args, `PLATFORMS=linux_${arch}`, `OUT=${join(out, "dist")}`], { cwd: root });
  assert.deepEqual(readdirSync(join(out, "dist")).sort(), [
    "checksums.txt", `linux_${arch}.apk`, `linux_${arch}.cdx.json`, `linux_${arch}.deb`, `linux_${arch}.mcpb`, `linux_${arch}.rpm`,
    `linux_${arch}.tar.gz`, "oci.tar",
  ].map((rest) => `acme-identity_${version}_${rest}`).sort());

  run("tar", ["xzf", join(out, "dist", `acme-identity_${version}_linux_${arch}.tar.gz`), "-C", unpacked]);
  const at = unpacked, command = join(at, "auth0-mcp"), env = { HOME: home, PATH: process.env.PATH };
  assert.deepEqual(readdirSync(at).sort(), ["LICENSE", "README.md", "auth0-mcp", "plugins"]);
  assert.deepEqual(readdirSync(join(at, "plugins")).sort(), [
    "applications.manifest.json", "auth0-mcp-plugin-client-grants", "auth0-mcp-plugins", "client-grants.manifest.json", "logs.manifest.json",
  ]);
  await serves(t, command);
  assert.match(said(command, ["--help"], env).out, /the distribution Acme Identity: --read-only \(locked\)/);
  const [tools] = said(command, ["tools"], env).out.split("\nPRESET");
  for (const name of ["auth0_list_logs", "auth0_list_applications", "auth0_list_client_grants"]) assert.match(tools, new RegExp(`^${name} `, "m"));
  assert.doesNotMatch(tools, /auth0_(create|update|delete)|actions|forms|resource_servers/);
  assert.match(said(command, ["tools", "--tools", "auth0_list_logs"], env).out, /^1 tool,/m);
  const locked = /this is the distribution Acme Identity, which is built with/;
  for (const args of [
    ["tools", "--read-only=false"], ["run", "--sandbox", "--read-only=false"], ["run", "--sandbox", "--approve", "none"],
    ["tools", "--plugin-dir", at], ["plugin", "install", at],
  ]) assert.match(said(command, args, env).err, locked, args.join(" "));
  for (const [name, value] of [["AUTH0_MCP_READ_ONLY", "0"], ["AUTH0_MCP_APPROVE", "none"], ["AUTH0_MCP_PLUGIN_DIR", at]]) {
    assert.match(said(command, ["run", "--sandbox"], { ...env, [name]: value }).err, locked, name);
  }
});
