package logevent

import (
	_ "embed"
	"slices"
	"strings"
	"testing"
)

//go:embed testdata/published-types.txt
var publishedTypes string

// Every published event type has a meaning and a name under which it is found, and
// the table has each type once.
func TestEveryPublishedType(t *testing.T) {
	published := strings.Fields(publishedTypes)
	if len(published) != 167 {
		t.Errorf("%d published types, want 167", len(published))
	}
	seen := map[string]bool{}
	for _, e := range eventTypes {
		if seen[e.code] {
			t.Errorf("%s is listed twice", e.code)
		}
		seen[e.code] = true
		if !wellFormedCode.MatchString(e.code) || e.meaning == "" || e.groups == "" {
			t.Errorf("incomplete: %+v", e)
		}
		if _, isName := groups[e.code]; isName {
			t.Errorf("%s is a type and the name of a group", e.code)
		}
	}
	for _, code := range published {
		if !seen[code] {
			t.Errorf("%s has no meaning", code)
		}
	}
}

// A type that tells of a failure is in a group of failures, and no other is.
func TestGroupsOfFailures(t *testing.T) {
	ofFailures := func(name string) bool {
		return strings.HasPrefix(name, "failed_") || strings.HasSuffix(name, "_failed")
	}
	for _, e := range eventTypes {
		told := strings.HasPrefix(e.meaning, "Failed") || strings.HasSuffix(e.meaning, "failed") ||
			strings.Contains(e.meaning, "failed:") || e.code == "fdecc"
		if grouped := slices.ContainsFunc(strings.Fields(e.groups), ofFailures); told != grouped {
			t.Errorf("%s (%s) is in %s", e.code, e.meaning, e.groups)
		}
		// Auth0's own codes: f and fe for failures, s and se for successes.
		if fails := strings.HasSuffix(e.code, "_failed") || strings.HasSuffix(e.code, "_failure"); fails && !told {
			t.Errorf("%s does not read as a failure: %s", e.code, e.meaning)
		}
	}
}

func TestGroups(t *testing.T) {
	for name, want := range map[string]string{
		"failed_login": "f fp fu fc fco fcoa fens fepft fepotpft feoobft feotpft fercft passkey_challenge_failed fpar " +
			"limit_wc limit_sul limit_mu pwd_leak",
		"wrong_password":   "fp",
		"unknown_user":     "fu",
		"successful_login": "s scoa sdel sens sepft seoobft seotpft sercft sepkoobft sepkotpft sepkrcft",
		"mfa_failed": "feoobft feotpft fercft gd_auth_failed gd_auth_rejected gd_recovery_failed gd_otp_rate_limit_exceed " +
			"gd_webauthn_challenge_failed gd_send_pn_failure gd_send_sms_failure gd_send_voice_failure " +
			"gd_start_enroll_failed gd_webauthn_enrollment_failed",
		"blocked":                "limit_wc limit_sul limit_mu limit_delegation limit_phone pwd_leak",
		"failed_signup":          "fs signup_pwd_leak limit_mu",
		"failed_password_change": "fcp fcpr fcph reset_pwd_leak",
		"rate_limited":           "gd_otp_rate_limit_exceed api_limit api_limit_warning appi",
		"logout":                 "slo oidc_backchannel_logout_succeeded universal_logout_succeeded",
		"failed_logout":          "flo federated_logout_failed oidc_backchannel_logout_failed universal_logout_failed",
		"action_failed":          "fcph actions_execution_failed fpurh",
		"failed_token_exchange": "fens fepft fepotpft feoobft feotpft fercft fede ciba_exchange_failed feacft fdeleacft " +
			"feccft fertft ferrt fecte feta failed_on_behalf_of_token_exchange idjag_exchange_failed " +
			"jwt_bearer_exchange_failed",
	} {
		if got := strings.Join(groups[name], " "); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
		}
	}
	// Every exchange of a grant is one, whether it succeeds or fails.
	for _, e := range eventTypes {
		for prefix, group := range map[string]string{"se": "token_exchange", "fe": "failed_token_exchange"} {
			is := strings.HasPrefix(e.code, prefix) && (strings.HasSuffix(e.code, "ft") || strings.HasSuffix(e.code, "cte")) ||
				strings.HasPrefix(e.meaning, "Successful exchange") && prefix == "se" ||
				strings.HasPrefix(e.meaning, "Failed exchange") && prefix == "fe"
			if in := slices.Contains(groups[group], e.code); is != in {
				t.Errorf("%s: is an exchange %v, in %s %v", e.code, is, group, in)
			}
		}
	}
}
