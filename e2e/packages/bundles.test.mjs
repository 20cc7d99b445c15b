// Bundles for MCP clients, read by the tools of their format.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { getMcpConfigForManifest } from "@anthropic-ai/mcpb/node";
import { strFromU8, unzipSync } from "fflate";
import { folder } from "../station.mjs";
import { arch, fetches, packageFile, readJSON, run, serves, version } from "./release.mjs";

const mcpb = new URL("../node_modules/@anthropic-ai/mcpb/dist/cli/cli.js", import.meta.url).pathname;
const platforms = ["linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64", "windows_arm64"];

test("the bundle is unpacked, and its command serves", async (t) => {
  const into = folder(t);
  run(process.execPath, [mcpb, "unpack", packageFile(`linux_${arch}.mcpb`), into]);
  run(process.execPath, [mcpb, "validate", join(into, "manifest.json")]);
  const manifest = readJSON(join(into, "manifest.json"));
  assert.equal(manifest.version, version);
  // As a client does whose user has left every setting empty.
  const { command, args, env } = await getMcpConfigForManifest({
    manifest, extensionPath: into, systemDirs: {}, userConfig: {}, pathSeparator: "/",
    logger: { warn: (text) => assert.fail(text), error: (text) => assert.fail(text) },
  });
  assert.deepEqual(args, ["run"]);
  assert.ok(!JSON.stringify(env).includes("${"), JSON.stringify(env));
  await serves(t, command, [], env);
  fetches(join(into, "server/auth0-mcp-fetch"));
});

// A zip file of Windows is for Windows, and so on; and each manifest names a command that is in it.
for (const platform of platforms) {
  test(`the bundle for ${platform}`, () => {
    const files = unzipSync(readFileSync(packageFile(`${platform}.mcpb`)));
    const manifest = JSON.parse(strFromU8(files["manifest.json"]));
    assert.equal(manifest.version, version);
    assert.deepEqual(manifest.compatibility.platforms, [platform.split("_")[0].replace("windows", "win32")]);
    assert.equal(manifest.server.mcp_config.command, "${__dirname}/" + manifest.server.entry_point);
    assert.ok(files[manifest.server.entry_point], manifest.server.entry_point);
    assert.ok(manifest.tools.some(({ name }) => name === "auth0_list_logs"));
    assert.equal(manifest.user_config.token.sensitive, true);
  });
}
