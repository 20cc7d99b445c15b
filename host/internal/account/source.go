package account

import (
	"context"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
)

// Deferred is a source of tokens that the first call opens: a keychain that prompts,
// or a passphrase that takes a second to check, must not delay the answer to
// initialize, and their errors belong where a user reads them, in a tool's answer.
type Deferred struct {
	// Domain is the tenant's, in normal form.
	Domain  string
	profile string
	// follow lets the profile go to another tenant while the server runs.
	follow bool
	open   func() (*auth.Source, error)

	mu      sync.Mutex
	source  *auth.Source
	opening *opening
}

// opening is one attempt to open a source, for all calls that wait for it.
type opening struct {
	done   chan struct{}
	source *auth.Source
	err    error
}

// get is the source, opened if it must be. All calls wait for one attempt, each no
// longer than its context: a keychain that hangs holds up none behind another.
func (d *Deferred) get(ctx context.Context) (*auth.Source, error) {
	d.mu.Lock()
	source, attempt := d.source, d.opening
	if source == nil && attempt == nil {
		attempt = &opening{done: make(chan struct{})}
		d.opening = attempt
		go d.attempt(attempt)
	}
	d.mu.Unlock()
	if source != nil {
		return source, nil
	}
	select {
	case <-attempt.done:
		return attempt.source, attempt.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// attempt opens the source; after a failure the next call tries again.
func (d *Deferred) attempt(o *opening) {
	o.source, o.err = d.open()
	if o.err == nil && o.source.Domain() != d.Domain && !d.follow {
		o.source, o.err = nil, &auth.TenantChangedError{Profile: d.profile, From: d.Domain, To: o.source.Domain()}
	}
	d.mu.Lock()
	d.source, d.opening = o.source, nil
	d.mu.Unlock()
	close(o.done)
}

// Current is auth.Source's Current.
func (d *Deferred) Current(ctx context.Context) (string, *oauth2.Token, error) {
	source, err := d.get(ctx)
	if err != nil {
		return "", nil, err
	}
	return source.Current(ctx)
}

// opened is the source, nil if no call has opened it yet.
func (d *Deferred) opened() *auth.Source {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.source
}

// Refused is auth.Source's Refused: a token that was refused came from it.
func (d *Deferred) Refused(token string) {
	if source := d.opened(); source != nil {
		source.Refused(token)
	}
}

// Reread is auth.Source's Reread: a source that is not open yet reads the store anyway.
func (d *Deferred) Reread() {
	if source := d.opened(); source != nil {
		source.Reread()
	}
}

// closing is how long Wait waits for an attempt to open the source. A keychain may hang.
const closing = 2 * time.Second

// Wait is auth.Source's Wait. It waits for an attempt to open the source as well: a question for a passphrase that the
// user has interrupted is still to put the terminal's echo back.
func (d *Deferred) Wait(ctx context.Context) error {
	d.mu.Lock()
	attempt := d.opening
	d.mu.Unlock()
	if attempt != nil {
		select {
		case <-attempt.done:
		case <-time.After(closing):
		case <-ctx.Done():
		}
	}
	if source := d.opened(); source != nil {
		return source.Wait(ctx)
	}
	return nil
}
