package main

import (
	"bufio"
	"context"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the server answered into testdata/transcripts, "+
	"and what commands printed into scripts")

// TestTranscripts plays conversations to the real program, one for each protocol
// version: lines with > are sent, those with < must come back before the next is
// sent, and nothing else may.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/transcripts/*.txt")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d transcripts, %v", len(files), err)
	}
	dev := t.TempDir()
	if err := copyPlugin(dev, "ok"); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := converse(t, dev, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			want := strings.Split(string(text), "\n")
			for i, line := range strings.Split(got, "\n") {
				if line != want[i] {
					t.Errorf("line %d:\ngot  %s\nwant %s", i+1, line, want[i])
				}
			}
		})
	}
}

// converse returns the transcript with the server's lines in it.
func converse(t *testing.T, dev, transcript string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "auth0-mcp", "run", "--sandbox", "--log-level", "error", "--dev-plugin", dev,
		"--tools", "auth0_ok_read,auth0_ok_write")
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_DATA_HOME="+home,
		"GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	var got []string
	for line := range strings.SplitSeq(transcript, "\n") {
		switch {
		case strings.HasPrefix(line, "> "):
			if _, err := io.WriteString(in, line[2:]+"\n"); err != nil {
				t.Fatal(err)
			}
		case strings.HasPrefix(line, "<"):
			if !lines.Scan() {
				t.Fatalf("no line came, after %s: %v", got[len(got)-1], lines.Err())
			}
			line = "< " + normalise(lines.Text())
		}
		got = append(got, line)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		t.Errorf("a line that nothing asked for: %s", lines.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the server ended: %v", err)
	}
	return strings.Join(got, "\n")
}

// normalise takes out what other tests are about, and what differs between builds.
func normalise(line string) string {
	for _, r := range []struct{ pattern, with string }{
		{`"instructions":"(?:[^"\\]|\\.)*"`, `"instructions":"…"`},
		{`("name":"auth0-mcp","version":)"[^"]*"`, `$1"…"`},
		{`"inputSchema":\{.*?\},"name"`, `"inputSchema":{…},"name"`},
		{`"text":"(\{\\"items\\":(?:[^"\\]|\\.)*|\d+)"`, `"text":"…"`}, // logs, and a process id
	} {
		line = regexp.MustCompile(r.pattern).ReplaceAllString(line, r.with)
	}
	return line
}
