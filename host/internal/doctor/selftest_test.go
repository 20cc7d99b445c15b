package doctor

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestClientEnvironment(t *testing.T) {
	got := clientEnvironment([]string{
		"HOME=/h", "PATH=/bin", "AUTH0_DOMAIN=d", "AUTH0_MCP_STORE=file", "XDG_CONFIG_HOME=/c", "SystemRoot=C:\\Windows",
		"HTTPS_PROXY=http://p", "AWS_SECRET_ACCESS_KEY=k", "LD_PRELOAD=x", "DBUS_SESSION_BUS_ADDRESS=unix:", "NOT_AUTH0_X=1",
	})
	want := []string{"HOME=/h", "PATH=/bin", "AUTH0_DOMAIN=d", "AUTH0_MCP_STORE=file", "XDG_CONFIG_HOME=/c",
		"SystemRoot=C:\\Windows"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
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
