package cli

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	stdsync "sync" // a command is called sync
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// grantEvery is how often a server looks for a new sign-in of its profile: it reads one small file.
const grantEvery = time.Second

// offer is the tools that a server offers: those that were selected, without those that the token surely cannot use.
type offer struct {
	tenant connection
	log    *slog.Logger

	mu       stdsync.Mutex
	selected *catalog.Selection
	scopes   []string // nil: not known
	// replace tells the server of other tools; nil until it is there.
	replace func(*catalog.Selection, []*catalog.Plugin)
}

// newOffer returns what is offered at the start, too.
func newOffer(selected *catalog.Selection, t connection, log *slog.Logger) (*offer, *catalog.Selection) {
	o := &offer{tenant: t, log: log, selected: selected}
	if t.granted != nil {
		o.scopes = t.granted()
	}
	return o, o.usable()
}

// usable is what is offered now. From watch on, mu is held.
func (o *offer) usable() *catalog.Selection {
	if o.scopes == nil {
		return o.selected
	}
	usable := o.selected.Granted(o.scopes, "")
	lacking, _ := usable.LeftOut()
	if len(lacking) == 0 {
		return usable
	}
	return o.selected.Granted(o.scopes, o.tenant.getScopes(o.selected.Every(), lacking, o.scopes))
}

// reselect offers other tools, as far as the token can use them.
func (o *offer) reselect(selected *catalog.Selection, renewed []*catalog.Plugin) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.selected = selected
	o.replace(o.usable(), renewed)
}

// watch offers the tools of a new sign-in or renewal, until stop is called.
func (o *offer) watch(ctx context.Context) (stop func()) {
	if !o.tenant.watchable {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(grantEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				o.look()
			}
		}
	}()
	return func() { cancel(); <-done }
}

// look offers other tools if other scopes are granted. While they are not known, as between a renewal and its record,
// everything stays as it is.
func (o *offer) look() {
	scopes := o.tenant.granted()
	o.mu.Lock()
	defer o.mu.Unlock()
	if scopes == nil || slices.Equal(scopes, o.scopes) {
		return
	}
	before, _ := o.usable().LeftOut()
	o.scopes = scopes
	now := o.usable()
	if lacking, _ := now.LeftOut(); maps.EqualFunc(before, lacking, slices.Equal) {
		return
	}
	o.replace(now, nil)
	o.log.Info("other scopes are granted: the list of tools has changed", "tools", len(now.Tools()))
}
