// Writes dist/auth0-mcp-plugin-[[.Name]]_VERSION_OS_ARCH.tar.gz for this platform: the program, which needs no
// Node.js, and its manifest. Each platform's is made on that platform: the program is a copy of its node.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

const { name, version } = JSON.parse(readFileSync("package.json", "utf8"));
const manifest = JSON.parse(readFileSync("manifest.json", "utf8"));
if (manifest.version !== version) throw new Error(`package.json has version ${version}, manifest.json ${manifest.version}`);

execFileSync(process.execPath, ["build.mjs", "--sea"], { stdio: "inherit" });
const os = { win32: "windows" }[process.platform] ?? process.platform;
const arch = { x64: "amd64" }[process.arch] ?? process.arch;
const program = os === "windows" ? `${name}.exe` : name;
const archive = `${name}_${version}_${os}_${arch}.tar.gz`;
mkdirSync("dist", { recursive: true });
const files = ["manifest.json", program, "LICENSE"].filter((file) => existsSync(file));
execFileSync("tar", ["-czf", `dist/${archive}`, ...files], { stdio: "inherit" });
const digest = createHash("sha256").update(readFileSync(`dist/${archive}`)).digest("hex");
writeFileSync(`dist/${archive}.sha256`, `${digest}  ${archive}\n`);
