package onboarding

import (
	"bytes"
	"context"
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// root is the name of the folder that the user gives: `--project-root`.
const root = "project"

// reads are the files that tell a project's framework, and where it listens.
func reads() []string {
	files := []string{"package.json", "vite.config.js", "vite.config.ts", "vite.config.mjs", "angular.json", "go.mod",
		"requirements.txt", "pyproject.toml", "Pipfile", "setup.py", "manage.py", "build.gradle", "build.gradle.kts",
		"app/build.gradle", "app/build.gradle.kts", "pom.xml", "*.csproj", "Properties/launchSettings.json", "composer.json",
		"Gemfile", "Package.swift", "*.xcodeproj/project.pbxproj", "index.html"}
	for i := range files {
		files[i] = root + ":" + files[i]
	}
	return files
}

// project is what is known of a user's project.
type project struct {
	folder string
	framework
	files map[string][]byte
	// evidence says by what the framework was told.
	evidence string
	// listens is the port of the project's own settings, or the framework's; 0: none.
	listens int
	// prefix begins the names of variables that the bundler hands to browsers.
	prefix string
	// appID is the package name of an Android application, or the bundle identifier of one for iOS.
	appID string
}

// look reads a project. given is the framework that the caller named; empty: the project tells.
func look(ctx context.Context, c *sdk.Call, folder, given string) (*project, error) {
	var named framework
	if given != "" {
		var err error
		if named, err = called(given); err != nil {
			return nil, err
		}
	}
	found, err := c.ReadFiles(ctx, root, folder)
	if err != nil {
		return nil, err
	}
	p := &project{folder: found.Folder, files: found.Files, framework: named, evidence: "given"}
	if given == "" {
		if p.framework, p.evidence, err = detect(found.Files); err != nil {
			return nil, err
		}
	}
	p.adjust()
	return p, nil
}

// sign is what tells a framework.
type sign struct{ name, evidence string }

// detect tells a project's framework by its files.
func detect(files map[string][]byte) (framework, string, error) {
	if err := unsound(files); err != nil {
		return framework{}, "", err
	}
	signs := signsOf(files)
	switch len(signs) {
	case 0:
		return framework{}, "", sdk.FailedPrecondition("the project's files do not tell its framework: give framework, one "+
			"of %s. The folder is project_path below the folder of --project-root", strings.Join(names(), ", "))
	case 1:
		f, err := called(signs[0].name)
		return f, signs[0].evidence, err
	}
	return framework{}, "", ambiguous(signs)
}

// signsOf are what in a project's files tells a framework.
func signsOf(files map[string][]byte) []sign {
	if signs := slices.Concat(packageSigns(files), serverSigns(files), nativeSigns(files)); len(signs) > 0 {
		return signs
	}
	for _, name := range []string{"package.json", "index.html"} {
		if _, ok := files[name]; ok {
			return []sign{{"javascript", name}}
		}
	}
	return nil
}

// ambiguous is the error of a project that can be of several frameworks.
func ambiguous(signs []sign) error {
	var list []string
	for _, s := range signs {
		list = append(list, s.name+" ("+s.evidence+")")
	}
	return sdk.Ambiguous("the project can be of several frameworks: %s. Give framework, or the "+
		"project_path of one of them", strings.Join(list, ", "))
}

// packageJSON is what is read of it.
type packageJSON struct {
	Scripts         map[string]string `json:"scripts"`
	Dependencies    map[string]any    `json:"dependencies"`
	DevDependencies map[string]any    `json:"devDependencies"`
}

// node is the project's package.json; empty if it has none that is sound.
func node(files map[string][]byte) packageJSON {
	p, err := parseNode(files["package.json"])
	if err != nil {
		return packageJSON{}
	}
	return p
}

func parseNode(text []byte) (p packageJSON, err error) {
	err = json.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &p)
	return p, err
}

// unsound is the error of a project whose package.json does not tell what it needs: without it, the project would be
// taken for one without a framework.
func unsound(files map[string][]byte) error {
	text, ok := files["package.json"]
	if !ok {
		return nil
	}
	if _, err := parseNode(text); err != nil {
		return sdk.FailedPrecondition("the project's package.json cannot be read (%v): fix it, or give framework", err)
	}
	return nil
}

func (p packageJSON) has(name string) bool {
	_, direct := p.Dependencies[name]
	_, dev := p.DevDependencies[name]
	return direct || dev
}

// packageSigns tells the frameworks of Node.js, the first that fits: each can stand beside those behind it.
func packageSigns(files map[string][]byte) []sign {
	p := node(files)
	for _, s := range []struct{ dependency, name string }{{"next", "nextjs"}, {"@angular/core", "angular"}, {"vue", "vue"},
		{"react", "react"}, {"express", "express"}} {
		if p.has(s.dependency) {
			return []sign{{s.name, "package.json needs " + s.dependency}}
		}
	}
	return nil
}

// pattern finds a framework in the text of a file.
type pattern struct {
	name  string
	files []string
	text  *regexp.Regexp
}

// python are the words by which Python's projects name what they need.
func python(name string) *regexp.Regexp {
	return regexp.MustCompile(`(?im)^[\s"'\[]*` + name + `\b|["'\[,]\s*` + name + `\b`)
}

func serverPatterns() []pattern {
	requirements := []string{"requirements.txt", "pyproject.toml", "Pipfile", "setup.py"}
	gradle := []string{"build.gradle", "build.gradle.kts", "pom.xml"}
	return []pattern{
		{"go", []string{"go.mod"}, regexp.MustCompile(`(?m)^module\s`)},
		{"fastapi", requirements, python("fastapi")},
		{"django", append(slices.Clone(requirements), "manage.py"), python("django")},
		{"flask", requirements, python("flask")},
		{"spring", gradle, regexp.MustCompile(`org\.springframework\.boot`)},
		{"laravel", []string{"composer.json"}, regexp.MustCompile(`"laravel/framework"`)},
		{"rails", []string{"Gemfile"}, regexp.MustCompile(`(?m)^\s*gem\s+["']rails["']`)},
	}
}

func serverSigns(files map[string][]byte) (signs []sign) {
	for _, p := range serverPatterns() {
		for _, name := range p.files {
			if p.text.Match(files[name]) {
				signs = append(signs, sign{p.name, name})
				break
			}
		}
	}
	for _, name := range sorted(files, "*.csproj") {
		if strings.Contains(string(files[name]), "Microsoft.NET.Sdk.Web") {
			return append(signs, sign{"aspnet", "a .csproj file"})
		}
	}
	return signs
}

func nativeSigns(files map[string][]byte) (signs []sign) {
	for _, name := range []string{"app/build.gradle.kts", "app/build.gradle", "build.gradle.kts", "build.gradle"} {
		if strings.Contains(string(files[name]), "com.android.application") ||
			androidID().Match(files[name]) {
			signs = append(signs, sign{"android", name})
			break
		}
	}
	for _, glob := range []string{"*.xcodeproj/project.pbxproj", "Package.swift"} {
		if len(sorted(files, glob)) > 0 {
			return append(signs, sign{"ios", glob})
		}
	}
	return signs
}

// sorted are the names of files that fit a pattern.
func sorted(files map[string][]byte, glob string) (list []string) {
	for name := range files {
		if ok, err := path.Match(glob, name); ok && err == nil {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

var (
	androidID = lazily(`\bapplicationId\s*=?\s*["']([A-Za-z][\w.]{1,200})["']`)
	bundleID  = lazily(`\bPRODUCT_BUNDLE_IDENTIFIER = "?([A-Za-z0-9.-]{1,200})"?;`)
	flagPort  = lazily(`(?:--port[ =]|\s-p[ =]?|\bPORT=)(\d{2,5})\b`)
	codePort  = lazily(`\bport["']?\s*:\s*(\d{2,5})\b`)
	urlPort   = lazily(`"applicationUrl"\s*:\s*"(?:[^"]*;)?http://[^":;]+:(\d{2,5})`)
)

// adjust takes from the project's files what differs from the framework's defaults.
func (p *project) adjust() {
	p.listens, p.prefix = p.port, "VITE_"
	n := node(p.files)
	switch {
	case p.served && !n.has("vite") && n.has("react-scripts"):
		p.prefix, p.listens = "REACT_APP_", 3000
	case p.served && !n.has("vite") && n.has("@vue/cli-service"):
		p.prefix, p.listens = "VUE_APP_", 8080
	case p.name == "javascript" && n.has("vite"):
		p.served, p.listens, p.env = true, 5173, ".env.local"
		p.variables = []string{"VITE_AUTH0_DOMAIN=domain", "VITE_AUTH0_CLIENT_ID=client_id"}
	}
	if p.served && p.prefix != "VITE_" {
		p.variables = slices.Clone(p.variables)
		for i, v := range p.variables {
			p.variables[i] = p.prefix + strings.TrimPrefix(v, "VITE_")
		}
	}
	if port := p.ownPort(n); port > 0 && p.appType != native {
		p.listens = port
	}
	p.appID = p.ownID()
}

// ownPort is the port that the project's files set for development; 0: none.
func (p *project) ownPort(n packageJSON) int {
	var texts []string
	switch p.name {
	case "react", "vue", "nextjs", "javascript", "express":
		for _, script := range []string{"dev", "start", "serve"} {
			if port := first(flagPort(), " "+n.Scripts[script]); port > 0 {
				return port
			}
		}
		if p.name == "nextjs" || p.name == "express" {
			return 0
		}
		for _, name := range sorted(p.files, "vite.config.*") {
			texts = append(texts, string(p.files[name]))
		}
	case "angular":
		if port := first(flagPort(), " "+n.Scripts["start"]); port > 0 {
			return port
		}
		texts = []string{string(p.files["angular.json"])}
	case "aspnet":
		return first(urlPort(), string(p.files["Properties/launchSettings.json"]))
	}
	for _, text := range texts {
		if port := first(codePort(), text); port > 0 {
			return port
		}
	}
	return 0
}

// first is the port that an expression finds in a text; 0: none.
func first(form *regexp.Regexp, text string) int {
	match := form.FindStringSubmatch(text)
	if match == nil {
		return 0
	}
	port, err := strconv.Atoi(match[1])
	if err != nil || port < 1 || port > 65535 {
		return 0
	}
	return port
}

// ownID is how the project's files call the native application; empty: they do not tell.
func (p *project) ownID() string {
	form, globs := androidID, []string{"app/build.gradle.kts", "app/build.gradle", "build.gradle.kts", "build.gradle"}
	switch p.name {
	case "ios":
		form, globs = bundleID, []string{"*.xcodeproj/project.pbxproj"}
	case "android":
	default:
		return ""
	}
	for _, glob := range globs {
		for _, name := range sorted(p.files, glob) {
			if match := form().FindSubmatch(p.files[name]); match != nil {
				return string(match[1])
			}
		}
	}
	return ""
}

// lazily compiles a pattern when it is first used: a plugin's process may never need it.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
