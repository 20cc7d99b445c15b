package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	pathpkg "path"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const (
	// maxManifestBytes is some hundred times what a plugin of five tools takes.
	maxManifestBytes = 1 << 20
	maxTools         = 100
	maxArgs          = 20
	maxArgBytes      = 256 // one argument, a path, the executable
	maxListed        = 100 // scopes or paths of one tool
)

// ManifestError names everything that is wrong with a manifest.
type ManifestError struct {
	Plugin   string // the name as declared; may itself be the problem
	Problems []error
}

func (e *ManifestError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.Error()
	}
	return fmt.Sprintf("manifest of plugin %s: %s", jsondoc.Quote(e.Plugin), strings.Join(texts, "; "))
}

// Unwrap returns the problems, so that a *ProtocolError among them is found.
func (e *ManifestError) Unwrap() []error {
	return e.Problems
}

// ProtocolError means that host and plugin share no major version of the
// contract.
type ProtocolError struct {
	Plugin []int // what the plugin speaks
	Host   []int // what this host speaks
}

func (e *ProtocolError) Error() string {
	return fmt.Sprintf("the plugin speaks %s of the plugin protocol, this host speaks %s", versions(e.Plugin),
		versions(e.Host))
}

// PluginIsNewer reports whether updating the host is the remedy; otherwise it
// is updating the plugin.
func (e *ProtocolError) PluginIsNewer() bool {
	return len(e.Plugin) > 0 && slices.Min(e.Plugin) > slices.Max(e.Host)
}

func versions(list []int) string {
	if len(list) == 0 {
		return "no version"
	}
	word := "version"
	if len(list) > 1 {
		word = "versions"
	}
	texts := make([]string, 0, len(list))
	for _, v := range list[:min(len(list), 10)] {
		texts = append(texts, fmt.Sprint(v))
	}
	if len(list) > 10 {
		texts = append(texts, "…")
	}
	return word + " " + strings.Join(texts, ", ")
}

// ToolError is what is wrong with one tool of a manifest.
type ToolError struct {
	// Tool is "tool NAME", or "tools[0]" where the name is no name.
	Tool string
	Err  error
}

func (e *ToolError) Error() string { return e.Tool + ": " + e.Err.Error() }

// Unwrap returns the problem without the tool.
func (e *ToolError) Unwrap() error { return e.Err }

func parseManifest(data []byte) (pluginv1.Manifest, error) {
	m, err := pluginv1.ParseManifest(data)
	if err == nil {
		return m, nil
	}
	if fault := jsondoc.Check(data); fault != nil { // says where
		err = fmt.Errorf("manifest: %w", fault)
	}
	return pluginv1.Manifest{}, err
}

// decodeSchemas returns the decoded schema of each tool of a manifest. Beyond pluginv1.ParseManifest it refuses
// duplicate keys: a reviewer would read one value and the host use the other.
func decodeSchemas(data []byte, m pluginv1.Manifest) ([]any, error) {
	tree, err := jsondoc.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	document, _ := tree.(map[string]any)
	tools, _ := document["tools"].([]any)
	schemas := make([]any, len(m.Tools))
	for i := range schemas {
		tool, _ := tools[i].(map[string]any)
		schemas[i] = tool["inputSchema"]
	}
	return schemas, nil
}

// ValidateManifest checks all that the host demands of a manifest, and compiles
// every schema: what plugin install and a plugin's author need. The error is a
// *ManifestError with every problem. It says nothing about trust.
func ValidateManifest(m pluginv1.Manifest) error {
	schemas := make([]any, len(m.Tools))
	for i, t := range m.Tools {
		if len(t.InputSchema) == 0 || len(t.InputSchema) > maxSchemaBytes {
			continue // schemaProblems says so
		}
		doc, err := jsondoc.Decode(t.InputSchema)
		if err != nil {
			doc = err
		}
		schemas[i] = doc
	}
	if err := checkManifest(m, schemas); err != nil {
		// Not compiled: what the structural check refuses may be what would cost
		// the compiler unbounded time.
		return err
	}
	var problems []error
	for i, t := range m.Tools {
		compiled, err := compileSchema(schemas[i])
		if err == nil {
			err = checkExamples(compiled, t.Examples)
		}
		if err != nil {
			problems = append(problems, &ToolError{toolLabel(i, t), err})
		}
	}
	if len(problems) > 0 {
		return &ManifestError{Plugin: m.Name, Problems: problems}
	}
	return nil
}

// checkManifest is ValidateManifest without compiling: cheap enough for the path
// to initialize. A locked manifest was compiled when it was installed. Without schemas, theirs are left unchecked.
func checkManifest(m pluginv1.Manifest, schemas []any) error {
	if problems := manifestProblems(m, schemas); len(problems) > 0 {
		return &ManifestError{Plugin: m.Name, Problems: problems}
	}
	return nil
}

func manifestProblems(m pluginv1.Manifest, schemas []any) []error {
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if m.ManifestVersion != pluginv1.ManifestVersion {
		problems = append(problems, &pluginv1.ManifestVersionError{Found: m.ManifestVersion})
	}
	if m.Name == HostPlugin {
		report("name %s: it stands for auth0-mcp itself: choose another name", jsondoc.Quote(m.Name))
	} else if !isPluginName(m.Name) {
		report("name %s: want a lower-case letter, then lower-case letters, digits and dashes, 31 characters at most",
			jsondoc.Quote(m.Name))
	}
	if !isSemver(m.Version) {
		report("version %s: want a semantic version such as 1.2.3", jsondoc.Quote(m.Version))
	}
	if !slices.Contains(m.Protocols, pluginv1.ProtocolVersion) {
		problems = append(problems, &ProtocolError{Plugin: m.Protocols, Host: []int{pluginv1.ProtocolVersion}})
	}
	if m.Executable != "" {
		if err := checkExecutable(m.Executable); err != nil {
			problems = append(problems, err)
		}
	}
	for _, err := range displayProblems(m.Display) {
		report("display: %w", err)
	}
	if m.OutputSchema != nil {
		report("display: outputSchema is a tool's, and a plugin answers nothing: give it to one of the tools")
	}
	for i, example := range m.Examples {
		if len(example.Arguments) > 0 {
			report("display: examples[%d] has arguments, and a plugin takes none: give it to one of the tools", i)
		}
	}
	problems = append(problems, argsProblems(m.Args)...)
	if len(m.Tools) == 0 || len(m.Tools) > maxTools {
		report("%d tools: want 1 to %d", len(m.Tools), maxTools)
		return problems
	}
	seen := map[string]bool{}
	for i, t := range m.Tools {
		found := toolProblems(t)
		if seen[t.Name] {
			found = append([]error{errNameTwice}, found...)
		}
		seen[t.Name] = true
		if schemas != nil {
			found = append(found, schemaProblems(schemas[i], len(t.InputSchema))...)
			if err := checkOutputSchema(t.OutputSchema); err != nil {
				found = append(found, fmt.Errorf("outputSchema%w", err))
			}
		}
		for _, err := range found {
			problems = append(problems, &ToolError{toolLabel(i, t), err})
		}
	}
	return problems
}

// argsProblems checks the arguments for the executable.
func argsProblems(args []string) (problems []error) {
	if len(args) > maxArgs {
		problems = append(problems, fmt.Errorf("%d args: at most %d are allowed", len(args), maxArgs))
	}
	for i, arg := range args {
		if err := checkText(arg, false); err != nil {
			problems = append(problems, fmt.Errorf("args[%d]: %w", i, err))
		} else if arg == "" || len(arg) > maxArgBytes {
			problems = append(problems, fmt.Errorf("args[%d]: must have 1 to %d bytes", i, maxArgBytes))
		}
	}
	return problems
}

var errNameTwice = errors.New("the name is used twice")

func toolLabel(i int, t pluginv1.ToolManifest) string {
	if isIdentifier(t.Name) {
		return "tool " + t.Name
	}
	return fmt.Sprintf("tools[%d]", i)
}

func toolProblems(t pluginv1.ToolManifest) []error {
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if t.Name == describeToolName || t.Name == compareToolName {
		report("name %s: auth0-mcp itself has a tool of this name: choose another name", jsondoc.Quote(t.Name))
	} else if !isIdentifier(t.Name) {
		report("name %s: want a lower-case letter, then lower-case letters, digits and underscores, 64 characters at most",
			jsondoc.Quote(t.Name))
	}
	if strings.TrimSpace(t.Description) == "" {
		report("display has no description")
	}
	problems = append(problems, displayProblems(t.Display)...)
	methods := t.Effect.Methods()
	if methods == nil {
		report("effect %s: want read, write or destroy", jsondoc.Quote(string(t.Effect)))
	}
	if len(t.Scopes) > maxListed || len(t.Paths) > maxListed {
		report("more than %d scopes or paths", maxListed)
		return problems
	}
	for _, scope := range t.Scopes {
		if !isScope(scope) {
			report("scope %s: want verb:noun, such as read:clients", jsondoc.Quote(scope))
		}
	}
	for _, path := range t.Paths {
		if err := checkText(path, false); err != nil || len(path) > maxArgBytes {
			report("path %s: want at most %d bytes of visible text", jsondoc.Quote(path), maxArgBytes)
			continue
		}
		rule, err := pluginv1.ParsePathRule(path)
		if err != nil {
			problems = append(problems, err)
		} else if methods != nil && !slices.Contains(methods, rule.Method()) {
			report("path %s: a tool with the effect %s may not send %s", jsondoc.Quote(path), t.Effect, rule.Method())
		}
	}
	problems = append(problems, filesProblems(t)...)
	if t.External && t.Effect == pluginv1.EffectRead {
		report("external: a tool that works outside of the tenant is never read-only: give it the effect write or destroy")
	}
	if t.External && len(t.Scopes)+len(t.Paths)+len(t.Files)+len(t.Reads) > 0 {
		report("external: a tool that works outside of the tenant has no scopes, paths, files and reads")
	}
	if len(t.Untrusted) > maxListed {
		report("more than %d untrusted fields", maxListed)
		return problems
	}
	for _, field := range t.Untrusted {
		// The form leaves no room for what is invisible.
		if _, err := pluginv1.ParseFieldPath(field); err != nil || len(field) > maxArgBytes {
			report("untrusted field %s: want a path such as logs[].user_agent, at most %d bytes", jsondoc.Quote(field),
				maxArgBytes)
		}
	}
	return problems
}

// filesProblems checks the roots below which a tool writes files, and the files that it reads.
func filesProblems(t pluginv1.ToolManifest) (problems []error) {
	if len(t.Files) > maxListed || len(t.Reads) > maxListed {
		return []error{fmt.Errorf("more than %d files or reads", maxListed)}
	}
	for i, rule := range t.Reads {
		if _, err := pluginv1.ParseReadRule(rule); err != nil || len(rule) > maxArgBytes {
			problems = append(problems, fmt.Errorf("reads %s: want a root and a path below it, such as project:package.json",
				jsondoc.Quote(rule)))
		} else if slices.Contains(t.Reads[:i], rule) {
			problems = append(problems, fmt.Errorf("reads %s: it is given twice", jsondoc.Quote(rule)))
		}
	}
	if t.Secrets && len(t.Files) == 0 {
		problems = append(problems, errors.New("secrets: a tool that puts secrets into env files names their roots in files"))
	}
	if len(t.Files) > 0 && t.Effect == pluginv1.EffectRead {
		problems = append(problems, errors.New("files: a tool with the effect read writes none"))
	}
	for i, root := range t.Files {
		if !isPluginName(root) {
			problems = append(problems, fmt.Errorf("files %s: want the name of a root, such as project: a lower-case "+
				"letter, then lower-case letters, digits and dashes, 31 characters at most", jsondoc.Quote(root)))
		} else if slices.Contains(t.Files[:i], root) {
			problems = append(problems, fmt.Errorf("files %s: the root is given twice", jsondoc.Quote(root)))
		}
	}
	return problems
}

// checkExecutable accepts a clean relative path inside the manifest's folder.
// Backslashes and colons are refused on every system, so that a manifest that
// was reviewed on one does not leave its folder on another. The suffix of Windows is
// appended there, so that one manifest, with one digest, serves all systems.
func checkExecutable(path string) error {
	switch {
	case path == "":
		return errors.New("executable is missing: want the binary's path, relative to the manifest's folder")
	case strings.ContainsAny(path, `\:`), !fs.ValidPath(path), path == ".", len(path) > maxArgBytes,
		checkText(path, false) != nil:
		return fmt.Errorf("executable %s: want a clean relative path with forward slashes inside the manifest's folder",
			jsondoc.Quote(path))
	case strings.EqualFold(pathpkg.Ext(path), windowsSuffix):
		return fmt.Errorf("executable %s: leave out %s, which is appended on Windows", jsondoc.Quote(path), windowsSuffix)
	}
	return nil
}

func isPluginName(s string) bool {
	inside := func(c byte) bool { return isLower(c) || isDigit(c) || c == '-' }
	return s != "" && len(s) <= 31 && isLower(s[0]) && onlyBytes(s, inside)
}

// isIdentifier accepts a lower-case letter followed by lower-case letters,
// digits and underscores, 64 characters at most: beyond that MCP clients cut
// tool names.
func isIdentifier(s string) bool {
	inside := func(c byte) bool { return isLower(c) || isDigit(c) || c == '_' }
	return s != "" && len(s) <= 64 && isLower(s[0]) && onlyBytes(s, inside)
}

func isScope(s string) bool {
	verb, noun, ok := strings.Cut(s, ":")
	return ok && len(s) <= 128 && verb != "" && onlyBytes(verb, isLower) && noun != "" && isLower(noun[0]) &&
		onlyBytes(noun, func(c byte) bool { return isLower(c) || isDigit(c) || c == '_' || c == '-' })
}

// isSemver accepts a version of semver 2.0.0, without a leading "v".
func isSemver(s string) bool {
	if len(s) > 64 {
		return false
	}
	s, build, hasBuild := strings.Cut(s, "+")
	core, pre, hasPre := strings.Cut(s, "-")
	numbers := strings.Split(core, ".")
	if len(numbers) != 3 || slices.ContainsFunc(numbers, func(n string) bool { return !isSemverNumber(n) }) {
		return false
	}
	return (!hasPre || isSemverTail(pre, false)) && (!hasBuild || isSemverTail(build, true))
}

func isSemverNumber(s string) bool {
	return s != "" && onlyBytes(s, isDigit) && (s == "0" || s[0] != '0')
}

func isSemverTail(s string, leadingZeros bool) bool {
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || !onlyBytes(part, func(c byte) bool { return isASCIILetter(c) || isDigit(c) || c == '-' }) {
			return false
		}
		if !leadingZeros && onlyBytes(part, isDigit) && !isSemverNumber(part) {
			return false
		}
	}
	return true
}

func onlyBytes(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}
