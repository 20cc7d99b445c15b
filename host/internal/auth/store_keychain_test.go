package auth

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/zalando/go-keyring"
)

var errNotInKeychain = keyring.ErrNotFound

func TestKeychainHoldsOnlyAKey(t *testing.T) {
	keyring.MockInit()
	s, err := OpenStore(StoreKeychain, StoreOptions{SessionsFolder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	session := aSession("dev")
	session.PrivateKey = strings.Repeat("CANARY", 1000) // more than a keychain takes
	if err := s.Put(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	key, err := keyring.Get("auth0-mcp", "dev")
	if err != nil || !strings.HasPrefix(key, "AGE-SECRET-KEY-1") || len(key) > 100 {
		t.Errorf("the keychain holds %d bytes, %v", len(key), err)
	}
	if got, err := s.Get(t.Context(), "dev"); err != nil || got != session {
		t.Errorf("got %v, %v", got, err)
	}
	if err := s.Put(t.Context(), aSession("dev")); err != nil {
		t.Fatal(err)
	}
	if again, err := keyring.Get("auth0-mcp", "dev"); err != nil || again != key {
		t.Errorf("the key was replaced: %v", err)
	}
}

func TestKeychainFailing(t *testing.T) {
	cause := errors.New("the daemon is on fire")
	keyring.MockInitWithError(cause)
	k := systemKeychain(Surroundings{})
	k.reason = func(error) KeychainReason { return KeychainFailed }
	s := newKeychainStore(sessionFolder{t.TempDir()}, k)
	err := s.Put(t.Context(), aSession("dev"))
	var failed *KeychainError
	if wantText(t, err, "profile dev", "on fire", "--store file", "AUTH0_MCP_PASSPHRASE"); !errors.As(err, &failed) ||
		!errors.Is(err, cause) || failed.Reason != KeychainFailed {
		t.Errorf("got %#v", failed)
	}
	wantNoCanary(t, err)
	if s.Stamp("dev") != "" {
		t.Error("a session was written without its key")
	}
}

// hanging makes one call of k hang until the test ends.
func hanging(t *testing.T, k keychain, call string) keychain {
	k.patience = 10 * time.Millisecond
	ended := t.Context().Done()
	switch call {
	case "get":
		k.get = func(string, string) (string, error) { <-ended; return "", errNotInKeychain }
	case "set":
		set := k.set
		k.set = func(service, account, secret string) error {
			err := set(service, account, secret)
			<-ended
			return err
		}
	case "remove":
		k.remove = func(string, string) error { <-ended; return nil }
	}
	return k
}

func TestKeychainHanging(t *testing.T) {
	for _, call := range []string{"get", "set", "remove"} {
		// The calls that do not hang have the same patience: on a real clock a busy
		// machine uses it up.
		t.Run(call, inBubble(func(t *testing.T) {
			fake, folder := newFakeKeychain(), sessionFolder{t.TempDir()}
			s := newKeychainStore(folder, hanging(t, fake.keychain(), call))
			var err error
			switch call {
			case "remove":
				if err := s.Put(t.Context(), aSession("dev")); err != nil {
					t.Fatal(err)
				}
				var removed []string
				if removed, err = s.Delete(t.Context(), "dev"); len(removed) != 1 || s.Stamp("dev") != "" {
					t.Errorf("removed %q", removed)
				}
			default:
				err = s.Put(t.Context(), aSession("dev"))
			}
			var hung *KeychainError
			if wantText(t, err, "did not answer in time", "unlock it", "--store file"); !errors.As(err, &hung) ||
				hung.Reason != KeychainTimedOut {
				t.Errorf("got %#v", hung)
			}
			// When it works again, so does the store.
			s = newKeychainStore(folder, fake.keychain())
			if err := s.Put(t.Context(), aSession("dev")); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Get(t.Context(), "dev"); err != nil {
				t.Error(err)
			}
		}))
	}
}

func inBubble(test func(*testing.T)) func(*testing.T) {
	return func(t *testing.T) { synctest.Test(t, test) }
}

func TestKeychainObeysTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	k := newFakeKeychain().keychain()
	k.get = func(string, string) (string, error) {
		cancel()
		<-t.Context().Done()
		return "", nil
	}
	s := newKeychainStore(sessionFolder{t.TempDir()}, k)
	if err := s.Put(ctx, aSession("dev")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestKeychainPanicIsAnError(t *testing.T) {
	k := newFakeKeychain().keychain()
	k.get = func(string, string) (string, error) { panic("a signal without a body") }
	err := newKeychainStore(sessionFolder{t.TempDir()}, k).Put(t.Context(), aSession("dev"))
	wantText(t, err, "malformed", "--store file")
}

// Whatever fails in a Put, a session that could be opened before still can be.
func TestKeychainPutNeverLosesASession(t *testing.T) {
	failing := errors.New("no")
	for name, spoil := range map[string]func(*keychain){
		"get fails":    func(k *keychain) { k.get = func(string, string) (string, error) { return "", failing } },
		"get hangs":    func(k *keychain) { *k = hanging(t, *k, "get") },
		"set fails":    func(k *keychain) { k.set = func(string, string, string) error { return failing } },
		"set does not": func(k *keychain) { k.set = func(string, string, string) error { return nil } },
	} {
		for _, signedIn := range []bool{true, false} {
			fake, folder := newFakeKeychain(), sessionFolder{t.TempDir()}
			good := newKeychainStore(folder, fake.keychain())
			if signedIn {
				if err := good.Put(t.Context(), aSession("dev")); err != nil {
					t.Fatal(err)
				}
			}
			k := fake.keychain()
			k.reason = func(error) KeychainReason { return KeychainFailed }
			spoil(&k)
			session := aSession("dev")
			session.AccessToken = "new"
			err := newKeychainStore(folder, k).Put(t.Context(), session)
			got, getErr := good.Get(t.Context(), "dev")
			switch {
			case !signedIn && (err == nil || !errors.Is(getErr, fs.ErrNotExist)):
				t.Errorf("%s: put %v, then got %v, %v", name, err, got, getErr)
			case signedIn && (getErr != nil || (err == nil) != (got.AccessToken == "new")):
				t.Errorf("%s: put %v, then got %v, %v", name, err, got, getErr)
			}
		}
	}
}

func TestKeychainWithoutTheKey(t *testing.T) {
	fake, folder := newFakeKeychain(), sessionFolder{t.TempDir()}
	s := newKeychainStore(folder, fake.keychain())
	if err := s.Put(t.Context(), aSession("dev")); err != nil {
		t.Fatal(err)
	}
	key := fake.entries["dev"]
	var lost *KeyLostError
	for name, change := range map[string]func(){
		"gone": func() { delete(fake.entries, "dev") },
		"another": func() {
			fake.entries["dev"] = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
		},
	} {
		change()
		_, err := s.Get(t.Context(), "dev")
		if wantText(t, err, "dev.age", "auth0-mcp init --profile dev"); !errors.As(err, &lost) {
			t.Errorf("%s: got %T: %v", name, err, err)
		}
		wantNoCanary(t, err)
		fake.entries["dev"] = key
	}
	fake.entries["dev"] = "CANARY-foreign"
	_, err := s.Get(t.Context(), "dev")
	wantText(t, err, "not written by auth0-mcp", "auth0-mcp logout --profile dev")
	wantNoCanary(t, err)
	if err := s.Put(t.Context(), aSession("dev")); err == nil || fake.entries["dev"] != "CANARY-foreign" {
		t.Errorf("a foreign entry was replaced: %v", err)
	}
	delete(fake.entries, "dev")
	if err := s.Put(t.Context(), aSession("dev")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), "dev"); err != nil {
		t.Errorf("after signing in again: %v", err)
	}
}

func TestStoresNameEachOther(t *testing.T) {
	dir := t.TempDir()
	file := cheapFileStore(dir, givePassphrase(testPassphrase))
	chain := newKeychainStore(sessionFolder{dir}, newFakeKeychain().keychain())
	var mismatch *StoreMismatchError
	if err := file.Put(t.Context(), aSession("dev")); err != nil {
		t.Fatal(err)
	}
	if _, err := chain.Get(t.Context(), "dev"); !errors.As(err, &mismatch) || mismatch.Written != StoreFile {
		t.Errorf("got %v", err)
	}
	wantText(t, mismatch, "dev.age", "--store file")
	// Signing in with the other store moves the session there.
	if err := chain.Put(t.Context(), aSession("dev")); err != nil {
		t.Fatal(err)
	}
	if _, err := cheapFileStore(dir, givePassphrase(testPassphrase)).Get(t.Context(), "dev"); !errors.As(err,
		&mismatch) || mismatch.Written != StoreKeychain {
		t.Errorf("got %v", err)
	}
	if err := file.Put(t.Context(), aSession("dev")); err != nil {
		t.Errorf("moving it back: %v", err)
	}
}

// A keychain that hangs is not asked about a file that it has no key for.
func TestKeychainIsAskedForItsOwnFilesOnly(t *testing.T) {
	dir := t.TempDir()
	if err := cheapFileStore(dir, givePassphrase(testPassphrase)).Put(t.Context(), aSession("dev")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "damaged.age"), []byte("not a session"), 0o600); err != nil {
		t.Fatal(err)
	}
	k := newFakeKeychain().keychain()
	k.get = func(string, string) (string, error) {
		t.Error("the keychain was asked")
		return "", errors.New("asked")
	}
	s := newKeychainStore(sessionFolder{dir}, k)
	var mismatch *StoreMismatchError
	if _, err := s.Get(t.Context(), "dev"); !errors.As(err, &mismatch) {
		t.Errorf("another store's: %v", err)
	}
	var damaged *SessionFileError
	if _, err := s.Get(t.Context(), "damaged"); !errors.As(err, &damaged) {
		t.Errorf("damaged: %v", err)
	}
}

func TestSurroundings(t *testing.T) {
	present := &fstest.MapFile{}
	bus := map[string]string{"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}
	for name, tt := range map[string]struct {
		goos string
		root fstest.MapFS
		env  map[string]string
		want Surroundings
		text string
	}{
		"a desktop": {"linux", nil, bus, Surroundings{GOOS: "linux"},
			"in time: unlock it and run the command again, or keep the session"},
		"a bus of the system": {"linux", fstest.MapFS{"run/user/1000/bus": present}, nil, Surroundings{GOOS: "linux"},
			"--store file"},
		"another user's bus": {"linux", fstest.MapFS{"run/user/1001/bus": present}, nil,
			Surroundings{GOOS: "linux", NoBus: true}, "DBUS_SESSION_BUS_ADDRESS"},
		"would start a bus": {"linux", nil, map[string]string{"DBUS_SESSION_BUS_ADDRESS": "autolaunch:"},
			Surroundings{GOOS: "linux", NoBus: true}, "no D-Bus session"},
		"WSL": {
			"linux", fstest.MapFS{"proc/version": &fstest.MapFile{Data: []byte(
				"Linux version 5.15.90.1-Microsoft-standard-WSL2")}}, bus,
			Surroundings{GOOS: "linux", WSL: true}, "WSL has no keychain",
		},
		"Docker": {"linux", fstest.MapFS{".dockerenv": present}, nil,
			Surroundings{GOOS: "linux", Container: true, NoBus: true}, "a container has no keychain"},
		"Podman": {"linux", nil, map[string]string{"container": "podman"},
			Surroundings{GOOS: "linux", Container: true, NoBus: true}, "a container has no keychain"},
		"SSH": {"linux", nil, map[string]string{"SSH_CONNECTION": "1.2.3.4", "DBUS_SESSION_BUS_ADDRESS": "x"},
			Surroundings{GOOS: "linux", SSH: true}, "over SSH no desktop"},
		"SSH to a Mac": {"darwin", nil, map[string]string{"SSH_TTY": "/dev/ttys0"},
			Surroundings{GOOS: "darwin", SSH: true}, "security unlock-keychain"},
		"SSH to Windows": {"windows", fstest.MapFS{".dockerenv": present}, map[string]string{"SSH_CONNECTION": "x"},
			Surroundings{GOOS: "windows", SSH: true}, "credential manager"},
	} {
		t.Run(name, func(t *testing.T) {
			root := tt.root
			if root == nil {
				root = fstest.MapFS{}
			}
			got := DetectSurroundings(tt.goos, 1000, root, func(name string) string { return tt.env[name] })
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			wantText(t, systemKeychain(got).fail("reading", KeychainTimedOut, nil), tt.text)
			for _, reason := range []KeychainReason{KeychainAbsent, KeychainLocked, KeychainTimedOut, KeychainFailed} {
				err := systemKeychain(got).fail("reading", reason, nil)
				wantText(t, err, "--store file", "AUTH0_TOKEN and AUTH0_DOMAIN")
				unlock := strings.Contains(err.Error(), "unlock it")
				if unlock != (reason == KeychainLocked || reason == KeychainTimedOut) {
					t.Errorf("%s: %v", reason, err)
				}
			}
		})
	}
}

// Without a bus nothing is asked: the D-Bus library would start one, and leave it
// running.
func TestKeychainWithoutABusIsNotAsked(t *testing.T) {
	k := newFakeKeychain().keychain()
	k.surroundings = Surroundings{GOOS: "linux", NoBus: true}
	k.get = func(string, string) (string, error) { panic("asked") }
	s := newKeychainStore(sessionFolder{t.TempDir()}, k)
	err := s.Put(t.Context(), aSession("dev"))
	var absent *KeychainError
	if !errors.As(err, &absent) || absent.Reason != KeychainAbsent {
		t.Errorf("got %v", err)
	}
	if removed, err := s.Delete(t.Context(), "dev"); err != nil || len(removed) != 0 {
		t.Errorf("nothing there: %q, %v", removed, err)
	}
	// With a file there may be a key in a keychain that can't be reached from here.
	writeTestFile(t, s.folder.path("dev"), "x")
	if removed, err := s.Delete(t.Context(), "dev"); !errors.As(err, &absent) || len(removed) != 1 {
		t.Errorf("got %q, %v", removed, err)
	}
}
