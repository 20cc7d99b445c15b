package host_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	self     = "github.com/auth0-mcp/auth0-mcp/host"
	internal = self + "/internal/"
	cmd      = self + "/cmd/"
)

// imports are the packages of the host, what each of them may import of the others, and
// why. A package that is not here, an import that is not here, and a line for what is
// not imported, are errors.
var imports = map[string]map[string]string{
	// What everything stands on.
	"atomicfile": {},
	"console":    {"redact": "texts of others must not steer a terminal"},
	"jsondoc":    {},
	"procgroup":  {},
	"ratelimit":  {},
	"redact":     {"jsondoc": "a secret has a path in its document"},
	"suggest":    {},
	"tenant":     {},
	"tenantlog":  {},

	"analytics": {},
	"stdio":     {"jsondoc": "a message must mean the same to all its readers"},
	"plan": {
		"jsondoc": "plans are compared in one form",
		"redact":  "differences are shown without secrets",
	},
	"audit": {
		"atomicfile": "processes append under one lock, in a folder that only this user can change",
		"jsondoc":    "arguments are recorded by an HMAC of their one form",
		"redact":     "texts of others must not steer a terminal",
	},
	"approval": {
		"atomicfile": "approvals are files that several processes use",
		"jsondoc":    "an approval is bound to arguments in their one form",
		"plan":       "what is approved is a plan",
		"redact":     "an approver sees no secrets and no invisible characters",
		"tenant":     "which calls need approval depends on what the tenant is for",
	},
	"catalog": {
		"atomicfile": "installed plugins are believed only if no other user can change them",
		"jsondoc":    "manifests and arguments are read strictly",
		"redact":     "arguments must not hold the marker of a hidden value; manifests are shown harmlessly",
		"suggest":    "errors name what was meant",
	},
	"comparison": {
		"jsondoc": "objects are compared in one form",
		"plan":    "it finds the differences of two objects",
		"redact":  "it tells what is a secret",
	},
	"conformance": {
		"catalog":    "a tool is called with arguments that fit its schema",
		"procgroup":  "Ctrl-C is for the command, not for the plugin",
		"redact":     "words of plugins must not steer a terminal",
		"supervisor": "a plugin is launched and called as by the server",
	},
	"distribution": {
		"approval": "it may lock who approves changes",
		"catalog":  "it may lock which tools are offered",
		"jsondoc":  "its file is read strictly",
	},
	"lint":     {"catalog": "what the host refuses is found by the functions that install and load"},
	"scaffold": {},
	"wrap": {
		"atomicfile": "what other users can change is not pinned",
		"catalog":    "it makes a manifest that the host accepts",
		"jsondoc":    "a server's schemas are read strictly",
		"procgroup":  "Ctrl-C is for the command; a server ends with the program that runs it",
		"redact":     "a server's texts must not steer a terminal or hide anything",
	},
	"vault":    {"atomicfile": "all processes of a user share its files"},
	"envfile":  {"fileroot": "an env file is below a folder that the user gave, and replaced at once or not at all"},
	"fileroot": {"atomicfile": "a file is written at once or not at all"},
	"clients":  {"atomicfile": "files of other programs are replaced at once or not at all"},
	"auth": {
		"atomicfile": "one process renews a token for all",
		"suggest":    "errors name what was meant",
		"tenant":     "a token belongs to a tenant's domain",
	},
	"egress": {
		"audit":     "a write is on the record before it is sent",
		"envfile":   "it sets variables of a user's env file",
		"fileroot":  "a plugin's file goes below a folder that the user gave",
		"jsondoc":   "a body that needs approval must mean the same to all its readers",
		"plan":      "what is sent is compared with what was approved",
		"ratelimit": "all requests share the tenant's limit",
		"redact":    "it says which tokens are in use, and plugins must not see them",
		"tenant":    "a proxy's refusal is told from the tenant's",
		"vault":     "it has the key of the fingerprints of hidden values",
	},
	"supervisor": {
		"atomicfile": "what is executed only this user can change",
		"procgroup":  "a plugin ends with what it forked, and not by the terminal's Ctrl-C",
		"redact":     "texts of plugins must not steer a terminal",
	},
	"account": {
		"atomicfile": "what is known of granted scopes is in the user's state folder",
		"auth":       "it chooses among the stored sessions",
		"catalog":    "the scopes to offer are those that tools need",
		"suggest":    "errors name what was meant",
		"tenant":     "a profile is for one tenant",
	},
	"toolcall": {
		"approval":   "some calls need approval",
		"audit":      "each call has a record",
		"catalog":    "arguments are checked against the tool",
		"comparison": "the host compares two tenants itself",
		"egress":     "requests go through the gate, whose outcome is told",
		"jsondoc":    "answers over the budget are written anew",
		"plan":       "changes are reported",
		"redact":     "all that a call yields is sanitized",
		"supervisor": "plugins carry tools out",
		"vault":      "answers say how long a secret is kept",
	},
	"mcpserver": {
		"catalog":  "tools are listed from it",
		"redact":   "the instructions name the marker of a hidden value",
		"stdio":    "it answers what comes in there",
		"toolcall": "it carries calls out",
	},
	"pluginstore": {
		"atomicfile": "changes exclude each other, and files are replaced at once",
		"catalog":    "it changes the lock file and checks manifests",
		"redact":     "what a source says of itself must not steer a terminal",
		"release":    "an older version is told from a newer one",
		"source":     "plugins come from there",
	},
	"doctor": {
		"account":    "it examines a profile",
		"atomicfile": "it compares the user's folders with those of a client's entry",
		"audit":      "it examines the log",
		"auth":       "it examines stores and sessions",
		"catalog":    "it examines plugins",
		"clients":    "it examines clients' files",
		"procgroup":  "Ctrl-C is for the command, not for the server that it tries",
		"redact":     "findings and bundles hold no secrets",
		"supervisor": "it asks a plugin under development for its manifest",
		"tenant":     "it examines the way to the tenant",
	},
	"release": {
		"atomicfile": "a published file is written at once or not at all",
		"catalog":    "a release is of a plugin with a sound manifest",
	},
	"source": {
		"atomicfile": "keys are believed only if no other user can change them",
		"catalog":    "files are known by their digests",
		"procgroup":  "Ctrl-C is for the command, not for auth0-mcp-fetch",
		"redact":     "errors of sources must not steer a terminal",
		"release":    "versions are ordered as in an index",
	},
	"fetch": {
		"catalog": "a manifest is checked before it is handed on",
		"redact":  "names in archives have no invisible characters",
		"release": "it reads indexes and release documents",
		"source":  "it answers the queries of that package",
		"tenant":  "the way out is that of all requests: proxy, certificates",
	},
	"fakeplugin": {},
	"fakeplugin/auth0-mcp-plugin-conformance": {"fakeplugin": "it is that plugin as a program"},
}

// everything may be imported by the command line, which puts the parts together.
const commandLine = "cli"

// only says who may import what is not the host's own, directly, and why no other may.
var only = map[string]struct {
	by  []string
	why string
}{
	"github.com/hashicorp/go-plugin":             {[]string{"supervisor", "fakeplugin"}, "processes are the supervisor's"},
	"github.com/sigstore/sigstore-go/pkg/verify": {[]string{"fetch"}, "signatures are verified where there is no token"},
	"oras.land/oras-go/v2/registry/remote":       {[]string{"fetch"}, "registries are read where there is no token"},
	"github.com/mark3labs/mcp-go/server": {[]string{"mcpserver"},
		"the protocol is mcpserver's: calls, the transport and the command line know none"},
	"github.com/mark3labs/mcp-go/mcp": {[]string{"mcpserver"}, "the protocol is mcpserver's"},
	"github.com/spf13/cobra":          {[]string{"cli"}, "flags are the command line's"},
	"github.com/auth0-mcp/auth0-mcp/sdk": {nil, "the host serves plugins in any language: it knows the contract, " +
		"not the SDK"},
	"github.com/auth0-mcp/auth0-mcp/sandbox": {[]string{"cli"}, "only the command line starts the built-in tenant"},
	"github.com/auth0/go-auth0/management":   {nil, "the host sends what plugins ask for and knows no resource"},
	"os/exec": {[]string{"auth", "cli", "conformance", "doctor", "fakeplugin", "procgroup", "source", "supervisor",
		"wrap"},
		"the holder of the token, the catalog and what is kept start nothing"},
	"net/http": {[]string{"account", "analytics", "approval", "auth", "cli", "conformance", "doctor", "egress",
		"fakeplugin", "fetch", "plan", "ratelimit", "supervisor", "tenant", "toolcall"},
		"files, manifests and records are read without a network"},
}

type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) map[string]listed {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", self+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	found := map[string]listed{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		found[p.ImportPath] = p
	}
}

// Who may import what, and why: the architecture as a test.
func TestImports(t *testing.T) {
	found := packages(t)
	for path := range found {
		name, isInternal := strings.CutPrefix(path, internal)
		if isInternal && name != commandLine && imports[name] == nil {
			t.Errorf("package %s has no line in the table of imports", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(imports)) {
		p, ok := found[internal+name]
		if !ok {
			t.Errorf("there is no package %s", name)
			continue
		}
		for _, path := range p.Imports {
			if other, ours := strings.CutPrefix(path, internal); ours && imports[name][other] == "" {
				t.Errorf("%s imports %s, which the table does not have", name, other)
			}
		}
		for other, why := range imports[name] {
			if why == "" || !slices.Contains(p.Imports, internal+other) {
				t.Errorf("%s does not import %s, or the line has no reason", name, other)
			}
		}
	}
}

func TestOnlyTheseImport(t *testing.T) {
	used := map[string][]string{}
	for path, p := range packages(t) {
		name, isInternal := strings.CutPrefix(path, internal)
		if !isInternal {
			continue // programs for a terminal: the demo, the benchmark, the soak
		}
		for _, imported := range p.Imports {
			used[imported] = append(used[imported], name)
		}
	}
	for imported, rule := range only {
		if rule.why == "" {
			t.Errorf("the line of %s has no reason", imported)
		}
		for _, name := range used[imported] {
			if !slices.Contains(rule.by, name) {
				t.Errorf("%s imports %s: %s", name, imported, rule.why)
			}
		}
		for _, name := range rule.by {
			if !slices.Contains(used[imported], name) {
				t.Errorf("%s may import %s and does not", name, imported)
			}
		}
	}
}

// What comes from outside is parsed where there is no token, by a program of its own, and a server does not carry the
// code for it.
func TestFetchIsAProgramOfItsOwn(t *testing.T) {
	for program, want := range map[string]bool{"auth0-mcp": false, "auth0-mcp-fetch": true} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", cmd+program).Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(strings.Fields(string(out)), internal+"fetch"); got != want {
			t.Errorf("%s depends on fetch: %v", program, got)
		}
	}
}

// A rule that no package may import another holds also if its name is wrong. These are
// packages of a plugin's module, which the host does not require.
func TestForbiddenImportsExist(t *testing.T) {
	for imported, rule := range only {
		if rule.by != nil {
			continue
		}
		list := exec.CommandContext(t.Context(), "go", "list", imported)
		list.Dir = "../plugins/applications"
		if out, err := list.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", imported, err, out)
		}
	}
}

// The program itself is main and the command line, and nothing depends on either.
func TestMainIsSmall(t *testing.T) {
	for path, p := range packages(t) {
		for _, imported := range p.Imports {
			if imported == internal+commandLine && path != cmd+"auth0-mcp" {
				t.Errorf("%s imports the command line", path)
			}
			if strings.HasPrefix(imported, cmd) {
				t.Errorf("%s imports the program %s", path, imported)
			}
			if path == cmd+"auth0-mcp" && strings.HasPrefix(imported, self) && imported != internal+commandLine {
				t.Errorf("main imports %s beside the command line", imported)
			}
		}
	}
}
