package diagnosis

import (
	"context"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// rule says what some failures mean. The first rule that explains a failure counts.
type rule struct {
	// types are those of the events; nil: any.
	types []string
	// phrases are parts of Auth0's words in lower case, of which an event has one; nil: whatever it says. Most failures
	// have one type, and only their words tell them apart.
	phrases []string
	// when is what else an event must be; nil: nothing.
	when func(sdk.Object) bool
	// by tells apart what is explained each by itself; nil: all is one.
	by func(sdk.Object) string
	// explain is the cause of a group; false if the rule does not fit after all.
	explain func(*investigation, context.Context, group) (cause, bool)
}

func rules() []rule {
	exchanges := []string{"feccft", "feacft", "fepft", "fertft", "fede", "fecte", "feotpft", "feoobft"}
	return []rule{
		{phrases: []string{"user is blocked"}, by: byUser, explain: (*investigation).userBlocked},
		{types: []string{"limit_wc", "limit_sul"}, by: byUser, explain: (*investigation).bruteForceBlock},
		{types: []string{"limit_mu"}, by: members("ip"), explain: (*investigation).addressBlock},
		{types: []string{"pwd_leak", "signup_pwd_leak", "reset_pwd_leak"}, by: byUser,
			explain: (*investigation).breachedPassword},
		{types: []string{"mfar"}, by: byUser, explain: (*investigation).noFactor},
		{types: []string{"gd_send_pn_failure", "gd_send_sms_failure", "gd_send_voice_failure", "fn", "limit_phone"},
			by: byReason, explain: (*investigation).messageNotSent},
		{types: []string{"gd_auth_failed", "gd_auth_rejected", "gd_recovery_failed", "gd_otp_rate_limit_exceed",
			"gd_webauthn_challenge_failed"}, by: byUser, explain: (*investigation).factorFailed},
		{phrases: []string{"connection is not enabled", "connection was disabled", "connection_not_enabled"},
			by: members("client_id", "connection_id", "organization_id"), explain: (*investigation).connectionOff},
		{phrases: []string{"is not part of the"}, by: members("user_id", "organization_id"),
			explain: (*investigation).notMember},
		{phrases: []string{"callback url mismatch"},
			by:      func(e sdk.Object) string { return e.Text("client_id") + redirect(e) },
			explain: (*investigation).callbackMismatch},
		{types: []string{"fco", "fcoa"}, by: members("client_id"), explain: (*investigation).originRefused},
		{types: []string{"fs"}, phrases: []string{"signup is disabled"}, by: members("connection_id"),
			explain: (*investigation).signupDisabled},
		{when: ranActions, by: members("client_id", "description"), explain: (*investigation).actionFailed},
		{phrases: []string{"grant type"}, by: members("client_id", "description"),
			explain: (*investigation).grantTypeRefused},
		{phrases: []string{serviceNotFound}, by: audience, explain: (*investigation).unknownAPI},
		{types: exchanges, phrases: []string{resourceServerRefused, "access_denied"},
			by:      func(e sdk.Object) string { return e.Text("client_id") + audience(e) },
			explain: (*investigation).clientGrantMissing},
		{types: exchanges, phrases: []string{"invalid_client", "unauthorized"}, by: members("client_id"),
			explain: (*investigation).clientRefused},
		{types: []string{"fp"}, explain: (*investigation).wrongPassword},
		{types: []string{"fu"}, explain: (*investigation).unknownUser},
		{types: []string{"custom_domain_verification_failed"}, by: members("hostname"),
			explain: (*investigation).domainNotVerified},
		{types: []string{"fertft", "ferrt"}, by: members("client_id"), explain: (*investigation).refreshTokenRefused},
		{types: []string{"f", "fc", "fens"}, by: members("connection_id", "description"),
			explain: (*investigation).identityProvider},
		{by: byReason, explain: (*investigation).unexplained},
	}
}

func members(names ...string) func(sdk.Object) string {
	return func(event sdk.Object) string {
		values := make([]string, len(names))
		for i, name := range names {
			values[i] = event.Text(name)
		}
		return strings.Join(values, "\x00")
	}
}

func byUser(event sdk.Object) string {
	if id := event.Text("user_id"); id != "" {
		return id
	}
	return event.Text("user_name")
}

func byReason(event sdk.Object) string { return event.Text("type") + "\x00" + reason(event) }

// reason is why a failure happened, in Auth0's words.
func reason(event sdk.Object) string {
	for _, path := range [][]string{{"details", "error", "message"}, {"description"}, {"details", "error", "type"},
		{"details", "error"}} {
		if words := text(event, path...); words != "" {
			return words
		}
	}
	return ""
}

func (r rule) matches(event sdk.Object) bool {
	if r.types != nil && !slices.Contains(r.types, event.Text("type")) {
		return false
	}
	if r.when != nil && !r.when(event) {
		return false
	}
	if r.phrases == nil {
		return true
	}
	words := strings.ToLower(strings.Join([]string{event.Text("description"), text(event, "details", "error", "message"),
		text(event, "details", "error", "type"), text(event, "details", "error", "oauthError")}, " "))
	return slices.ContainsFunc(r.phrases, func(phrase string) bool { return strings.Contains(words, phrase) })
}

// groups are the events that the rule matches, those with the newest event first.
func (r rule) groups(events []sdk.Object) []group {
	var all []group
	at := map[string]int{}
	for _, event := range events {
		if !r.matches(event) {
			continue
		}
		key := ""
		if r.by != nil {
			key = r.by(event)
		}
		if _, ok := at[key]; !ok {
			at[key] = len(all)
			all = append(all, group{})
		}
		all[at[key]].events = append(all[at[key]].events, event)
	}
	return all
}

// maxGroups bounds the reads of one rule.
const maxGroups = 20

// explain applies the rules to the failures.
func (i *investigation) explain(ctx context.Context) error {
	left := i.failures
	for n, r := range rules() {
		groups := r.groups(left)
		explained := map[string]bool{}
		for _, g := range groups[:min(len(groups), maxGroups)] {
			c, ok := r.explain(i, ctx, g)
			if !ok {
				continue
			}
			happened := g.occurrences()
			c.Events, c.rule = &happened, n+1
			i.add(c)
			for _, event := range g.events {
				explained[event.Text("log_id")] = true
			}
		}
		left = slices.DeleteFunc(slices.Clone(left), func(e sdk.Object) bool { return explained[e.Text("log_id")] })
	}
	if len(left) > 0 {
		i.notes = append(i.notes, "some failures were not looked at one by one: narrow the question")
	}
	return nil
}
