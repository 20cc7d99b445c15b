package catalog

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Origin is where a plugin was found.
type Origin string

const (
	// OriginDev plugins come from --dev-plugin: not locked, described by
	// themselves.
	OriginDev Origin = "dev"
	// OriginDir plugins come from --plugin-dir.
	OriginDir Origin = "plugin-dir"
	// OriginUser plugins come from the user's plugin folder.
	OriginUser Origin = "user"
	// OriginBundled plugins come from the folder beside the host.
	OriginBundled Origin = "bundled"
)

// Plugin is a plugin that may be launched: it is trusted, and its manifest is
// sound.
type Plugin struct {
	pluginv1.Manifest
	// Dir is the folder of the manifest, absolute.
	Dir string
	// Path is the executable, absolute.
	Path string
	// ManifestPath is the manifest's file, absolute; empty for a dev plugin.
	ManifestPath string
	// ManifestDigest is the digest of that file; zero for a dev plugin.
	ManifestDigest Digest
	// Binary is the digest that the executable must have when it is launched;
	// zero for a dev plugin. The catalog does not check it: only a check of the
	// very file that is then executed says anything.
	Binary Digest
	// Dev is true for a plugin from --dev-plugin, whose binary is not checked.
	Dev    bool
	Origin Origin
	// Reattach is how a dev plugin that its author has started is reached: a file, or a pluginv1.Reattach in JSON.
	Reattach string
}

// Tool is one tool of a plugin. Its methods may be called from several
// goroutines.
type Tool struct {
	pluginv1.ToolManifest
	Plugin *Plugin

	// Compiling every schema at start would cost each session milliseconds
	// before initialize is answered, for tools that are never called.
	compile func() (*toolSchema, error)
	listed  func() (schema json.RawMessage, hides bool)
	builtin func(arguments json.RawMessage, budget int) (json.RawMessage, error) // see Builtin
	ofHost  bool                                                                 // see OfHost
}

// toolSchema is an input schema, compiled, and as JSON for wording errors.
type toolSchema struct {
	compiled *jsonschema.Schema
	root     map[string]any
	// foldsMore says that arguments can be given in the argument "more".
	foldsMore bool
}

func newTool(p *Plugin, m pluginv1.ToolManifest) *Tool {
	t := &Tool{ToolManifest: m, Plugin: p}
	t.compile = sync.OnceValues(func() (*toolSchema, error) { return newToolSchema(t.InputSchema) })
	t.listed = sync.OnceValues(func() (json.RawMessage, bool) { return listedSchema(t.InputSchema) })
	return t
}

// ToolsOf are the tools that a manifest declares, for checking arguments alone: nothing says that the plugin may be
// started.
func ToolsOf(m pluginv1.Manifest) (tools []*Tool) {
	for _, t := range m.Tools {
		tools = append(tools, newTool(&Plugin{Manifest: m}, t))
	}
	return tools
}

func newToolSchema(raw json.RawMessage) (*toolSchema, error) {
	doc, err := jsondoc.Decode(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", schemaPrefix, err)
	}
	given, _ := doc.(map[string]any)
	forms := newFormsWriter(given)
	root, _ := forms.write(given).(map[string]any)
	compiled, err := compileSchema(root, forms.vocabulary())
	if err != nil {
		return nil, err
	}
	properties, _ := root["properties"].(map[string]any)
	return &toolSchema{compiled, root, foldsMore(properties)}, nil
}

// RefusalKind says why a plugin is not loaded, for code that has to decide.
type RefusalKind string

const (
	// Untrusted plugins are in no lock, or in files that other users can change.
	Untrusted RefusalKind = "untrusted"
	// Changed plugins are locked, with another manifest than the one found.
	Changed RefusalKind = "changed"
	// Broken plugins have an unusable manifest or executable.
	Broken RefusalKind = "broken"
	// WrongProtocol plugins share no protocol version with this host.
	WrongProtocol RefusalKind = "protocol"
	// WrongPlatform plugins are locked, but not for this platform.
	WrongPlatform RefusalKind = "platform"
	// Missing plugins are locked, and not on this machine.
	Missing RefusalKind = "missing"
	// Duplicate plugins have the name of a loaded plugin, or one of its tools.
	Duplicate RefusalKind = "duplicate"
	// Replaced plugins gave way to a dev plugin of the same name.
	Replaced RefusalKind = "replaced"
)

// Refusal is a plugin that is there but not loaded.
type Refusal struct {
	// Name is the plugin's name as far as it is known; the file's or folder's name
	// if the manifest cannot be read.
	Name string
	// Path is the manifest or the folder.
	Path   string
	Origin Origin
	Kind   RefusalKind
	// Reason says what is wrong, Remedy what to do about it.
	Reason string
	Remedy string
}

// String is the refusal in one line, for a log or a user.
func (r Refusal) String() string {
	return fmt.Sprintf("plugin %s (%s) is not loaded: %s; %s", r.Name, r.Path, r.Reason, r.Remedy)
}

// DevPlugin is a plugin under development, as the caller got it from the
// binary's own describe.
type DevPlugin struct {
	Dir string
	// Path is the executable that described itself; if it is empty, the
	// manifest's Executable inside Dir.
	Path     string
	Manifest pluginv1.Manifest
	// Reattach, if set, is how the running plugin is reached: see Plugin.
	Reattach string
}

// Sources says where plugins come from and what vouches for them.
type Sources struct {
	// PluginDirs are named by the user (--plugin-dir): a missing one is an
	// error.
	PluginDirs []string
	// UserDir is the user's plugin folder; it need not exist. Versions before the store installed plugins there.
	UserDir string
	// StoreDir holds what Lock vouches for, each plugin in the folder that StoreEntry names; it need not exist.
	StoreDir string
	// BundledDir is the folder beside the host; it need not exist.
	BundledDir string
	Dev        []DevPlugin
	// Lock is the user's lock file.
	Lock Lock
	// Bundled are the digests compiled into the host. They vouch for plugins in
	// BundledDir only.
	Bundled Lock
}
