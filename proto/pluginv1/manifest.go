package pluginv1

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// ManifestVersion is the version of the manifest's form: of its members and of what
// they mean. It goes up when a manifest that an older host reads would mean something
// else to it.
const ManifestVersion = 1

// MaxDisplayBytes bounds a display object, with members that are ignored.
const MaxDisplayBytes = 64 << 10

// Manifest says what a plugin is and what each of its tools may do. It is what a user
// reads before trusting a plugin, what the host answers tools/list from without
// starting a process, and what Describe answers.
//
// Its members and those of its tools grant something or say what is run: there, an
// unknown member is refused. What is only shown stands in Display, whose unknown members
// are ignored, so that a plugin for newer hosts still works with this one.
type Manifest struct {
	// ManifestVersion is [ManifestVersion].
	ManifestVersion int `json:"manifest"`
	// Name is the plugin's name: lower-case letters, digits and dashes.
	Name string `json:"name"`
	// Version is the plugin's own version (semver, without "v").
	Version string `json:"version"`
	// Protocols are the major versions of this contract the plugin speaks.
	Protocols []int `json:"protocols"`
	// Executable is the binary's path, relative to the manifest's folder, with
	// forward slashes and, so that one manifest serves all platforms, without the
	// ".exe" that the host appends on Windows. Not part of what Describe is compared
	// with.
	Executable string `json:"executable,omitempty"`
	// Args are passed to the executable, for a binary that holds several plugins.
	// Not part of what Describe is compared with.
	Args []string `json:"args,omitempty"`
	// Display is what is shown of the plugin.
	Display `json:"display,omitzero"`
	// Tools in the order in which they are offered.
	Tools []ToolManifest `json:"tools"`
}

// ToolManifest is the declaration of one tool. What it says about effect, paths and
// files is enforced by the host.
type ToolManifest struct {
	// Name is the MCP tool name.
	Name string `json:"name"`
	// Effect is what the tool does to the tenant.
	Effect Effect `json:"effect"`
	// Idempotent is true if a second identical call changes nothing more.
	Idempotent bool `json:"idempotent,omitempty"`
	// Scopes are the Management API scopes that the tool needs.
	Scopes []string `json:"scopes,omitempty"`
	// Paths are the requests that the tool may send, such as
	// "GET /api/v2/clients/{id}". Empty: every path below /api/v2/ with the
	// methods that the effect allows.
	Paths []string `json:"paths,omitempty"`
	// Files are the roots below which the tool may write files, by name, such as
	// "project": lower-case letters, digits and dashes. Empty: it writes none.
	Files []string `json:"files,omitempty"`
	// Reads are the files of a user's project that the tool may read, such as
	// "project:package.json": see ParseReadRule.
	Reads []string `json:"reads,omitempty"`
	// Secrets is true for a tool that has the host put secrets of the tenant into env files below its roots, which the
	// plugin need not see. Each call then needs a user's approval.
	Secrets bool `json:"secrets,omitempty"`
	// External is true for a tool that works outside of the tenant, where the host cannot see what it does: it may
	// send no request and write no file, is never read-only, and each call needs a user's approval.
	External bool `json:"external,omitempty"`
	// Untrusted are the fields of the tool's answers that others than the
	// caller can write, such as "logs[].user_agent": see ParseFieldPath. The host
	// marks those that an answer has. Empty: every text counts as such.
	Untrusted []string `json:"untrusted,omitempty"`
	// InputSchema is the JSON schema (draft 2020-12) of the arguments: an object,
	// closed at every level.
	InputSchema json.RawMessage `json:"inputSchema"`
	// Display is what is shown of the tool. Its description is required.
	Display `json:"display,omitzero"`
}

// Display is what is shown of a plugin or a tool, and decides nothing.
type Display struct {
	// Title is a short name for users.
	Title string `json:"title,omitempty"`
	// Description tells a model when and how to use a tool, or users what a plugin is
	// for.
	Description string `json:"description,omitempty"`
	// Icons in the form of MCP's, of which a reader takes the one that fits.
	Icons []Icon `json:"icons,omitempty"`
	// Examples of how a tool is called, or of what a plugin is asked for.
	Examples []Example `json:"examples,omitempty"`
	// Docs is the https URL of a page about it.
	Docs string `json:"docs,omitempty"`
	// OutputSchema is the JSON schema of a tool's answers, for one whose answers all have one shape: an object. Some
	// clients read it, and then want every answer to fit. Its keywords are type, properties, items and description.
	OutputSchema json.RawMessage `json:"outputSchema,omitempty"`
}

// Icon is an image: see Icon in the schema of MCP 2025-11-25.
type Icon struct {
	// Src is an https URL, or a data URL of a PNG, JPEG or WebP image.
	Src string `json:"src"`
	// MimeType is the image's type, if Src does not say it.
	MimeType string `json:"mimeType,omitempty"`
	// Sizes are such as "48x48", or "any".
	Sizes []string `json:"sizes,omitempty"`
}

// Example is one use.
type Example struct {
	// Description is what a user would ask for.
	Description string `json:"description"`
	// Arguments are those of the tool's call: a JSON object that fits its schema. None
	// in the example of a plugin.
	Arguments json.RawMessage `json:"arguments,omitempty"`
}

// Effect is what a tool does to the tenant. The zero value is invalid, so that
// a forgotten effect cannot pass for a harmless one.
type Effect string

const (
	// EffectRead tools send GET and HEAD requests only, and write no files.
	EffectRead Effect = "read"
	// EffectWrite tools also send POST, PUT and PATCH.
	EffectWrite Effect = "write"
	// EffectDestroy tools also send DELETE.
	EffectDestroy Effect = "destroy"
)

// ManifestVersionError means that a manifest has a form that this code does not read.
type ManifestVersionError struct {
	// Found is the manifest's version; 0: it has none, as manifests had before there
	// were versions.
	Found int
}

func (e *ManifestVersionError) Error() string {
	if e.Newer() {
		return fmt.Sprintf("the manifest has version %d, and this auth0-mcp reads version %d: a newer auth0-mcp is needed",
			e.Found, ManifestVersion)
	}
	return fmt.Sprintf("the manifest is of an old form (\"manifest\" is not %d): rebuild the plugin with the current SDK",
		ManifestVersion)
}

// Newer reports whether updating the host is the fix; otherwise it is rebuilding the
// plugin.
func (e *ManifestVersionError) Newer() bool { return e.Found > ManifestVersion }

// UnknownMemberError means that a manifest has a member, where members grant
// something, that this code does not know.
type UnknownMemberError struct {
	// At is where, such as "tools[0]"; empty at the top.
	At string
	// Member is its name, as the manifest has it.
	Member string
}

func (e *UnknownMemberError) Error() string {
	at := ""
	if e.At != "" {
		at = " in " + e.At
	}
	return fmt.Sprintf("unknown member %.100q%s: a newer auth0-mcp is needed, unless it is misspelt", e.Member, at)
}

// ParseManifest decodes a manifest and refuses trailing data, a member that is given twice and, outside of display
// members, members that it does not know, also in another case: a misspelt "paths" must not widen what a tool may do.
// It checks the form of the document only; whether it can be trusted is the host's to decide. The manifest's schemas
// are parts of data, which must not be changed afterwards. Errors: *[ManifestVersionError], *[UnknownMemberError], or
// of encoding/json and jsontext.
func ParseManifest(data []byte) (Manifest, error) {
	m, err := parseManifest(data)
	if err != nil {
		return Manifest{}, fmt.Errorf("manifest: %w", err)
	}
	return m, nil
}

func parseManifest(data []byte) (m Manifest, err error) {
	r := manifestReader{data: data, dec: jsontext.NewDecoder(bytes.NewBuffer(data))}
	if err = r.members(&m); err == nil {
		if _, err := r.dec.ReadToken(); !errors.Is(err, io.EOF) {
			return m, errors.New("data after the JSON document")
		}
	} else if m.ManifestVersion, err = versionOf(data, err); err != nil {
		return m, err
	}
	if m.ManifestVersion != ManifestVersion {
		return m, &ManifestVersionError{m.ManifestVersion}
	}
	return m, nil
}

// versionOf is the version of a manifest that cannot be read for the given reason, which it returns unless another
// version explains it: what other members mean depends on the version.
func versionOf(data []byte, reason error) (int, error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil || members == nil {
		return 0, reason
	}
	version := 0
	if raw, ok := members["manifest"]; ok && json.Unmarshal(raw, &version) != nil || version == ManifestVersion {
		return 0, reason
	}
	return version, nil
}

// Encode writes the manifest as JSON that is committed to a repository and read by users: indented, with each argument
// and each definition of a schema on one line.
func (m Manifest) Encode() ([]byte, error) {
	var compact bytes.Buffer
	enc := json.NewEncoder(&compact)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("manifest of plugin %q: %w", m.Name, err)
	}
	return layOut(compact.Bytes()), nil
}

// brokenLevels is how deep containers are broken into lines: manifest, tools, tool, inputSchema, properties.
const brokenLevels = 5

// layOut breaks compact JSON into lines.
func layOut(compact []byte) []byte {
	var out bytes.Buffer
	depth, text := 0, false
	line := func() {
		if depth <= brokenLevels {
			out.WriteByte('\n')
			out.WriteString(strings.Repeat("  ", depth))
		}
	}
	for i := 0; i < len(compact); i++ {
		switch c := compact[i]; {
		case text:
			out.WriteByte(c)
			if c == '\\' {
				i++
				out.WriteByte(compact[i])
			}
			text = c != '"'
		case c == '"':
			out.WriteByte(c)
			text = true
		case (c == '{' || c == '[') && (compact[i+1] == '}' || compact[i+1] == ']'):
			out.Write(compact[i : i+2])
			i++
		case c == '{' || c == '[':
			out.WriteByte(c)
			depth++
			line()
		case c == '}' || c == ']':
			if depth--; depth < brokenLevels {
				line()
			}
			out.WriteByte(c)
		case c == ',':
			out.WriteByte(c)
			line()
		case c == ':' && depth <= brokenLevels:
			out.WriteString(": ")
		default:
			out.WriteByte(c)
		}
	}
	return out.Bytes()
}

// SameDeclaration reports whether two manifests declare the same plugin with the
// same tools. How the plugin is installed (executable, args) is not compared,
// nor is white space inside the schemas.
func (m Manifest) SameDeclaration(other Manifest) bool {
	a, errA := m.declaration(other)
	b, errB := other.declaration(m)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// declaration is what is compared. Schemas that both manifests have to the byte are left out: they are most of it, and
// each launch of a plugin compares.
func (m Manifest) declaration(other Manifest) ([]byte, error) {
	m.Executable, m.Args, m.Tools = "", nil, slices.Clone(m.Tools)
	for i := range m.Tools {
		if i < len(other.Tools) && bytes.Equal(m.Tools[i].InputSchema, other.Tools[i].InputSchema) {
			m.Tools[i].InputSchema = nil
		}
	}
	return json.Marshal(m)
}
