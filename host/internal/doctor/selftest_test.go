package doctor

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
)

func TestClientEnvironment(t *testing.T) {
	environ := []string{
		"HOME=/h", "PATH=/bin", "AUTH0_DOMAIN=d", "AUTH0_MCP_STORE=file", "XDG_CONFIG_HOME=/c", "SystemRoot=C:\\Windows",
		"HTTPS_PROXY=http://p", "AWS_SECRET_ACCESS_KEY=k", "LD_PRELOAD=x", "DBUS_SESSION_BUS_ADDRESS=unix:", "NOT_AUTH0_X=1",
	}
	all := []string{"HOME=/h", "PATH=/bin", "AUTH0_DOMAIN=d", "AUTH0_MCP_STORE=file", "XDG_CONFIG_HOME=/c",
		"SystemRoot=C:\\Windows"}
	if diff := cmp.Diff(all, clientEnvironment(environ, true)); diff != "" {
		t.Error(diff)
	}
	given := []string{"HOME=/h", "PATH=/bin", "SystemRoot=C:\\Windows"}
	if diff := cmp.Diff(given, clientEnvironment(environ, false)); diff != "" {
		t.Error(diff)
	}
}

// The self-test's server gets what the client would give it, and nothing of this shell's.
func TestServerEnvironmentIsTheEntrys(t *testing.T) {
	d := examinee(t, nil).as("dev", auth.Profile{})
	d.config.DefaultProfile = "dev"
	d.at.environ = []string{"HOME=/h", "AUTH0_MCP_PASSPHRASE=" + canary, "AUTH0_TOKEN=t", "XDG_CONFIG_HOME=/here"}
	file := filepath.Join(d.at.places.Home, ".cursor", "mcp.json")
	entry := func(args string) string {
		return `{"mcpServers":{"auth0":{"command":` + strconv.Quote(d.at.executable) + `,"args":["run"` + args +
			`],"env":{"XDG_CONFIG_HOME":"/there","AUTH0_MCP_STORE":"file"}}}}`
	}
	check := func(whose string, want ...string) {
		t.Helper()
		got, by := d.serverEnvironment()
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" || !strings.Contains(by, whose) {
			t.Errorf("%s: %s", by, diff)
		}
	}
	shell := []string{"AUTH0_MCP_PASSPHRASE=" + canary, "AUTH0_TOKEN=t", "HOME=/h", "XDG_CONFIG_HOME=/here"}
	check("this shell", shell...)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	// Only a program that is ours by its name counts.
	self := filepath.Join(t.TempDir(), "auth0-mcp")
	if err := os.Symlink(d.at.executable, self); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	d.at.executable = self
	writeText(t, file, entry(""))
	check("as Cursor starts it", "AUTH0_MCP_STORE=file", "HOME=/h", "XDG_CONFIG_HOME=/there")
	writeText(t, file, entry(`,"--profile","other"`))
	check("this shell", shell...)
	writeText(t, file, entry(`,"--profile","dev"`))
	check("as Cursor starts it", "AUTH0_MCP_STORE=file", "HOME=/h", "XDG_CONFIG_HOME=/there")
	d.cfg.Sandbox = true
	check("this shell", shell...)
}

// A server that looks for its profile in another folder than this command does is found.
func TestFoldersOfAnEntry(t *testing.T) {
	d := examinee(t, nil).as("", auth.Profile{})
	d.at.bases = []atomicfile.Base{{Variable: "XDG_CONFIG_HOME", Folder: "/here", Moves: true},
		{Variable: "XDG_DATA_HOME", Folder: "/data"}}
	file := filepath.Join(d.at.places.Home, ".cursor", "mcp.json")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	self := filepath.Join(t.TempDir(), "auth0-mcp")
	if err := os.Symlink(d.at.executable, self); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	d.at.executable = self
	for env, want := range map[string]string{
		`{}`: "sets no XDG_CONFIG_HOME, which is /here here: its server looks for profiles and " +
			"sessions elsewhere",
		`{"XDG_CONFIG_HOME":"/old"}`:                            "sets XDG_CONFIG_HOME to /old, which is /here here",
		`{"XDG_CONFIG_HOME":"/here","XDG_DATA_HOME":"/old"}`:    "sets XDG_DATA_HOME to /old, which is /data here",
		`{"XDG_CONFIG_HOME":"/here/"}`:                          "",
		`{"XDG_CONFIG_HOME":"/here","XDG_DATA_HOME":"/data/."}`: "",
	} {
		writeText(t, file, `{"mcpServers":{"auth0":{"command":`+strconv.Quote(self)+`,"args":["run"],"env":`+env+`}}}`)
		found := d.checkClients(t.Context())
		if len(found) != 1 {
			t.Fatalf("%s: %v", env, found)
		}
		status := Warn
		if want == "" {
			status = OK
		}
		checkFinding(t, found[0], status, want)
	}
	writeText(t, file, "\ufeff"+`{"mcpServers":{"auth0":{"command":`+strconv.Quote(self)+`,"args":["run"]}}}`)
	checkFinding(t, d.checkClients(t.Context())[0], Fail, "byte order mark", "auth0-mcp clients add cursor")
}

// TestConverse plays the server's stdout, good and bad.
func TestConverse(t *testing.T) {
	const (
		ready = `{"jsonrpc":"2.0","id":1,"result":{}}` + "\n"
		list  = `{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"a"},{"name":"b"}]}}` + "\n"
		pong  = `{"jsonrpc":"2.0","id":3,"result":{}}` + "\n"
	)
	for _, c := range []struct {
		name, stdout string
		want         string // in the error; empty: none
	}{
		{"good", ready + list + pong, ""},
		{"notification between", ready + `{"jsonrpc":"2.0","method":"notifications/message","params":{}}` + "\n" + list +
			pong, ""},
		{"ends at once", "", "initialize was not answered"},
		{"ends in the middle", ready, "tools/list was not answered"},
		{"stray print", "Starting …\n", "other than JSON-RPC"},
		{"another protocol", `{"id":1,"result":{}}` + "\n", "other than JSON-RPC"},
		{"another case", `{"jsonRPC":"2.0","id":1,"result":{}}` + "\n", "other than JSON-RPC"},
		{"no result", `{"jsonrpc":"2.0","id":1}` + "\n", "without a result"},
		{"refuses", `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no such version"}}` + "\n",
			"initialize was refused: no such version (-32602)"},
		{"answers twice", ready + ready, "was not sent"},
		{"not a list", ready + `{"jsonrpc":"2.0","id":2,"result":[]}` + "\n", "not a list of tools"},
		{"no ping", ready + list, "ping was not answered"},
		{"endless line", ready + strings.Repeat("x", maxServerLine+1), "too long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, server := io.Pipe()
			go func() { _, _ = io.Copy(io.Discard, in) }()
			seen, err := examinee(t, nil).converse(server, bufio.NewReader(strings.NewReader(c.stdout)))
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want == "" && seen.tools != 2:
				t.Errorf("%d tools, want 2", seen.tools)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func FuzzServerAnswer(f *testing.F) {
	f.Add(`{"jsonrpc":"2.0","id":1,"result":{}}` + "\n")
	f.Add(`{"jsonrpc":"2.0","method":"x"}` + "\n\n")
	f.Add("{")
	f.Add(`{"jsonrpC":"2.0","id":1,"result":{}}` + "\n")
	f.Fuzz(func(t *testing.T, stdout string) {
		result, err := askServer(io.Discard, bufio.NewReader(strings.NewReader(stdout)), 1, "ping", "{}")
		if err != nil {
			return
		}
		// What counts as an answer is one: a line that names the version and the request.
		for line := range strings.Lines(stdout) {
			var message map[string]any
			if json.Unmarshal([]byte(line), &message) == nil && message["jsonrpc"] == "2.0" && message["id"] == 1.0 {
				if _, ok := message["result"]; ok {
					return
				}
			}
		}
		t.Errorf("%q was taken for an answer with %q", stdout, result)
	})
}

func TestTailKeepsTheEnd(t *testing.T) {
	end := &tail{limit: 10}
	for i := range 5 {
		fmt.Fprintf(end, "line %d\n", i)
	}
	if got := end.String(); got != " 3\nline 4\n" {
		t.Errorf("got %q", got)
	}
	if got := lastLines("a\nb\nc\n", 2); got != "b | c" {
		t.Errorf("got %q", got)
	}
}

func TestEndedTellsTheFirstCause(t *testing.T) {
	cause := errors.New("initialize was not answered")
	if got := ended(cause, nil); !errors.Is(got, cause) {
		t.Errorf("got %v", got)
	}
	if inWords(-90*time.Minute) != "1h30m ago" || inWords(time.Second) != "in under a minute" {
		t.Error(inWords(-90*time.Minute), inWords(time.Second))
	}
}
