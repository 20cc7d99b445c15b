// The manifest: what a plugin is, and what each of its tools may do.

/**
 * The manifest of a plugin as a JSON document, as manifest.json and `describe` have it.
 *
 * @param {{name: string, version: string, description?: string, tools: Tool[]}} plugin
 *
 * A tool has a name, an effect ("read", "write" or "destroy"), a description, an inputSchema and run, its function;
 * it may have a title, scopes, paths, untrusted, files and idempotent.
 * https://github.com/auth0-mcp/auth0-mcp/blob/main/docs/plugins/manifest.md describes each.
 */
export function manifest(plugin) {
  const document = {
    manifest: 1,
    name: plugin.name,
    version: plugin.version,
    protocols: [1],
    executable: `auth0-mcp-plugin-${plugin.name}`,
    display: plugin.description && { description: plugin.description },
    tools: plugin.tools.map(({ run, title, description, ...declared }) => ({
      ...declared,
      display: { title, description },
    })),
  };
  return JSON.stringify(document, null, 2) + "\n";
}
