// Bundles the plugin into one file, so that the digest that auth0-mcp pins covers all of its code.
//
//   node build.mjs         auth0-mcp-plugin-[[.Name]], a script for the node that ran this (Linux, macOS)
//   node build.mjs --sea   a program that needs no Node.js: the bundle inside a copy of this node, for this platform
//   node build.mjs --release   the same, in dist/OS_ARCH
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

const program = "auth0-mcp-plugin-[[.Name]]";
const windows = process.platform === "win32";
// As auth0-mcp calls this platform.
const platform = [windows ? "windows" : process.platform, process.arch === "x64" ? "amd64" : process.arch];

// The host runs a plugin without PATH, and on Linux from memory, where no path leads to: the line names this very
// node, and keeps it from resolving its script's path.
const shebang = `#!${process.execPath} --preserve-symlinks-main`;

const { outputFiles } = await build({
  entryPoints: ["main.mjs"],
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs", // what Node.js takes a file without an extension for
  loader: { ".proto": "text" },
  legalComments: "eof",
  write: false,
});
const bundle = outputFiles[0].text;

if (process.argv.includes("--release")) {
  await writeProgram(join("dist", platform.join("_")));
} else if (process.argv.includes("--sea")) {
  await writeProgram(".");
} else if (windows || /\s/.test(process.execPath)) {
  throw new Error(`no script can name ${process.execPath} here: use node build.mjs --sea`);
} else {
  writeFileSync(program, `${shebang}\n${bundle}`, { mode: 0o755 });
  chmodSync(program, 0o755); // of a file that was there
}

// https://nodejs.org/api/single-executable-applications.html
async function writeProgram(folder) {
  const { inject } = await import("postject");
  const work = mkdtempSync(join(tmpdir(), "sea-"));
  try {
    const [main, output, config] = ["main.cjs", "blob", "config.json"].map((name) => join(work, name));
    writeFileSync(main, bundle);
    writeFileSync(config, JSON.stringify({ main, output, disableExperimentalSEAWarning: true }));
    execFileSync(process.execPath, ["--experimental-sea-config", config], { stdio: ["ignore", "ignore", "inherit"] });
    mkdirSync(folder, { recursive: true });
    const file = join(folder, windows ? `${program}.exe` : program);
    rmSync(file, { force: true });
    copyFileSync(process.execPath, file);
    chmodSync(file, 0o755);
    const mac = process.platform === "darwin";
    if (mac) execFileSync("codesign", ["--remove-signature", file]);
    await inject(file, "NODE_SEA_BLOB", readFileSync(output), {
      sentinelFuse: "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2",
      ...(mac && { machoSegmentName: "NODE_SEA" }),
    });
    if (mac) execFileSync("codesign", ["--sign", "-", file]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
