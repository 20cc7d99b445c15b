package catalog

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// ErrNotInstalled means that nothing was installed: the user did not agree, or what
// they agreed to is not what is there.
var ErrNotInstalled = errors.New("nothing was installed")

// Review is what a user decides by before a plugin is installed.
type Review struct {
	Plugin *Plugin
	// Entry is what the lock file will say.
	Entry LockEntry
	// Before is what is installed under the name; its Tools are nil if it can't be
	// read any more. Before is nil if nothing else is installed.
	Before *pluginv1.Manifest
	// Wider is what the tools may do that those of the installed version may not: see Widened. It is nil if nothing else
	// is installed, or if nothing is known of it.
	Wider []string
	// Replaced are the plugins that would not be loaded any more, by name, each with
	// the reason.
	Replaced map[string]string
	// Removed are those of Replaced that are installed under another name: of two installed plugins with the same tool
	// only one can be loaded.
	Removed []string
}

// NewReview compares a plugin with what is there: the plugins that are loaded now,
// the lock file, and the names of the plugins that belong to this host.
func NewReview(p *Plugin, entry LockEntry, loaded *Catalog, lock, bundled Lock) Review {
	r := Review{Plugin: p, Entry: entry, Replaced: map[string]string{}}
	before, installed := lock.Plugins[p.Name]
	if installed && !before.sameContent(entry) {
		r.Before = &pluginv1.Manifest{Name: p.Name, Version: before.Version}
		r.Replaced[p.Name] = "the installed version " + before.Version
	}
	if _, ok := bundled.Plugins[p.Name]; ok && !installed {
		r.Replaced[p.Name] = "the plugin of this name that belongs to auth0-mcp"
	}
	tools := entry.Tools
	for _, other := range loaded.Plugins() {
		if other.Name == p.Name {
			if r.Before != nil && other.Origin == OriginUser {
				r.Before = &other.Manifest
			}
			continue
		}
		for _, t := range other.Tools {
			if _, mine := tools[t.Name]; !mine {
				continue
			}
			r.Replaced[other.Name] = fmt.Sprintf("the %s plugin, which also has a tool %s", other.Origin, t.Name)
			if other.Origin == OriginUser {
				r.Replaced[other.Name] = installedWith(t.Name)
			}
		}
	}
	for name, other := range lock.Plugins { // it may be missing on this machine
		for tool := range other.Tools {
			if _, mine := tools[tool]; mine && name != p.Name && r.Replaced[name] == "" {
				r.Replaced[name] = installedWith(tool)
			}
		}
	}
	for _, name := range names(r.Replaced) {
		if _, installed := lock.Plugins[name]; installed && name != p.Name {
			r.Removed = append(r.Removed, name)
		}
	}
	if r.Before != nil {
		was := before.Tools
		if was == nil && r.Before.Tools != nil {
			was = PermissionsOf(*r.Before)
		}
		if was != nil {
			r.Wider = Widened(was, tools)
		}
	}
	return r
}

func installedWith(tool string) string { return "the installed plugin, which also has a tool " + tool }

// sameContent reports whether what runs here is the same.
func (e LockEntry) sameContent(other LockEntry) bool {
	return e.Manifest == other.Manifest && e.Platforms[Platform()].Binary == other.Platforms[Platform()].Binary
}

// Check refuses a plugin that replaces one that is not among allowed, and a name
// among allowed that nothing is replaced of: it may be misspelt.
func (r Review) Check(allowed []string) error {
	var replaced, flags []string
	for _, name := range names(r.Replaced) {
		if !slices.Contains(allowed, name) {
			replaced = append(replaced, redact.Line(r.Replaced[name]))
			flags = append(flags, "--replace "+redact.Line(name))
		}
	}
	if len(replaced) > 0 {
		return fmt.Errorf("it would replace %s: if you want that, pass %s (%w)", strings.Join(replaced, ", and "),
			strings.Join(flags, " "), ErrNotInstalled)
	}
	for _, name := range allowed {
		if _, ok := r.Replaced[name]; !ok {
			return fmt.Errorf("--replace %s: no plugin of that name would be replaced (%w)", redact.Line(name),
				ErrNotInstalled)
		}
	}
	return nil
}

// String lists everything that the plugin asks for, whole. Each value is on one
// line, texts are quoted, and no text can look like another line of the listing.
func (r Review) String() string {
	p := r.Plugin
	l := listing{}
	l.line("Plugin %s %s", quoted(p.Name), quoted(p.Version))
	l.field("source", quoted(r.Entry.Source))
	if r.Entry.Constraint != "" {
		l.field("versions", quoted(r.Entry.Constraint))
	}
	l.field("signed by", r.Entry.Signer.describe())
	l.field("executable", quoted(p.Executable))
	l.field("arguments", quotedList(p.Args, "none"))
	l.field("protocols", strings.Trim(strings.Join(strings.Fields(fmt.Sprint(p.Protocols)), ", "), "[]"))
	for _, platform := range names(r.Entry.Platforms) {
		l.field("binary", redact.Line(platform)+" "+r.Entry.Platforms[platform].Binary.String())
	}
	l.field("manifest", p.ManifestDigest.String())
	l.field("format", strconv.Itoa(p.ManifestVersion))
	l.others(p.Manifest, "manifest", "name", "version", "protocols", "executable", "args", "tools", "display")
	l.others(p.Display)
	for _, t := range p.Tools {
		l.tool(t)
	}
	l.changes(r)
	for _, name := range names(r.Replaced) {
		reason := redact.Line(r.Replaced[name])
		if slices.Contains(r.Removed, name) {
			reason += ". It is removed"
		}
		l.line("\nReplaces %s: %s", quoted(name), reason)
	}
	return l.out.String()
}

// describe is the signer in one line.
func (s Signer) describe() string {
	if s == (Signer{}) {
		return "none of your keys"
	}
	return fmt.Sprintf("%s (%s %s)", quoted(s.Name), redact.Line(s.Kind), quoted(s.Detail))
}

// listing is the text in the making.
type listing struct{ out strings.Builder }

func (l *listing) line(format string, args ...any) {
	fmt.Fprintf(&l.out, format+"\n", args...)
}

func (l *listing) field(name, value string) { l.line("  %-12s %s", name, value) }

func (l *listing) tool(t pluginv1.ToolManifest) {
	l.line("\nTool %s", quoted(t.Name))
	l.field("title", cmp.Or(quotedOrNone(t.Title), "none"))
	l.field("description", quoted(t.Description))
	l.field("effect", redact.Line(string(t.Effect)))
	l.field("idempotent", map[bool]string{true: "yes", false: "no"}[t.Idempotent])
	l.field("scopes", quotedList(t.Scopes, "none"))
	switch {
	case t.External:
		l.field("external", "yes: it works outside of the tenant, where the host cannot see what it does; each call needs "+
			"approval, and it reaches nothing at Auth0")
	case len(t.Paths) == 0:
		l.field("requests", whenEmpty("paths"))
	}
	for _, rule := range t.Paths {
		l.field("request", quoted(rule))
	}
	l.field("files", quotedList(t.Files, "none"))
	for _, rule := range t.Reads {
		l.field("reads", quoted(rule))
	}
	if t.Secrets {
		l.field("secrets", "yes: it has the host put secrets of the tenant into env files; each call needs approval")
	}
	l.field("untrusted", quotedList(t.Untrusted, whenEmpty("untrusted")))
	l.field("schema", schemaSize(t.InputSchema))
	l.others(t, "name", "display", "effect", "idempotent", "scopes", "paths", "files", "reads", "secrets", "external",
		"untrusted", "inputSchema")
	l.others(t.Display, "title", "description")
}

// others lists the members that have no line of their own, so that none of a later
// version of the manifest is left out.
func (l *listing) others(v any, listed ...string) {
	found := members(v)
	for _, name := range names(found) {
		if !slices.Contains(listed, name) {
			text := string(found[name])
			_ = json.Unmarshal(found[name], &text) // what is no string is shown as it is written
			l.field(name, quoted(text))
		}
	}
}

// changes lists how the plugin differs from the one that is installed.
func (l *listing) changes(r Review) {
	if r.Before == nil {
		return
	}
	l.line("\nChanges since the installed version %s:", quoted(r.Before.Version))
	if r.Before.Tools == nil {
		l.line("  unknown beyond the permissions: what is installed can't be read")
	} else {
		l.manifestChanges(r)
	}
	if len(r.Wider) > 0 {
		l.line("\nIt may do more than the installed version:")
	}
	for _, wider := range r.Wider {
		l.line("  + %s", wider)
	}
}

func (l *listing) manifestChanges(r Review) {
	l.difference("arguments", quotedList(r.Before.Args, "none"), quotedList(r.Plugin.Args, "none"))
	before := map[string]pluginv1.ToolManifest{}
	for _, t := range r.Before.Tools {
		before[t.Name] = t
	}
	for _, t := range r.Plugin.Tools {
		was, known := before[t.Name]
		delete(before, t.Name)
		if !known {
			l.line("  + tool %s [%s]", quoted(t.Name), redact.Line(string(t.Effect)))
			continue
		}
		l.toolChanges(was, t)
	}
	for _, name := range names(before) {
		l.line("  - tool %s", quoted(name))
	}
}

// longMember is the length from which both versions of a member are not shown side by
// side: the new one stands in the listing above.
const longMember = 60

func (l *listing) toolChanges(was, is pluginv1.ToolManifest) {
	name := quoted(is.Name)
	old, now := members(was), members(is)
	for _, member := range slices.Compact(slices.Sorted(slices.Values(append(names(old), names(now)...)))) {
		var a, b []string
		switch {
		case string(old[member]) == string(now[member]):
		case (now[member] == nil || json.Unmarshal(now[member], &b) == nil) && (old[member] == nil ||
			json.Unmarshal(old[member], &a) == nil):
			for _, added := range without(b, a) {
				l.line("  %s: + %s %s", name, redact.Line(member), quoted(added))
			}
			for _, removed := range without(a, b) {
				l.line("  %s: - %s %s", name, redact.Line(member), quoted(removed))
			}
			if len(b) == 0 || len(a) == 0 {
				l.line("  %s: %s was %s, is %s", name, redact.Line(member), quotedList(a, whenEmpty(member)),
					quotedList(b, whenEmpty(member)))
			}
		case len(old[member])+len(now[member]) > longMember:
			l.line("  %s: another %s", name, redact.Line(member))
		default:
			l.difference(name+": "+redact.Line(member), cmp.Or(redact.Line(string(old[member])), "none"),
				cmp.Or(redact.Line(string(now[member])), "none"))
		}
	}
}

// whenEmpty says what an empty list of a tool's manifest means.
func whenEmpty(member string) string {
	switch member {
	case "paths":
		return "every path below " + pluginv1.BasePath
	case "untrusted":
		return "every text in its answers"
	}
	return "none"
}

func (l *listing) difference(what, was, is string) {
	if was != is {
		l.line("  %s: %s → %s", what, was, is)
	}
}

// members are those of a manifest as it is written.
func members(v any) map[string]json.RawMessage {
	var found map[string]json.RawMessage
	if doc, err := json.Marshal(v); err == nil {
		_ = json.Unmarshal(doc, &found) // what was just written
	}
	return found
}

func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func schemaSize(schema json.RawMessage) string {
	var s struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	_ = json.Unmarshal(schema, &s) // ValidateManifest has read it
	arguments := "1 argument"
	if len(s.Properties) != 1 {
		arguments = fmt.Sprintf("%d arguments", len(s.Properties))
	}
	return fmt.Sprintf("%s, %d bytes", arguments, len(schema))
}

func without(list, others []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(others, s) })
}

func quotedOrNone(s string) string {
	if s == "" {
		return ""
	}
	return quoted(s)
}

func quotedList(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = quoted(s)
	}
	return strings.Join(texts, ", ")
}

var spaces = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(` {2,}`)
})

// quoted is a text in quotes, with nothing in it that a terminal obeys or hides.
// Spaces in a row are escaped: they could push the rest to the next line.
func quoted(s string) string {
	return spaces().ReplaceAllStringFunc(redact.Line(strconv.Quote(s)), func(run string) string {
		return " " + strings.Repeat(`\u{20}`, len(run)-1)
	})
}
