// What package managers and registries are told: every digest is that of the file, and every version is the same.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { Ajv } from "ajv";
import { unzipSync } from "fflate";
import { folder } from "../station.mjs";
import { dist, packageFile, readJSON, root, run, version } from "./release.mjs";

const digest = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");
// The file in dist that a URL of the release leads to.
const released = (url) => {
  assert.ok(url.startsWith(`https://github.com/auth0-mcp/auth0-mcp/releases/download/v${version}/`), url);
  return join(dist, basename(url));
};

test("the version is that of the Makefile, in the name of every file too", () => {
  assert.equal(readFileSync(join(root, "Makefile"), "utf8").match(/^VERSION = (.*)$/m)[1], version);
  const named = Object.values(readJSON(join(dist, "artifacts.json"))).filter(({ type }) => type !== "Binary" && type !== "Metadata");
  for (const { name, type } of named) {
    assert.ok(name.includes(`_${version}_`) || ["Homebrew Cask", "Scoop Manifest", "Brew Cask"].includes(type), `${name} (${type})`);
  }
});

test("the checksums are of all files, and signed", (t) => {
  const list = packageFile("checksums.txt");
  run("sha256sum", ["--check", "--strict", "--quiet", list], { cwd: dist });
  const listed = readFileSync(list, "utf8").trim().split("\n").map((line) => line.split("  ")[1]);
  const there = readdirSync(dist, { withFileTypes: true }).filter((entry) => entry.isFile()).map(({ name }) => name);
  const key = join(dist, "minisign.pub");
  // The last three are GoReleaser's own.
  const unlisted = [basename(list), `${basename(list)}.minisig`, basename(key), "artifacts.json", "config.yaml", "metadata.json"];
  assert.deepEqual(listed.toSorted(), there.filter((name) => !unlisted.includes(name)).toSorted());

  const said = run("minisign", ["-V", "-p", key, "-m", list]);
  assert.ok(said.includes(`Trusted comment: auth0-mcp ${version} ${basename(list)}`), said);
  const other = join(folder(t), "checksums.txt");
  writeFileSync(other, readFileSync(list, "utf8").replace(/^./, (c) => (c === "0" ? "1" : "0")));
  assert.throws(() => run("minisign", ["-V", "-p", key, "-m", other, "-x", `${list}.minisig`]));
});

test("server.json fits the registry's schema", () => {
  const server = readJSON(join(dist, "server.json"));
  // The registry's own source has the schemas that it publishes.
  const { Dir } = JSON.parse(run("go", ["mod", "download", "-json", "github.com/modelcontextprotocol/registry@v1.8.9"],
    { cwd: dist, env: { ...process.env, GOWORK: "off" } }));
  const date = server.$schema.match(/schemas\/([\d-]+)\//)[1];
  const schema = readJSON(join(Dir, "internal/validators/schemas", `${date}.json`));
  assert.equal(schema.$id, server.$schema);
  const ajv = new Ajv({ strict: false, allErrors: true, formats: { uri: (text) => URL.canParse(text) } });
  assert.ok(ajv.validate(schema, server), ajv.errorsText());

  assert.equal(server.version, version);
  for (const { registryType, identifier, version: tag, fileSha256 } of server.packages) {
    if (registryType === "mcpb") assert.equal(fileSha256, digest(released(identifier)), identifier);
    else assert.ok(tag === version || identifier.endsWith(`:${version}`), identifier);
  }
  assert.deepEqual([...new Set(server.packages.map(({ registryType }) => registryType))], ["npm", "oci", "mcpb"]);
});

// Homebrew unpacks the archive and links the program in it, which finds its plugins beside it.
test("the Homebrew cask is Ruby, with the digests of the archives, and leaves them whole", () => {
  const path = join(dist, "homebrew/Casks/auth0-mcp.rb");
  assert.equal(run("ruby", ["-c", path]).trim(), "Syntax OK");
  const text = readFileSync(path, "utf8");
  assert.ok(text.includes(`version "${version}"`));
  const pairs = [...text.matchAll(/url "(.*)"\s+sha256 "(.*)"/g)];
  assert.equal(pairs.length, 4);
  for (const [, url, sum] of pairs) assert.equal(sum, digest(released(url.replaceAll("#{version}", version))), url);
  assert.deepEqual([...text.matchAll(/^ *binary (.*)$/gm)].map(([, rest]) => rest), ['"auth0-mcp"']);
  assert.doesNotMatch(text, /^ *rename /m);
});

test("the Scoop manifest has the digests of the archives, and one command", () => {
  const manifest = readJSON(join(dist, "scoop/auth0-mcp.json"));
  assert.equal(manifest.version, version);
  for (const name of ["64bit", "arm64"]) {
    const { url, hash, bin } = manifest.architecture[name];
    assert.equal(hash, digest(released(url)));
    assert.deepEqual(bin, ["auth0-mcp.exe"]);
    assert.ok(unzipSync(readFileSync(released(url)))[bin[0]]);
  }
});

test("the SBOMs list our modules in this version, and the digests of the binaries", () => {
  const all = readdirSync(dist).filter((name) => name.endsWith(".cdx.json"));
  assert.equal(all.length, 6);
  for (const name of all) {
    const bom = readJSON(join(dist, name));
    assert.equal(bom.metadata.component.version, version, name);
    assert.deepEqual([bom.serialNumber, bom.metadata.timestamp], [undefined, undefined], `${name} is not reproducible`);
    const [, os, arch] = name.match(/_([a-z]+)_([a-z0-9]+)\.cdx/);
    const own = `${process.platform}_${process.arch}` === `${os}_${arch.replace("amd64", "x64")}`;
    const binaries = bom.components.filter((c) => c.type === "file");
    assert.equal(binaries.length, 4, name);
    for (const binary of binaries) {
      const path = join(root, "bin", own ? "" : `${os}_${arch}`, binary.name);
      assert.equal(binary.hashes.find((h) => h.alg === "SHA-256").content, digest(path), path);
    }
    const modules = bom.components.filter((c) => c.type === "library");
    const ours = modules.filter((c) => c.name.startsWith("github.com/auth0-mcp/"));
    assert.ok(ours.length > 5 && modules.length > 40, name);
    for (const c of ours) assert.equal(c.version, `v${version}`, c.name);
    for (const c of modules) assert.match(c.purl, /^pkg:golang\/.+@v?\d/, c.name);
  }
});
