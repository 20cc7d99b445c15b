package audit

import (
	"encoding/json"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// Bounds of what others chose, in characters.
const (
	maxName   = 128
	maxPath   = 1024
	maxReason = 512
	// maxRefusals is how many refused requests of one call are recorded: a plugin
	// that tries in a loop must not turn the whole log over.
	maxRefusals = 20
)

// Subject is who asked for what. All of it may be untrusted.
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
	requests int
	refusals int
	// refusedBy is the rule of the last of them.
	refusedBy Rule
	ended     bool
	notSent   bool // a request did not leave
	unclear   bool // a request may have changed something
	// pending is how many requests that may change something are on their way.
	pending int
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

// Approval records what a person decided in a terminal, about a call that waits.
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

// ID is the call's name in the log.
func (c *Call) ID() string {
	if c == nil {
		return ""
	}
	return c.base.Call
}

// Decide notes what was decided about the call, for the records that follow.
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

// End is a call that was carried out, with OK or Error. What its requests show
// counts more: a write whose end is not known, as that of a cancelled call that is
// still on its way, one that was not sent, a refusal.
func (c *Call) End(outcome Outcome, reason string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	switch {
	case c.unclear, c.pending > 0:
		outcome = MayHaveHappened
	case c.refusals > 0:
		outcome = Refused
		c.decision = Decision{Verdict: VerdictRefused, Rule: c.refusedBy, Approval: c.decision.Approval}
	case c.decision.Verdict != VerdictAllowed && c.decision.Verdict != VerdictApproved && c.decision.Rule != RuleAudit:
		outcome = Refused
	case outcome == Error && c.notSent:
		outcome = NotSent
	}
	c.mu.Unlock()
	c.end(outcome, reason)
}

func (c *Call) end(outcome Outcome, reason string) {
	c.mu.Lock()
	ended := c.ended
	c.ended = true
	r := c.record(KindCall)
	c.mu.Unlock()
	if ended {
		return
	}
	r.Arguments, r.canonical = c.args.Arguments, c.args.canonical
	r.Outcome, r.Reason, r.DurationMS = outcome, c.log.reason(reason), milliseconds(time.Since(c.begun))
	// The log has warned; what was done is done, and a read needs no record.
	_ = c.log.Append(r, false)
}

// record is a new one of this call; mu is held.
func (c *Call) record(kind Kind) Record {
	r := c.base
	r.Kind, r.Decision = kind, c.decision
	return r
}

func (l *Log) reason(s string) string { return Text(l.cfg.Redact(s), maxReason) }

// RefuseRequest records a request of the call that was not let through.
func (c *Call) RefuseRequest(method, path string, rule Rule, reason string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	c.refusals++
	c.refusedBy = rule
	c.requests++
	r := c.record(KindRequest)
	r.Request = c.requests
	many := c.refusals > maxRefusals
	c.mu.Unlock()
	if many {
		return
	}
	r.Decision = Decision{Verdict: VerdictRefused, Rule: rule}
	r.Method, r.Path, r.Reason, r.Outcome = c.log.name(method), c.log.path(path), c.log.reason(reason), Refused
	_ = c.log.Append(r, false) // the log has warned; nothing is sent in any case
}

func (l *Log) name(s string) string { return Text(l.cfg.Redact(s), maxName) }

func (l *Log) path(path string) string { return Text(l.cfg.Redact(path), maxPath) }

// Request is one HTTP request of a writing call. A nil one records nothing.
type Request struct {
	call    *Call
	changes bool
	number  int
	begun   time.Time

	// Its owner sends it from one goroutine.
	tenant       string
	method, path string
	attempts     int
}

// Request is a request that was let through; changes says that it may change the
// tenant. Requests of a reading call are not recorded: then it is nil.
func (c *Call) Request(method, path string, changes bool) *Request {
	if c == nil || (!changes && c.base.Effect == string(pluginv1.EffectRead)) {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	return &Request{call: c, changes: changes, number: c.requests, begun: time.Now(), tenant: c.base.Tenant, method: method, path: path}
}

// Sending must be called before each attempt at sending, with the tenant that it
// goes to. The first one of a request that may change something writes its record
// to the disk; an error, a [*NotRecordedError], means that it must not be sent.
func (r *Request) Sending(tenant string) error {
	if r == nil {
		return nil
	}
	r.tenant = tenant
	if r.attempts == 0 && r.changes {
		record := r.record(Sending)
		record.Arguments, record.canonical = r.call.args.Arguments, r.call.args.canonical
		// Before the record: a call that ends meanwhile must not say that nothing was
		// sent.
		r.call.onTheWay(+1)
		if err := r.call.log.Append(record, true); err != nil && r.call.log.cfg.Mode == On {
			r.call.onTheWay(-1)
			return err
		}
	}
	r.attempts++
	return nil
}

func (c *Call) onTheWay(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending += n
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

// End records what became of the request.
func (r *Request) End(a Answer) {
	if r == nil {
		return
	}
	phase := Failed
	if a.Status > 0 {
		phase = Answered
	}
	record := r.record(phase)
	record.Status, record.RequestID, record.Outcome = a.Status, r.call.log.name(a.RequestID), a.Outcome
	record.Attempts, record.DurationMS = r.attempts, milliseconds(time.Since(r.begun))
	if a.Rule != "" {
		record.Decision = Decision{Verdict: VerdictRefused, Rule: a.Rule}
	}
	if r.changes {
		r.call.mu.Lock()
		r.call.notSent = r.call.notSent || a.Outcome == NotSent
		r.call.unclear = r.call.unclear || a.Outcome == MayHaveHappened
		if r.attempts > 0 {
			r.call.pending--
		}
		if a.Rule != "" {
			r.call.decision = Decision{Verdict: VerdictRefused, Rule: a.Rule, Approval: r.call.decision.Approval}
		}
		r.call.mu.Unlock()
	}
	// The log has warned. The request is over: failing now would only make somebody
	// repeat what has happened, and without this record the log says that it may have.
	_ = r.call.log.Append(record, false)
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
