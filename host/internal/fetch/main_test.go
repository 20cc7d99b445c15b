package fetch

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/source"
)

// The test binary is auth0-mcp-fetch where it is called so.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "auth0-mcp-fetch" {
		if self, err := os.Executable(); err == nil && os.Getenv("GORACE") == "" {
			// The race detector waits a second in every process that ends.
			_ = syscall.Exec(self, os.Args, append(os.Environ(), "GORACE=atexit_sleep_ms=0"))
		}
		os.Exit(Main(context.Background(), os.Stdin, os.Stdout, os.Stderr)) //nolint:forbidigo // the reply goes there
	}
	os.Exit(m.Run())
}

// The host and the program understand each other.
func TestProgram(t *testing.T) {
	if runtime.GOOS+"/"+runtime.GOARCH != platform {
		t.Skip("the archive is for " + platform)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "auth0-mcp-fetch")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	f := source.Fetcher{Program: program}
	a := newAuthor(t)
	a.publish(a.document("1.2.0", tarball(t, sound(t)...)))
	s, err := source.Parse(filepath.Join(a.folder, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	trust := source.Trust{Keys: source.Keys{a.trusted()}, Require: "acme"}
	versions, err := f.Versions(t.Context(), s, trust)
	if err != nil || len(versions) != 1 || versions[0].Digest != a.index.Versions[0].Release.Digest {
		t.Errorf("got %+v, %v", versions, err)
	}
	into := t.TempDir()
	r, err := f.Fetch(t.Context(), source.Request{Source: s, Trust: trust, Into: into, Constraint: "~> 1.0"})
	if err != nil || r.Version != "1.2.0" || r.Signer.Name != "acme" || r.Platforms[platform].Binary.IsZero() {
		t.Errorf("got %+v, %v", r, err)
	}
	if entries, err := os.ReadDir(into); err != nil || len(entries) != 2 {
		t.Errorf("the folder has %v, %v", entries, err)
	}

	a.write("ok_1.2.0_linux_amd64.tar.gz", []byte("changed"))
	into = t.TempDir()
	if _, err := f.Fetch(t.Context(), source.Request{Source: s, Trust: trust, Into: into}); err == nil {
		t.Error("a changed archive was taken")
	}
	if entries, err := os.ReadDir(into); err != nil || len(entries) != 0 {
		t.Errorf("something was left behind: %v, %v", entries, err)
	}
}

// If the host ends, the program does not go on.
func TestProgramEndsWithTheHost(t *testing.T) {
	reached := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(reached)
		<-r.Context().Done() // it never answers
	}))
	defer server.Close()
	s, err := source.Parse(server.URL + "/index.json")
	if err != nil {
		t.Fatal(err)
	}
	query, err := json.Marshal(source.Query{Source: s, Platform: platform})
	if err != nil {
		t.Fatal(err)
	}
	asked, host := io.Pipe()
	var out bytes.Buffer
	done := make(chan int)
	go func() { done <- Main(t.Context(), asked, &out, io.Discard) }()
	if _, err := host.Write(append(query, '\n')); err != nil {
		t.Fatal(err)
	}
	<-reached
	_ = host.Close()
	select {
	case status := <-done:
		if status != 0 || !strings.Contains(out.String(), `"kind":"unreachable"`) {
			t.Errorf("got %d, %s", status, out.String())
		}
	case <-time.After(time.Minute):
		t.Error("it goes on")
	}
	var complaint bytes.Buffer
	if status := Main(t.Context(), strings.NewReader("hello\n"), io.Discard, &complaint); status != 1 ||
		!strings.Contains(complaint.String(), "it is run by") {
		t.Errorf("got %d, %s", status, complaint.String())
	}
}
