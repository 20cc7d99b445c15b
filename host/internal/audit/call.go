package audit

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Bounds of what others chose, in characters.
const (
	maxName   = 128
	maxPath   = 1024
	maxReason = 512
)

// Bounds of the records of one call: a plugin that sends requests in a loop must not
// fill the log.
const (
	// MaxWrites is how many requests that may change a tenant one call may send. More
	// are refused before they are sent: each has its record.
	MaxWrites = 1000
	// maxReads is how many reads of a writing call have a record of their own. More are
	// sent and counted.
	maxReads = 100
	// maxExamples is how many of the requests that are only counted are described, and
	// maxExample bounds each text of them, in characters.
	maxExamples = 3
	maxExample  = 200
)

// WriteLimitError means that a call has sent MaxWrites writes, so that another one
// was not sent.
type WriteLimitError struct{}

func (*WriteLimitError) Error() string {
	return fmt.Sprintf(
		"the call has sent %d writes, and one call may send no more. Call the tool again for the rest",
		MaxWrites,
	)
}

// Subject describes a call: its client and its tool. All of it may be untrusted.
type Subject struct {
	Client, ClientVersion               string
	Tool                                string
	Plugin, PluginVersion, PluginDigest string
	Effect                              string
}

// Call is one tools/call. Its record is written by End or Refuse, whichever comes
// first. A nil one records nothing.
type Call struct {
	log   *Log
	base  Record // what all its records have in common
	args  Record // what those that carry the arguments have besides
	begun time.Time

	mu       sync.Mutex
	decision Decision
	// requests counts all, writes those that were to be sent, and reads those of a
	// writing call that were sent.
	requests, writes, reads int
	// described is whether the arguments stand in a record before a write.
	described bool
	counted   []Counted
	// refusedBy is the rule of the last request that was refused; "" if none was.
	refusedBy Rule
	ended     bool
	repeats   *Repeats
}

// Repeats makes the call one of those that are recorded together; nil: it is not.
func (c *Call) Repeats(s *Repeats) {
	if c != nil {
		c.repeats = s
	}
}

// Begin is a call that has come in. It writes nothing yet.
func (l *Log) Begin(s Subject, arguments json.RawMessage) *Call {
	if l == nil {
		return nil
	}
	text := l.name
	c := &Call{log: l, begun: time.Now(), decision: Decision{Verdict: VerdictAllowed, Rule: RuleDefault}}
	c.base = Record{
		Call: fmt.Sprintf("%s-%d", l.host, l.calls.Add(1)), Profile: l.cfg.Profile, Tenant: l.cfg.Tenant,
		Client: text(s.Client), ClientVersion: text(s.ClientVersion), Tool: text(s.Tool),
		Plugin: text(s.Plugin), PluginVersion: text(s.PluginVersion), PluginDigest: s.PluginDigest, Effect: s.Effect,
	}
	if l.cfg.Arguments != ArgumentsNone {
		c.args = Record{Arguments: l.view(arguments), canonical: Canonical(arguments)}
	}
	return c
}

// Approval records what a user decided in a terminal about a call that waits.
func (l *Log) Approval(s Subject, d Decision) {
	if l == nil {
		return
	}
	c := l.Begin(s, nil)
	r := c.base
	r.Kind, r.Decision, r.Outcome = KindApproval, d, OK
	if d.Verdict != VerdictApproved {
		r.Outcome = Refused
	}
	_ = l.Append(r, false) // the log has warned; what is then sent has its own record
}

// SignIn records that a user was asked to sign in for the call, for which scopes, and how that ended. A token's new
// rights are a change, whatever the call does.
func (c *Call) SignIn(scopes []string, d Decision, outcome Outcome) {
	if c == nil {
		return
	}
	r := c.base
	r.Kind, r.Decision, r.Outcome, r.Scopes = KindSignIn, d, outcome, scopes
	_ = c.log.Append(r, false) // the log has warned
}

// ID is the call's name in the log.
func (c *Call) ID() string {
	if c == nil {
		return ""
	}
	return c.base.Call
}

// Decide sets the decision that the records which follow show.
func (c *Call) Decide(d Decision) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.decision = d
}

// Refuse ends a call that was not carried out. The reason is in the host's words,
// without values of arguments.
func (c *Call) Refuse(rule Rule, reason string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	if c.decision.Verdict == VerdictAllowed {
		c.decision = Decision{Verdict: VerdictRefused, Rule: rule}
	}
	c.mu.Unlock()
	c.end(Refused, reason)
}

// End is a call that was carried out, with what became of it. A refusal of one of its
// requests, or of an approval, is told unless worse may have happened.
func (c *Call) End(outcome Outcome, reason string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	switch {
	case outcome == MayHaveHappened:
	case c.refusedBy != "":
		outcome = Refused
		c.decision = Decision{Verdict: VerdictRefused, Rule: c.refusedBy, Approval: c.decision.Approval}
	case c.decision.Verdict != VerdictAllowed && c.decision.Verdict != VerdictApproved && c.decision.Rule != RuleAudit:
		outcome = Refused
	}
	c.mu.Unlock()
	c.end(outcome, reason)
}

func (c *Call) end(outcome Outcome, reason string) {
	c.mu.Lock()
	ended := c.ended
	c.ended = true
	r := c.record(KindCall)
	r.Counted = c.counted
	c.counted = nil // those that come later are not recorded: the call has ended
	c.mu.Unlock()
	if ended {
		return
	}
	r.Arguments, r.canonical = c.args.Arguments, c.args.canonical
	r.Outcome, r.Reason, r.DurationMS = outcome, c.log.reason(reason), milliseconds(time.Since(c.begun))
	if !c.repeats.take(&r, time.Now()) {
		return
	}
	// The log has warned, and the call is over.
	_ = c.log.Append(r, false)
}

// reading reports whether the call is one of a reading tool.
func (c *Call) reading() bool { return c.base.Effect == string(pluginv1.EffectRead) }

// count counts a request that has no record of its own. mu is held.
func (c *Call) count(rule Rule, method, path, reason string) {
	i := slices.IndexFunc(c.counted, func(k Counted) bool { return k.Rule == rule })
	if i < 0 {
		i = len(c.counted)
		c.counted = append(c.counted, Counted{Rule: rule})
	}
	k := &c.counted[i]
	k.Count++
	if len(k.Examples) < maxExamples {
		short := func(s string) string { return Text(c.log.cfg.Redact(s), maxExample) }
		k.Examples = append(k.Examples, Example{Method: short(method), Path: short(path), Reason: short(reason)})
	}
}

// record is a new one of this call; mu is held.
func (c *Call) record(kind Kind) Record {
	r := c.base
	r.Kind, r.Decision = kind, c.decision
	return r
}

func (l *Log) reason(s string) string { return Text(l.cfg.Redact(s), maxReason) }

// RefuseRequest counts a request of the call that was not let through. The reason is
// in the host's words.
func (c *Call) RefuseRequest(method, path string, rule Rule, reason string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refusedBy = rule
	c.count(rule, method, path, reason)
}

func (l *Log) name(s string) string { return Text(l.cfg.Redact(s), maxName) }

func (l *Log) path(path string) string { return Text(l.cfg.Redact(path), maxPath) }

// Request is one HTTP request of a call. A nil one records nothing.
type Request struct {
	call    *Call
	changes bool
	number  int
	begun   time.Time
	// recorded is whether a record before it was sent was written, or tried.
	recorded bool
	// refusedBy is what kept it from being sent here.
	refusedBy Rule

	// Its owner sends it from one goroutine.
	tenant       string
	method, path string
	attempts     int
}

// Request is a request that was let through; changes says that it may change the
// tenant. Those of a reading call have no records, and are counted if they are not
// sent.
func (c *Call) Request(method, path string, changes bool) *Request {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	return &Request{
		call:    c,
		changes: changes,
		number:  c.requests,
		begun:   time.Now(),
		tenant:  c.base.Tenant,
		method:  method,
		path:    path,
	}
}

// Sending must be called before each attempt at sending, with the tenant that it
// goes to. The first one of a request that may change something writes its record
// to the disk. An error, a [*NotRecordedError] or a [*WriteLimitError], means that it
// must not be sent.
func (r *Request) Sending(tenant string) error {
	if r == nil {
		return nil
	}
	r.tenant = tenant
	if r.attempts == 0 && r.changes {
		if !r.recorded && !r.call.takeWrite() {
			r.refusedBy = RuleWriteLimit
			return &WriteLimitError{}
		}
		r.recorded = true
		if err := r.recordSending(); err != nil && r.call.log.cfg.Mode == On {
			return err
		}
	}
	r.attempts++
	return nil
}

// recordSending writes the record before a write to the disk. The first one of a call
// holds the arguments, the others their HMAC only: a thousand copies would be large.
func (r *Request) recordSending() error {
	record, c := r.record(Sending), r.call
	record.canonical = c.args.canonical
	c.mu.Lock()
	if !c.described {
		record.Arguments = c.args.Arguments
	}
	c.mu.Unlock()
	err := c.log.Append(record, true)
	if err == nil {
		c.mu.Lock()
		c.described = true
		c.mu.Unlock()
	}
	return err
}

// takeWrite counts a write that is to be sent; false if there were MaxWrites already.
func (c *Call) takeWrite() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writes == MaxWrites {
		return false
	}
	c.writes++
	return true
}

// Attempts is how often Sending has allowed it to be sent.
func (r *Request) Attempts() int {
	if r == nil {
		return 0
	}
	return r.attempts
}

// Answer is what became of a request.
type Answer struct {
	// Status and RequestID are the tenant's; zero without an answer.
	Status    int
	RequestID string
	Outcome   Outcome
	// Rule is what kept it from being sent, if something of the host did.
	Rule Rule
}

// End records what became of the request, or counts it.
func (r *Request) End(a Answer) {
	if r == nil {
		return
	}
	if a.Rule == "" {
		a.Rule = r.refusedBy
	}
	if !r.settle(a) {
		return
	}
	phase := Failed
	if a.Status > 0 || a.Outcome == OK { // writing a file has no status
		phase = Answered
	}
	record := r.record(phase)
	record.Status, record.RequestID, record.Outcome = a.Status, r.call.log.name(a.RequestID), a.Outcome
	record.Attempts, record.DurationMS = r.attempts, milliseconds(time.Since(r.begun))
	if a.Rule != "" {
		record.Decision = Decision{Verdict: VerdictRefused, Rule: a.Rule}
	}
	// The log has warned. The request is over: an error now would only make a caller
	// repeat what has happened, and without this record the log says that it may have.
	_ = r.call.log.Append(record, false)
}

// settle adds what became of the request to its call, and reports whether it has a
// record of its own.
func (r *Request) settle(a Answer) bool {
	c := r.call
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.changes && a.Rule != "" {
		c.decision = Decision{Verdict: VerdictRefused, Rule: a.Rule, Approval: c.decision.Approval}
	}
	switch {
	case r.recorded: // its beginning must not remain without an end
		return true
	case r.attempts == 0:
		rule := a.Rule
		if rule == "" {
			rule = RuleNotSent
		}
		c.count(rule, r.method, r.path, "")
		return false
	case c.reading():
		return false
	case c.reads >= maxReads:
		c.count(RuleReadLimit, r.method, r.path, "")
		return false
	}
	c.reads++
	return true
}

func (r *Request) record(phase Phase) Record {
	r.call.mu.Lock()
	defer r.call.mu.Unlock()
	record := r.call.record(KindRequest)
	record.Phase, record.Request, record.Tenant = phase, r.number, r.tenant
	record.Method, record.Path = r.call.log.name(r.method), r.call.log.path(r.path)
	return record
}

// milliseconds has three decimals.
func milliseconds(d time.Duration) float64 { return math.Round(float64(d)/1e3) / 1e3 }
