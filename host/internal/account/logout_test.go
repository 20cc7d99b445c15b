package account

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"github.com/zalando/go-keyring"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
)

// testAccounts are in folders of the test's own, with a keychain in memory.
func testAccounts(t *testing.T, profiles map[string]auth.Profile) *Accounts {
	t.Helper()
	keyring.MockInit()
	// Without it no keychain is asked on Linux.
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "bus"))
	t.Setenv("AUTH0_MCP_STORE", "")
	t.Setenv("AUTH0_MCP_PROFILE", "")
	dir := t.TempDir()
	a := &Accounts{
		Folders:    auth.Folders{Config: filepath.Join(dir, "config"), Data: filepath.Join(dir, "data")},
		Config:     auth.Config{Profiles: profiles},
		Passphrase: func(context.Context, string, bool) (string, error) { return "a passphrase", nil },
	}
	if err := os.MkdirAll(a.Folders.Config, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := a.Folders.ConfigFile().Save(t.Context(), a.Config); err != nil {
		t.Fatal(err)
	}
	return a
}

// putSession stores a session of the account, without a refresh token: nothing is sent.
func putSession(t *testing.T, acc *Account, token string) {
	t.Helper()
	s := auth.Session{Profile: acc.Name, Domain: "t.example", Method: auth.Given, AccessToken: token}
	if err := acc.Store.Put(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

func mustOpen(t *testing.T, a *Accounts, name string) *Account {
	t.Helper()
	acc, err := a.Open(name, a.Config.Profiles[name])
	if err != nil {
		t.Fatal(err)
	}
	return acc
}

// Whichever store is named, the one that wrote the session loses all of it: the
// file, and the key in the keychain.
func TestLogOutOfTheStoreThatWrote(t *testing.T) {
	for _, tt := range []struct{ written, named auth.StoreKind }{
		{auth.StoreKeychain, auth.StoreKeychain},
		{auth.StoreKeychain, auth.StoreFile},
		{auth.StoreFile, auth.StoreKeychain},
	} {
		t.Run(string(tt.written)+" named "+string(tt.named), func(t *testing.T) {
			a := testAccounts(t, map[string]auth.Profile{"p": {Domain: "t.example", Store: string(tt.written)}})
			putSession(t, mustOpen(t, a, "p"), "token")
			_, err := keyring.Get("auth0-mcp", "p")
			if inKeychain := err == nil; inKeychain != (tt.written == auth.StoreKeychain) {
				t.Fatalf("a key in the keychain: %v", inKeychain)
			}
			a.Store = string(tt.named)
			out, err := a.LogOut(t.Context(), mustOpen(t, a, "p"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(a.Folders.Sessions(), "p.age")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the file is still there: %v", err)
			}
			if _, err := keyring.Get("auth0-mcp", "p"); !errors.Is(err, keyring.ErrNotFound) {
				t.Errorf("the key is still there: %v", err)
			}
			if !strings.Contains(strings.Join(out.Done, "\n"), "removed the encrypted session") {
				t.Errorf("it says %q", out.Done)
			}
		})
	}
}

// What was stored while the lock was waited for is what is ended, not what was read
// before.
func TestHoldReadsWhatIsThere(t *testing.T) {
	a := testAccounts(t, map[string]auth.Profile{"p": {Domain: "t.example"}})
	acc := mustOpen(t, a, "p")
	putSession(t, acc, "old")
	unlock, err := auth.Lock(t.Context(), a.Folders.Sessions(), "p")
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	watched := *acc
	watched.Store = afterGet{acc.Store, read}
	holding := make(chan held)
	go func() {
		h, err := a.hold(t.Context(), &watched, "p")
		if err != nil {
			t.Error(err)
		}
		holding <- h
	}()
	<-read
	putSession(t, acc, "new")
	unlock()
	h := <-holding
	if h.session.AccessToken != "new" {
		t.Errorf("it holds the token %q", h.session.AccessToken)
	}
	lock := flock.New(filepath.Join(a.Folders.Sessions(), "p.lock"))
	if got, err := lock.TryLock(); err != nil || got {
		t.Errorf("another gets the lock too: %v (%v)", got, err)
	}
	h.release()
	if got, err := lock.TryLock(); err != nil || !got {
		t.Errorf("the lock was not given back: %v (%v)", got, err)
	}
	_ = lock.Unlock()
}

// Whoever gives up at the question for the passphrase has not logged out.
func TestLogOutCancelled(t *testing.T) {
	a := testAccounts(t, map[string]auth.Profile{"p": {Domain: "t.example", Store: string(auth.StoreFile)}})
	putSession(t, mustOpen(t, a, "p"), "token")
	ctx, cancel := context.WithCancel(t.Context())
	a.Passphrase = func(context.Context, string, bool) (string, error) {
		cancel()
		return "", ErrCancelled
	}
	if out, err := a.LogOut(ctx, mustOpen(t, a, "p")); !errors.Is(err, ErrCancelled) || len(out.Done) > 0 {
		t.Errorf("error %v, and it says %q", err, out.Done)
	}
	if names, err := auth.StoredProfiles(a.Folders.Sessions()); err != nil || len(names) != 1 {
		t.Errorf("sessions of %v are stored (%v)", names, err)
	}
}

// afterGet tells when a session has been read for the first time.
type afterGet struct {
	auth.Store
	read chan struct{}
}

func (s afterGet) Get(ctx context.Context, profile string) (auth.Session, error) {
	session, err := s.Store.Get(ctx, profile)
	select {
	case <-s.read:
	default:
		close(s.read)
	}
	return session, err
}

// A lock that can't be had leaves none of the others behind.
func TestLockAllGivesBack(t *testing.T) {
	a := testAccounts(t, nil)
	unlock, err := auth.Lock(t.Context(), a.Folders.Sessions(), "b")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := a.lockAll(ctx, []string{"b", "a", "b"})
		done <- err
	}()
	// It has the first lock when no other process can take it.
	first := flock.New(filepath.Join(a.Folders.Sessions(), "a.lock"))
	for {
		got, err := first.TryLock()
		if err != nil {
			t.Fatal(err)
		}
		if !got {
			break
		}
		if err := first.Unlock(); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			t.Fatalf("it did not wait for the second lock: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	var busy *atomicfile.LockedError
	if err := <-done; !errors.As(err, &busy) && !errors.Is(err, context.Canceled) {
		t.Fatalf("the second lock: %v", err)
	}
	free, err := auth.Lock(t.Context(), a.Folders.Sessions(), "a")
	if err != nil {
		t.Fatal(err)
	}
	free()
}
