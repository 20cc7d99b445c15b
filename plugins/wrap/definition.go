// Package wrap runs an MCP server of others as a plugin: it speaks the plugin protocol to the host, and MCP over stdio
// to the server, its child process.
//
// A wrapped server is described by a [Definition], a file whose digest stands in the arguments of the plugin's manifest
// and so is pinned with it. It says what is run, the digests of the files that must not change, and what the server
// said of its tools when the user agreed to it. A tool of which the server says something else later is not called.
package wrap

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// Definition is a wrapped server. `auth0-mcp plugin wrap` writes it.
type Definition struct {
	// Plugin and Version are the plugin's name and version; Description is what it is for.
	Plugin      string `json:"plugin"`
	Version     string `json:"version"`
	Description string `json:"description,omitempty"`
	Launch
	Tools []Tool `json:"tools"`
}

// Launch is how the server is started.
type Launch struct {
	// Command is the absolute path of an executable that is no script.
	Command string   `json:"command"`
	Args    []string `json:"args"`
	// Env is the server's environment besides what [Launch.environment] has. Its values may be secret.
	Env  map[string]string `json:"env,omitempty"`
	Pins []Pin             `json:"pins"`
}

// Tool is a tool of the plugin and what it stands for.
type Tool struct {
	// Server is the name that the server has for it, and Declared the digest of what the server said of it.
	Server   string `json:"server"`
	Declared string `json:"declared"`
	// Name to InputSchema are the plugin's own declaration.
	Name        string          `json:"name"`
	Title       string          `json:"title,omitempty"`
	Description string          `json:"description"`
	Effect      sdk.Effect      `json:"effect"`
	Idempotent  bool            `json:"idempotent,omitempty"`
	InputSchema json.RawMessage `json:"inputSchema"`
	// Argument names the one argument that holds the server's arguments, where the server's own schema could not be
	// taken over. Empty: they are the server's.
	Argument string `json:"argument,omitempty"`
}

const maxDefinitionBytes = 16 << 20

// ReadDefinition reads a definition whose SHA-256 must be digest, in hexadecimal.
func ReadDefinition(path, digest string) (Definition, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > maxDefinitionBytes {
		err = fmt.Errorf("%s has %d bytes, and at most %d are allowed", path, info.Size(), maxDefinitionBytes)
	}
	if err != nil {
		return Definition{}, fmt.Errorf("%w: %s", err, again)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Definition{}, fmt.Errorf("%w: %s", err, again)
	}
	if found := fmt.Sprintf("%x", sha256.Sum256(data)); found != digest {
		return Definition{}, fmt.Errorf("%s is not what was agreed to: its SHA-256 is %s, and the plugin was installed "+
			"with %s: %s", path, found, digest, again)
	}
	var d Definition
	if err := json.Unmarshal(data, &d); err != nil {
		return Definition{}, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// again is the fix for what is not any more as it was agreed to.
const again = "run `auth0-mcp plugin wrap` again"

// runVariable marks the processes that a host has started, so that it finds those that left their group.
const runVariable = "AUTH0_MCP_PLUGIN_RUN"

// environment is all that the server sees of one: nothing of the host's, and not what the host gives a plugin to speak
// to it.
func (l Launch) environment() []string {
	// A server in Python would else write compiled files beside its source, into what is pinned.
	env := []string{"LANG=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1"}
	for _, name := range []string{runVariable, "TMPDIR", "SystemRoot"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Env)) {
		env = append(env, name+"="+l.Env[name])
	}
	return env
}

// Plugin is the wrapped server in the SDK's terms. The first call starts the server. Closing ends it: it returns when
// the process has ended. stderr takes the server's log.
func Plugin(d Definition, stderr *os.File) (p sdk.Plugin, closing func()) {
	s := newServer(d, stderr)
	return s.plugin(), s.release
}

func (s *server) plugin() sdk.Plugin {
	p := sdk.Plugin{Name: s.definition.Plugin, Version: s.definition.Version,
		Display: sdk.Display{Description: s.definition.Description}}
	for _, t := range s.definition.Tools {
		options := []sdk.Option{sdk.External(), sdk.InputSchema(t.InputSchema), sdk.Title(t.Title)}
		if t.Idempotent {
			options = append(options, sdk.Idempotent())
		}
		p.Tools = append(p.Tools, sdk.NewTool(t.Name, t.Effect, t.Description, s.function(t), options...))
	}
	return p
}

// absolute is a path as it is pinned.
func absolute(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return path, nil
}
