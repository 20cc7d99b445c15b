package account

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
)

// A keychain that hangs holds up every call once, not one behind the other, and none
// for longer than it wants to wait.
func TestCallsWaitForOneOpening(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung := errors.New("the keychain did not answer in time")
		const patience = 5 * time.Second
		opened := 0
		d := &Deferred{open: func() (*auth.Source, error) {
			opened++
			time.Sleep(patience)
			return nil, hung
		}}
		begun := time.Now()
		var calls sync.WaitGroup
		for range 10 {
			calls.Go(func() {
				if _, _, err := d.Current(t.Context()); !errors.Is(err, hung) || time.Since(begun) != patience {
					t.Errorf("%v after %v", err, time.Since(begun))
				}
			})
		}
		calls.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, _, err := d.Current(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
				t.Errorf("an impatient call: %v after %v", err, time.Since(begun))
			}
		})
		calls.Wait()
		if opened != 1 {
			t.Errorf("opened %d times", opened)
		}
		d.Refused("token") // nothing was opened: nothing to tell
		if _, _, err := d.Current(t.Context()); !errors.Is(err, hung) || opened != 2 {
			t.Errorf("after a failure: %v, opened %d times", err, opened)
		}
	})
}

// TestSourceOfAnotherTenant signs a profile in to another tenant before the first
// call of a server.
func TestSourceOfAnotherTenant(t *testing.T) {
	source := func(follow bool) *Deferred {
		return &Deferred{profile: "p", Domain: "a.example.com", follow: follow, open: func() (*auth.Source, error) {
			return auth.NewSource(t.Context(), auth.SourceConfig{
				Load:  func(context.Context) (auth.Session, error) { return auth.Session{Domain: "b.example.com"}, nil },
				Stamp: func() string { return "" },
			})
		}}
	}
	got, err := source(true).get(t.Context())
	if err != nil || got.Domain() != "b.example.com" {
		t.Errorf("a profile that follows: %v, %v", got, err)
	}
	_, err = source(false).get(t.Context())
	var changed *auth.TenantChangedError
	if !errors.As(err, &changed) || changed.From != "a.example.com" || changed.To != "b.example.com" ||
		changed.Profile != "p" {
		t.Errorf("got %v, want a TenantChangedError", err)
	}
}
