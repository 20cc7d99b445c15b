// Package sdk is all that the author of an auth0-mcp plugin needs.
//
// A plugin is a value, [Plugin], whose tools are plain functions made with
// [NewTool]; main passes it to [Serve]. A tool reaches the tenant's Management API
// through its [Call] alone, with [Call.Get] and [Call.Send] or any client library on
// [Call.HTTPClient]: every request passes through the host, which adds the credentials
// and refuses what the tool does not declare. A plugin never holds a token.
package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Plugin is one Auth0 resource: a name, a version and its tools.
type Plugin struct {
	// Name is lower-case letters, digits and dashes, such as "roles".
	Name string
	// Version is the plugin's own version (semver, without "v").
	Version string
	// Display is what is shown of the plugin; all of it is optional.
	Display Display
	// Tools in the order in which they are offered.
	Tools []Tool
}

// Display is what is shown of a plugin, and decides nothing.
type Display = pluginv1.Display

// Effect is what a tool does to the tenant. The host enforces it on every
// request; the zero value is refused.
type Effect = pluginv1.Effect

const (
	// Read tools send GET and HEAD requests only.
	Read = pluginv1.EffectRead
	// Write tools also send POST, PUT and PATCH.
	Write = pluginv1.EffectWrite
	// Destroy tools also send DELETE.
	Destroy = pluginv1.EffectDestroy
)

// Tool is one MCP tool, made by [NewTool].
type Tool struct {
	manifest pluginv1.ToolManifest
	err      error
	run      func(context.Context, *Call) (json.RawMessage, error)
}

// NewTool makes a tool of a plain function. The JSON schema of the arguments
// comes from In's fields and tags, see [Schema], or from [InputSchema]. What fn returns is the tool's
// answer, as JSON; a [json.RawMessage] is passed on unchanged. An error made by
// [InvalidArgument], [NotFound], [Ambiguous] or
// [FailedPrecondition] reaches the caller as such, an
// error answer of the Management API with Auth0's own words.
//
// A mistake in the declaration is reported by [Serve], [Plugin.Manifest] and the
// test kit.
func NewTool[In, Out any](
	name string, effect Effect, description string, fn func(context.Context, *Call, In) (Out, error), opts ...Option,
) Tool {
	t := Tool{manifest: pluginv1.ToolManifest{Name: name, Effect: effect,
		Display: pluginv1.Display{Description: description}}}
	for _, opt := range opts {
		opt(&t.manifest)
	}
	if t.manifest.InputSchema == nil {
		t.manifest.InputSchema, t.err = Schema[In]()
	}
	t.run = func(ctx context.Context, c *Call) (json.RawMessage, error) {
		var in In
		if err := decodeArguments(c.arguments, &in); err != nil {
			return nil, err
		}
		out, err := fn(ctx, c, in)
		if err != nil {
			return nil, err
		}
		return encode(out)
	}
	return t
}

// InvalidTool is a tool with a mistake in its declaration, for code that makes tools of data: err is reported where
// mistakes of [NewTool]'s are.
func InvalidTool(name string, err error) Tool {
	return Tool{manifest: pluginv1.ToolManifest{Name: name}, err: err}
}

// Option adds to a tool's declaration.
type Option func(*pluginv1.ToolManifest)

// Scopes names the Management API scopes that the tool needs.
func Scopes(scopes ...string) Option {
	return func(m *pluginv1.ToolManifest) { m.Scopes = append(m.Scopes, scopes...) }
}

// Paths declares the requests that the tool sends, such as
// "GET /api/v2/roles/{id}"; the host refuses every other. Without it the tool
// may reach all of /api/v2/ with the methods of its effect, and the user who
// installs the plugin is told so.
func Paths(rules ...string) Option {
	return func(m *pluginv1.ToolManifest) { m.Paths = append(m.Paths, rules...) }
}

// Untrusted names the fields of the tool's answers that others than the
// caller can have written, such as "logs[].user_agent": the tenant's users and
// visitors, its applications, other administrators. A name stands for all that is
// below it, "[]" for each item of a list. The host tells the client which of them
// an answer has. Without it every text counts as untrusted.
func Untrusted(fields ...string) Option {
	return func(m *pluginv1.ToolManifest) { m.Untrusted = append(m.Untrusted, fields...) }
}

// Files names the roots below which the tool writes files, such as "project", with
// [Call.WriteFile]. A tool that declares any must have the effect Write or Destroy.
func Files(roots ...string) Option {
	return func(m *pluginv1.ToolManifest) { m.Files = append(m.Files, roots...) }
}

// Reads names the files of a user's project that the tool reads with [Call.ReadFiles], such as "project:package.json"
// or "project:src/*.csproj". No name in it begins with a dot.
func Reads(rules ...string) Option {
	return func(m *pluginv1.ToolManifest) { m.Reads = append(m.Reads, rules...) }
}

// PutsSecrets says that the tool has the host put secrets of the tenant into env files, with [SetStored] or markers.
// Each of its calls then needs approval. It declares [Files].
func PutsSecrets() Option {
	return func(m *pluginv1.ToolManifest) { m.Secrets = true }
}

// External says that the tool works outside of the tenant, where the host cannot see what it does. It then declares no
// scopes, paths and files, its requests to Auth0 are refused, and each of its calls needs approval unless the operator
// excepts it. It has the effect Write or Destroy.
func External() Option {
	return func(m *pluginv1.ToolManifest) { m.External = true }
}

// InputSchema is the JSON schema of the tool's arguments, in place of one made from the fields of its input: an
// object, closed at every level, without lists of types and references to other documents. The input then needs only
// the fields that the tool reads; [Call.Arguments] has all arguments.
//
// Two keywords are the host's. "readOnly": true marks what Auth0 adds to stored objects: it is accepted and dropped,
// so that an object can be given back as it was read. "fold" says how tools/list shows an argument, to spare the
// tokens of every session: true shows its type and description, "more" leaves it to one argument named more that holds
// any of these; auth0_describe_tool answers with the rest.
func InputSchema(schema []byte) Option {
	return func(m *pluginv1.ToolManifest) { m.InputSchema = schema }
}

// OutputSchema is the JSON schema of the tool's answers, for a tool whose answers all have one shape: an object. Its
// keywords are type (a single one), properties, items and description; members that it does not name are allowed, and
// none is required. The host gives it to clients that use it, and to these an answer that does not fit is an error:
// give no type to what Auth0 may answer with null. See [PageSchema].
func OutputSchema(schema string) Option {
	return func(m *pluginv1.ToolManifest) { m.OutputSchema = json.RawMessage(schema) }
}

// Docs is the https URL of a page about the tool.
func Docs(url string) Option {
	return func(m *pluginv1.ToolManifest) { m.Docs = url }
}

// Example is a use of the tool: what a user would ask for, and the arguments (a JSON
// object) that then fit.
func Example(description, arguments string) Option {
	return func(m *pluginv1.ToolManifest) {
		m.Examples = append(m.Examples, pluginv1.Example{Description: description, Arguments: json.RawMessage(arguments)})
	}
}

// Title is a short name for users.
func Title(title string) Option {
	return func(m *pluginv1.ToolManifest) { m.Title = title }
}

// Idempotent says that a second identical call changes nothing more.
func Idempotent() Option {
	return func(m *pluginv1.ToolManifest) { m.Idempotent = true }
}

// isName tells whether a text is a lower-case letter and then lower-case letters, digits and the separator, at most so
// many bytes in all.
func isName(text string, separator rune, most int) bool {
	letter := func(c rune) bool { return 'a' <= c && c <= 'z' }
	return text != "" && len(text) <= most && letter(rune(text[0])) && !strings.ContainsFunc(text, func(c rune) bool {
		return !letter(c) && (c < '0' || c > '9') && c != separator
	})
}

// Manifest is the plugin's declaration, or an error that names every mistake.
func (p Plugin) Manifest() (pluginv1.Manifest, error) {
	m := pluginv1.Manifest{
		ManifestVersion: pluginv1.ManifestVersion, Name: p.Name, Version: p.Version,
		Protocols:  []int{pluginv1.ProtocolVersion},
		Executable: "auth0-mcp-plugin-" + p.Name, Display: p.Display,
	}
	var errs []error
	if !isName(p.Name, '-', 31) {
		errs = append(errs, fmt.Errorf("plugin name %q: want lower-case letters, digits and dashes", p.Name))
	}
	if p.Version == "" {
		errs = append(errs, fmt.Errorf("plugin %q has no version", p.Name))
	}
	seen := map[string]bool{}
	for _, t := range p.Tools {
		if err := t.check(); err != nil {
			errs = append(errs, fmt.Errorf("tool %q: %w", t.manifest.Name, err))
		}
		if seen[t.manifest.Name] {
			errs = append(errs, fmt.Errorf("tool %q is declared twice", t.manifest.Name))
		}
		seen[t.manifest.Name] = true
		m.Tools = append(m.Tools, t.manifest)
	}
	return m, errors.Join(errs...)
}

func (t Tool) check() error {
	errs := []error{t.err}
	if !isName(t.manifest.Name, '_', 64) {
		errs = append(errs, errors.New("a name is lower-case letters, digits and underscores, at most 64"))
	}
	if t.manifest.Description == "" {
		errs = append(errs, errors.New("no description"))
	}
	if t.manifest.Effect.Methods() == nil {
		errs = append(errs, fmt.Errorf("effect %q: want sdk.Read, sdk.Write or sdk.Destroy", t.manifest.Effect))
	}
	if len(t.manifest.Files) > 0 && t.manifest.Effect == Read {
		errs = append(errs, errors.New("a tool with the effect sdk.Read writes no files"))
	}
	if t.manifest.External && t.manifest.Effect == Read {
		errs = append(errs, errors.New("a tool that works outside of the tenant is never sdk.Read"))
	}
	if t.manifest.External &&
		len(t.manifest.Scopes)+len(t.manifest.Paths)+len(t.manifest.Files)+len(t.manifest.Reads) > 0 {
		errs = append(errs, errors.New("a tool that works outside of the tenant has no scopes, paths, files and reads"))
	}
	if t.manifest.Secrets && len(t.manifest.Files) == 0 {
		errs = append(errs, errors.New("a tool that puts secrets into files declares sdk.Files"))
	}
	for _, rule := range t.manifest.Reads {
		if _, err := pluginv1.ParseReadRule(rule); err != nil {
			errs = append(errs, err)
		}
	}
	for _, rule := range t.manifest.Paths {
		if _, err := pluginv1.ParsePathRule(rule); err != nil {
			errs = append(errs, err)
		}
	}
	for _, field := range t.manifest.Untrusted {
		if _, err := pluginv1.ParseFieldPath(field); err != nil {
			errs = append(errs, fmt.Errorf("untrusted: %w", err))
		}
	}
	return errors.Join(errs...)
}

// encode writes JSON without escaping <, > and &, which Auth0's templates and
// queries are full of.
func encode(v any) (json.RawMessage, error) {
	raw, err := encodeParts(v)
	if err != nil {
		return nil, err
	}
	switch v.(type) {
	case Object, []Object, Page, json.RawMessage:
		return valid(jsontext.Value(raw))
	}
	return raw, nil
}

// encodeParts is encode for what becomes a part of something that is encoded: the values of members, which an author
// can have made, are not checked yet.
func encodeParts(v any) (json.RawMessage, error) {
	// encoding/json would check and copy the members of each once more.
	switch v := v.(type) {
	case Object:
		return v.appendTo(nil), nil
	case []Object:
		return appendObjects(nil, v), nil
	case Page:
		return v.MarshalJSON()
	case json.RawMessage:
		if v != nil {
			return v, nil
		}
	case string:
		// encoding/json escapes these, which JavaScript takes for ends of lines.
		if !strings.ContainsAny(v, "\u2028\u2029") {
			return appendText(nil, v), nil
		}
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding as JSON: %w", err)
	}
	return bytes.TrimSpace(buf.Bytes()), nil
}

// valid checks what was put together from the values of members, which an author can have made.
func valid(doc jsontext.Value) (json.RawMessage, error) {
	if !doc.IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
		return nil, errors.New("encoding as JSON: a member's value is not JSON")
	}
	return json.RawMessage(doc), nil
}
