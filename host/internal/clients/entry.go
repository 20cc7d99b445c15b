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
	// Tools are the patterns of --tools, separated by commas; empty for all tools.
	Tools string
	// ReadOnly leaves only tools that read.
	ReadOnly bool
}

// Name is the entry's name in the client: auth0, or auth0-PROFILE. Some clients
// allow no dot in a server's name, so that it is written as a hyphen.
func (e Entry) Name() string {
	if e.Profile == "" {
		return DefaultName
	}
	return DefaultName + "-" + strings.ReplaceAll(e.Profile, ".", "-")
}

// Args are the arguments that the client gives to Command.
func (e Entry) Args() []string {
	args := []string{"run"}
	if e.Profile != "" {
		args = append(args, "--profile", e.Profile)
	}
	if e.Tools != "" {
		args = append(args, "--tools", e.Tools)
	}
	if e.ReadOnly {
		args = append(args, "--read-only")
	}
	return args
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
	case !isPlain(e.Tools), strings.HasPrefix(e.Tools, "-"):
		return fmt.Errorf("tools %q: want tool names or patterns, separated by commas", e.Tools)
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

// field is one key of an entry that we set; every other key in it is left alone.
// If args is nil, the value is a string.
type field struct {
	key  string
	text string
	args []string
}

func (e Entry) fields(typed bool) []field {
	fields := []field{{key: "command", text: e.Command}, {key: "args", args: e.Args()}}
	if typed {
		fields = slices.Insert(fields, 0, field{key: "type", text: "stdio"})
	}
	return fields
}

// value is the field's value as it is decoded from a file.
func (f field) value() any {
	if f.args == nil {
		return f.text
	}
	list := make([]any, len(f.args))
	for i, arg := range f.args {
		list[i] = arg
	}
	return list
}

// quoted writes the value in a form that JSON and TOML share: both allow the same
// escapes in a string between double quotes, except that TOML wants DEL escaped,
// which check refuses.
func (f field) quoted(comma string) string {
	if f.args == nil {
		return string(hujson.String(f.text))
	}
	items := make([]string, len(f.args))
	for i, arg := range f.args {
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
	// nil, because its content is unknown.
	env []string
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
	f.env = envNames(entry)
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

var errOtherArgs = errors.New("arguments that are not known here")

// readArgs is Args the other way round. It fails for anything more than Args writes.
func readArgs(args []string) (Entry, error) {
	if len(args) == 0 || args[0] != "run" {
		return Entry{}, errOtherArgs
	}
	var e Entry
	for rest := args[1:]; len(rest) > 0; {
		name, value, joined := strings.Cut(rest[0], "=")
		rest = rest[1:]
		if name == "--read-only" && (!joined || value == "true") {
			e.ReadOnly = true
			continue
		}
		if !joined && len(rest) > 0 {
			value, rest, joined = rest[0], rest[1:], true
		}
		switch {
		case name == "--profile" && joined:
			e.Profile = value
		case name == "--tools" && joined:
			e.Tools = value
		default:
			return e, errOtherArgs
		}
	}
	return e, nil
}

// decodeObject decodes JSON without comments, numbers as they are written.
func decodeObject(plain []byte) (any, error) {
	dec := json.NewDecoder(strings.NewReader(string(plain)))
	dec.UseNumber()
	var v any
	err := dec.Decode(&v)
	return v, err
}
