package clients

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEntry(t *testing.T) {
	for _, tt := range []struct {
		e    Entry
		name string
		args []string
	}{
		{Entry{}, "auth0", []string{"run"}},
		{Entry{Profile: "dev"}, "auth0-dev", []string{"run", "--profile", "dev"}},
		{Entry{Profile: "acme.eu"}, "auth0-acme-eu", []string{"run", "--profile", "acme.eu"}},
		{Entry{Tools: "auth0_list_*,auth0_get_*"}, "auth0", []string{"run", "--tools", "auth0_list_*,auth0_get_*"}},
		{Entry{Profile: "p", Tools: "*", ReadOnly: true}, "auth0-p",
			[]string{"run", "--profile", "p", "--tools", "*", "--read-only"}},
	} {
		if got := tt.e.Name(); got != tt.name {
			t.Errorf("got %s, want %s", got, tt.name)
		}
		if diff := cmp.Diff(tt.args, tt.e.Args()); diff != "" {
			t.Error(diff)
		}
		if back := readArgs(tt.e.Args()); !reflect.DeepEqual(back, tt.e) {
			t.Errorf("read back: %+v, want %+v", back, tt.e)
		}
	}
}

func TestReadArgs(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want Entry
	}{
		{[]string{"run", "--profile=a", "--read-only=true", "--tools=x"}, Entry{Profile: "a", Tools: "x", ReadOnly: true}},
		{[]string{"run", "--read-only", "--profile", "b"}, Entry{Profile: "b", ReadOnly: true}},
		{[]string{"run", "--profile", "a", "--log-level", "debug"},
			Entry{Profile: "a", more: []string{"--log-level", "debug"}}},
		{[]string{"run", "--project-root", "/home/me/shop", "--project-root=/x"}, Entry{ProjectRoot: "/x"}},
		{[]string{"run", "--file-root", "p=/x", "--read-only", "--audit=off"},
			Entry{ReadOnly: true, more: []string{"--file-root", "p=/x", "--audit=off"}}},
		{[]string{"run", "--read-only", "--read-only=false"}, Entry{}}, // the last counts, as for the server
		{[]string{"run", "--read-only=perhaps"}, Entry{more: []string{"--read-only=perhaps"}}},
		{[]string{"run", "--profile"}, Entry{more: []string{"--profile"}}},
		{[]string{"call"}, Entry{more: []string{"call"}}},
		{nil, Entry{}},
	} {
		if got := readArgs(tt.args); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q: got %+v, want %+v", tt.args, got, tt.want)
		}
	}
}

// What other arguments say is not shown: it may be a secret.
func TestShownArguments(t *testing.T) {
	e := Entry{Profile: "p", ReadOnly: true,
		more: []string{"--file-root", canary, "--audit=" + canary, canary, "--X" + canary}}
	want := []string{"run", "--profile", "p", "--read-only", "--file-root", "***", "--audit=***", "***", "***"}
	if diff := cmp.Diff(want, e.Shown()); diff != "" {
		t.Error(diff)
	}
}

func TestEntriesThatAreRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		e    Entry
		want string
	}{
		"no command":        {Entry{}, "not an absolute path"},
		"relative command":  {Entry{Command: "auth0-mcp"}, "not an absolute path"},
		"drive only":        {Entry{Command: `C:auth0-mcp.exe`}, "not an absolute path"},
		"broken text":       {Entry{Command: "/opt/\xff/auth0-mcp"}, "characters"},
		"control character": {Entry{Command: "/opt/a\x7f/auth0-mcp"}, "characters"},
		"flag as profile":   {Entry{Command: ourCommand, Profile: "--debug"}, `"--debug"`},
		"space in profile":  {Entry{Command: ourCommand, Profile: "a b"}, `"a b"`},
		"flag as tools":     {Entry{Command: ourCommand, Tools: "--read-only"}, `"--read-only"`},
		"line in tools":     {Entry{Command: ourCommand, Tools: "a\nb"}, `"a\nb"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Plan(placesOn(t, "linux"), Target{Client: "cursor"}, tt.e, false)
			wantError(t, err, tt.want)
			_, err = tt.e.Snippet()
			wantError(t, err, tt.want)
		})
	}
}

func TestSnippet(t *testing.T) {
	got, err := Entry{Command: `C:\Program Files\auth0-mcp.exe`, Profile: "dev", ReadOnly: true}.Snippet()
	const want = `{
  "mcpServers": {
    "auth0-dev": {
      "command": "C:\\Program Files\\auth0-mcp.exe",
      "args": ["run", "--profile", "dev", "--read-only"]
    }
  }
}
`
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestIsOurs(t *testing.T) {
	run := []string{"run"}
	for _, tt := range []struct {
		f    found
		want bool
	}{
		{found{command: ourCommand, args: run}, true},
		{found{command: "auth0-mcp", args: run}, true},
		{found{command: `C:\bin\Auth0-MCP.exe`, args: run}, true},
		{found{command: ourCommand}, false},
		{found{command: "/usr/bin/npx", args: []string{"-y", "@auth0/auth0-mcp-server", "run"}}, false},
		{found{command: "/opt/auth0-mcp/other", args: run}, false},
		{found{}, false},
	} {
		if got := tt.f.isOurs(); got != tt.want {
			t.Errorf("%+v: got %v", tt.f, got)
		}
	}
}
