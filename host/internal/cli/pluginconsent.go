package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
	"github.com/auth0-mcp/auth0-mcp/host/internal/pluginstore"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// consentFlags are what a user agrees to before they see it.
type consentFlags struct {
	yes                 bool
	replace             []string
	downgrade, widening bool
}

func (f *consentFlags) addYes(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&f.yes, "yes", "y", false, "agree without being asked")
}

func (f *consentFlags) addReplace(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.replace, "replace", nil, "a plugin that may be replaced by the new one; "+
		"repeatable")
}

func (f *consentFlags) addDowngrade(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.downgrade, "allow-downgrade", false, "allow an older version than the installed one")
}

func (f *consentFlags) addWidening(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.widening, "allow-widening", false, "with --yes, agree also to tools, effects, scopes, "+
		"requests and files that the installed version does not have")
}

var errNoTerminal = errors.New("there is no terminal to ask at: pass --yes to agree without being asked")

// agree asks a question on the terminal; nothing else can be asked.
func (f consentFlags) agree(ctx context.Context, env Environment, question string) error {
	if f.yes {
		return nil
	}
	if !isTerminal(env.In) {
		return errNoTerminal
	}
	return confirm(ctx, env, question)
}

// proposal is a change of the installed plugins that a user decides about.
type proposal struct {
	install []*pluginstore.Candidate
	// remove are the plugins that are removed anyway.
	remove []string
	// update lets each candidate replace the installed plugin of its name without a flag.
	update bool
	// removable says why installed plugins can't be removed for it; nil if they can.
	removable func(names []string) error
	question  string
}

// decide shows all that a proposal asks for, and returns an error unless the user agrees to it. replaced are the
// installed plugins that have to be removed for it.
func (f consentFlags) decide(ctx context.Context, env Environment, set pluginSetFlag, p proposal) (replaced []string,
	err error) {
	reviews, err := showReviews(ctx, env, set, p)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, review := range reviews {
		for name := range review.Replaced {
			known[name] = true
		}
		replaced = append(replaced, review.Removed...)
	}
	for _, name := range f.replace {
		if !known[name] {
			return nil, fmt.Errorf("--replace %s: no plugin of that name would be replaced (%w)", redact.Line(name),
				catalog.ErrNotInstalled)
		}
	}
	seen := !f.yes && isTerminal(env.In)
	for i, c := range p.install {
		consent := pluginstore.Consent{Downgrade: f.downgrade, Widening: f.widening}
		for _, name := range slices.Sorted(maps.Keys(reviews[i].Replaced)) {
			own := p.update && name == c.Plugin.Name && c.Before != nil
			if own || slices.Contains(f.replace, name) {
				consent.Replace = append(consent.Replace, name)
			}
		}
		if err := c.Refuse(reviews[i], consent, seen); err != nil {
			return nil, err
		}
	}
	slices.Sort(replaced)
	replaced = slices.Compact(replaced)
	if err := p.removable(replaced); err != nil {
		return nil, fmt.Errorf("%w (%w)", err, catalog.ErrNotInstalled)
	}
	if err := f.agree(ctx, env, p.question); err != nil {
		return nil, fmt.Errorf("%w: %w", catalog.ErrNotInstalled, err)
	}
	return replaced, nil
}

// showReviews shows all that the candidates of a proposal ask for.
func showReviews(ctx context.Context, env Environment, set pluginSetFlag, p proposal) ([]catalog.Review, error) {
	from, err := sources(env, set)
	if err != nil {
		return nil, err
	}
	loaded, err := readCatalog(ctx, env, runFlags{set: set}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	reviews := make([]catalog.Review, len(p.install))
	for i, c := range p.install {
		entry := c.Entry
		entry.Signer = c.Signer
		review := catalog.NewReview(c.Plugin, entry, loaded, from.Lock, from.Bundled)
		review.Removed = slices.DeleteFunc(review.Removed, func(name string) bool { return slices.Contains(p.remove, name) })
		for _, name := range p.remove {
			delete(review.Replaced, name)
		}
		reviews[i] = review
		say(env.Out, "%s\n", whole(console.Of(env.Out).Columns(review.String())))
		if len(c.Origins) > 0 {
			say(env.Out, "Its source refers to other servers: %s\n\n", strings.Join(c.Origins, ", "))
		}
		if c.Yanked != "" {
			say(env.Out, "Its author has withdrawn this version: %s\n\n", c.Yanked)
		}
	}
	return reviews, nil
}
