package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Kind is what a record describes.
type Kind string

const (
	// KindCall is one tools/call: what was decided about it, and how it ended.
	KindCall Kind = "call"
	// KindRequest is one HTTP request of a call.
	KindRequest Kind = "request"
	// KindApproval is a user's decision in a terminal about a call that waits for it.
	KindApproval Kind = "approval"
	// KindSignIn is a sign-in that a user was asked for within a call.
	KindSignIn Kind = "sign_in"
	// KindRemoval is rotation that removed the oldest records of the chain.
	KindRemoval Kind = "removal"
)

// Phase is when a record of a request was made.
type Phase string

const (
	// Sending is before the first byte of a request that may change the tenant.
	Sending Phase = "sending"
	// Answered is after the tenant's answer.
	Answered Phase = "answered"
	// Failed is after a request that got no answer, or was not sent.
	Failed Phase = "failed"
)

// Outcome is how it ended.
type Outcome string

const (
	// OK did what was asked.
	OK Outcome = "ok"
	// Error did not: the tenant or the tool said no.
	Error Outcome = "error"
	// Refused was stopped by the host, or by a user: Decision and Rule say why.
	Refused Outcome = "refused"
	// NotSent never left the host.
	NotSent Outcome = "not_sent"
	// MayHaveHappened was sent, and what became of it is not known.
	MayHaveHappened Outcome = "may_have_happened"
)

// Outcomes are all of them.
func Outcomes() []Outcome { return []Outcome{OK, Error, Refused, NotSent, MayHaveHappened} }

// Verdict is what was decided about a call or a request.
type Verdict string

const (
	// VerdictAllowed went ahead.
	VerdictAllowed Verdict = "allowed"
	// VerdictRefused did not.
	VerdictRefused Verdict = "refused"
	// VerdictPending has not, until a user approves it.
	VerdictPending Verdict = "pending"
	// VerdictApproved went ahead because a user approved it.
	VerdictApproved Verdict = "approved"
	// VerdictDeclined did not, because a user declined it.
	VerdictDeclined Verdict = "declined"
	// VerdictExpired did not, because no user answered in time.
	VerdictExpired Verdict = "expired"
)

// Rule is what decided. Approvals add theirs, such as "approval:elicit".
type Rule string

const (
	// RuleDefault is that no rule refused it.
	RuleDefault Rule = "default"
	// RuleUnknown is a tool that does not exist.
	RuleUnknown Rule = "unknown-tool"
	// RuleFilter is --tools, --read-only or a plugin that is not loaded.
	RuleFilter Rule = "filter"
	// RuleReadOnly is --read-only.
	RuleReadOnly Rule = "read-only"
	// RuleArguments are arguments that do not fit the tool's schema.
	RuleArguments Rule = "arguments"
	// RulePolicy is a request beyond what its tool declares.
	RulePolicy Rule = "policy"
	// RuleSecret is a request with the marker of a hidden value where none can be put back, or that would send a stored
	// secret elsewhere.
	RuleSecret Rule = "secret"
	// RuleGuard is a request that would take from the session, or from the tenant, what they need to be administered.
	RuleGuard Rule = "guard"
	// RulePlan is a request that is not what a user approved.
	RulePlan Rule = "plan"
	// RuleAudit is a write that could not be recorded.
	RuleAudit Rule = "audit"
	// RuleWriteLimit are writes beyond [MaxWrites].
	RuleWriteLimit Rule = "write-limit"
	// RuleReadLimit are reads of a writing call that were sent and have no records of
	// their own.
	RuleReadLimit Rule = "read-limit"
	// RuleRateLimit are requests that were not sent because of a rate limit, the tenant's
	// or the host's own bounds.
	RuleRateLimit Rule = "rate-limit"
	// RuleRepeated are calls before this one that ended alike and have no records of their own: see [Repeats].
	RuleRepeated Rule = "repeated"
	// RuleNotSent are requests that were let through and not sent, for want of a
	// token, a place at the tenant or a connection.
	RuleNotSent Rule = "not-sent"
)

// Decision is what was decided, by which rule, and the approval it rests on.
type Decision struct {
	Verdict  Verdict `json:"decision,omitempty"`
	Rule     Rule    `json:"rule,omitempty"`
	Approval string  `json:"approval,omitempty"`
}

// Record is one line of the log. Its member names are a promise to programs.
type Record struct {
	// Seq counts the records of its chain from 1. Prev is the Hash of the record
	// before; empty for the first.
	Seq  uint64 `json:"seq"`
	Prev string `json:"prev"`
	// Version is recordVersion; missing in records of version 1.
	Version int `json:"v,omitempty"`
	// Chain is the chain that it belongs to: "reads", or missing for that of changes.
	Chain ChainID `json:"chain,omitempty"`
	// Time is when it was written, or for the call of a reading tool when that ended:
	// RFC 3339, UTC, microseconds.
	Time string `json:"time"`
	Kind Kind   `json:"kind"`
	// Phase and Request are a request's; Request counts those of its call from 1.
	Phase   Phase `json:"phase,omitempty"`
	Request int   `json:"request,omitempty"`
	// Call names the call in this log and nowhere else. What precedes its hyphen is
	// one process of the host.
	Call string `json:"call"`

	Client        string `json:"client,omitempty"`
	ClientVersion string `json:"client_version,omitempty"`
	Profile       string `json:"profile,omitempty"`
	Tenant        string `json:"tenant,omitempty"`
	Tool          string `json:"tool,omitempty"`
	Plugin        string `json:"plugin,omitempty"`
	PluginVersion string `json:"plugin_version,omitempty"`
	// PluginDigest is that of the executable; empty for --dev-plugin, which has none
	// that was checked.
	PluginDigest string `json:"plugin_digest,omitempty"`
	Effect       string `json:"effect,omitempty"`

	Decision
	// Reason says why something was refused or not sent, in the host's words.
	Reason string `json:"reason,omitempty"`

	Arguments json.RawMessage `json:"arguments,omitempty"`
	// ArgumentsHMAC is HMAC-SHA-256 over the canonical arguments with the key file
	// beside the log: see [Canonical].
	ArgumentsHMAC string `json:"arguments_hmac,omitempty"`
	// canonical is what ArgumentsHMAC is made of.
	canonical []byte

	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`
	Status int    `json:"status,omitempty"`
	// RequestID is Auth0's own id of the request.
	RequestID string `json:"request_id,omitempty"`
	// Attempts is how often the request was sent: more than once only if nothing can
	// have happened before, or it only reads.
	Attempts   int     `json:"attempts,omitempty"`
	DurationMS float64 `json:"duration_ms,omitempty"`
	// Outcome is missing in the phase Sending: without a later record of the same
	// call and request it is MayHaveHappened.
	Outcome Outcome `json:"outcome,omitempty"`
	// Counted are a call's requests without records of their own, and the calls that it repeats.
	Counted []Counted `json:"counted,omitempty"`
	// Scopes are those that a KindSignIn asked for.
	Scopes []string `json:"scopes,omitempty"`
	// Removal is that of a KindRemoval.
	Removal *Removal `json:"removal,omitempty"`

	// Missed is how many records were lost just before this one. Torn is how many
	// bytes of broken lines, the rest of a crash, stand just before it.
	Missed int `json:"missed,omitempty"`
	Torn   int `json:"torn,omitempty"`

	// Hash is the SHA-256 of the line without this member.
	Hash string `json:"hash,omitempty"`
}

// recordVersion is that of the records which this package writes. Version 1 had one
// chain, and removed records without a KindRemoval.
const recordVersion = 2

// TimeFormat is that of Record.Time. Version 1 wrote milliseconds.
const TimeFormat = "2006-01-02T15:04:05.000000Z"

// At is the record's time; zero if it is not one.
func (r *Record) At() time.Time {
	at, err := time.Parse(time.RFC3339, r.Time)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// ofReads reports whether the record belongs to the chain of reads: a reading call
// that was let through. A call's records are all in one chain.
func (r *Record) ofReads() bool {
	return r.Kind == KindCall && r.Effect == string(pluginv1.EffectRead) && (r.Outcome == OK || r.Outcome == Error)
}

// Changes reports whether the record describes something that may change a tenant:
// the call of a writing tool, or a request that is not a read.
func (r *Record) Changes() bool {
	if r.Kind == KindRequest {
		return !slices.Contains(pluginv1.EffectRead.Methods(), r.Method)
	}
	return r.Effect != "" && r.Effect != string(pluginv1.EffectRead)
}

// What ends every line: its hash, and nothing behind it.
const (
	hashBefore = `,"hash":"`
	hashAfter  = `"}`
	hashDigits = 2 * sha256.Size
	hashMember = len(hashBefore) + hashDigits + len(hashAfter)
)

// maxLine bounds a line. A record is far smaller: the texts in it are bounded.
const maxLine = 256 << 10

// encode makes the record's line without its newline, and fills in Hash. It holds
// printable characters only, so that a terminal can show it.
func (r *Record) encode() ([]byte, error) {
	r.Hash = ""
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return nil, fmt.Errorf("encoding a record: %w", err)
	}
	line := Printable(bytes.TrimSpace(out.Bytes()))
	if len(line)+hashMember > maxLine {
		return nil, fmt.Errorf("the record has %d bytes", len(line))
	}
	sum := sha256.Sum256(line)
	r.Hash = hex.EncodeToString(sum[:])
	return append(line[:len(line)-1], hashBefore+r.Hash+hashAfter...), nil
}

var (
	errNotARecord = errors.New("it is not a record")
	errHash       = errors.New("it does not have the hash that it had when it was written")
)

// parse reads a line. With errHash the record is what the line says now.
func parse(line []byte) (Record, error) {
	var r Record
	at := len(line) - hashMember
	if at < 1 || !bytes.HasPrefix(line[at:], []byte(hashBefore)) || !bytes.HasSuffix(line, []byte(hashAfter)) ||
		json.Unmarshal(line, &r) != nil ||
		r.Seq == 0 {
		return Record{}, errNotARecord
	}
	sum := sha256.Sum256(append(bytes.Clone(line[:at]), '}'))
	// The hash is taken from the line's end, not from the decoder: a second member
	// of that name, further up, must not count.
	r.Hash = string(line[at+len(hashBefore) : len(line)-len(hashAfter)])
	if r.Hash != hex.EncodeToString(sum[:]) {
		return r, errHash
	}
	return r, nil
}

// Printable escapes what a terminal does not draw, or obeys, in a JSON document.
// Decoders read the same document.
func Printable(doc []byte) []byte {
	if printableASCII(doc) {
		return doc
	}
	var out bytes.Buffer
	for len(doc) > 0 {
		r, size := utf8.DecodeRune(doc)
		switch {
		case drawn(r) && (r != utf8.RuneError || size > 1):
			out.Write(doc[:size])
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
		doc = doc[size:]
	}
	return out.Bytes()
}

// Text makes an untrusted text fit for one line: what is not drawn becomes "�",
// and what is beyond limit characters is cut off.
func Text(s string, limit int) string {
	if len(s) <= limit && printableASCII(s) {
		return s
	}
	s = strings.ToValidUTF8(s, "�")
	var out strings.Builder
	n := 0
	for _, r := range s {
		if n == limit {
			out.WriteString("…")
			break
		}
		if !drawn(r) {
			r = '�'
		}
		out.WriteRune(r)
		n++
	}
	return out.String()
}

// printableASCII reports whether a text, or a document without line breaks, can be shown as it is.
func printableASCII[T string | []byte](text T) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// drawn reports whether a terminal shows the character and does not obey it.
func drawn(r rune) bool { return redact.Drawn(r) }
