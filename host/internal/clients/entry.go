package clients

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tailscale/hujson"
)

// DefaultName is the name of the entry for the default profile.
const DefaultName = "auth0"

// programName is what our binary is called, without .exe.
const programName = "auth0-mcp"

// Entry is what a client's file says about auth0-mcp. There is no place in it for
// a secret: clients show these files, and the arguments of what they start.
type Entry struct {
	// Command is the absolute path of the auth0-mcp binary: a client that was not
	// started from a shell has another PATH.
	Command string
	// Profile is the profile to run with, empty for the default one.
	Profile string
	// Sandbox runs with the built-in tenant, and so without a profile.
	Sandbox bool
	// Tools are the patterns of --tools, separated by commas; empty for all tools.
	Tools string
	// Preset are the presets, separated by commas; empty for none.
	Preset string
	// ReadOnly leaves only tools that read.
	ReadOnly bool
	// ProjectRoot is the folder of the user's project, absolute; empty: what an entry that is there says of it.
	ProjectRoot string
	// Env are variables of the server, besides those that the client gives it.
	Env []Variable
	// KeepTools, KeepPreset and KeepReadOnly leave what an entry that is there says of them.
	KeepTools, KeepPreset, KeepReadOnly bool

	// more are other arguments of an entry that is there, as they were found.
	more []string
}

// Variable is a variable in the env of an entry. It holds no secret.
type Variable struct {
	Name, Value string
	// IfThere sets it only in an entry that has it already.
	IfThere bool
}

// Name is the entry's name in the client: auth0, auth0-PROFILE or auth0-sandbox. Some
// clients allow no dot in a server's name, so that it is written as a hyphen.
func (e Entry) Name() string {
	if e.Sandbox {
		return DefaultName + "-sandbox"
	}
	if e.Profile == "" {
		return DefaultName
	}
	return DefaultName + "-" + strings.ReplaceAll(e.Profile, ".", "-")
}

// Args are the arguments that the client gives to Command.
func (e Entry) Args() []string {
	args := []string{"run"}
	if e.Sandbox {
		args = append(args, "--sandbox")
	}
	if e.Profile != "" {
		args = append(args, "--profile", e.Profile)
	}
	if e.Preset != "" {
		args = append(args, "--preset", e.Preset)
	}
	if e.Tools != "" {
		args = append(args, "--tools", e.Tools)
	}
	if e.ReadOnly {
		args = append(args, "--read-only")
	}
	if e.ProjectRoot != "" {
		args = append(args, "--project-root", e.ProjectRoot)
	}
	return append(args, e.more...)
}

// Shown are the arguments without those that may hold a secret.
func (e Entry) Shown() []string {
	more := e.more
	e.more = nil
	args := e.Args()
	for _, arg := range more {
		if name, _, joined := strings.Cut(arg, "="); !isFlag(arg) {
			args = append(args, "***")
		} else if joined {
			args = append(args, name+"=***")
		} else {
			args = append(args, name)
		}
	}
	return args
}

// String is the command line without what may be a secret.
func (e Entry) String() string { return ShellWords(append([]string{e.Command}, e.Shown()...)) }

// isFlag reports whether an argument has the form of a flag: its name is no secret.
func isFlag(arg string) bool {
	name, ok := strings.CutPrefix(arg, "--")
	name, _, _ = strings.Cut(name, "=")
	return ok && name != "" && !strings.ContainsFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && r != '-' })
}

// onto is the entry with what it leaves to one that is there, and what that is: flags
// without values, and variables.
func (e Entry) onto(has found) (Entry, []string) {
	old, kept := readArgs(has.args), []string(nil)
	if e.KeepTools && e.Tools == "" && old.Tools != "" {
		e.Tools, kept = old.Tools, append(kept, "--tools "+printable(old.Tools))
	}
	if e.KeepPreset && e.Preset == "" && old.Preset != "" {
		e.Preset, kept = old.Preset, append(kept, "--preset "+printable(old.Preset))
	}
	if e.KeepReadOnly && !e.ReadOnly && old.ReadOnly {
		e.ReadOnly, kept = true, append(kept, "--read-only")
	}
	if e.ProjectRoot == "" && old.ProjectRoot != "" {
		e.ProjectRoot, kept = old.ProjectRoot, append(kept, "--project-root "+printable(old.ProjectRoot))
	}
	e.more = old.more
	for _, arg := range e.more {
		if name, _, _ := strings.Cut(arg, "="); isFlag(arg) {
			kept = append(kept, name)
		}
	}
	e.Env = slices.Clone(e.Env)
	for i, v := range e.Env {
		_, set := has.set[v.Name]
		e.Env[i].IfThere = v.IfThere && !set
	}
	for _, name := range has.env {
		if !slices.ContainsFunc(e.Env, func(v Variable) bool { return v.Name == name && !v.IfThere }) {
			kept = append(kept, printable(name))
		}
	}
	return e, kept
}

// Snippet is the entry as a JSON document in the shape that most clients read, to
// be pasted into the file of a client that is not known here.
func (e Entry) Snippet() (string, error) {
	if err := e.check(); err != nil {
		return "", err
	}
	doc, err := parseJSON(nil, "mcpServers")
	if err != nil {
		return "", err
	}
	edits, err := doc.set(e.Name(), e.fields(false))
	if err != nil {
		return "", err
	}
	return string(splice(nil, edits)), nil
}

func (e Entry) check() error {
	switch {
	case !isAbsolute(e.Command):
		return fmt.Errorf("the command %q is not an absolute path: a client would look for it in a PATH of its own",
			e.Command)
	case !isPlain(e.Command):
		return fmt.Errorf("the command %q holds characters that a config file can't: install auth0-mcp in another folder",
			e.Command)
	case strings.ContainsFunc(e.Profile,
		func(r rune) bool { return !isNameRune(r) && r != '.' }), strings.HasPrefix(e.Profile, "-"):
		return fmt.Errorf("profile %q: want letters, digits, hyphen, underscore and dot", e.Profile)
	case e.Sandbox && e.Profile != "":
		return fmt.Errorf("profile %q: the sandbox is a tenant of its own, without a profile", e.Profile)
	case slices.ContainsFunc(e.Env, func(v Variable) bool { return v.Name == "" || !isPlain(v.Name+v.Value) }):
		return errors.New("a variable of the entry's env holds characters that a config file can't")
	case !isPlain(e.Tools), strings.HasPrefix(e.Tools, "-"):
		return fmt.Errorf("tools %q: want tool names or patterns, separated by commas", e.Tools)
	case !isPlain(e.Preset), strings.HasPrefix(e.Preset, "-"):
		return fmt.Errorf("preset %q: want names of presets, separated by commas", e.Preset)
	}
	return nil
}

// isAbsolute knows the absolute paths of all systems, whichever this one is.
func isAbsolute(path string) bool {
	drive := len(path) > 2 && path[1] == ':' && (path[2] == '\\' || path[2] == '/')
	return filepath.IsAbs(path) || drive || strings.HasPrefix(path, `\\`)
}

func isPlain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func isNameRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_'
}

// isName reports whether an entry may be ours, judged by its name.
func isName(name string) bool {
	return name == DefaultName || strings.HasPrefix(name, DefaultName+"-")
}

// field is one key of an entry that we set; every other key in it is left alone. Its value
// is a list, or an object of which other members are left alone, or else a string.
type field struct {
	key    string
	text   string
	list   []string
	object []field
}

func (e Entry) fields(typed bool) []field {
	fields := []field{{key: "command", text: e.Command}, {key: "args", list: e.Args()}}
	if typed {
		fields = slices.Insert(fields, 0, field{key: "type", text: "stdio"})
	}
	env := field{key: "env"}
	for _, v := range e.Env {
		if !v.IfThere {
			env.object = append(env.object, field{key: v.Name, text: v.Value})
		}
	}
	if env.object != nil {
		fields = append(fields, env)
	}
	return fields
}

// put makes a decoded entry hold the field.
func (f field) put(entry map[string]any) {
	if f.object == nil {
		entry[f.key] = f.value()
		return
	}
	inner, ok := entry[f.key].(map[string]any)
	if !ok {
		inner = map[string]any{}
		entry[f.key] = inner
	}
	for _, one := range f.object {
		one.put(inner)
	}
}

// value is the value of a field without members, as it is decoded from a file.
func (f field) value() any {
	if f.list == nil {
		return f.text
	}
	list := make([]any, len(f.list))
	for i, arg := range f.list {
		list[i] = arg
	}
	return list
}

// quoted writes the value of a field without members in a form that JSON and TOML share:
// both allow the same escapes in a string between double quotes, except that TOML wants DEL
// escaped, which check refuses.
func (f field) quoted(comma string) string {
	if f.list == nil {
		return string(hujson.String(f.text))
	}
	items := make([]string, len(f.list))
	for i, arg := range f.list {
		items[i] = string(hujson.String(arg))
	}
	return "[" + strings.Join(items, comma) + "]"
}

// isSet are the keys whose values may be shown: they are ours.
func isSet(key string) bool {
	return key == "command" || key == "args" || key == "type"
}

// found is an entry as a file has it.
type found struct {
	command string
	args    []string
	// remote says that the entry is a server that is reached by a URL.
	remote bool
	// env are the names of the variables that it sets or hands on; a file of more is
	// nil, because its content is unknown. set are those that it sets, with their values.
	env []string
	set map[string]string
}

// readFound reads an entry that was decoded into Go's own types. A value of an
// unexpected type counts as empty: it can't be ours.
func readFound(entry map[string]any) found {
	var f found
	f.command, _ = entry["command"].(string)
	list, _ := entry["args"].([]any)
	for _, item := range list {
		arg, ok := item.(string)
		if !ok {
			f.args = nil
			break
		}
		f.args = append(f.args, arg)
	}
	f.env, f.set = envNames(entry), map[string]string{}
	set, _ := entry["env"].(map[string]any)
	for name, value := range set {
		if text, ok := value.(string); ok {
			f.set[name] = text
		}
	}
	for _, key := range []string{"url", "serverUrl", "httpUrl"} {
		if _, ok := entry[key]; ok {
			f.remote = true
		}
	}
	return f
}

// envNames are the names of the variables that an entry gives to its server, never
// their values: they hold secrets. nil means unknown.
func envNames(entry map[string]any) []string {
	if _, ok := entry["envFile"]; ok { // VS Code's
		return nil
	}
	names := []string{}
	set, _ := entry["env"].(map[string]any)
	for name := range set {
		names = append(names, name)
	}
	handed, _ := entry["env_vars"].([]any) // Codex hands these on from its own
	for _, item := range handed {
		if name, ok := item.(string); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// isOurs judges by the program's name, in any folder of any system.
func (f found) isOurs() bool {
	name := f.command[strings.LastIndexAny(f.command, `/\`)+1:]
	name = strings.TrimSuffix(strings.ToLower(name), ".exe")
	return name == programName && len(f.args) > 0 && f.args[0] == "run"
}

// readArgs is Args the other way round. What Args does not write by itself is in more.
func readArgs(args []string) Entry {
	var e Entry
	if len(args) == 0 || args[0] != "run" {
		return Entry{more: args}
	}
	for rest := args[1:]; len(rest) > 0; {
		name, value, joined := strings.Cut(rest[0], "=")
		on, isBool := !joined, !joined
		if joined {
			on, isBool = readBool(value)
		}
		switch {
		case name == "--read-only" && isBool:
			e.ReadOnly = on
		case name == "--sandbox" && isBool:
			e.Sandbox = on
		case name == "--profile" && joined:
			e.Profile = value
		case name == "--tools" && joined:
			e.Tools = value
		case name == "--project-root" && joined:
			e.ProjectRoot = value
		case name == "--project-root" && len(rest) > 1:
			e.ProjectRoot, rest = rest[1], rest[1:]
		case name == "--preset" && joined:
			e.addPreset(value)
		case name == "--preset" && len(rest) > 1:
			e.addPreset(rest[1])
			rest = rest[1:]
		case name == "--profile" && len(rest) > 1:
			e.Profile, rest = rest[1], rest[1:]
		case name == "--tools" && len(rest) > 1:
			e.Tools, rest = rest[1], rest[1:]
		default:
			e.more = append(e.more, rest[0])
		}
		rest = rest[1:]
	}
	return e
}

// addPreset adds presets to those that an entry has: the flag can be repeated.
func (e *Entry) addPreset(presets string) {
	if e.Preset != "" {
		presets = e.Preset + "," + presets
	}
	e.Preset = presets
}

// readBool reads the value of a flag that is on or off.
func readBool(value string) (on, ok bool) {
	on = slices.Contains([]string{"true", "1", "yes", "on", "t", "y"}, value)
	return on, on || slices.Contains([]string{"false", "0", "no", "off", "f", "n"}, value)
}

// decodeObject decodes JSON without comments, numbers as they are written.
func decodeObject(plain []byte) (any, error) {
	dec := json.NewDecoder(strings.NewReader(string(plain)))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	return v, err
}
