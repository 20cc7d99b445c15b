package logs

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// meanings says what each event code stands for.
// Source: https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes
var meanings = map[string]string{
	"api_limit":                "API rate limit exceeded",
	"api_limit_warning":        "API rate limit nearly reached",
	"appi":                     "API peak performance rate initiated",
	"actions_execution_failed": "An action failed",
	"cls":                      "Passwordless code or link sent",
	"cs":                       "Passwordless code sent",
	"depnote":                  "Deprecated feature used",
	"f":                        "Failed login",
	"fapi":                     "Failed Management API operation",
	"fc":                       "Failed connector login",
	"fce":                      "Failed email change",
	"fco":                      "Failed login: origin not allowed",
	"fcoa":                     "Failed cross-origin login",
	"fcp":                      "Failed password change",
	"fcph":                     "Failed post-change-password hook",
	"fcpn":                     "Failed phone number change",
	"fcpr":                     "Failed password change request",
	"fcpro":                    "Failed connector provisioning",
	"fcu":                      "Failed username change",
	"fd":                       "Failed delegation",
	"fdeac":                    "Failed device activation",
	"fdeaz":                    "Failed device authorization request",
	"fdecc":                    "Device confirmation cancelled by the user",
	"fdu":                      "Failed user deletion",
	"feacft":                   "Failed exchange: authorization code for token",
	"feccft":                   "Failed exchange: client credentials for token",
	"fede":                     "Failed exchange: device code for token",
	"fens":                     "Failed exchange: native social login",
	"feoobft":                  "Failed exchange: password and OOB challenge for token",
	"feotpft":                  "Failed exchange: password and OTP for token",
	"fepft":                    "Failed exchange: password for token",
	"fercft":                   "Failed exchange: password and MFA recovery code for token",
	"ferrt":                    "Failed exchange: rotating refresh token",
	"fertft":                   "Failed exchange: refresh token for token",
	"flo":                      "Failed logout",
	"fn":                       "Failed notification",
	"fp":                       "Failed login: wrong password",
	"fs":                       "Failed signup",
	"fsa":                      "Failed silent authentication",
	"fu":                       "Failed login: unknown user name or email",
	"fui":                      "Failed user import",
	"fv":                       "Failed email verification",
	"fvr":                      "Failed request for a verification email",
	"gd_auth_failed":           "MFA failed",
	"gd_auth_rejected":         "MFA rejected by the user",
	"gd_auth_succeed":          "MFA succeeded",
	"gd_enrollment_complete":   "MFA enrolment complete",
	"gd_otp_rate_limit_exceed": "Too many MFA codes tried",
	"gd_recovery_failed":       "MFA recovery failed",
	"gd_recovery_succeed":      "MFA recovery succeeded",
	"gd_send_sms":              "MFA text message sent",
	"gd_start_auth":            "MFA started",
	"gd_unenroll":              "MFA device removed",
	"limit_delegation":         "Too many delegation calls",
	"limit_mu":                 "IP address blocked: too many accounts tried",
	"limit_sul":                "User blocked: too many logins",
	"limit_wc":                 "IP address blocked: too many failed logins for one account",
	"mfar":                     "MFA required by a flow",
	"mgmt_api_read":            "Management API read",
	"pla":                      "Breach or bot check before login",
	"pwd_leak":                 "Login attempted with a leaked password",
	"resource_cleanup":         "Refresh tokens removed: too many",
	"s":                        "Successful login",
	"sapi":                     "Successful Management API operation",
	"sce":                      "Email changed",
	"scoa":                     "Successful cross-origin login",
	"scp":                      "Password changed",
	"scpn":                     "Phone number changed",
	"scpr":                     "Password change requested",
	"scu":                      "Username changed",
	"sd":                       "Successful delegation",
	"sdu":                      "User deleted",
	"seacft":                   "Successful exchange: authorization code for token",
	"seccft":                   "Successful exchange: client credentials for token",
	"sede":                     "Successful exchange: device code for token",
	"sens":                     "Successful exchange: native social login",
	"seoobft":                  "Successful exchange: password and OOB challenge for token",
	"seotpft":                  "Successful exchange: password and OTP for token",
	"sepft":                    "Successful exchange: password for token",
	"sercft":                   "Successful exchange: password and MFA recovery code for token",
	"sertft":                   "Successful exchange: refresh token for token",
	"slo":                      "Successful logout",
	"srrt":                     "Refresh token revoked",
	"ss":                       "Successful signup",
	"ssa":                      "Successful silent authentication",
	"sui":                      "Users imported",
	"sv":                       "Email verified",
	"svr":                      "Verification email requested",
	"ublkdu":                   "User unblocked",
	"w":                        "Warning during login",
	"wn":                       "Warning",
}

// groups are the names that users use for one or more codes.
var groups = map[string][]string{
	"failed_login":           {"f", "fp", "fu", "fco", "fcoa", "fepft", "pwd_leak"},
	"wrong_password":         {"fp"},
	"unknown_user":           {"fu"},
	"successful_login":       {"s", "scoa"},
	"logout":                 {"slo"},
	"signup":                 {"ss"},
	"failed_signup":          {"fs"},
	"blocked":                {"limit_mu", "limit_sul", "limit_wc"},
	"password_change":        {"scp"},
	"failed_password_change": {"fcp", "fcpr"},
	"mfa_failed":             {"gd_auth_failed", "gd_auth_rejected", "gd_recovery_failed", "gd_otp_rate_limit_exceed"},
	"api_operation":          {"sapi"},
	"failed_api_operation":   {"fapi"},
	"api_read":               {"mgmt_api_read"},
	"rate_limited":           {"api_limit"},
	"token_exchange":         {"seacft", "seccft", "sede", "sens", "seoobft", "seotpft", "sepft", "sercft", "sertft"},
	"failed_token_exchange": {"feacft", "feccft", "fede", "fens", "feoobft", "feotpft", "fepft", "fercft", "ferrt",
		"fertft"},
	"action_failed": {"actions_execution_failed"},
	"user_deleted":  {"sdu"},
}

// meaning never fails: Auth0 adds codes before they are listed anywhere.
func meaning(code string) string {
	if m, ok := meanings[code]; ok {
		return m
	}
	return "Not described here"
}

var wellFormedCode = regexp.MustCompile(`^[a-z0-9_]+$`)

// codesOf resolves a name or a code. A well-formed code that is not listed passes,
// since Auth0 adds codes before they are listed anywhere: doubt says so if nothing
// is found.
func codesOf(nameOrCode string) ([]string, error) {
	name := strings.ToLower(strings.NewReplacer(" ", "_", "-", "_").Replace(strings.TrimSpace(nameOrCode)))
	if codes, ok := groups[name]; ok {
		return codes, nil
	}
	if code := strings.ToLower(strings.TrimSpace(nameOrCode)); wellFormedCode.MatchString(code) {
		return []string{code}, nil
	}
	return nil, sdk.InvalidArgument("type %q is neither an event code nor one of the names: %s", nameOrCode,
		strings.Join(slices.Sorted(maps.Keys(groups)), ", "))
}

// doubt is what to say when nothing was found under a type that is not known here:
// "no failed logins" must not be the answer to a misspelt name.
func doubt(nameOrCode string) string {
	name := strings.ToLower(strings.NewReplacer(" ", "_", "-", "_").Replace(strings.TrimSpace(nameOrCode)))
	if _, ok := groups[name]; ok {
		return ""
	}
	if _, ok := meanings[name]; ok {
		return ""
	}
	return fmt.Sprintf("type %s is not known here and may be misspelt; the names are: %s", name,
		strings.Join(slices.Sorted(maps.Keys(groups)), ", "))
}
