// Serves a plugin to auth0-mcp: go-plugin's handshake, mutual TLS and broker, and the service of plugin.proto.
// https://github.com/auth0-mcp/auth0-mcp/blob/main/docs/plugins/protocol.md is what it follows.
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { fromJSON } from "@grpc/proto-loader";
import protobuf from "protobufjs";
import { Answer, Call } from "./call.mjs";
import { newCertificate } from "./certificate.mjs";
import { Failure, toFailure } from "./errors.mjs";
import healthProto from "./health.proto";
import { manifest } from "./manifest.mjs";
import pluginProto from "./plugin.proto";
import transportProto from "./transport.proto";

const magic = ["AUTH0_MCP_PLUGIN", "b3f6c0f2-auth0-mcp-plugin"];
const maxMessageBytes = 16 << 20;
const maxResultBytes = 15 << 20;
const configureTimeout = 15_000; // of a host that died between launch and Configure

const messages = { "grpc.max_receive_message_length": maxMessageBytes, "grpc.max_send_message_length": maxMessageBytes };

// stdout carries the handshake or the manifest and nothing else: what others print goes to stderr.
const stdout = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

const contract = load();

function load() {
  const root = new protobuf.Root();
  for (const text of [pluginProto, transportProto, healthProto]) protobuf.parse(text, root, { keepCase: true });
  // A oneof then has only the member that is set.
  return fromJSON(root.toJSON(), { keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true });
}

/** Runs the plugin. With the argument "describe" it prints the manifest. */
export async function serve(plugin) {
  if (process.argv.at(-1) === "describe") {
    stdout(manifest(plugin));
    return;
  }
  if (process.env[magic[0]] !== magic[1]) {
    fail(`${plugin.name} is a plugin of auth0-mcp, which starts it by itself. To see what it offers: describe`);
  }
  if (!process.env.PLUGIN_CLIENT_CERT) fail("the host sent no certificate in PLUGIN_CLIENT_CERT");
  endWithHost();
  const own = await newCertificate();
  const tls = { ...own, host: Buffer.from(process.env.PLUGIN_CLIENT_CERT) };
  const server = new grpc.Server(messages);
  addServices(server, plugin, tls);
  const address = await listen(server, tls);
  stdout(`1|1|${address}|grpc|${own.der.toString("base64").replaceAll("=", "")}\n`);
}

function fail(text) {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

/** The host holds the other end of stdin: no plugin outlives it. */
function endWithHost() {
  process.stdin.on("end", exit).on("error", exit).resume();
}

function exit() {
  // A host that was killed cannot remove the folder of this process's sockets.
  const folder = process.env.AUTH0_MCP_PLUGIN_RUN ?? "";
  if (isAbsolute(folder) && basename(dirname(folder)).startsWith("a0-")) {
    rmSync(folder, { recursive: true, force: true });
  }
  process.exit(0);
}

/** Listens where go-plugin's variables say, for the host's certificate alone, and returns "network|address". */
async function listen(server, { host, key, certificate }) {
  const credentials = grpc.ServerCredentials.createSsl(host, [{ private_key: key, cert_chain: certificate }], true);
  const bind = (target) =>
    new Promise((resolve, reject) =>
      server.bindAsync(target, credentials, (error, port) => (error ? reject(error) : resolve(port))));
  if (process.platform !== "win32") {
    const path = join(process.env.PLUGIN_UNIX_SOCKET_DIR ?? tmpdir(), `plugin${process.pid}`);
    await bind(`unix:${path}`);
    return `unix|${path}`;
  }
  return `tcp|127.0.0.1:${await bind("127.0.0.1:0")}`;
}

function addServices(server, plugin, tls) {
  const offers = new Offers();
  const service = new PluginService(plugin, (id) => offers.take(id).then((offer) => dial(offer, tls)));
  server.addService(contract["auth0mcp.plugin.v1.Plugin"], {
    Describe: unary(() => ({ manifest: Buffer.from(manifest(plugin)) })),
    Configure: unary((request) => service.configure(request)),
    CallTool: unary((request, signal) => service.callTool(request, signal)),
    AwaitEnd: unary((request) => service.awaitEnd(request)),
  });
  server.addService(contract["plugin.GRPCBroker"], {
    StartStream: (stream) => stream.on("data", (offer) => offers.add(offer)).on("end", () => stream.end()),
  });
  server.addService(contract["plugin.GRPCController"], {
    Shutdown: (_, answer) => {
      answer(null, {});
      server.tryShutdown(() => process.exit(0));
    },
  });
  server.addService(contract["grpc.health.v1.Health"], { Check: unary(() => ({ status: "SERVING" })) });
}

/** A gRPC method of a function of the request and of a signal that ends with the call. */
function unary(method) {
  return (call, answer) => {
    const ended = new AbortController();
    call.on("cancelled", () => ended.abort());
    Promise.resolve()
      .then(() => method(call.request, ended.signal))
      .then((response) => answer(null, response))
      .catch(({ code = grpc.status.INTERNAL, message }) => answer({ code, details: message }));
  };
}

/** An error of the machinery, as a gRPC status. */
const broken = (code, message) => Object.assign(new Error(message), { code });

/** Offers are the services that the host offers over go-plugin's broker, by their ids. */
class Offers {
  #entries = new Map();

  // An offer can come before it is taken, or after.
  #entry(id) {
    if (!this.#entries.has(id)) {
      const entry = {};
      entry.offered = new Promise((resolve) => (entry.resolve = resolve));
      this.#entries.set(id, entry);
    }
    return this.#entries.get(id);
  }

  add(offer) {
    this.#entry(offer.service_id).resolve(offer);
  }

  take(id) {
    return this.#entry(id).offered;
  }
}

/** A client of the host's service. */
function dial({ network, address }, { host, key, certificate }) {
  const Host = grpc.makeGenericClientConstructor(contract["auth0mcp.plugin.v1.Host"]);
  return new Host(network === "unix" ? `unix:${address}` : address,
    grpc.credentials.createSsl(host, key, certificate),
    { ...messages, "grpc.ssl_target_name_override": "localhost", "grpc.default_authority": "localhost" });
}

/** PluginService answers the host. */
class PluginService {
  #tools;
  #dial;
  #host;
  #capabilities = [];
  #running = new Map(); // by the call's id: the end of its function
  #unconfigured = setTimeout(() => fail("no Configure from the host: exiting"), configureTimeout);

  constructor(plugin, dialHost) {
    this.#tools = new Map(plugin.tools.map((tool) => [tool.name, tool]));
    this.#dial = dialHost;
  }

  async configure({ host_broker_id, capabilities }) {
    if (this.#host) throw broken(grpc.status.FAILED_PRECONDITION, "configured already");
    this.#host = await this.#dial(host_broker_id);
    this.#capabilities = capabilities;
    clearTimeout(this.#unconfigured);
    return { capabilities: ["await-end"] };
  }

  async callTool(request, signal) {
    if (!this.#host) throw broken(grpc.status.FAILED_PRECONDITION, "not configured");
    const tool = this.#tools.get(request.tool);
    if (!tool) throw broken(grpc.status.NOT_FOUND, `no tool ${request.tool}`);
    const over = new AbortController(); // requests of what outlives the tool's function fail
    const ended = AbortSignal.any([signal, over.signal]);
    const call = new Call((method, message) => this.#ask(method, message, ended), request, ended);
    const run = this.#run(tool, call, request);
    this.#running.set(request.call_id, run);
    const response = await run;
    over.abort();
    this.#running.delete(request.call_id);
    return response;
  }

  async #run(tool, call, request) {
    try {
      const answer = await tool.run(call, JSON.parse(request.arguments.toString("utf8")));
      const result = Buffer.from(answer instanceof Answer ? answer.text : JSON.stringify(answer));
      if (result.length <= maxResultBytes) return { result };
      throw new Failure("CODE_TOO_LARGE", `the answer of ${tool.name} is over ${maxResultBytes} bytes: ask for less`);
    } catch (error) {
      return { failure: toFailure(error) };
    }
  }

  /** Calls a method of the host, until the signal. */
  #ask(method, message, signal) {
    if (method === "WriteFile" && !this.#capabilities.includes("write-file")) {
      throw new Failure("CODE_FAILED_PRECONDITION", "this host cannot write files: update auth0-mcp");
    }
    const callEnded = new Failure("CODE_CALL_ENDED", `${method} was not carried out: the call ended`);
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(callEnded);
      const sent = this.#host[method](message, (error, response) => {
        signal.removeEventListener("abort", abort);
        if (error) reject(signal.aborted ? callEnded : error);
        else resolve(response);
      });
      const abort = () => sent.cancel();
      signal.addEventListener("abort", abort);
    });
  }

  /** Answers when the function of a call has returned; at once for a call that is not known. */
  async awaitEnd({ call_id }) {
    await this.#running.get(call_id);
    return {};
  }
}
