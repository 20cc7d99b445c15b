package vault

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Every process of a user has the same key, also if they start at once; another installation has another.
func TestProcessesShareTheKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "secrets")
	keys := make([][]byte, 8)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() { keys[i] = New(dir).Key("markers") })
	}
	wg.Wait()
	for _, key := range keys {
		if len(key) != 32 || !bytes.Equal(key, keys[0]) {
			t.Fatalf("keys differ: %x", keys)
		}
	}
	v := New(dir)
	if bytes.Equal(v.Key("approvals"), keys[0]) {
		t.Error("two purposes have one key")
	}
	if bytes.Equal(New(filepath.Join(t.TempDir(), "secrets")).Key("markers"), keys[0]) {
		t.Error("two installations have one key")
	}
	if info, err := os.Stat(filepath.Join(dir, keyName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info, err)
	}
	if err := v.Shared(); err != nil {
		t.Errorf("shared: %v", err)
	}
}

// Without a place for it the key lives as long as the process, and nothing can be kept.
func TestNoPlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"no folder": "", "below a file": filepath.Join(file, "secrets")} {
		v := New(dir)
		if !bytes.Equal(v.Key("markers"), v.Key("markers")) || bytes.Equal(v.Key("markers"), New(dir).Key("markers")) {
			t.Errorf("%s: the key is not the process's", name)
		}
		if v.Shared() == nil || v.Ready() == nil || v.Keep(Secret{ID: "k7q2m9xa", Value: "v"}) == nil {
			t.Errorf("%s: a secret could be kept", name)
		}
		if _, err := v.Get("k7q2m9xa"); err == nil {
			t.Errorf("%s: a secret was found", name)
		}
	}
}

// What stands in the key's place and is none is replaced; a key that cannot be read is not.
func TestDamagedKey(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, keyName)
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if v := New(dir); v.Shared() != nil || !bytes.Equal(v.Key("a"), New(dir).Key("a")) {
		t.Error("a damaged key was not replaced")
	}
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	if New(dir).Shared() == nil {
		t.Error("a folder was taken for the key")
	}
}

// A secret is on disk in encrypted form only, for a limited time, and for processes with the key.
func TestKeep(t *testing.T) {
	dir := t.TempDir()
	v := New(dir)
	now := time.Now()
	v.now = func() time.Time { return now }
	want := Secret{ID: "k7q2m9xa", Tenant: "t.auth0.example", Request: "POST /api/v2/tickets/password-change",
		Member: "ticket", Value: "https://t.auth0.example/lo/reset?ticket=abcdefgh"}
	if err := v.Ready(); err != nil {
		t.Fatal(err)
	}
	if err := v.Keep(want); err != nil {
		t.Fatal(err)
	}
	got, err := New(dir).Get(want.ID)
	want.Expires = got.Expires
	if err != nil || got != want {
		t.Fatalf("got %+v, %v", got, err)
	}
	path := filepath.Join(dir, want.ID+suffix)
	sealed, err := os.ReadFile(path)
	if err != nil || bytes.Contains(sealed, []byte("ticket")) {
		t.Errorf("on disk: %q, %v", sealed, err)
	}
	// A file under another name is another secret's.
	if err := os.WriteFile(filepath.Join(dir, "abcd2345"+suffix), sealed, 0o600); err != nil {
		t.Fatal(err)
	}
	var unknown *UnknownError
	if _, err := v.Get("abcd2345"); !errors.As(err, &unknown) {
		t.Errorf("a file that was exchanged: %v", err)
	}
	if err := v.Keep(Secret{ID: "../../x", Value: "v"}); err == nil {
		t.Error("an id led out of the folder")
	}
	now = now.Add(Lifetime)
	if _, err := v.Get(want.ID); !errors.As(err, &unknown) {
		t.Errorf("after its time: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its file is still there: %v", err)
	}
}

// What is kept is bounded.
func TestKeepIsBounded(t *testing.T) {
	v := New(t.TempDir())
	if err := v.Keep(Secret{ID: "long", Value: string(make([]byte, maxKeptBytes))}); err == nil {
		t.Error("a secret of any length is kept")
	}
	for i := range maxKept {
		if err := v.Keep(Secret{ID: "secret" + string(rune('a'+i/26)) + string(rune('a'+i%26)), Value: "v"}); err != nil {
			t.Fatal(err)
		}
	}
	var full *FullError
	if err := v.Ready(); !errors.As(err, &full) {
		t.Errorf("beyond the bound: %v", err)
	}
}
