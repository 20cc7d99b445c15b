package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/doctor"
)

func TestServerArgs(t *testing.T) {
	f := runFlags{sandbox: true, tools: "auth0_list_*", pluginDirs: []string{"/p"}, devPlugins: []string{"/d"},
		account: accountFlags{"prod", "file"}}
	f.readOnly.on = true
	got, err := f.serverArgs()
	if err != nil {
		t.Fatal(err)
	}
	want := "run --sandbox --profile prod --store file --tools auth0_list_* --read-only --plugin-dir /p --dev-plugin /d"
	if strings.Join(got, " ") != want && !strings.Contains(strings.Join(got, " "), `:\`) { // a drive on Windows
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBundleIsDescribed(t *testing.T) {
	var told bytes.Buffer
	describeBundle(&told, "support.zip",
		[]doctor.Part{{Name: "environment.txt", About: "names of variables", Data: []byte("x")}})
	if !strings.Contains(told.String(), "environment.txt") || !strings.Contains(told.String(), "1 bytes") {
		t.Errorf("it does not say what is in it: %s", told.String())
	}
}
