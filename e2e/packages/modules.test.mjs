// A plugin's author requires our modules by their version: from a module proxy, without a replace directive.
import assert from "node:assert/strict";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { folder } from "../station.mjs";
import { dist, root, run, version } from "./release.mjs";

const ours = "github.com/auth0-mcp/auth0-mcp/";

// The example needs the SDK alone; the plugin needs go-auth0 as well, and tests itself against the sandbox.
for (const name of ["examples/client-grants", "plugins/logs"]) {
  test(`${name} is built and tested with published modules`, (t) => {
    const work = folder(t);
    cpSync(join(root, name), work, { recursive: true });
    const [cache, proxies] = run("go", ["env", "GOMODCACHE", "GOPROXY"]).trim().split("\n");
    const env = {
      ...process.env, GOWORK: "off", CGO_ENABLED: "0",
      // An empty cache, so that nothing of ours is in it. What others have published comes from the usual one.
      GOMODCACHE: join(work, ".cache"), GOFLAGS: "-mod=mod -modcacherw -trimpath -buildvcs=false",
      GOPROXY: `file://${dist}goproxy,file://${cache}/cache/download,${proxies}`, GONOSUMDB: `${ours}*`,
    };
    const go = (...args) => run("go", args, { cwd: work, env });
    const mod = JSON.parse(go("mod", "edit", "-json"));
    const required = mod.Require.map(({ Path }) => Path).filter((path) => path.startsWith(ours));
    assert.ok(required.length > 1);
    for (const { Old } of mod.Replace) go("mod", "edit", `-dropreplace=${Old.Path}`);
    for (const path of required) go("mod", "edit", `-require=${path}@v${version}`);
    go("mod", "tidy");
    go("build", "./...");
    go("test", "./...");
    assert.ok(!readFileSync(join(work, "go.mod"), "utf8").includes("replace"));
    const listed = go("list", "-m", "-f", "{{.Path}} {{.Version}} {{.Replace}}", "all").trim().split("\n")
      .filter((line) => line.startsWith(ours) && !line.startsWith(`${ours}${name} `));
    assert.ok(listed.length > 1);
    for (const line of listed) assert.match(line, new RegExp(` v${version.replaceAll(".", "\\.")} <nil>$`), line);
  });
}
