package source

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"
)

func newKey(t *testing.T, name string) Key {
	t.Helper()
	public, _, err := minisign.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return Key{Name: name, Minisign: public.String()}
}

func TestKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config", "plugin-keys.json")
	acme := newKey(t, "acme")
	root := json.RawMessage(`{}`)
	ci := Key{Name: "ci", Sigstore: &Identity{Subject: "https://github.com/acme/*", Issuer: "https://a.example.com",
		Root: root}}
	anybody := Key{Name: "x", Sigstore: &Identity{Subject: "*", Issuer: "https://a.example.com", Root: root}}
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	add := func(key Key) func(Keys) (Keys, error) {
		return func(k Keys) (Keys, error) { return k.Add(key) }
	}
	revoke := func(at time.Time) func(Keys) (Keys, error) {
		return func(k Keys) (Keys, error) { return k.Revoke("acme", at) }
	}
	remove := func(name string) func(Keys) (Keys, error) {
		return func(k Keys) (Keys, error) { return k.Remove(name) }
	}
	for _, step := range []struct {
		change func(Keys) (Keys, error)
		want   string
	}{
		{add(acme), ""},
		{add(acme), "there is a key acme already"},
		{add(Key{Name: "same", Minisign: acme.Minisign}), "are the same key"},
		{add(ci), ""},
		{add(Key{Name: "a b"}), "want a name of letters"},
		{add(Key{Name: "x", Minisign: "RWx"}), "not a public key of minisign"},
		{add(Key{Name: "x"}), "want a minisign key or a Sigstore identity"},
		{add(anybody), "anybody could sign"},
		{revoke(now), ""},
		{revoke(now.Add(time.Hour)), ""}, // the first time counts
		{remove("other"), `there is no key "other": there is acme, ci`},
		{remove("ci"), ""},
	} {
		err := ChangeKeys(t.Context(), path, step.change)
		if (err == nil) != (step.want == "") || err != nil && !strings.Contains(err.Error(), step.want) {
			t.Errorf("got %v, want %q", err, step.want)
		}
	}
	keys, err := ReadKeys(path)
	if err != nil || len(keys) != 1 || !keys[0].Revoked.Equal(now) || keys[0].Minisign != acme.Minisign {
		t.Errorf("got %+v, %v", keys, err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info, err)
	}
}

// A file that is only half understood must not say whom to trust.
func TestUnusableKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plugin-keys.json")
	if keys, err := ReadKeys(path); err != nil || keys != nil {
		t.Errorf("no file: %v, %v", keys, err)
	}
	for text, want := range map[string]string{
		`{`: "unexpected EOF", `{"keysVersion":2,"keys":[]}`: "keysVersion 2",
		`{"keysVersion":1,"keys":[],"more":1}`:                               "more",
		`{"keysVersion":1,"keys":[{"name":"a","name":"b","minisign":"RW"}]}`: "name",
		`{"keysVersion":1,"keys":[{"name":"a","minisign":"RW"}]}`:            "not a public key",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadKeys(path); err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), "repair the file") {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKeys(path); err == nil || !strings.Contains(err.Error(), "are not believed") {
		t.Errorf("a file that others can write: %v", err)
	}
}
