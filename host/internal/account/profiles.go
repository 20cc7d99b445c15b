package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
)

// Listed is one profile in the output of `auth0-mcp profiles list --json`.
type Listed struct {
	Name    string      `json:"name"`
	Default bool        `json:"default"`
	Domain  string      `json:"domain"`
	Method  auth.Method `json:"method"`
	Scopes  []string    `json:"scopes"`
	// Store is empty if what names it is wrong.
	Store auth.StoreKind `json:"store"`
	// Session is whether one is stored: yes, no, elsewhere for a store that is filled
	// by another program, or unknown if the store is not. Whether it is good, and what
	// is wrong, tells `auth0-mcp session`.
	Session string `json:"session"`
}

// List describes all profiles. It opens no store: a keychain could prompt the user.
func (a *Accounts) List() []Listed {
	profiles := []Listed{}
	for _, name := range slices.Sorted(maps.Keys(a.Config.Profiles)) {
		profile := a.Config.Profiles[name]
		listed := Listed{
			Name: name, Default: name == a.Config.DefaultProfile, Domain: profile.Domain, Method: profile.Method,
			Scopes: append([]string{}, profile.Scopes...), Session: "unknown",
		}
		if acc, err := a.Open(name, profile); err == nil {
			d := acc.Store.Describe()
			listed.Store = d.Kind
			switch {
			case !d.Writable:
				listed.Session = "elsewhere"
			case acc.Store.Stamp(name) != "":
				listed.Session = "yes"
			default:
				listed.Session = "no"
			}
		}
		profiles = append(profiles, listed)
	}
	return profiles
}

// Named is the profile of that name; an empty one does not mean the default here.
func (a *Accounts) Named(name string) (auth.Profile, error) {
	if err := auth.CheckProfileName(name); err != nil {
		return auth.Profile{}, err
	}
	_, profile, err := a.Config.Select(name)
	return profile, err
}

// Rename gives a profile another name that is free.
func (a *Accounts) Rename(ctx context.Context, from, to string) error {
	if err := a.CanRename(from, to); err != nil {
		return err
	}
	profile, err := a.Named(from)
	if err != nil {
		return err
	}
	acc, err := a.Open(from, profile)
	if err != nil {
		return err
	}
	if !acc.Store.Describe().Writable {
		return a.renameInConfig(ctx, from, to) // another program keeps the session
	}
	return a.move(ctx, acc, to)
}

// CanRename is nil if a profile exists and can get another name.
func (a *Accounts) CanRename(from, to string) error {
	if err := auth.CheckProfileName(to); err != nil {
		return err
	}
	if _, err := a.Named(from); err != nil {
		return err
	}
	return a.checkFree(from, to)
}

// move renames a profile with its session. Whatever ends it in between, the session
// is stored under the name that the config knows: the old one goes last.
func (a *Accounts) move(ctx context.Context, acc *Account, to string) error {
	from := acc.Name
	h, err := a.hold(ctx, acc, from, to)
	if err != nil {
		return err
	}
	defer h.release()
	_, none := errors.AsType[*auth.NoSessionError](h.err)
	switch {
	case none:
		return a.renameInConfig(ctx, from, to)
	case h.err != nil:
		return fmt.Errorf("the session of profile %s could not be read, nothing was renamed: %w", from, h.err)
	}
	// Again, now that no other process can store one.
	if err := a.checkFree(from, to); err != nil {
		return err
	}
	h.session.Profile = to
	store := h.account.Store
	if err := store.Put(ctx, h.session); err != nil {
		return fmt.Errorf("the session could not be stored under the name %s, nothing was renamed: %w", to, err)
	}
	// From here on Ctrl-C is ignored: a session under two names would be renewed
	// under one and become worthless under the other.
	ctx = context.WithoutCancel(ctx)
	if err := a.renameInConfig(ctx, from, to); err != nil {
		_, undoErr := store.Delete(ctx, to)
		return errors.Join(err, undoErr)
	}
	if _, err := store.Delete(ctx, from); err != nil {
		return fmt.Errorf("the profile is called %s now, and what was stored as %s was not removed entirely: %w: "+
			"delete the rest yourself, not with logout, which would end the session under its new name "+
			"too", to, from, err)
	}
	renamed := *acc
	renamed.Name = to
	a.noteGranted(&renamed, h.session, store.Stamp(to), slog.New(slog.DiscardHandler))
	return a.forgetGranted(from)
}

// checkFree refuses a name that has a profile, or a session left from one.
func (a *Accounts) checkFree(from, to string) error {
	if _, ok := a.Config.Profiles[to]; ok {
		return fmt.Errorf("profile %s exists already: choose another name, or remove it first with `auth0-mcp "+
			"profiles remove %s`", to, to)
	}
	stored, err := auth.StoredProfiles(a.Folders.Sessions())
	if err == nil && slices.Contains(stored, to) {
		err = fmt.Errorf("a session of a former profile %s is still stored: remove it with `auth0-mcp logout "+
			"--profile %s`, then rename %s", to, to, from)
	}
	return err
}

func (a *Accounts) renameInConfig(ctx context.Context, from, to string) error {
	return a.Folders.ConfigFile().Update(ctx, func(c *auth.Config) error {
		profile, ok := c.Profiles[from]
		if _, taken := c.Profiles[to]; !ok || taken {
			return fmt.Errorf("the config changed meanwhile: check `auth0-mcp profiles list` and rename %s again", from)
		}
		delete(c.Profiles, from)
		c.Profiles[to] = profile
		if c.DefaultProfile == from {
			c.DefaultProfile = to
		}
		return nil
	})
}

// update changes a profile of the config file, whatever else was written to it
// since it was read.
func (a *Accounts) update(ctx context.Context, name string, change func(*auth.Config, *auth.Profile)) error {
	if _, err := a.Named(name); err != nil {
		return err
	}
	return a.Folders.ConfigFile().Update(ctx, func(c *auth.Config) error {
		_, profile, err := c.Select(name)
		if err != nil {
			return err
		}
		change(c, &profile)
		c.Profiles[name] = profile
		return nil
	})
}

// Use makes a profile the default.
func (a *Accounts) Use(ctx context.Context, name string) error {
	return a.update(ctx, name, func(c *auth.Config, _ *auth.Profile) { c.DefaultProfile = name })
}

// SetEnvironment says what a profile's tenant is for.
func (a *Accounts) SetEnvironment(ctx context.Context, name string, to tenant.Environment) error {
	return a.update(ctx, name, func(_ *auth.Config, p *auth.Profile) { p.Environment = to })
}

// Remove logs a profile out and removes it from the config. If the log-out fails,
// the profile is kept, to try it again. left is the number of profiles that remain.
func (a *Accounts) Remove(ctx context.Context, acc *Account) (out LoggedOut, left int, err error) {
	if acc.Store.Describe().Writable {
		out, err = a.LogOut(ctx, acc)
		switch {
		case errors.Is(err, ErrCancelled):
			return out, 0, err
		case err != nil:
			return out, 0, fmt.Errorf("%w; the profile was kept", err)
		}
		ctx = context.WithoutCancel(ctx)
	}
	err = a.Folders.ConfigFile().Update(ctx, func(c *auth.Config) error {
		delete(c.Profiles, acc.Name)
		if c.DefaultProfile == acc.Name {
			c.DefaultProfile = ""
		}
		left = len(c.Profiles)
		return nil
	})
	return out, left, err
}
