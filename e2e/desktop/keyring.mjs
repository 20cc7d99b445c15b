// A desktop's keychain: gnome-keyring on a D-Bus session of its own.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { after, end, folder, until } from "../station.mjs";

// No service files: nothing is started on this bus that the test did not start.
const config = (dir) => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=${dir}/bus</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`;

// started is a program that is there, or an error that names it.
async function started(t, command, args, options) {
  const child = spawn(command, args, options);
  await once(child, "spawn");
  after(t, () => end(child));
  return child;
}

// bus returns the address of a D-Bus session without any service.
export async function bus(t) {
  const dir = folder(t);
  writeFileSync(`${dir}/bus.conf`, config(dir));
  const daemon = await started(t, "dbus-daemon", [`--config-file=${dir}/bus.conf`, "--nofork", "--print-address"], { stdio: ["ignore", "pipe", "inherit"] });
  const [address] = await once(createInterface({ input: daemon.stdout }), "line");
  return address;
}

const login = "/org/freedesktop/secrets/collection/login";

function ask(address, path, method, ...args) {
  return execFileSync("dbus-send", ["--session", "--print-reply", "--dest=org.freedesktop.secrets", path, method, ...args],
    { encoding: "utf8", env: { PATH: process.env.PATH, DBUS_SESSION_BUS_ADDRESS: address }, stdio: ["ignore", "pipe", "ignore"] });
}

function isLocked(address) {
  try {
    return /boolean true/.test(ask(address, login, "org.freedesktop.DBus.Properties.Get", "string:org.freedesktop.Secret.Collection", "string:Locked"));
  } catch {
    return undefined; // not there yet
  }
}

// keyring puts an unlocked keyring on the bus. What it keeps is in its own folder.
export async function keyring(t, address) {
  const home = folder(t);
  mkdirSync(`${home}/run`, { mode: 0o700 });
  const daemon = await started(t, "gnome-keyring-daemon", ["--foreground", "--unlock", "--components=secrets"], {
    stdio: ["pipe", "ignore", "ignore"],
    env: { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: `${home}/run`, DBUS_SESSION_BUS_ADDRESS: address },
  });
  daemon.stdin.end("password");
  await until("gnome-keyring is not on the bus", () => isLocked(address) === false);
  return {
    home,
    lock: async () => {
      ask(address, "/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock", `array:objpath:${login}`);
      await until("the keyring is not locked", () => isLocked(address));
    },
  };
}
