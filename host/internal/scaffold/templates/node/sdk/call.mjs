// One call of a tool: how its function reaches the tenant and the host.
import { Failure } from "./errors.mjs";
import { pathOf } from "./path.mjs";

/** Answer is the tenant's answer to one request, JSON. A tool that returns it passes its text on unchanged. */
export class Answer {
  #value;

  /** @throws {SyntaxError} if the body is not JSON; an empty one stands for null */
  constructor(status, body) {
    this.status = status;
    this.text = body.toString("utf8") || "null";
    this.#value = JSON.parse(this.text);
  }

  /** The answer as a value. Numbers beyond 2^53 lose digits, which the text has. */
  json() {
    return this.#value;
  }
}

/** Call is one call in progress. Requests that are made after its function has returned fail. */
export class Call {
  #host;
  #id;

  /**
   * @param {(method: string, request: object) => Promise<object>} host calls the host's service
   * @param {object} request the CallToolRequest
   * @param {AbortSignal} signal
   */
  constructor(host, request, signal) {
    this.#host = host;
    this.#id = request.call_id;
    /** The domain of the call's tenant. Calls of one process can be for different tenants. */
    this.domain = request.domain;
    /** True while the host only finds out what the call would change. Do not wait for an effect of a write then. */
    this.dryRun = request.dry_run;
    /** How many bytes of an answer the caller gets; 0: no limit. */
    this.answerBudget = request.answer_budget_bytes;
    /** Aborted when the call ends. Stop then. */
    this.signal = signal;
  }

  /** Read a resource: get(["roles", id], {per_page: 50}). The segments are those below /api/v2/, unescaped. */
  get(segments, query = {}) {
    return this.send("GET", segments, undefined, query);
  }

  /** Send a request. The body is encoded as JSON, unless it is undefined. An error answer throws a Failure. */
  async send(method, segments, body, query = {}) {
    const path = pathOf(segments);
    const { response, failure } = await this.#host("RoundTrip", {
      call_id: this.#id,
      method,
      path,
      query: new URLSearchParams(query).toString(),
      headers: body === undefined ? [] : [{ name: "Content-Type", values: ["application/json"] }],
      body: body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body)),
    });
    if (failure) throw new Failure(failure.code, failure.message, failure.http_status);
    // The host saw the answer, and words it for the caller.
    if (response.status >= 400) throw new Failure("CODE_API", `${method} ${path}: ${response.status}`, response.status);
    try {
      return new Answer(response.status, response.body);
    } catch {
      throw new Failure("CODE_INTERNAL", `${method} ${path} was answered with something that is not JSON`);
    }
  }

  /**
   * Write a file below a root that the tool declares in files. It is a change like a request that writes.
   *
   * @param {{root: string, path: string, content: Buffer | string, private?: boolean}} file
   * @returns {Promise<{path: string, replaced: boolean}>} path is for messages
   */
  async writeFile(file) {
    const request = { ...file, content: Buffer.from(file.content), call_id: this.#id };
    const { written, failure } = await this.#host("WriteFile", request);
    if (failure) throw new Failure(failure.code, failure.message);
    return written;
  }

  /** Tell the caller how far the call has come; the total is 0 when unknown. */
  async progress(done, total, note) {
    await this.#tell("Progress", { call_id: this.#id, done, total, note });
  }

  /** Write to the host's log: "DEBUG", "INFO", "WARN" or "ERROR". Never log what Auth0 answered or the caller gave. */
  async log(level, message) {
    await this.#tell("Log", { call_id: this.#id, level: `LEVEL_${level}`, message });
  }

  // A host that is gone ends the process by other means.
  #tell(method, message) {
    return this.#host(method, message).catch(() => {});
  }
}
