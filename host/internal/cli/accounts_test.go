package cli

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
		d := &deferredSource{open: func() (*auth.Source, error) {
			opened++
			time.Sleep(patience)
			return nil, hung
		}}
		begun := time.Now()
		var calls sync.WaitGroup
		for range 10 {
			calls.Go(func() {
				if _, _, err := d.current(t.Context()); !errors.Is(err, hung) || time.Since(begun) != patience {
					t.Errorf("%v after %v", err, time.Since(begun))
				}
			})
		}
		calls.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, _, err := d.current(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
				t.Errorf("an impatient call: %v after %v", err, time.Since(begun))
			}
		})
		calls.Wait()
		if opened != 1 {
			t.Errorf("opened %d times", opened)
		}
		d.refused("token") // nothing was opened: nothing to tell
		if _, _, err := d.current(t.Context()); !errors.Is(err, hung) || opened != 2 {
			t.Errorf("after a failure: %v, opened %d times", err, opened)
		}
	})
}
