// A Windows of its own for the tests, by Wine: nothing of the user's is read or written.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { folder } from "../station.mjs";

const here = new URL(".", import.meta.url).pathname;

export class Wine {
  constructor(t, binaries) {
    const work = folder(t);
    this.prefix = join(work, "prefix");
    this.env = {
      PATH: process.env.PATH, HOME: work, TMPDIR: work, WINEPREFIX: this.prefix, WINEDEBUG: "-all",
      WINEDLLOVERRIDES: "mscoree,mshtml=", // no offers to install Mono and Gecko
    };
    this.program = join(work, "auth0-mcp");
    cpSync(binaries, this.program, { recursive: true });
    this.#run("ignore", "wineboot", "--init");
    const library = join(this.prefix, "drive_c/windows/system32/bcryptprimitives.dll");
    const source = join(here, "bcryptprimitives.c");
    this.#run("inherit", "x86_64-w64-mingw32-gcc", "-shared", "-o", library, source, "-ladvapi32");
  }

  #run(errors, command, ...args) {
    execFileSync(command, args, { env: this.env, stdio: ["ignore", "ignore", errors], timeout: 300_000 });
  }

  start(...args) {
    return spawn("wine", [join(this.program, "auth0-mcp.exe"), ...args], { env: this.env, stdio: "pipe" });
  }

  // processes are the ids of the prefix's processes that run a program of ours. Those of Windows itself,
  // such as services.exe, stay for as long as the Wine server does.
  processes(program) {
    return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0].split(/[\\/]/).at(-1) === program &&
          readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`WINEPREFIX=${this.prefix}`);
      } catch {
        return false; // it has ended meanwhile
      }
    }).map(Number);
  }

  // temporary are the names in the Windows users' folders for temporary files.
  temporary() {
    const users = join(this.prefix, "drive_c/users");
    return readdirSync(users).map((user) => join(users, user, "Temp")).filter((path) => existsSync(path))
      .flatMap((path) => readdirSync(path));
  }

  close() {
    // -k ends what is left, -w waits for the server itself. Both have nothing to do if it has ended already.
    for (const option of ["-k", "-w"]) {
      spawnSync("wineserver", [option], { env: this.env, stdio: "ignore", timeout: 120_000 });
    }
  }
}
