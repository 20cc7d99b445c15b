package account

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// noteGranted records the scopes of a session that the account's store holds under that stamp. It never fails what it
// comes with: without a record no tool is left out.
func (a *Accounts) noteGranted(acc *Account, s auth.Session, stamp string, log *slog.Logger) {
	if a.GrantedFolder == "" || acc.Name == "" || stamp == "" {
		return
	}
	now := auth.Granted{Domain: s.Domain, Stamp: stamp, Scopes: s.Scopes()}
	before, ok := auth.ReadGranted(a.GrantedFolder, acc.Name)
	if ok && before.Domain == now.Domain && before.Stamp == now.Stamp && slices.Equal(before.Scopes, now.Scopes) {
		return
	}
	if err := auth.WriteGranted(a.GrantedFolder, acc.Name, now); err != nil {
		log.Debug("the granted scopes were not recorded", "profile", acc.Name, "error", err)
	}
}

// forgetGranted removes what was recorded for a profile. The record is of no use without its session.
func (a *Accounts) forgetGranted(profile string) error {
	if a.GrantedFolder == "" {
		return nil
	}
	if err := auth.RemoveGranted(a.GrantedFolder, profile); err != nil {
		return fmt.Errorf("the record of the scopes that profile %s was granted is left: %w", profile, err)
	}
	return nil
}

// Granted are the scopes of an account's session, as far as they are known without opening its store: as the last
// sign-in or renewal recorded them, or as AUTH0_TOKEN tells. nil: not known.
func (a *Accounts) Granted(ctx context.Context, acc *Account) []string {
	if acc.Name == "" {
		// The token was not issued here, so that its claim is believed only for what is shown.
		session, err := acc.Store.Get(ctx, "")
		if err != nil {
			return nil
		}
		return atLeastOne(session.Scopes())
	}
	known, ok := auth.ReadGranted(a.GrantedFolder, acc.Name)
	if !ok || known.Stamp == "" || known.Stamp != acc.Store.Stamp(acc.Name) || known.Domain != acc.Profile.Domain {
		return nil
	}
	return atLeastOne(known.Scopes)
}

// atLeastOne takes no scopes for a token that does not tell.
func atLeastOne(scopes []string) []string {
	if len(scopes) == 0 {
		return nil
	}
	return scopes
}

// maxScopesWords is how long the scopes in a command for users may be, in bytes.
const maxScopesWords = 400

// GetScopes says how to get the scopes that tools lack besides those that are granted: by a command that works as it
// is, where there is one.
func (acc *Account) GetScopes(tools []*catalog.Tool, lacking map[string][]string, granted []string) string {
	if acc.Name == "" || acc.Profile.Method != auth.Device || len(acc.Profile.Command) > 0 {
		return acc.MoreScopes()
	}
	// init refuses scopes that no tool needs, and asks for offline_access by itself.
	all := ScopesOf(tools).Acceptable(granted)
	for _, scopes := range lacking {
		all = append(all, scopes...)
	}
	slices.Sort(all)
	words := strings.Join(slices.Compact(all), ",")
	if len(words) > maxScopesWords {
		return acc.MoreScopes()
	}
	return "sign in with `" + auth.SignInCommand(acc.Name, acc.Profile) + " --scopes " + words + "`"
}
