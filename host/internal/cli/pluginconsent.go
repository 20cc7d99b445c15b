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
	cmd.Flags().StringArrayVar(&f.replace, "replace", nil, "a plugin that the new one may take the place of; "+
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

// decide shows all that candidates ask for, and returns an error unless the user agrees to it. With ownName each may
// replace the installed plugin of its name without a flag: that is what an update is for.
func (f consentFlags) decide(ctx context.Context, env Environment, set pluginSetFlag,
	candidates []*pluginstore.Candidate, ownName bool, question string) error {
	from, err := sources(env, set)
	if err != nil {
		return err
	}
	loaded, err := readCatalog(ctx, env, runFlags{set: set}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	reviews := make([]catalog.Review, len(candidates))
	replaced := map[string]bool{}
	for i, c := range candidates {
		entry := c.Entry
		entry.Signer = c.Signer
		reviews[i] = catalog.NewReview(c.Plugin, entry, loaded, from.Lock, from.Bundled)
		for name := range reviews[i].Replaced {
			replaced[name] = true
		}
		say(env.Out, "%s\n", lines(reviews[i].String()))
		if len(c.Origins) > 0 {
			say(env.Out, "Its source refers to other servers: %s\n\n", strings.Join(c.Origins, ", "))
		}
		if c.Yanked != "" {
			say(env.Out, "Its author has withdrawn this version: %s\n\n", c.Yanked)
		}
	}
	for _, name := range f.replace {
		if !replaced[name] {
			return fmt.Errorf("--replace %s: no plugin of that name would be replaced (%w)", redact.Line(name),
				catalog.ErrNotInstalled)
		}
	}
	seen := !f.yes && isTerminal(env.In)
	for i, c := range candidates {
		consent := pluginstore.Consent{Downgrade: f.downgrade, Widening: f.widening}
		for _, name := range slices.Sorted(maps.Keys(reviews[i].Replaced)) {
			own := ownName && name == c.Plugin.Name && c.Before != nil
			if own || slices.Contains(f.replace, name) {
				consent.Replace = append(consent.Replace, name)
			}
		}
		if err := c.Refuse(reviews[i], consent, seen); err != nil {
			return err
		}
	}
	if err := f.agree(ctx, env, question); err != nil {
		return fmt.Errorf("%w: %w", catalog.ErrNotInstalled, err)
	}
	return nil
}
