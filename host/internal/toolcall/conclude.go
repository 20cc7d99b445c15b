package toolcall

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// conclude makes a result of what the gate saw and what the plugin said, or of err if the
// plugin did not answer. What happened to the tenant is told as the gate saw it; the
// plugin is quoted, never repeated.
func (r *Runner) conclude(tool *catalog.Tool, out egress.Outcome, answer *pluginv1.CallToolResponse, err error) Result {
	failure := answer.GetFailure()
	var signedOut *egress.SignedOutError
	switch {
	case out.Refusals.Count > 0:
		// A plugin may hide that it was refused something, or not even know.
		return r.failure(tool, out, "", wentBeyond(tool, out.Refusals), quote(tool, failure))
	case out.Err != nil && isHosts(out.Err):
		return r.failure(tool, out, "", out.Err.Error(), quote(tool, failure))
	case err != nil:
		return r.failure(tool, out, "", err.Error())
	case errors.As(out.Err, &signedOut):
		// Whatever the plugin makes of it: signing in again is what fixes this.
		return r.failure(tool, out, SignInRequired, out.Err.Error(), quoteDone(tool, failure))
	case failure != nil:
		return r.failed(tool, out, failure)
	case out.Effect == egress.Uncertain:
		result := r.failure(tool, out, EffectUnknown, fmt.Sprintf("%s answered as if it had succeeded", tool.Name))
		if shown := r.present(tool, out, answer.GetResult()); !shown.IsError {
			result.Texts = append(result.Texts, shown.Texts...)
		}
		return result
	}
	return r.present(tool, out, answer.GetResult())
}

// isHosts reports whether an error is a decision of the host, which ends a call whatever
// the plugin makes of it.
func isHosts(err error) bool {
	var guarded *egress.GuardError
	var deviation *egress.DeviationError
	var notRecorded *egress.NotRecordedError
	var marker *egress.MarkerError
	var approval *egress.NeedsApprovalError
	var noPlace *egress.NoPlaceError
	return errors.As(err, &guarded) || errors.As(err, &deviation) || errors.As(err, &notRecorded) ||
		errors.As(err, &marker) || errors.As(err, &approval) || errors.As(err, &noPlace)
}

// failed is the result of a failure that the plugin tells of: in the host's words if
// the gate saw what it stems from.
func (r *Runner) failed(tool *catalog.Tool, out egress.Outcome, f *pluginv1.Failure) Result {
	var limited *egress.RateLimitedError
	if errors.As(out.Err, &limited) &&
		(f.GetCode() != pluginv1.Failure_CODE_API || f.GetHttpStatus() == http.StatusTooManyRequests) {
		kind := RateLimited
		switch {
		case out.Effect != egress.NoEffect:
			kind = "" // to repeat the call would repeat its changes
		case limited.Busy:
			kind = Busy
		}
		return r.failure(tool, out, kind, limited.Text, quoteDone(tool, f))
	}
	if words := out.Words(f); words != "" {
		return r.failure(tool, out, "", words, quoteDone(tool, f))
	}
	return r.failure(tool, out, "", quote(tool, f))
}

// failure is an error in the host's words, followed by what the call did to the tenant.
func (r *Runner) failure(tool *catalog.Tool, out egress.Outcome, kind Kind, sentences ...string) Result {
	sentences = append(sentences, out.Sentence())
	if out.Effect == egress.NoEffect && tool.Effect != pluginv1.EffectRead {
		sentences = append(sentences, "Nothing was changed.")
	}
	sentences = slices.DeleteFunc(sentences, func(s string) bool { return s == "" })
	for i, s := range sentences[:len(sentences)-1] {
		if !strings.HasSuffix(s, "”") {
			sentences[i] = strings.TrimRight(s, ".") + "."
		}
	}
	// It may quote the tenant, or the plugin.
	return Result{Texts: []string{out.Redact.Text(strings.Join(sentences, " "))}, IsError: true, Kind: kind,
		Untrusted: []string{pluginv1.AnyField}}
}

func wentBeyond(tool *catalog.Tool, refusals egress.Refusals) string {
	text := fmt.Sprintf("plugin %s went beyond what %s declares: %s", tool.Plugin.Name, tool.Name,
		strings.Join(refusals.First, "; "))
	if more := refusals.Count - len(refusals.First); more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}

// quote is what a plugin says of its failure, marked as its own words; "" if there is none.
func quote(tool *catalog.Tool, f *pluginv1.Failure) string {
	if f == nil {
		return ""
	}
	message := f.GetMessage()
	if done := f.GetDone(); done != "" {
		message = strings.TrimRight(message, ".") + ". " + done
	}
	return says(tool, message)
}

// quoteDone is what a plugin says that it had done before it failed.
func quoteDone(tool *catalog.Tool, f *pluginv1.Failure) string { return says(tool, f.GetDone()) }

func says(tool *catalog.Tool, text string) string {
	if text == "" {
		return ""
	}
	// The closing quotation mark is the host's: what follows it is the host's word.
	text = strings.NewReplacer("“", `"`, "”", `"`).Replace(text)
	return fmt.Sprintf("Plugin %s says: “%s”", tool.Plugin.Name, text)
}

// present is the result of a tool that answered.
func (r *Runner) present(tool *catalog.Tool, out egress.Outcome, answer []byte) Result {
	cleaned, stripped, err := out.Redact.Clean(answer)
	if err != nil {
		return r.failure(tool, out, "",
			fmt.Sprintf("plugin %s answered %s with something that is not JSON", tool.Plugin.Name, tool.Name))
	}
	fitted, err := fit(cleaned, r.cfg.MaxOutput)
	if err != nil {
		return r.failure(tool, out, "", err.Error())
	}
	result := Result{Texts: []string{string(fitted)},
		Untrusted: r.declared.of(tool).untrusted(fitted, len(fitted) != len(cleaned))}
	if note := stripped.String(); note != "" {
		// Of its own: the first text stays the answer's JSON and nothing else.
		result.Texts = append(result.Texts, out.Redact.Text(note))
	}
	return result
}

// remedy is what to do about a binary that is not the one that was trusted.
func remedy(p *catalog.Plugin) string {
	if p.Origin == catalog.OriginBundled {
		return "It belongs to auth0-mcp itself: run `make build` again, or reinstall auth0-mcp"
	}
	if p.Origin == catalog.OriginUser {
		return "Find out what changed it; then run `auth0-mcp plugin sync`, which gets again what you have trusted"
	}
	return "If you changed it on purpose, install it again: `auth0-mcp plugin install " + p.Dir + "`"
}

const (
	// maxReport bounds the values of a report of changes, in bytes, and maxReported one
	// of them: the answer above it has them whole.
	maxReport   = 4000
	maxReported = 400
	// maxReportedChanges bounds the changes of a report.
	maxReportedChanges = 50
)

// report adds what the call changed to a writing tool's answer, as the gate saw it and
// as JSON for the model: each request, and of what was there before the values that
// differ.
func (r *Runner) report(result *Result) {
	type change struct {
		Request string            `json:"request"`
		Fields  []plan.Difference `json:"fields,omitempty"`
		More    int               `json:"more_fields,omitempty"`
	}
	report := struct {
		Changed []change `json:"changed"`
		More    int      `json:"more_changes,omitempty"`
	}{Changed: []change{}}
	room := maxReport
	for i, one := range result.Outcome.Changes {
		if i == maxReportedChanges {
			report.More = len(result.Outcome.Changes) - i
			break
		}
		told := change{Request: short(one.Request())}
		var differences []plan.Difference
		if one.Before != nil && (one.After != nil || one.Method == http.MethodDelete) {
			// The change was made: that its report fails must not turn it into an error.
			differences, _ = one.Reported(result.Outcome.Redact.JSON)
		}
		for j, d := range differences {
			d.Before, d.After, d.Items = clipped(d.Before), clipped(d.After), short(d.Items)
			if room -= len(d.Field) + len(d.Before) + len(d.After) + len(d.Items); room < 0 {
				told.More = len(differences) - j
				break
			}
			told.Fields = append(told.Fields, d)
		}
		report.Changed = append(report.Changed, told)
	}
	// It was redacted for an approver's eyes; a model reads more than they see.
	told, _, err := result.Outcome.Redact.Clean(encode(report))
	if err != nil {
		return
	}
	result.Texts = append(result.Texts, string(told))
	if slices.ContainsFunc(report.Changed, func(c change) bool { return c.Fields != nil }) &&
		!slices.Contains(result.Untrusted, pluginv1.AnyField) {
		result.Untrusted = append(result.Untrusted, "changed[].fields")
	}
}

// short bounds a text: ids and names in it may be long.
func short(text string) string {
	if len(text) <= maxReported {
		return text
	}
	return strings.ToValidUTF8(text[:maxReported], "") + fmt.Sprintf("… (%d bytes)", len(text))
}

func clipped(value json.RawMessage) json.RawMessage {
	if len(value) <= maxReported {
		return value
	}
	return encode(fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(string(value[:maxReported]), ""), len(value)))
}
