package approval

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
)

// Request is a call that a person is asked about. An approval holds for exactly this.
type Request struct {
	Profile, Tenant             string
	Tool, Plugin, PluginVersion string
	// PluginDigest is the SHA-256 of the plugin's binary.
	PluginDigest [32]byte
	// Arguments are those of the call, a JSON object.
	Arguments json.RawMessage
	Plan      egress.Plan
}

// digest identifies the request. The salt, one for each approval, keeps whoever reads
// the file from guessing secrets in the arguments.
func (r Request) digest(salt string) (string, error) {
	plan, err := r.Plan.Canonical()
	if err != nil {
		return "", err
	}
	arguments, err := canonical(r.Arguments)
	if err != nil {
		return "", fmt.Errorf("arguments of %s: %w", r.Tool, err)
	}
	doc, err := json.Marshal([]any{salt, r.Profile, r.Tenant, r.Tool, r.Plugin, r.PluginVersion, hex.EncodeToString(r.PluginDigest[:]), arguments, json.RawMessage(plan)})
	sum := sha256.Sum256(doc)
	return hex.EncodeToString(sum[:]), err
}

// SameCall reports whether a call is that of the request, but for white space and the
// order of members.
func (r Request) SameCall(tool string, arguments json.RawMessage) (bool, error) {
	mine, err := canonical(r.Arguments)
	if err != nil {
		return false, err
	}
	others, err := canonical(arguments)
	return r.Tool == tool && bytes.Equal(mine, others), err
}

// canonical keeps numbers as they are written.
func canonical(doc json.RawMessage) (json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

const (
	// wholeValue is the longest value that is shown whole in a client's dialog.
	wholeValue = 200
	// shortText bounds what a client's dialog shows: some cut what is longer.
	shortText = 3000
)

// Describe words the request for a person: each HTTP request with what it changes.
// redact hides secrets. short is for a client's dialog, and says where it is not
// whole; the other form leaves nothing out.
func (r Request) Describe(redact func([]byte) ([]byte, error), short bool) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (plugin %s %s) on the tenant %s", r.Tool, r.Plugin, r.PluginVersion, r.Tenant)
	if r.Profile != "" {
		fmt.Fprintf(&b, ", profile %s", r.Profile)
	}
	b.WriteString(":\n")
	for i, change := range r.Plan.Changes {
		if short && b.Len() > shortText {
			fmt.Fprintf(&b, "… and %d more requests, which are not shown here", len(r.Plan.Changes)-i)
			break
		}
		if err := describe(&b, change, redact, short); err != nil {
			return "", err
		}
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

func describe(b *strings.Builder, change egress.Change, redact func([]byte) ([]byte, error), short bool) error {
	fmt.Fprintf(b, "\n%s %s", change.Method, printable(change.Path))
	if change.Query != "" {
		b.WriteString("?" + printable(change.Query))
	}
	b.WriteString("\n")
	switch {
	case change.Method == http.MethodPost:
		// What is sent, not what Auth0 makes of it.
		change.Before, change.After = nil, change.Body
	case change.Method != http.MethodDelete && change.Before == nil:
		change.After = change.Body
		b.WriteString("  (what is there now could not be read)\n")
	}
	if change.After != nil && !json.Valid(change.After) {
		return fmt.Errorf("%s %s: its body is not JSON, which cannot be shown", change.Method, change.Path)
	}
	differences, err := change.Differences(redact)
	if err != nil {
		return err
	}
	if len(differences) == 0 && change.Method != http.MethodPost {
		b.WriteString("  (no value changes)\n")
	}
	for i, d := range differences {
		if short && b.Len() > shortText {
			fmt.Fprintf(b, "  … and %d more values, which are not shown here\n", len(differences)-i)
			break
		}
		writeDifference(b, d, short)
	}
	return nil
}

func writeDifference(b *strings.Builder, d egress.Difference, short bool) {
	name := printable(d.Field)
	if name == "" {
		name = "all of it"
	}
	switch {
	case d.Before == nil:
		fmt.Fprintf(b, "  %s: %s\n", name, value(d.After, short))
	case d.After == nil:
		fmt.Fprintf(b, "  %s: removed, was %s\n", name, value(d.Before, short))
	default:
		fmt.Fprintf(b, "  %s: %s → %s\n", name, value(d.Before, short), value(d.After, short))
	}
}

// value shows JSON on one line, but the lines of a text, such as an action's code,
// below each other.
func value(doc json.RawMessage, short bool) string {
	if short {
		text := printable(string(doc))
		if len(text) <= wholeValue {
			return text
		}
		cut := wholeValue
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		return fmt.Sprintf("%s… (%d bytes in all)", text[:cut], len(doc))
	}
	var text string
	if json.Unmarshal(doc, &text) != nil || !strings.Contains(text, "\n") {
		return printable(string(doc))
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("\n    | " + printable(strings.TrimRight(line, "\r\n")))
	}
	return b.String()
}

// printable shows what a terminal or a dialog would not, or would obey: a person must
// see what is there.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		// A selector and a filler count as graphic, and nothing is drawn for them.
		if unicode.IsGraphic(r) && !egress.Invisible(r) || r == '\t' {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "\\u{%X}", r)
		}
	}
	return b.String()
}
