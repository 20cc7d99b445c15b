// docs/plugins/tutorial.md, step by step, in an empty folder: its commands are run as they stand there, and what it
// shows of their output is compared.
//
// A block of sh is run; a block of text or json that follows is its output, in which … stands for anything. A block of
// a language and a name, such as "go main.go", is that file.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { goEnvironment } from "./goproxy.mjs";
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

test("the tutorial", { timeout: 300_000 }, (t) => {
  const work = folder(t);
  const [empty, out, home] = ["empty", "out", "home"].map((name) => join(work, name));
  for (const dir of [empty, out, home, join(work, "bin")]) mkdirSync(dir);
  symlinkSync(binary, join(work, "bin", "auth0-mcp"));
  symlinkSync(new URL("node_modules", import.meta.url).pathname, join(work, "node_modules")); // npx finds the Inspector

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
      ...goEnvironment(work),
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
