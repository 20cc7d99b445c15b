// Package pluginv1 is the contract between the host and a plugin, major version
// 1: the messages and services of plugin.proto, the manifest, the path rules and
// the handshake.
package pluginv1

const (
	// ProtocolVersion is the major version of the contract, the key of
	// go-plugin's VersionedPlugins and the suffix of the protobuf package. Minor
	// changes are capability strings in Configure.
	ProtocolVersion = 1

	// MagicCookieKey is the variable that makes a plugin that a user starts by
	// hand say so instead of waiting.
	MagicCookieKey = "AUTH0_MCP_PLUGIN"
	// MagicCookieValue is its value. It is not a secret.
	MagicCookieValue = "b3f6c0f2-auth0-mcp-plugin"

	// PluginSet is the name under which the plugin is dispensed by go-plugin.
	PluginSet = "plugin"

	// MaxMessageBytes limits one gRPC message in each direction. grpc's default
	// of 4 MiB is below what a page of 100 large actions takes; an unlimited
	// size would let one answer fill the memory of both processes.
	MaxMessageBytes = 16 << 20

	// MaxBodyBytes limits an HTTP body or a tool's result inside a message, so
	// that a too large one is an expected Failure and never a broken connection:
	// the rest of the message (headers, path, framing) fits into the difference.
	MaxBodyBytes = MaxMessageBytes - 1<<20

	// CapabilityAwaitEnd is of a plugin that implements AwaitEnd.
	CapabilityAwaitEnd = "await-end"

	// CapabilityWriteFile is of a host that implements WriteFile.
	CapabilityWriteFile = "write-file"

	// CapabilityProjectFiles is of a host that implements ReadFiles, and whose WriteFile takes variables.
	CapabilityProjectFiles = "project-files"

	// BasePath is the only part of a tenant that plugins reach.
	BasePath = "/api/v2/"
)

const (
	// RunVariable names, in a plugin's environment, the folder of its sockets. It is a
	// folder of the plugin's own, inside the host's.
	RunVariable = "AUTH0_MCP_PLUGIN_RUN"
	// RunFolderPrefix begins the name of the host's.
	RunFolderPrefix = "a0-"
)
