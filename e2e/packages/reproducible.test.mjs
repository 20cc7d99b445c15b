// The release of the same binaries and the same time is the same to the byte, whatever the times of the binaries are.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { after, folder } from "../station.mjs";
import { root, run } from "./release.mjs";

const platforms = ["linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64", "windows_arm64"];

// GoReleaser finds binaries below the repository only. Scripts are packed faster.
function binaries(t, time) {
  mkdirSync(join(root, "bin"), { recursive: true });
  const bin = mkdtempSync(join(root, "bin/reproducible-"));
  after(t, () => rmSync(bin, { recursive: true }));
  for (const platform of platforms) {
    const exe = platform.startsWith("windows") ? ".exe" : "";
    mkdirSync(join(bin, platform, "plugins"), { recursive: true });
    for (const name of ["auth0-mcp", "auth0-mcp-fetch", "plugins/auth0-mcp-plugins"]) {
      writeFileSync(join(bin, platform, name + exe), "#!/bin/sh\n", { mode: 0o700 });
      utimesSync(join(bin, platform, name + exe), time, time);
    }
    cpSync(join(root, "plugins/logs/manifest.json"), join(bin, platform, "plugins/logs.manifest.json"));
  }
  return `bin/${basename(bin)}`;
}

test("a release is made again from the same binaries", (t) => {
  const made = [1e9, 1.5e9].map((time) => {
    const work = folder(t), dist = join(work, "dist"), config = join(work, "goreleaser.yaml");
    writeFileSync(config, readFileSync(join(root, ".goreleaser.yaml"), "utf8") + `\ndist: ${dist}\n`);
    run("goreleaser", ["release", "--snapshot", "--skip=sign", "--config", config], {
      cwd: root,
      env: { ...process.env, BIN: binaries(t, time), VERSION: "1.2.3", DATE: "2026-11-29T10:00:00Z",
        GORELEASER_CURRENT_TAG: "v1.2.3" },
    });
    // The checksums are those of all files that are published.
    return ["auth0-mcp_1.2.3_checksums.txt", "homebrew/Casks/auth0-mcp.rb", "scoop/auth0-mcp.json"]
      .map((name) => readFileSync(join(dist, name), "utf8"));
  });
  assert.ok(made[0][0].includes("auth0-mcp_1.2.3_linux_amd64.deb") && made[0][0].includes("server.json"), made[0][0]);
  assert.deepEqual(made[0], made[1]);
});
