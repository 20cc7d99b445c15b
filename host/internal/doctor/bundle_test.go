package doctor

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
)

// bundled is a doctor that has met secrets in every place that a bundle looks at.
func bundled(t *testing.T) *Doctor {
	d := examinee(t, map[string]string{"AUTH0_DOMAIN": "https://shop.eu.auth0.com/"})
	d.hide(canary)
	d.stderr = "level=INFO tenant=shop.eu.auth0.com token=" + canary + "\nclient_secret=hunter22hunter22 in " +
		d.at.places.Home + "/x\n"
	d.at.environ = []string{
		"AUTH0_TOKEN=" + canary, "AUTH0_MCP_READ_ONLY=Yes", "AUTH0_MCP_ANALYTICS=" + canary, "HTTPS_PROXY=http://u:" +
			canary + "@p", "UNRELATED=1", "DEBUG=auth0-mcp",
	}
	d.config = auth.Config{DefaultProfile: "prod", Profiles: map[string]auth.Profile{
		"prod": {Domain: "shop.eu.auth0.com", Method: auth.Device, AuthDomain: auth.DefaultAuthDomain},
		"test": {Domain: "127.0.0.1:4443", ClientID: "AbCdEf123456", Store: "command",
			Command: []string{"vault", "--header", "X-Key: not-known-elsewhere"}},
	}}
	d.session = &auth.Session{Domain: "shop.eu.auth0.com", AccessToken: canary, ClientID: "SessionClient"}
	return d
}

func zipContents(t *testing.T, path string) map[string]string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	files := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(data)
	}
	return files
}

func TestBundle(t *testing.T) {
	for _, mask := range []bool{true, false} {
		d := bundled(t)
		path := filepath.Join(t.TempDir(), "support.zip")
		file, err := ClaimBundle(path)
		if err != nil {
			t.Fatal(err)
		}
		parts, err := d.Bundle([]Finding{passes("tcp", "127.0.0.1 is open, SessionClient at shop.eu.auth0.com")}, mask)
		if err == nil {
			err = file.Write(parts)
		}
		if err != nil {
			t.Fatal(err)
		}
		file.Abandon() // must not remove what was written
		files := zipContents(t, path)
		all := strings.Builder{}
		for _, name := range []string{"doctor.json", "version.txt", "config.toml", "plugins.json", "environment.txt",
			"self-test.stderr.txt"} {
			if files[name] == "" {
				t.Errorf("%s is missing", name)
			}
			all.WriteString(files[name])
		}
		for _, secret := range []string{canary, "hunter22", "not-known-elsewhere"} {
			if strings.Contains(all.String(), secret) {
				t.Errorf("%q is in the bundle:\n%s", secret, all.String())
			}
		}
		for _, name := range []string{"shop.eu.auth0.com", "127.0.0.1", "AbCdEf123456", "SessionClient", d.at.places.Home} {
			if masked := !strings.Contains(all.String(), name); masked != mask {
				t.Errorf("mask %t: %q hidden: %t", mask, name, masked)
			}
		}
		if want := "AUTH0_MCP_ANALYTICS (neither true nor " +
			"false)\nAUTH0_MCP_READ_ONLY=true\nAUTH0_TOKEN\nDEBUG\nHTTPS_PROXY\n"; files["environment.txt"] != want {
			t.Errorf("environment.txt: %q, want %q", files["environment.txt"], want)
		}
		for _, want := range []string{auth.DefaultAuthDomain, "[profiles.test]", "vault"} {
			if !strings.Contains(files["config.toml"], want) {
				t.Errorf("config.toml lacks %q:\n%s", want, files["config.toml"])
			}
		}
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%v %v", info.Mode(), err)
		}
	}
}

func TestBundleNeverOverwrites(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "support.zip")
	writeText(t, path, "mine")
	if _, err := ClaimBundle(path); err == nil || !strings.Contains(err.Error(), "not overwritten") {
		t.Errorf("got %v", err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "mine" {
		t.Errorf("%q %v", data, err)
	}
	if _, err := ClaimBundle(filepath.Join(dir, "gone", "x.zip")); err == nil {
		t.Error("a file in a folder that does not exist was claimed")
	}
	// What came to nothing leaves nothing.
	file, err := ClaimBundle(filepath.Join(dir, "other.zip"))
	if err != nil {
		t.Fatal(err)
	}
	file.Abandon()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v %v", left, err)
	}
}
