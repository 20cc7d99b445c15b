// docs/plugins/tutorial.md, step by step, in an empty folder: its commands are run as they stand there, and what it
// shows of their output is compared.
//
// A block of sh is run; a block of text or json that follows is its output, in which … stands for anything. A block of
// a language and a name, such as "go main.go", is that file.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { zipSync } from "fflate";
import { binary, folder } from "./station.mjs";

const root = new URL("..", import.meta.url).pathname;
const read = (path) => readFileSync(join(root, path), "utf8");

function steps(page) {
  const found = [];
  for (const [, language, name, text] of page.matchAll(/^```(\w+)(?: (\S+))?\n(.*?)^```$/gms)) {
    if (language === "sh") found.push({ command: text });
    else if (name) found.push({ command: `cat >${name} <<'END OF FILE'\n${text}END OF FILE\n` });
    else found.at(-1).output = text;
  }
  return found;
}

// script runs all steps in one shell, each with what it prints in a file of its own.
const script = (found, out) =>
  "set -euo pipefail\n" + found.map(({ command }, i) => `{\n${command}} >${out}/${i} 2>&1\n`).join("");

const pattern = (shown) =>
  new RegExp(`^${shown.trim().split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("[^]*?")}$`);

// publish makes a module proxy of this repository's modules, as its tags would have them.
function publish(proxy, version) {
  for (const module of ["proto", "sdk"]) {
    const path = `github.com/auth0-mcp/auth0-mcp/${module}`;
    const mod = read(`${module}/go.mod`).replace(/^replace .*\n/gm, "").replace(/(auth0-mcp\/auth0-mcp\/\w+) v\S+/g, `$1 v${version}`);
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

test("the tutorial", { timeout: 300_000 }, (t) => {
  const work = folder(t);
  const [empty, out, proxy, home] = ["empty", "out", "proxy", "home"].map((name) => join(work, name));
  for (const dir of [empty, out, proxy, home, join(work, "bin")]) mkdirSync(dir);
  symlinkSync(binary, join(work, "bin", "auth0-mcp"));
  symlinkSync(new URL("node_modules", import.meta.url).pathname, join(work, "node_modules")); // npx finds the Inspector
  publish(proxy, execFileSync(binary, ["--version"], { encoding: "utf8" }).trim());

  const found = steps(read("docs/plugins/tutorial.md"));
  assert.ok(found.length > 8, "the tutorial has its steps");
  writeFileSync(join(work, "script"), script(found, out));
  const run = spawnSync("bash", [join(work, "script")], {
    cwd: empty,
    encoding: "utf8",
    timeout: 240_000,
    env: {
      PATH: `${join(work, "bin")}:${process.env.PATH}`,
      HOME: home,
      npm_config_update_notifier: "false",
      TMPDIR: work,
      GOWORK: "off",
      GOCACHE: go("GOCACHE"),
      // A cache of its own, so that the modules of this version stay out of the machine's; others come from there.
      GOMODCACHE: join(work, "modules"),
      GOPROXY: `file://${proxy},file://${join(go("GOMODCACHE"), "cache/download")},${go("GOPROXY")}`,
      GOSUMDB: "off", // these modules are in no database
      GOFLAGS: "-modcacherw -trimpath -buildvcs=false",
      CGO_ENABLED: "0", // as the build of the plugins has it, whose packages are compiled already
    },
  });
  const said = readdirSync(out).map((_, i) => readFileSync(join(out, String(i)), "utf8"));
  assert.equal(run.status, 0, `${run.error ?? ""} the tutorial failed here:\n${found[said.length - 1]?.command}${said.at(-1)}`);
  for (const [i, { command, output }] of found.entries()) {
    if (output) assert.match(said[i].trim(), pattern(output), `the output of:\n${command}`);
  }
});

test("the tutorial's plugin is the example, of 25 lines", () => {
  const [, text] = /^```go main\.go\n(.*?)^```$/ms.exec(read("docs/plugins/tutorial.md"));
  assert.equal(text, read("examples/client-grants/main.go"));
  assert.equal(text.split("\n").length - 1, 25);
});
