// A real terminal: tmux runs a shell in it, keys are pressed, the screen is read.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { after, until } from "../station.mjs";

const quote = (word) => `'${word.replaceAll("'", `'\\''`)}'`;

// script runs one command and notes how it ended and what it did to the terminal.
// The shell has a trap, so that Ctrl-C ends the command and not the shell; the last
// line keeps the screen until the test has read it.
const script = (dir, words) => `trap : INT
stty -a > ${dir}/before
${words.map(quote).join(" ")}
echo $? > ${dir}/status
stty -a > ${dir}/after
mv ${dir}/status ${dir}/ended
exec sleep 600
`;

// Terminal is one screen with one command on it.
class Terminal {
  constructor(socket, dir) {
    this.socket = socket;
    this.dir = dir;
  }

  tmux(...args) {
    return execFileSync("tmux", ["-S", this.socket, ...args], { encoding: "utf8" });
  }

  press(...keys) {
    this.tmux("send-keys", ...keys);
  }

  type(text) {
    this.tmux("send-keys", "-l", text);
  }

  screen() {
    return this.tmux("capture-pane", "-p", "-J");
  }

  // history is the screen with what has scrolled away above it.
  history() {
    return this.tmux("capture-pane", "-p", "-J", "-S", "-");
  }

  async shows(pattern) {
    await until(() => `the screen does not show ${pattern}:\n${this.screen()}`, () => pattern.test(this.screen()));
    return this.screen();
  }

  async end() {
    await until(() => `the command does not end:\n${this.screen()}`, () => existsSync(`${this.dir}/ended`));
    return Number(readFileSync(`${this.dir}/ended`, "utf8"));
  }

  // sane: the modes of the terminal are as they were, and the cursor is there.
  sane() {
    assert.equal(readFileSync(`${this.dir}/after`, "utf8"), readFileSync(`${this.dir}/before`, "utf8"));
    assert.equal(this.tmux("display-message", "-p", "#{cursor_flag} #{alternate_on} #{mouse_any_flag}").trim(), "1 0 0");
  }
}

export async function terminal(t, dir, words, env) {
  const socket = `${dir}/tmux`;
  writeFileSync(`${dir}/script`, script(dir, words));
  const screen = new Terminal(socket, dir);
  execFileSync("tmux", ["-S", socket, "-f", "/dev/null", "new-session", "-d", "-x", "130", "-y", "45", "sh", `${dir}/script`],
    { env: { ...env, TERM: "xterm-256color" } });
  after(t, () => screen.tmux("kill-server"));
  return screen;
}
