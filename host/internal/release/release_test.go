package release

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const manifest = `{"manifest":1,"name":"ok","version":"1.2.0","protocols":[1],
"executable":"auth0-mcp-plugin-ok","tools":[
{"name":"auth0_ok","effect":"read","display":{"description":"Reads."},
"inputSchema":{"type":"object","additionalProperties":false}}]}`

func packOf(t *testing.T) Pack {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{"manifest.json": manifest, "program": "#!/bin/sh\n",
		"program.exe": windowsProgram(), "LICENSE": "MIT"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(folder, "program")
	return Pack{Manifest: filepath.Join(folder, "manifest.json"), Folder: filepath.Join(folder, "dist"),
		Executables: map[string]string{"linux/amd64": program, "windows/arm64": program + ".exe"},
		Extra:       []string{filepath.Join(folder, "LICENSE")}, Published: time.Date(2026, 11, 1, 0, 0, 0, 999, time.UTC)}
}

// windowsProgram is the beginning of a program for Windows on arm64.
func windowsProgram() string {
	head := make([]byte, 0x80)
	copy(head, "MZ")
	head[0x3c] = 0x40
	copy(head[0x40:], "PE\x00\x00\x64\xaa")
	return string(head)
}

func TestPackRefusesAProgramForAnotherPlatform(t *testing.T) {
	for platform, want := range map[string]string{"linux/amd64": "a program in the format PE",
		"windows/amd64": "for another processor"} {
		p := packOf(t)
		p.Executables = map[string]string{platform: p.Executables["windows/arm64"]}
		_, _, err := p.Do()
		if program, ok := errors.AsType[*ProgramError](err); !ok || !strings.Contains(program.Error(), want) {
			t.Errorf("%s: %v, want %q", platform, err, want)
		}
	}
}

// Whoever builds a release again gets the same bytes: they can compare.
func TestPackIsReproducible(t *testing.T) {
	first, firstAt, err := packOf(t).Do()
	if err != nil {
		t.Fatal(err)
	}
	_, secondAt, err := packOf(t).Do()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ok_1.2.0.release.json", "ok_1.2.0_linux_amd64.tar.gz", "ok_1.2.0_windows_arm64.zip"} {
		a, err := os.ReadFile(filepath.Join(filepath.Dir(firstAt), name))
		b, err2 := os.ReadFile(filepath.Join(filepath.Dir(secondAt), name))
		if err := errors.Join(err, err2); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs, %v", name, err)
		}
	}
	data, err := os.ReadFile(firstAt)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseDocument(data)
	if err != nil || again.Platforms["windows/arm64"] != first.Platforms["windows/arm64"] {
		t.Errorf("got %+v, %v", again, err)
	}
}

func TestPackRefuses(t *testing.T) {
	for want, change := range map[string]func(*Pack){
		"no executable was named": func(p *Pack) { p.Executables = nil },
		"want GOOS/GOARCH":        func(p *Pack) { p.Executables = map[string]string{"Linux": p.Manifest} },
		"no such file":            func(p *Pack) { p.Executables["linux/amd64"] += ".gone" },
		"its name is taken":       func(p *Pack) { p.Extra = []string{p.Manifest} },
		`"executable" is missing`: func(p *Pack) { rewrite(p.Manifest, `"executable":"auth0-mcp-plugin-ok",`, "") },
		"want a semantic version": func(p *Pack) { rewrite(p.Manifest, "1.2.0", "v1") },
		"manifest: ":              func(p *Pack) { rewrite(p.Manifest, `"tools":[`, `"tools":[],"tools":[`) },
	} {
		p := packOf(t)
		change(&p)
		if _, _, err := p.Do(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		if _, err := os.Stat(filepath.Join(p.Folder, "ok_1.2.0.release.json")); err == nil {
			t.Errorf("%s: there is a release document", want)
		}
	}
}

func rewrite(path, old, changed string) {
	data, _ := os.ReadFile(path)
	_ = os.WriteFile(path, []byte(strings.ReplaceAll(string(data), old, changed)), 0o600)
}

func TestParseDocument(t *testing.T) {
	_, at, err := packOf(t).Do()
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range [][3]string{
		{`"releaseVersion": 1`, `"releaseVersion": 2`, "needs a newer auth0-mcp"},
		{`"releaseVersion": 1`, `"releaseVersion": 0`, "want 1"},
		{`"releaseVersion": 1,`, ``, "missing"},
		{`"name": "ok"`, `"name": "../ok"`, "want a lower-case letter"},
		{`"name": "ok"`, `"name": "ok", "name": "ok"`, "name"},
		{`"name": "ok"`, `"name": "ok", "grants": true`, "grants"},
		{`"name": "ok"`, `"Name": "ok"`, "Name"},
		{`ok_1.2.0_linux_amd64.tar.gz`, `../x.tar.gz`, "want the name of a file"},
		{`ok_1.2.0_linux_amd64.tar.gz`, `OK_1.2.0_windows_arm64.zip`, "have the same archive"},
		{`linux/amd64`, `linux`, "want GOOS/GOARCH"},
		{`"size": `, `"size": -`, "want 1 to"},
	} {
		changed := strings.Replace(string(good), tt[0], tt[1], 1)
		if _, err := ParseDocument([]byte(changed)); err == nil || !strings.Contains(err.Error(), tt[2]) {
			t.Errorf("%s: got %v, want %q", tt[1], err, tt[2])
		}
	}
}

func TestIndex(t *testing.T) {
	d, _, err := packOf(t).Do()
	if err != nil {
		t.Fatal(err)
	}
	var x Index
	file := File{URL: "a.json", Digest: sha256.Sum256([]byte("a")), Size: 1}
	if err := x.Add(d, file, nil); err != nil {
		t.Fatal(err)
	}
	if err := x.Yank("1.2.0", "it deletes too much"); err != nil {
		t.Fatal(err)
	}
	// The same content again adds signatures, and changes nothing else.
	if err := x.Add(d, file, []Signature{{Type: "minisign", URL: "a"}}); err != nil {
		t.Fatal(err)
	}
	d.Version = "1.10.0"
	if err := x.Add(d, file, nil); err != nil {
		t.Fatal(err)
	}
	if x.Versions[0].Version != "1.10.0" || x.Versions[1].Yanked == "" || len(x.Versions[1].Signatures) != 1 {
		t.Errorf("got %+v", x)
	}
	other := file
	other.Digest = sha256.Sum256([]byte("b"))
	if err := x.Add(d, other, nil); err == nil || !strings.Contains(err.Error(), "must not change") {
		t.Errorf("got %v", err)
	}
	d.Name = "other"
	if err := x.Add(d, file, nil); err == nil || !strings.Contains(err.Error(), "index of plugin ok") {
		t.Errorf("got %v", err)
	}
	if err := errors.Join(x.Yank("9.9.9", "x"), x.Yank("1.2.0", "")); err == nil ||
		!strings.Contains(err.Error(), "no version 9.9.9") || !strings.Contains(err.Error(), "say why") {
		t.Errorf("got %v", err)
	}
	data, err := x.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range [][3]string{
		{`"indexVersion": 1`, `"indexVersion": 2`, "needs a newer auth0-mcp"},
		{`"version": "1.2.0"`, `"version": "1.10.0+build"`, "given twice"},
		{`"version": "1.2.0"`, `"version": "1.2"`, "want a semantic version"},
		{`"name": "ok"`, `"name": "ok", "origins": ["https://github.com/acme"]`, "want scheme and host alone"},
		{`"url": "a.json"`, `"url": ""`, "needs a url"},
		{`"linux/amd64"`, `"linux amd64"`, "want GOOS/GOARCH"},
	} {
		changed := strings.Replace(string(data), tt[0], tt[1], 1)
		if _, err := ParseIndex([]byte(changed)); err == nil || !strings.Contains(err.Error(), tt[2]) {
			t.Errorf("%s: got %v, want %q", tt[1], err, tt[2])
		}
	}
	// What a later host adds is ignored.
	if _, err := ParseIndex([]byte(strings.Replace(string(data), `"name"`, `"homepage": "x", "name"`, 1))); err != nil {
		t.Error(err)
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"indexVersion":1,"name":"ok","versions":[{"version":"1.0.0","release":{"url":"a","size":1}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if x, err := ParseIndex(data); err == nil {
			again, err := x.Encode()
			if err != nil {
				t.Fatalf("it is read and not written: %v", err)
			}
			if _, err := ParseIndex(again); err != nil {
				t.Fatalf("what was written is not read: %v", err)
			}
		}
		if d, err := ParseDocument(data); err == nil {
			for _, p := range d.Platforms {
				if u, err := url.Parse(p.Archive); err != nil || u.Path != filepath.Base(p.Archive) {
					t.Errorf("archive %q", p.Archive)
				}
			}
		}
	})
}
