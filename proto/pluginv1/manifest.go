package pluginv1

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Manifest says what a plugin is and what each of its tools may do. It is what
// a person reads before trusting a plugin, what the host answers tools/list
// from without starting a process, and what Describe answers.
type Manifest struct {
	// Name is the plugin's name: lower-case letters, digits and dashes.
	Name string `json:"name"`
	// Version is the plugin's own version (semver, without "v").
	Version string `json:"version"`
	// Protocols are the major versions of this contract the plugin speaks.
	Protocols []int `json:"protocols"`
	// Executable is the binary's path, relative to the manifest's folder, with
	// forward slashes. Not part of what Describe is compared with.
	Executable string `json:"executable,omitempty"`
	// Args are passed to the executable, for a binary that holds several plugins.
	// Not part of what Describe is compared with.
	Args []string `json:"args,omitempty"`
	// Tools in the order in which they are offered.
	Tools []ToolManifest `json:"tools"`
}

// ToolManifest is the declaration of one tool. What it says about effect and
// paths is enforced by the host on every request.
type ToolManifest struct {
	// Name is the MCP tool name.
	Name string `json:"name"`
	// Title is a short name for people.
	Title string `json:"title,omitempty"`
	// Description tells a model when and how to use the tool.
	Description string `json:"description"`
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
	// Untrusted are the fields of the tool's answers that people other than the
	// caller can write, such as "logs[].user_agent": see ParseFieldPath. The host
	// marks those that an answer has. Empty: every text counts as such.
	Untrusted []string `json:"untrusted,omitempty"`
	// InputSchema is the JSON schema (draft 2020-12) of the arguments: an object,
	// closed at every level.
	InputSchema json.RawMessage `json:"inputSchema"`
}

// Effect is what a tool does to the tenant. The zero value is invalid, so that
// a forgotten effect cannot pass for a harmless one.
type Effect string

const (
	// EffectRead tools send GET and HEAD requests only.
	EffectRead Effect = "read"
	// EffectWrite tools also send POST, PUT and PATCH.
	EffectWrite Effect = "write"
	// EffectDestroy tools also send DELETE.
	EffectDestroy Effect = "destroy"
)

// ParseManifest decodes a manifest and refuses unknown fields and trailing data:
// a misspelt "paths" must not widen what a tool may do. It checks the form of
// the document only; whether it can be trusted is the host's to decide.
func ParseManifest(data []byte) (Manifest, error) {
	var m Manifest
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return Manifest{}, fmt.Errorf("manifest: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Manifest{}, errors.New("manifest: data after the JSON document")
	}
	return m, nil
}

// Encode writes the manifest as the indented JSON that is committed to a
// repository and read by people.
func (m Manifest) Encode() ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("manifest of plugin %q: %w", m.Name, err)
	}
	return buf.Bytes(), nil
}

// SameDeclaration reports whether two manifests declare the same plugin with the
// same tools. How the plugin is installed (executable, args) is not compared,
// nor is white space inside the schemas.
func (m Manifest) SameDeclaration(other Manifest) bool {
	a, errA := m.declaration()
	b, errB := other.declaration()
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

func (m Manifest) declaration() ([]byte, error) {
	m.Executable, m.Args = "", nil
	return json.Marshal(m)
}
