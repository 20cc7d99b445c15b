// What users install: unpacked or installed below a scratch folder, and run there.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { unzipSync } from "fflate";
import { folder } from "../station.mjs";
import { arch, fetches, inRoot, packageFile, readJSON, run, serves, version } from "./release.mjs";

// What is still there of an installed package.
const left = (into) => run("find", [into, "-path", "*/usr/*auth0-mcp*"]).split("\n").filter(Boolean);

const extract = (file, into) => run("tar", ["-xf", file, "-C", into]);

test("the archive runs where it is unpacked", async (t) => {
  const into = folder(t);
  extract(packageFile(`linux_${arch}.tar.gz`), into);
  await serves(t, join(into, "auth0-mcp"));
  fetches(join(into, "auth0-mcp-fetch"));
});

test("the deb is installed and removed", async (t) => {
  const into = folder(t);
  mkdirSync(join(into, "var/lib/dpkg"), { recursive: true });
  const dpkg = (...args) => run("dpkg", ["--root", into, "--force-not-root", "--force-script-chrootless", ...args]);
  dpkg("--install", packageFile(`linux_${arch}.deb`));
  const { command, args } = inRoot(into, "/usr/bin/auth0-mcp");
  await serves(t, command, args, { HOME: "/tmp", TMPDIR: "/tmp" });
  fetches(join(into, "usr/lib/auth0-mcp/auth0-mcp-fetch"));
  assert.match(dpkg("--status", "auth0-mcp"), new RegExp(`^Version: ${version}-1$`, "m"));
  dpkg("--purge", "auth0-mcp");
  assert.deepEqual(left(into), []);
});

test("the rpm is installed and removed", async (t) => {
  const into = folder(t);
  const rpm = (...args) => run("rpm", ["--root", into, ...args]);
  rpm("--nodeps", "--install", packageFile(`linux_${arch}.rpm`));
  const { command, args } = inRoot(into, "/usr/bin/auth0-mcp");
  await serves(t, command, args, { HOME: "/tmp", TMPDIR: "/tmp" });
  fetches(join(into, "usr/lib/auth0-mcp/auth0-mcp-fetch"));
  assert.equal(rpm("--query", "--queryformat", "%{NAME} %{VERSION}", "auth0-mcp"), `auth0-mcp ${version}`);
  rpm("--nodeps", "--erase", "auth0-mcp");
  assert.deepEqual(left(into), []);
});

test("the apk holds the program and says its version", async (t) => {
  const into = folder(t);
  extract(packageFile(`linux_${arch}.apk`), into);
  assert.match(readFileSync(join(into, ".PKGINFO"), "utf8"), new RegExp(`^pkgver = ${version}-r1$`, "m"));
  await serves(t, join(into, "usr/bin/auth0-mcp"));
  fetches(join(into, "usr/lib/auth0-mcp/auth0-mcp-fetch"));
});

// As a container runtime reads it: each blob by its digest.
test("the image runs as a user without rights, with nothing but its own files", async (t) => {
  const into = folder(t);
  extract(packageFile("oci.tar"), into);
  const blob = ({ digest, size }) => {
    const data = readFileSync(join(into, "blobs", digest.replace(":", "/")));
    assert.equal(`sha256:${createHash("sha256").update(data).digest("hex")}`, digest);
    assert.equal(data.length, size);
    return data;
  };
  const { manifests: [entry] } = readJSON(join(into, "index.json"));
  assert.equal(entry.annotations["org.opencontainers.image.ref.name"], version);
  const { manifests } = JSON.parse(blob(entry));
  assert.deepEqual(manifests.map(({ platform: { os, architecture } }) => `${os}/${architecture}`),
    ["linux/amd64", "linux/arm64"]);
  for (const descriptor of manifests) {
    const manifest = JSON.parse(blob(descriptor));
    const { config, architecture } = JSON.parse(blob(manifest.config));
    assert.equal(architecture, descriptor.platform.architecture);
    assert.equal(config.User, "65532:65532");
    assert.equal(config.Labels["org.opencontainers.image.version"], version);
    const layers = manifest.layers.map((layer) => (blob(layer), join(into, "blobs", layer.digest.replace(":", "/"))));
    if (architecture !== arch) continue;
    const filesystem = folder(t);
    for (const layer of layers) extract(layer, filesystem);
    assert.match(readFileSync(join(filesystem, "etc/ssl/certs/ca-certificates.crt"), "utf8"), /BEGIN CERTIFICATE/);
    assert.equal(statSync(join(filesystem, "home/nonroot")).mode & 0o777, 0o700);
    const { command, args } = inRoot(filesystem, config.Entrypoint[0], config.User);
    assert.equal(run(command, [...args, "--version"]).trim(), version);
    await serves(t, command, args, { HOME: "/home/nonroot", TMPDIR: "/tmp" });
  }
});

test("a release for Windows and macOS has the same files", (t) => {
  const sorted = (names) => names.map((name) => name.replace(/\.exe$/, "")).sort();
  const tar = (name) => sorted(run("tar", ["-tf", packageFile(name)]).trim().split("\n"));
  const zip = (name) => sorted(Object.keys(unzipSync(readFileSync(packageFile(name)))));
  const linux = tar(`linux_${arch}.tar.gz`);
  assert.ok(linux.includes("auth0-mcp") && linux.includes("plugins/auth0-mcp-plugins"));
  for (const other of ["darwin_amd64", "darwin_arm64"]) assert.deepEqual(tar(`${other}.tar.gz`), linux, other);
  for (const other of ["windows_amd64", "windows_arm64"]) assert.deepEqual(zip(`${other}.zip`), linux, other);
});
