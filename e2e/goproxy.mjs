// A Go module proxy on disk with this repository's modules, as its tags would have them, and the environment of an
// author who builds plugins with them.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { zipSync } from "fflate";
import { binary } from "./station.mjs";

const root = new URL("..", import.meta.url).pathname;

// publish makes a module proxy of the modules that authors require.
function publish(proxy, version) {
  for (const module of ["proto", "sdk"]) {
    const path = `github.com/auth0-mcp/auth0-mcp/${module}`;
    const mod = readFileSync(join(root, module, "go.mod"), "utf8").replace(/^replace .*\n/gm, "").replace(/(auth0-mcp\/auth0-mcp\/\w+) v\S+/g, `$1 v${version}`);
    const files = { [`${path}@v${version}/go.mod`]: Buffer.from(mod) };
    for (const file of sources(join(root, module))) {
      files[`${path}@v${version}/${relative(join(root, module), file)}`] ??= readFileSync(file);
    }
    const at = join(proxy, path, "@v");
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, "list"), `v${version}\n`);
    writeFileSync(join(at, `v${version}.info`), JSON.stringify({ Version: `v${version}` }));
    writeFileSync(join(at, `v${version}.mod`), mod);
    writeFileSync(join(at, `v${version}.zip`), zipSync(files, { level: 0 }));
  }
}

// A module does not hold the modules below it.
const sources = (dir, top = dir) =>
  readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isFile()) return [path];
    return readdirSync(path).includes("go.mod") ? [] : sources(path, top);
  });

const go = (name) => execFileSync("go", ["env", name], { encoding: "utf8" }).trim();

// goEnvironment is that of an author whose Go finds the modules of this version in a proxy below the folder work.
export function goEnvironment(work) {
  const proxy = join(work, "proxy");
  publish(proxy, execFileSync(binary, ["--version"], { encoding: "utf8" }).trim());
  return {
    GOWORK: "off",
    GOCACHE: go("GOCACHE"),
    // A cache of its own, so that the modules of this version stay out of the machine's; others come from there.
    GOMODCACHE: join(work, "modules"),
    GOPROXY: `file://${proxy},file://${join(go("GOMODCACHE"), "cache/download")},${go("GOPROXY")}`,
    GOSUMDB: "off", // these modules are in no database
    GOFLAGS: "-modcacherw -trimpath -buildvcs=false",
    CGO_ENABLED: "0", // as the build of the plugins has it, whose packages are compiled already
  };
}
