package account

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
)

// brokenStore is a store whose operations fail as they are told to.
type brokenStore struct {
	auth.Store
	put, remove error
}

func (s brokenStore) Put(ctx context.Context, session auth.Session) error {
	if s.put != nil {
		return s.put
	}
	return s.Store.Put(ctx, session)
}

func (s brokenStore) Delete(ctx context.Context, profile string) ([]string, error) {
	if s.remove != nil && profile == "old" {
		return nil, s.remove
	}
	return s.Store.Delete(ctx, profile)
}

// Wherever a rename fails, the session is where the config says.
func TestRenameLosesNothing(t *testing.T) {
	full := errors.New("the disk is full")
	for _, tt := range []struct {
		name        string
		store       brokenStore
		taken       bool // another process takes the new name in the config meanwhile
		profile     string
		stored      string
		wantFailure string
	}{
		{"all is well", brokenStore{}, false, "new", "new", ""},
		{"the new session can't be stored", brokenStore{put: full}, false, "old", "old", "nothing was renamed"},
		{"the config can't be changed", brokenStore{}, true, "old", "old", "changed meanwhile"},
		{"the old session can't be removed", brokenStore{remove: full}, false, "new", "new old", "not with logout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := testAccounts(t, map[string]auth.Profile{"old": {Domain: "t.example"}, "other": {Domain: "o.example"}})
			acc := mustOpen(t, a, "old")
			putSession(t, acc, "token")
			if tt.taken {
				if err := a.Folders.ConfigFile().Update(t.Context(), func(c *auth.Config) error {
					c.Profiles["new"] = auth.Profile{Domain: "n.example"}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
			tt.store.Store = acc.Store
			acc.Store = tt.store
			err := a.move(t.Context(), acc, "new")
			if tt.wantFailure == "" && err != nil || tt.wantFailure != "" &&
				(err == nil || !strings.Contains(err.Error(), tt.wantFailure)) {
				t.Errorf("error %v, want %q", err, tt.wantFailure)
			}
			config, err := a.Folders.ConfigFile().Load()
			if err != nil {
				t.Fatal(err)
			}
			if got := config.Profiles[tt.profile].Domain; got != "t.example" {
				t.Errorf("profile %s is for %q", tt.profile, got)
			}
			names, err := auth.StoredProfiles(a.Folders.Sessions())
			if err != nil || strings.Join(names, " ") != tt.stored {
				t.Errorf("sessions of %v are stored (%v), want %s", names, err, tt.stored)
			}
			// Opened afresh: the key of a name is in the keychain under that name.
			a.Config = config
			if s, err := mustOpen(t, a, tt.profile).Store.Get(t.Context(), tt.profile); err != nil || s.AccessToken != "token" {
				t.Errorf("its session can't be read: %v", err)
			}
		})
	}
}

// A rename that is refused has written nothing, not even a lock of a bad name.
func TestRenameRefuses(t *testing.T) {
	a := testAccounts(t, map[string]auth.Profile{"old": {}, "taken": {}})
	putSession(t, &Account{Name: "left", Store: mustOpen(t, a, "old").Store}, "token")
	before, err := os.ReadFile(a.Folders.ConfigFile().Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, names := range [][2]string{{"old", "../up"}, {"old", "taken"}, {"old", "old"}, {"old", "left"},
		{"absent", "new"}, {"", "new"}, {"old", ""}} {
		if err := a.Rename(t.Context(), names[0], names[1]); err == nil {
			t.Errorf("%q was renamed to %q", names[0], names[1])
		}
	}
	after, err := os.ReadFile(a.Folders.ConfigFile().Path)
	if err != nil || string(after) != string(before) {
		t.Errorf("the config is now %s (%v)", after, err)
	}
}
