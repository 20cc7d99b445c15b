package cli

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// reloadEvery is how often the executables of plugins under development are looked at. A look is one stat, which also
// works on the file systems of containers and networks that report no changes.
const reloadEvery = 500 * time.Millisecond

// reloader watches plugins under development, and puts their tools into the place of those before.
type reloader struct {
	env     Environment
	flags   runFlags // dev: as they are offered now
	log     *slog.Logger
	replace func(*catalog.Selection, []*catalog.Plugin)
	seen    []build // by the index of flags.dev: what was loaded, or refused
	pending []build // what the last look found
}

// build is what tells one build of an executable from another.
type build struct {
	info fs.FileInfo // nil: it can't be read, as while it is being built
}

func look(path string) build {
	info, err := os.Stat(path)
	if err != nil {
		return build{}
	}
	return build{info}
}

func (b build) same(other build) bool {
	if b.info == nil || other.info == nil {
		return b.info == other.info
	}
	return os.SameFile(b.info, other.info) && b.info.Size() == other.info.Size() &&
		b.info.ModTime().Equal(other.info.ModTime())
}

// watch reloads the flags' plugins under development whenever their executables change, until stop is called.
func watch(cmd *cobra.Command, env Environment, f runFlags, log *slog.Logger,
	replace func(*catalog.Selection, []*catalog.Plugin)) (stop func()) {
	r := &reloader{env: env, flags: f, log: log, replace: replace}
	for _, dev := range f.dev {
		r.seen = append(r.seen, look(dev.Path))
	}
	r.pending = slices.Clone(r.seen)
	ctx, cancel := context.WithCancel(cmd.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(reloadEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				r.look(ctx)
			}
		}
	}()
	return func() { cancel(); <-done }
}

// look reloads what has changed, once it has been the same twice: a compiler writes for a while.
func (r *reloader) look(ctx context.Context) {
	for i, dev := range r.flags.dev {
		if dev.Reattach != "" {
			continue // its author restarts it
		}
		now := look(dev.Path)
		settled := now.info != nil && now.same(r.pending[i])
		r.pending[i] = now
		if settled && !now.same(r.seen[i]) {
			r.seen[i] = now // also if it is refused: the next build is another
			r.reload(ctx, i)
		}
	}
}

func (r *reloader) reload(ctx context.Context, i int) {
	old := r.flags.dev[i]
	log := r.log.With("path", old.Path)
	next := r.flags
	next.dev = slices.Clone(next.dev)
	selection, renewed, err := func() (*catalog.Selection, []*catalog.Plugin, error) {
		var err error
		if next.dev[i], err = describeDevPlugin(ctx, old.Dir, next.plugins.start); err != nil {
			return nil, nil, err
		}
		return r.selected(ctx, next, i)
	}()
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		log.Warn("the new build of the plugin under development is refused: its tools stay as they were", "plugin",
			old.Manifest.Name, "reason", err)
		return
	}
	if old.Manifest.Name != next.dev[i].Manifest.Name {
		// Its process has no calls any more, and ends with those that it has.
		renewed = append(renewed, &catalog.Plugin{Manifest: old.Manifest, Path: old.Path, Dev: true})
	}
	r.flags = next
	r.replace(selection, renewed)
	log.Info("loaded the new build of the plugin under development", "plugin", next.dev[i].Manifest.Name, "tools",
		len(selection.Tools()))
}

// selected are the tools with the new build of a plugin, under the filters that the server was started with.
func (r *reloader) selected(ctx context.Context, f runFlags, i int) (*catalog.Selection, []*catalog.Plugin, error) {
	filter, err := f.filter(r.env)
	if err != nil {
		return nil, nil, err
	}
	plugins, err := readCatalog(ctx, r.env, f, r.log)
	if err != nil {
		return nil, nil, err
	}
	for _, refusal := range plugins.Refused() {
		if refusal.Origin == catalog.OriginDev && refusal.Path == f.dev[i].Dir {
			return nil, nil, errors.New(refusal.String())
		}
	}
	selection, err := plugins.Select(filter)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range plugins.Plugins() {
		if p.Dev && p.Name == f.dev[i].Manifest.Name {
			return selection, []*catalog.Plugin{p}, nil
		}
	}
	return nil, nil, errors.New("the plugin is not among those that are loaded")
}
