package approval

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// Request is a call that needs approval. An approval holds for exactly this.
type Request struct {
	Profile, Tenant             string
	Tool, Plugin, PluginVersion string
	// PluginDigest is the SHA-256 of the plugin's binary.
	PluginDigest [32]byte
	// Arguments are those of the call, a JSON object.
	Arguments json.RawMessage
	Plan      plan.Plan
}

var errNoKey = errors.New("approvals cannot be kept without this installation's key")

// digest identifies the request: an HMAC-SHA-256 under the installation's key. The plan holds real values, such as
// secrets that were put back, and whoever reads the file must not be able to test guesses. The salt, one for each
// proposal, keeps equal requests from looking equal.
func (r Request) digest(key func() []byte, salt string) (string, error) {
	if key == nil {
		return "", errNoKey
	}
	plan, err := r.Plan.Canonical()
	if err != nil {
		return "", err
	}
	arguments, err := jsondoc.Canonical(r.Arguments)
	if err != nil {
		return "", fmt.Errorf("arguments of %s: %w", r.Tool, err)
	}
	doc, err := json.Marshal([]any{salt, r.Profile, r.Tenant, r.Tool, r.Plugin, r.PluginVersion,
		hex.EncodeToString(r.PluginDigest[:]), json.RawMessage(arguments), json.RawMessage(plan)})
	mac := hmac.New(sha256.New, key())
	mac.Write(doc)
	return hex.EncodeToString(mac.Sum(nil)), err
}

// SameCall reports whether a call is that of the request, but for white space and the
// order of members.
func (r Request) SameCall(tool string, arguments json.RawMessage) (bool, error) {
	mine, err := jsondoc.Canonical(r.Arguments)
	if err != nil {
		return false, err
	}
	others, err := jsondoc.Canonical(arguments)
	return r.Tool == tool && bytes.Equal(mine, others), err
}

const (
	// longValue is the longest value that a client's dialog shows whole, and longText
	// bounds all of them: no one reads more there.
	longValue = 2000
	longText  = 6000
	// cutHeading is what a dialog shows of a request's line when it is full.
	cutHeading = 200
	// longString is the length from which a dialog shows of two texts only where they
	// differ.
	longString = 120
)

// Describe words the request for an approver: each HTTP request with what it changes, and
// how many characters the redactor hid where. short is for a client's dialog; then whole is
// false if not all that is sent can be seen in it, and no one may decide by it: something
// was left out, or hidden in a text of which the rest is shown, which may be code. The
// long form is whole, and warns of what is hidden in such texts.
func (r Request) Describe(secrets *redact.Redactor, short bool) (text string, whole bool, err error) {
	d := description{secrets: secrets, short: short, whole: true}
	first := fmt.Sprintf("%s (plugin %s %s) on the tenant %s", r.Tool, r.Plugin, r.PluginVersion, r.Tenant)
	if r.Profile != "" {
		first += ", profile " + r.Profile
	}
	// The number of requests keeps a value from imitating one more.
	word := "requests"
	if len(r.Plan.Changes) == 1 {
		word = "request"
	}
	d.heading(fmt.Sprintf("%s, %d %s:", redact.Line(first), len(r.Plan.Changes), word))
	for i, change := range r.Plan.Changes {
		if err := d.change(i+1, change); err != nil {
			return "", false, err
		}
	}
	if d.hiddenInTexts > 0 {
		fmt.Fprintf(&d.text, "\nWarning: %d characters that look like secrets are hidden in texts above, where they may "+
			"be code.\n",
			d.hiddenInTexts)
		d.whole = !short
	}
	return strings.TrimSuffix(d.text.String(), "\n"), d.whole, nil
}

// description is a text in the making.
type description struct {
	secrets *redact.Redactor
	short   bool
	whole   bool
	text    strings.Builder
	// hiddenInTexts counts what is sent and hidden, but for members that are secrets by name.
	hiddenInTexts int
}

// heading adds a line that is never left out. In a dialog it is cut, and counts like all
// that is shown.
func (d *description) heading(line string) {
	if d.short {
		if d.text.Len()+len(line) > longText {
			d.whole = false
			line = d.cut(line, cutHeading)
		}
		line = d.cut(line, longValue)
	}
	d.text.WriteString(line + "\n")
}

// note says how many characters are hidden; "" if none are.
func (d *description) note(hidden redact.Count) string {
	d.hiddenInTexts += hidden.InTexts
	switch n := hidden.Sum(); n {
	case 0:
		return ""
	case 1:
		return " (1 character hidden)"
	default:
		return fmt.Sprintf(" (%d characters hidden)", n)
	}
}

func (d *description) change(number int, change plan.Change) error {
	path, inPath, err := d.hidden(change.Path)
	if err != nil {
		return err
	}
	query, inQuery, err := d.hidden(change.Query)
	if err != nil {
		return err
	}
	if query != "" {
		query = "?" + query
	}
	// Every request is named, however long the text is already.
	d.text.WriteString("\n")
	d.heading(fmt.Sprintf("%d. %s %s%s%s", number, redact.Line(change.Method), path, query,
		d.note(redact.Count{InTexts: inPath + inQuery})))
	for _, concern := range change.Concerns {
		shown, _, err := d.hidden(concern)
		if err != nil {
			return err
		}
		d.heading("  Attention: " + shown + ".")
	}
	if err := d.dependents(change.Dependents); err != nil {
		return err
	}
	switch {
	case change.Method == plan.MethodRun:
		d.line("  (runs outside of the tenant, where neither its effect can be foreseen nor anything undone)\n")
		return d.values("  ", plan.Change{After: change.Body, Body: change.Body}, "gets")
	case change.Method == http.MethodPost:
		if err := d.target(change.Target); err != nil {
			return err
		}
		return d.values("  ", plan.Change{After: change.Body, Body: change.Body}, "sends")
	case change.Method == http.MethodDelete:
		return d.deletion(change)
	case change.Before == nil && change.Method == plan.MethodWrite:
		d.line("  (a new file)\n")
		return d.values("  ", plan.Change{After: change.Body, Body: change.Body}, "")
	case change.Before == nil:
		d.line("  (what is there now could not be read)\n")
		return d.values("  ", plan.Change{After: change.Body, Body: change.Body}, "sends")
	}
	before := d.text.Len()
	if err := d.values("  ", change, "all of it"); err != nil {
		return err
	}
	if d.text.Len() == before && d.whole {
		d.line("  (no value changes)\n")
	}
	return nil
}

// dependents shows what needs the thing that is deleted.
func (d *description) dependents(list []string) error {
	for _, one := range list {
		shown, _, err := d.hidden(one)
		if err != nil {
			return err
		}
		d.heading("  Depends on it: " + shown + ".")
	}
	return nil
}

// target shows what a POST acts on: in a dialog by its name, else whole.
func (d *description) target(target json.RawMessage) error {
	if target == nil {
		return nil
	}
	if !d.short {
		d.line("  acts on, as it is now:\n")
		return d.values("    ", plan.Change{After: target, Body: target}, "")
	}
	shown, err := d.secrets.JSON(target)
	if err != nil {
		return err
	}
	var named struct{ Name, ID string }
	if json.Unmarshal(shown, &named) == nil && named.Name+named.ID != "" {
		d.line(fmt.Sprintf("  acts on %s, as it is now\n", redact.Line(strconv.Quote(cmp.Or(named.Name, named.ID)))))
	}
	return nil
}

func (d *description) deletion(change plan.Change) error {
	if len(change.Body) > 0 {
		return d.values("  ", plan.Change{After: change.Body, Body: change.Body}, "sends")
	}
	if change.Before == nil {
		d.line("  deletes this, which could not be read\n")
		return nil
	}
	shown, err := d.secrets.JSON(change.Before)
	if err != nil {
		return err
	}
	if d.short {
		var named struct{ Name, ID string }
		if json.Unmarshal(shown, &named) == nil && named.Name+named.ID != "" {
			d.line(fmt.Sprintf("  deletes %s\n", redact.Line(strconv.Quote(cmp.Or(named.Name, named.ID)))))
			return nil
		}
	}
	d.line("  deletes " + d.value(shown) + "\n")
	return nil
}

// values shows what differs. all names a value that is no member.
func (d *description) values(indent string, change plan.Change, all string) error {
	if change.After == nil {
		return nil
	}
	if !json.Valid(change.After) {
		return fmt.Errorf("%s %s: its body is not JSON, which cannot be shown", change.Method, change.Path)
	}
	differences, err := change.Differences(d.secrets.JSON)
	if err != nil {
		return err
	}
	_, hidden, err := d.secrets.Report(change.After)
	if err != nil {
		return err
	}
	for _, one := range differences {
		name, inName, err := d.hidden(one.Field)
		if err != nil {
			return err
		}
		var count redact.Count
		for _, place := range one.Places {
			in := hidden.In(place)
			count.Members, count.InTexts = count.Members+in.Members, count.InTexts+in.InTexts
		}
		if inName > 0 {
			// The value below a name that is hidden is hidden with it.
			count.InTexts = max(count.InTexts, inName+len(one.After)-len(`""`))
		}
		if onlyKept(one.After) {
			count.InTexts = 0 // the hidden parts are those that were there, at least as often
		}
		if one.After == nil && one.Items == "" {
			count = redact.Count{} // it is removed: nothing of it is sent
		}
		d.line(indent + cmp.Or(name, all) + d.note(count) + ": " + d.difference(one) + "\n")
	}
	return nil
}

// onlyKept reports whether all that is hidden in a value has a fingerprint: a value that is new has none.
func onlyKept(shown []byte) bool {
	found := redact.FindMarkers(string(shown))
	return len(found) > 0 && !slices.ContainsFunc(found, redact.Found.Plain)
}

// line adds a line, if a dialog has room for it.
func (d *description) line(line string) {
	if d.short && d.text.Len()+len(line) > longText {
		d.whole = false
		return
	}
	d.text.WriteString(line)
}

func (d *description) difference(one plan.Difference) string {
	switch {
	case one.Items != "":
		if d.short {
			return d.cut(redact.Line(one.Items), longValue)
		}
		return redact.Line(one.Items)
	case one.Before == nil:
		return d.value(one.After)
	case one.After == nil && d.short && len(one.Before) > longString:
		return fmt.Sprintf("removed (%d bytes)", len(one.Before))
	case one.After == nil:
		return "removed, was " + d.value(one.Before)
	}
	if d.short {
		if text, ok := d.texts(one); ok {
			return text
		}
	}
	return d.value(one.Before) + " → " + d.value(one.After)
}

// texts shows of two long texts where they differ.
func (d *description) texts(one plan.Difference) (string, bool) {
	var before, after string
	if len(one.Before)+len(one.After) < longString || json.Unmarshal(one.Before, &before) != nil ||
		json.Unmarshal(one.After, &after) != nil {
		return "", false
	}
	was, is := []rune(before), []rune(after)
	start := 0
	for start < min(len(was), len(is)) && was[start] == is[start] {
		start++
	}
	end := 0
	for end < min(len(was), len(is))-start && was[len(was)-1-end] == is[len(is)-1-end] {
		end++
	}
	quote := func(part []rune) string { return d.cut(redact.Line(strconv.Quote(string(part))), longValue) }
	return fmt.Sprintf("in a text of %d characters, behind the first %d: %s → %s", len(was), start,
		quote(was[start:len(was)-end]), quote(is[start:len(is)-end])), true
}

// value shows JSON on one line, but the lines of a text, such as an action's code,
// below each other.
func (d *description) value(doc json.RawMessage) string {
	if d.short {
		return d.cut(redact.Line(string(doc)), longValue)
	}
	var text string
	if json.Unmarshal(doc, &text) != nil || !strings.Contains(text, "\n") {
		return redact.Line(string(doc))
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("\n    | " + redact.Text(strings.TrimRight(line, "\r\n")))
	}
	return b.String()
}

// cut shortens what is too long for a dialog.
func (d *description) cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	d.whole = false
	cut := most
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return fmt.Sprintf("%s… (%d bytes in all)", text[:cut], len(text))
}

// hidden is a text without secrets, in printable form, and how many characters are hidden.
func (d *description) hidden(text string) (shown string, hidden int, err error) {
	quoted, err := json.Marshal(text)
	if err != nil {
		return "", 0, err
	}
	doc, report, err := d.secrets.Report(quoted)
	if err != nil {
		return "", 0, err
	}
	err = json.Unmarshal(doc, &shown)
	return redact.Line(shown), report.In("").Sum(), err
}
