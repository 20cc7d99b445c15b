package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/doctor"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/supervisor"
)

// evil clears the screen, turns the text round, and begins a line of its own.
const evil = "x\x1b[2J\u202e\u009b1m\r\nPLUGIN trusted"

func TestSay(t *testing.T) {
	var out strings.Builder
	say(&out, "%s|%v|%v|%d|%v|%s\n", evil, errors.New(evil), auth.Method(evil), 7, 2*time.Second, lines("a\nb\x1b"))
	want := `x\u{1B}[2J\u{202E}\u{9B}1m\r\nPLUGIN trusted|x\u{1B}[2J\u{202E}\u{9B}1m\r` + "\nPLUGIN trusted|" +
		`x\u{1B}[2J\u{202E}\u{9B}1m\r\nPLUGIN trusted|7|2s|a` + "\nb" + `\u{1B}` + "\n"
	if out.String() != want {
		t.Errorf("got  %q\nwant %q", out.String(), want)
	}
}

// Whatever a tenant, a plugin, a client's file or an error holds, no command lets it
// reach the terminal; in JSON it stays what it is for a program.
func TestOutputIsHarmless(t *testing.T) {
	now := time.Now()
	session := account.Report{
		Profile: evil, Domain: evil, Method: evil, Environment: evil, State: account.Expired, Scopes: []string{evil,
			"read:logs"}, Problem: evil, Remedy: evil,
		Store: account.StoreReport{StoreDescription: auth.StoreDescription{Kind: evil, Where: evil}, ChosenBy: evil},
	}
	plugins := pluginReport{
		Plugins: []knownPlugin{{Name: evil, Version: evil, Origin: evil, Reason: evil, Remedy: evil, Path: evil}},
		Hosts: []runningHost{{Profile: evil, Tenant: evil, Since: now, Plugins: []runningPlugin{{
			PluginStatus: supervisor.PluginStatus{Name: evil, Version: evil, LastFailure: evil, OpenUntil: now.Add(time.Hour)},
		}}}},
	}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"session": func(b *bytes.Buffer) error {
			return sessionsReport{Sessions: []account.Report{session}, ToolsProblem: evil,
				Audit: auditReport{Path: evil, Problem: evil}}.print(b, jsonFlags{})
		},
		"plugins": func(b *bytes.Buffer) error { return plugins.print(b, now) },
		"profiles": func(b *bytes.Buffer) error {
			return printProfiles(b, []account.Listed{{Name: evil, Domain: evil, Method: evil, Session: evil, Store: evil}})
		},
		"clients": func(b *bytes.Buffer) error {
			return printEntries(b, []listedEntry{{Client: evil, Scope: evil, Path: evil, Name: evil, Profile: evil,
				Command: evil, Tools: evil, Missing: true, Unknown: true}})
		},
		"tools": func(b *bytes.Buffer) error {
			return printTools(b, []listedTool{{Name: evil, Plugin: evil, Effect: evil, Scopes: []string{evil}}})
		},
		"doctor": func(b *bytes.Buffer) error {
			for _, screen := range []console.Screen{{}, {Width: 30}} {
				b.WriteString(findingText(screen, doctor.Finding{Check: evil, Status: evil, Detail: evil, Remedy: evil}))
			}
			return nil
		},
		"diff": func(b *bytes.Buffer) error { return showEvilDiff(t, b) },
		"JSON": func(b *bytes.Buffer) error { return writeJSON(b, plugins) },
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := write(&out); err != nil {
				t.Fatal(err)
			}
			if got := out.String(); redact.Text(got) != got {
				t.Errorf("a terminal would obey a part of it: %q", got)
			}
			for line := range strings.Lines(out.String()) {
				if strings.HasPrefix(strings.TrimLeft(line, " +-"), "PLUGIN trusted") && name != "diff" {
					t.Errorf("it made a line of its own:\n%s", out.String())
				}
			}
			if !strings.Contains(out.String(), "PLUGIN trusted") {
				t.Errorf("the text is not shown: %q", out.String())
			}
		})
	}
	var doc bytes.Buffer
	if err := writeJSON(&doc, plugins); err != nil {
		t.Fatal(err)
	}
	var back pluginReport
	if err := json.Unmarshal(doc.Bytes(), &back); err != nil || back.Plugins[0].Reason != evil {
		t.Errorf("a program reads %+v (%v)", back.Plugins, err)
	}
}

// showEvilDiff changes a client's file that holds the text.
func showEvilDiff(t *testing.T, out *bytes.Buffer) error {
	home := t.TempDir()
	path := filepath.Join(home, ".cursor", "mcp.json")
	writeText(t, path, "{\n  \"x\u202e\u009b1m PLUGIN trusted\": 1,\n  \"mcpServers\": {}\n}\n")
	change, err := clients.Plan(clients.Places{OS: "linux", Home: home, Getenv: func(string) string { return "" }},
		clients.Target{Client: "cursor"}, clients.Entry{Command: os.Args[0]}, false)
	if err != nil {
		return err
	}
	return showDiff(out, change)
}
