package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

// aSession has a canary in every secret.
func aSession(profile string) Session {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return Session{
		Profile: profile, Domain: "dev.eu.auth0.com", Method: Device,
		AccessToken: "CANARY-access", RefreshToken: "CANARY-refresh", ClientSecret: "CANARY-client",
		PrivateKey: "CANARY-private",
		IssuedAt:   now, ExpiresAt: now.Add(time.Hour), Scope: "read:logs", AuthDomain: "login.example.com", ClientID: "id",
		KeyID: "kid",
	}
}

// wantNoCanary fails if a secret is in any of the ways in which v is printed.
func wantNoCanary(t *testing.T, v any) {
	t.Helper()
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %q", v, v, v, v, v), log.String()} {
		if strings.Contains(text, "CANARY") || strings.Contains(text, "AGE-SECRET-KEY") {
			t.Errorf("a secret is in %s", text)
		}
	}
}

const testPassphrase = "CANARY-passphrase"

func givePassphrase(pass string) Passphrase {
	return func(context.Context, string, bool) (string, error) { return pass, nil }
}

// cheapFileStore spends no second on a passphrase.
func cheapFileStore(dir string, ask Passphrase) *fileStore {
	s := newFileStore(sessionFolder{dir}, ask, 0)
	s.factor = 2
	return s
}

// fakeKeychain is a keychain in memory, safe for several goroutines.
type fakeKeychain struct {
	mu      sync.Mutex
	entries map[string]string
}

func (f *fakeKeychain) keychain() keychain {
	k := systemKeychain(Surroundings{})
	k.get = func(_, account string) (string, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if secret, ok := f.entries[account]; ok {
			return secret, nil
		}
		return "", errNotInKeychain
	}
	k.set = func(_, account, secret string) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.entries[account] = secret
		return nil
	}
	k.remove = func(_, account string) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		if _, ok := f.entries[account]; !ok {
			return errNotInKeychain
		}
		delete(f.entries, account)
		return nil
	}
	return k
}

func newFakeKeychain() *fakeKeychain { return &fakeKeychain{entries: map[string]string{}} }

// storesOf are both stores that write, in one folder each.
func storesOf(t *testing.T) map[StoreKind]Store {
	return map[StoreKind]Store{
		StoreKeychain: newKeychainStore(sessionFolder{filepath.Join(t.TempDir(), "sessions")}, newFakeKeychain().keychain()),
		StoreFile:     cheapFileStore(filepath.Join(t.TempDir(), "sessions"), givePassphrase(testPassphrase)),
	}
}

func folderOf(t *testing.T, s Store) sessionFolder {
	t.Helper()
	switch s := s.(type) {
	case *keychainStore:
		return s.folder
	case *fileStore:
		return s.folder
	}
	t.Fatalf("%T has no folder", s)
	return sessionFolder{}
}

func TestStoreRoundTrip(t *testing.T) {
	for kind, s := range storesOf(t) {
		t.Run(string(kind), func(t *testing.T) {
			var none *NoSessionError
			if _, err := s.Get(t.Context(), "dev"); !errors.As(err, &none) || !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("got %v", err)
			}
			wantText(t, none, `profile "dev"`, string(kind), "auth0-mcp init --profile dev")
			stamps := []string{s.Stamp("dev")}
			for _, token := range []string{"CANARY-1", "CANARY-2"} { // equal in size
				session := aSession("dev")
				session.AccessToken = token
				if err := s.Put(t.Context(), session); err != nil {
					t.Fatal(err)
				}
				got, err := s.Get(t.Context(), "dev")
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(session, got); diff != "" {
					t.Error(diff)
				}
				if stamp := s.Stamp("dev"); stamp != s.Stamp("dev") {
					t.Error("the stamp changes by itself")
				}
				stamps = append(stamps, s.Stamp("dev"))
			}
			if slices.Sort(stamps); len(slices.Compact(stamps)) != 3 || stamps[0] != "" {
				t.Errorf("stamps %q: want three, none for no session", stamps)
			}
			if got, err := s.Get(t.Context(), "other"); !errors.As(err, &none) {
				t.Errorf("another profile: %v, %v", got, err)
			}
			description := s.Describe()
			if description.Kind != kind || !description.Writable || !strings.Contains(description.Where, folderOf(t, s).dir) {
				t.Errorf("got %+v", description)
			}
			wantNoCanary(t, description)
			wantNoCanary(t, s)
		})
	}
}

func TestStoreDelete(t *testing.T) {
	for kind, s := range storesOf(t) {
		t.Run(string(kind), func(t *testing.T) {
			if removed, err := s.Delete(t.Context(), "dev"); err != nil || len(removed) != 0 {
				t.Fatalf("nothing there: %q, %v", removed, err)
			}
			for _, profile := range []string{"dev", "prod"} {
				if err := s.Put(t.Context(), aSession(profile)); err != nil {
					t.Fatal(err)
				}
			}
			removed, err := s.Delete(t.Context(), "dev")
			text := strings.Join(removed, "\n")
			if err != nil || !strings.Contains(text, "dev.age") ||
				(kind == StoreKeychain) != strings.Contains(text, "keychain") {
				t.Errorf("got %q, %v", removed, err)
			}
			if _, err := s.Get(t.Context(), "dev"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("still there: %v", err)
			}
			if names, err := StoredProfiles(folderOf(t, s).dir); err != nil || !slices.Equal(names, []string{"prod"}) {
				t.Errorf("stored: %q, %v", names, err)
			}
			if err := s.Put(t.Context(), aSession("dev")); err != nil {
				t.Errorf("after a deletion: %v", err)
			}
		})
	}
}

func TestStoredProfilesWithoutAFolder(t *testing.T) {
	if names, err := StoredProfiles(filepath.Join(t.TempDir(), "none")); err != nil || len(names) != 0 {
		t.Errorf("got %q, %v", names, err)
	}
}

func TestStoredFilesArePrivateAndEncrypted(t *testing.T) {
	for kind, s := range storesOf(t) {
		t.Run(string(kind), func(t *testing.T) {
			dir := folderOf(t, s).dir
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := s.Put(t.Context(), aSession("dev")); err != nil {
				t.Fatal(err)
			}
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, entry := range entries {
				names = append(names, entry.Name())
				path := filepath.Join(dir, entry.Name())
				if content := readTestFile(t, path); strings.Contains(content, "CANARY") || strings.Contains(content, "auth0.com") {
					t.Errorf("%s is not encrypted", path)
				}
				if info, err := entry.Info(); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm()&0o177 != 0) {
					t.Errorf("%s: mode %v, %v", path, info.Mode(), err)
				}
			}
			if !slices.Equal(names, []string{"dev.age", "dev.put"}) {
				t.Errorf("left behind: %q", names)
			}
			if info, err := os.Stat(dir); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != 0o700) {
				t.Errorf("folder: mode %v, %v", info.Mode(), err)
			}
		})
	}
}

func TestStoreRefusesADamagedFile(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, path string, content []byte){
		"empty":   func(t *testing.T, path string, _ []byte) { writeTestFile(t, path, "") },
		"cut":     func(t *testing.T, path string, c []byte) { writeTestFile(t, path, string(c[:len(c)-1])) },
		"half":    func(t *testing.T, path string, c []byte) { writeTestFile(t, path, string(c[:len(c)/2])) },
		"longer":  func(t *testing.T, path string, c []byte) { writeTestFile(t, path, string(c)+"x") },
		"not age": func(t *testing.T, path string, _ []byte) { writeTestFile(t, path, `{"access_token":"x"}`) },
		"too large": func(t *testing.T, path string, _ []byte) {
			writeTestFile(t, path, strings.Repeat("x", maxSessionBytes+1))
		},
		"flipped": func(t *testing.T, path string, c []byte) {
			c[len(c)-20] ^= 1
			writeTestFile(t, path, string(c))
		},
		"a folder": func(t *testing.T, path string, _ []byte) {
			if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		for kind, s := range storesOf(t) {
			t.Run(name+" "+string(kind), func(t *testing.T) {
				if err := s.Put(t.Context(), aSession("dev")); err != nil {
					t.Fatal(err)
				}
				path := folderOf(t, s).path("dev")
				damage(t, path, []byte(readTestFile(t, path)))
				got, err := s.Get(t.Context(), "dev")
				var damaged *SessionFileError
				if wantText(t, err, path, "auth0-mcp init --profile dev"); !errors.As(err, &damaged) {
					t.Errorf("got %T: %v", err, err)
				}
				if diff := cmp.Diff(Session{}, got); diff != "" {
					t.Error(diff)
				}
				wantNoCanary(t, err)
				if name == "a folder" {
					return // which is not ours to remove
				}
				if err := s.Put(t.Context(), aSession("dev")); err != nil {
					t.Fatalf("signing in again: %v", err)
				}
				if _, err := s.Get(t.Context(), "dev"); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// Every flipped byte is noticed: what is read is what was written, or an error.
func TestStoreNoticesEveryFlippedByte(t *testing.T) {
	s := cheapFileStore(t.TempDir(), givePassphrase(testPassphrase))
	if err := s.Put(t.Context(), aSession("dev")); err != nil {
		t.Fatal(err)
	}
	path := s.folder.path("dev")
	content := readTestFile(t, path)
	for i := range len(content) {
		flipped := []byte(content)
		flipped[i] ^= 1
		writeTestFile(t, path, string(flipped))
		if got, err := s.Get(t.Context(), "dev"); err == nil {
			t.Errorf("byte %d: got %v", i, got)
		}
	}
}

func TestStoreRefusesAnotherProfilesFile(t *testing.T) {
	s := cheapFileStore(t.TempDir(), givePassphrase(testPassphrase))
	if err := s.Put(t.Context(), aSession("prod")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(s.folder.path("prod"), s.folder.path("dev")); err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(t.Context(), "dev")
	wantText(t, err, "dev.age", `the session of profile "prod"`)
	if diff := cmp.Diff(Session{}, got); diff != "" {
		t.Error(diff)
	}
	wantNoCanary(t, err)
}

func TestStoresRefuseBadProfileNames(t *testing.T) {
	for _, s := range storesOf(t) {
		for _, name := range []string{"", "../dev", "a/b", `a\b`, "Dev", ".dev", "nul", "com1.x", strings.Repeat("a", 65),
			"a\x00", "ä"} {
			_, getErr := s.Get(t.Context(), name)
			_, deleteErr := s.Delete(t.Context(), name)
			for _, err := range []error{getErr, deleteErr, s.Put(t.Context(), aSession(name))} {
				wantText(t, err, "profile ")
			}
		}
		if _, err := os.Stat(folderOf(t, s).dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a folder was made: %v", err)
		}
	}
}

func TestConcurrentPuts(t *testing.T) {
	for kind, s := range storesOf(t) {
		t.Run(string(kind), func(t *testing.T) {
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					session := aSession("dev")
					session.AccessToken = fmt.Sprintf("token-%d", i)
					if err := s.Put(t.Context(), session); err != nil {
						t.Error(err)
					}
					// Whoever wrote last: what is there opens.
					if got, err := s.Get(t.Context(), "dev"); err != nil || !strings.HasPrefix(got.AccessToken, "token-") {
						t.Errorf("got %v, %v", got, err)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sessions")
	unlock, err := Lock(t.Context(), dir, "dev")
	if err != nil {
		t.Fatal(err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var busy *atomicfile.LockedError
	if _, err := Lock(soon, dir, "dev"); !errors.As(err, &busy) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	// Neither another profile nor a Put of the one who holds the lock waits for it.
	other, err := Lock(t.Context(), dir, "dev.put")
	if err != nil {
		t.Fatal(err)
	}
	other()
	if err := cheapFileStore(dir, givePassphrase("x")).Put(t.Context(), aSession("dev")); err != nil {
		t.Error(err)
	}
	unlock()
	unlock, err = Lock(t.Context(), dir, "dev")
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	_, err = Lock(t.Context(), dir, "../dev")
	wantText(t, err, "profile")
}

func TestChooseStore(t *testing.T) {
	inConfig := Config{Store: StoreFile}
	for name, tt := range map[string]struct {
		wishes StoreWishes
		kind   StoreKind
		by     string
	}{
		"nothing said": {StoreWishes{}, StoreKeychain, "the default"},
		"the config":   {StoreWishes{Config: inConfig}, StoreFile, "the config file"},
		"the profile":  {StoreWishes{Config: inConfig, Profile: Profile{Store: "keychain"}}, StoreKeychain, "the profile"},
		"a command": {StoreWishes{Config: inConfig, Profile: Profile{Command: []string{"x"}}}, StoreCommand,
			"the profile"},
		"a token": {StoreWishes{Config: inConfig, HasToken: true, Profile: Profile{Store: "keychain"}}, StoreEnv,
			"AUTH0_TOKEN"},
		"the variable":   {StoreWishes{Environment: " file ", HasToken: true}, StoreFile, "AUTH0_MCP_STORE"},
		"the flag":       {StoreWishes{Flag: "env", Environment: "file"}, StoreEnv, "--store"},
		"the flag wrong": {StoreWishes{Flag: "plain"}, "", "--store"},
		"another wrong":  {StoreWishes{Environment: "plain"}, "", "AUTH0_MCP_STORE"},
	} {
		t.Run(name, func(t *testing.T) {
			kind, by, err := tt.wishes.Choose()
			if tt.kind == "" {
				wantText(t, err, tt.by, "plain")
				return
			}
			if err != nil || kind != tt.kind || by != tt.by {
				t.Errorf("got %q by %q, %v", kind, by, err)
			}
		})
	}
}

func TestOpenStore(t *testing.T) {
	options := StoreOptions{
		SessionsFolder: t.TempDir(), Token: "CANARY-token", Domain: "https://DEV.eu.auth0.com/", Command: []string{"helper",
			"CANARY-argument"},
		Passphrase: givePassphrase(testPassphrase),
	}
	for kind, writable := range map[StoreKind]bool{StoreEnv: false, StoreCommand: false, StoreKeychain: true,
		StoreFile: true} {
		s, err := OpenStore(kind, options)
		if err != nil {
			t.Fatal(err)
		}
		if d := s.Describe(); d.Kind != kind || d.Writable != writable || d.Where == "" {
			t.Errorf("got %+v", d)
		}
		wantNoCanary(t, s.Describe())
		if writable {
			continue
		}
		var readOnly *ReadOnlyStoreError
		if err := s.Put(t.Context(), aSession("dev")); !errors.As(err, &readOnly) {
			t.Errorf("%s: got %v", kind, err)
		}
		wantNoCanary(t, readOnly)
		if _, err := s.Delete(t.Context(), "dev"); !errors.As(err, &readOnly) {
			t.Errorf("%s: got %v", kind, err)
		}
	}
	_, err := OpenStore("plain", options)
	wantText(t, err, `"plain"`)
}

func TestSessionPrintsNoSecret(t *testing.T) {
	session := aSession("dev")
	wantNoCanary(t, session)
	wantNoCanary(t, &session)
	for _, text := range []string{fmt.Sprint([]Session{session}), fmt.Sprintf("%+v", map[string]*Session{"x": &session})} {
		if strings.Contains(text, "CANARY") {
			t.Errorf("a secret is in %s", text)
		}
	}
}

// A sign-in that could not be kept is not begun.
func TestFoldersThatCannotBeWritten(t *testing.T) {
	good := Folders{Config: filepath.Join(t.TempDir(), "config"), Data: filepath.Join(t.TempDir(), "data")}
	if err := good.CheckWritable(); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(good.Config); err != nil || len(entries) != 0 {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]Folders{
		"no data":             {Config: good.Config},
		"no config":           {Data: good.Data},
		"a file in its way":   {Config: good.Config, Data: filepath.Join(file, "data")},
		"a file for a config": {Config: filepath.Join(file, "config"), Data: good.Data},
	} {
		if err := f.CheckWritable(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
