package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
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

func TestFindingsOnScreens(t *testing.T) {
	findings := []doctor.Finding{
		{Check: "session", Status: doctor.OK, Detail: "profile default at example.auth0.com, renews itself"},
		{Check: "plugin ok", Status: doctor.Warn, Detail: "it is under development"},
		{Check: "tls", Status: doctor.Fail, Detail: "the certificate of example.auth0.com is not trusted",
			Remedy: "set AUTH0_MCP_CA_FILE to the file of the authority that your proxy uses"},
	}
	for _, test := range []struct {
		screen console.Screen
		want   string
	}{
		{console.Screen{}, `
ok    session       profile default at example.auth0.com, renews itself
warn  plugin ok     it is under development
fail  tls           the certificate of example.auth0.com is not trusted
                    → set AUTH0_MCP_CA_FILE to the file of the authority that your proxy uses
`},
		{console.Screen{Width: 40, Symbols: true}, `
✓  session       profile default at
                 example.auth0.com,
                 renews itself
!  plugin ok     it is under development
✗  tls           the certificate of
                 example.auth0.com is
                 not trusted
   → set AUTH0_MCP_CA_FILE to the file
     of the authority that your proxy
     uses
`},
		{console.Screen{Width: 80, Linear: true}, `
ok    session       profile default at example.auth0.com, renews itself
warn  plugin ok     it is under development
fail  tls           the certificate of example.auth0.com is not trusted
      Fix: set AUTH0_MCP_CA_FILE to the file of the authority that your proxy
           uses
`},
		{console.Screen{Width: 200, Symbols: true}, `
✓  session       profile default at example.auth0.com, renews itself
!  plugin ok     it is under development
✗  tls           the certificate of example.auth0.com is not trusted
   → set AUTH0_MCP_CA_FILE to the file of the authority that your proxy uses
`},
	} {
		got := "\n"
		for _, f := range findings {
			got += findingText(test.screen, f)
		}
		if got != test.want {
			t.Errorf("%+v: got%swant%s", test.screen, got, test.want)
		}
	}
}
