package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
)

// A plugin that runs already is called like any other, here one in the process of the test, and goes on when its host
// ends.
func TestReattach(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	at, ended, err := fakeplugin.ServeAttached(ctx, "ok")
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(at)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "reattach.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := DescribeAttached(ctx, file)
	if err != nil || !m.SameDeclaration(fakeplugin.Manifest("ok")) {
		t.Fatalf("%+v, %v", m, err)
	}
	s := start(t)
	sp := Spec{Manifest: m, Dev: true, Reattach: string(data)}
	answer, err := call(ctx, s, sp, read, `{}`)
	if err != nil || answer != strconv.Itoa(os.Getpid()) {
		t.Errorf("%s, %v", answer, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	cancel()
	<-ended // its host's end did not end the test, which is its process

	_, err = call(t.Context(), start(t), sp, read, `{}`)
	if launch, ok := errors.AsType[*LaunchError](err); !ok || !strings.Contains(launch.Remedy, "debug") {
		t.Errorf("a plugin that is gone: %v", err)
	}
}

func TestReadReattachRefuses(t *testing.T) {
	for _, source := range []string{
		`{}`, `{"network":"unix","address":"plugin.sock"}`, `{"network":"tcp","address":"192.0.2.1:443"}`,
		`{"network":"tcp","address":"localhost:443"}`, `{"network":"udp","address":"127.0.0.1:443"}`,
		`{"network":"tcp","address":"127.0.0.1:443"}`, `{"network":"tcp","address":"127.0.0.1:443","certificate":"x"}`,
		"/nowhere/reattach.json",
	} {
		if r, err := readReattach(source); err == nil {
			t.Errorf("%s: %+v", source, r)
		}
	}
}
