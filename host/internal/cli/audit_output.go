package cli

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
)

// auditFilterFlags say which records are wanted.
type auditFilterFlags struct {
	since, until, tool, profile, tenant, arguments string
	outcomes                                       []string
	writes                                         boolFlag
}

func (f *auditFilterFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.since, "since", "", "an age such as 24h or 7d, a day (UTC), or a time in RFC 3339")
	cmd.Flags().StringVar(&f.until, "until", "", "as --since; all of a day")
	cmd.Flags().StringVar(&f.tool, "tool", "", "a glob over tool names, such as 'auth0_update_*'")
	cmd.Flags().StringVar(&f.profile, "profile", "", "records of this profile")
	cmd.Flags().StringVar(&f.tenant, "tenant", "", "records of this tenant's domain")
	cmd.Flags().StringSliceVar(&f.outcomes, "outcome", nil,
		"ok, error, refused, not_sent, may_have_happened; several with commas")
	f.writes.add(cmd, "writes", "only what may have changed a tenant")
	cmd.Flags().StringVar(&f.arguments, "arguments", "", "calls with exactly these arguments, a JSON object")
}

// auditFilter is which records are wanted; the zero one wants all.
type auditFilter struct {
	since, until          time.Time
	tool, profile, tenant string
	outcomes              []audit.Outcome
	writes                bool
	arguments             string
	// begun keeps the beginnings of requests that have an end: without them a chain
	// has gaps.
	begun bool
}

func (f *auditFilterFlags) filter(now time.Time) (auditFilter, error) {
	filter := auditFilter{
		tool: f.tool, profile: f.profile, tenant: f.tenant, writes: f.writes.on, arguments: f.arguments,
	}
	var err error
	if filter.since, err = moment("--since", f.since, now, 0); err != nil {
		return filter, err
	}
	if filter.until, err = moment("--until", f.until, now, 24*time.Hour); err != nil {
		return filter, err
	}
	for _, outcome := range f.outcomes {
		if !slices.Contains(audit.Outcomes(), audit.Outcome(outcome)) {
			return filter, fmt.Errorf("--outcome %q: want one of %v", outcome, audit.Outcomes())
		}
		filter.outcomes = append(filter.outcomes, audit.Outcome(outcome))
	}
	if f.arguments != "" && audit.Canonical([]byte(f.arguments)) == nil {
		return filter, fmt.Errorf("--arguments %q: want a JSON object", f.arguments)
	}
	return filter, nil
}

// moment reads an age, a date (UTC) or a time; zero for "". ofDay is which moment of a date is meant.
func moment(flag, value string, now time.Time, ofDay time.Duration) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, value); err == nil {
		return at, nil
	}
	if day, err := time.Parse(time.DateOnly, value); err == nil {
		return day.Add(ofDay), nil
	}
	if d, ok := duration(value); ok {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("%s %q: want an age such as 24h or 7d, a date such as 2026-01-31, "+
		"or a time such as 2026-01-31T12:00:00Z", flag, value)
}

// duration reads a time such as 24h or 7d.
func duration(value string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(value, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err == nil
	}
	d, err := time.ParseDuration(value)
	return d, err == nil && d >= 0
}

func (f auditFilter) wants(e entry) bool {
	at := e.At()
	switch {
	case !f.since.IsZero() && at.Before(f.since), !f.until.IsZero() && !at.Before(f.until):
	case f.tool != "" && !catalog.MatchGlob(f.tool, e.Tool):
	case f.profile != "" && e.Profile != f.profile, f.tenant != "" && e.Tenant != f.tenant:
	case f.writes && !e.Changes():
	case len(f.outcomes) > 0 && !slices.Contains(f.outcomes, e.outcome):
	case f.arguments != "" && e.ArgumentsHMAC != f.arguments:
	default:
		return true
	}
	return false
}

// entry is a record as it is shown.
type entry struct {
	audit.Record
	raw []byte
	// outcome is the record's, and MayHaveHappened for a write that has no end.
	outcome audit.Outcome
	// damaged is why the line is not what was written; "" if it is.
	damaged string
	// ended is a request's beginning whose end is recorded too.
	ended bool
}

// newEntry is a line; unfinished are the requests without an end, nil if that is
// not known.
func newEntry(line audit.Line, unfinished map[audit.Key]bool) entry {
	e := entry{Record: line.Record, raw: audit.Printable(line.Raw), outcome: line.Record.Outcome}
	if line.Err != nil {
		e.damaged = line.Err.Error()
	}
	if unfinished != nil && e.Phase == audit.Sending {
		if unfinished[e.Key()] {
			e.outcome = audit.MayHaveHappened
		} else {
			// Of a call without an end, as of a server that was killed, only this record has the arguments.
			e.ended = len(e.Arguments) == 0 || !unfinished[audit.Key{Call: e.Call}]
		}
	}
	return e
}

// eachRecord gives the records that a filter wants, oldest first. Lines that are not
// what was written are counted on stderr.
func eachRecord(s *audit.Snapshot, stderr io.Writer, filter auditFilter, give func(entry) error) (int, error) {
	if filter.arguments != "" {
		if filter.arguments = s.HMAC([]byte(filter.arguments)); filter.arguments == "" {
			return 0, errors.New("--arguments: the log has no key file, so no call can be found by its arguments")
		}
	}
	unfinished, err := s.Unfinished()
	if err != nil {
		return 0, err
	}
	count, damaged := 0, 0
	for line, err := range s.Lines() {
		if err != nil {
			return count, err
		}
		e := newEntry(line, unfinished)
		if e.damaged != "" {
			damaged++
		}
		if e.Seq == 0 || (e.ended && !filter.begun) || !filter.wants(e) {
			continue
		}
		count++
		if err := give(e); err != nil {
			return count, err
		}
	}
	if damaged > 0 {
		are := " are"
		if damaged == 1 {
			are = " is"
		}
		fmt.Fprintf(stderr, "%s%s not what was written: see auth0-mcp audit verify\n", counted(damaged, "line"), are)
	}
	return count, nil
}

// shownText bounds each text of a line, in characters. The longest is a path.
const shownText = 200

// shown makes an untrusted text of the log fit for a terminal.
func shown(s string) string { return audit.Text(s, shownText) }

// line is the record in one line.
func (e entry) line() string {
	if e.Seq == 0 {
		return "(a line that is not a record)"
	}
	outcome := string(e.outcome)
	if outcome == "" {
		outcome = string(e.Phase)
	}
	words := []string{shown(e.shortTime()), fmt.Sprintf("%-17s", shown(outcome)), shown(e.Tool)}
	if e.Kind == audit.KindRequest {
		words = append(words, shown(e.Method), shown(e.Path))
		if e.Status > 0 {
			words = append(words, strconv.Itoa(e.Status))
		}
	}
	if len(e.Arguments) > 0 {
		words = append(words, shown(string(e.Arguments)))
	}
	if e.DurationMS > 0 {
		words = append(words, strconv.FormatFloat(e.DurationMS, 'f', 1, 64)+" ms")
	}
	if e.Verdict != audit.VerdictAllowed || (e.Rule != audit.RuleDefault && e.Rule != "") {
		words = append(words, fmt.Sprintf("%s by %s", shown(string(e.Verdict)), shown(string(e.Rule))))
	}
	if e.Reason != "" {
		words = append(words, "("+shown(e.Reason)+")")
	}
	words = append(words, e.counted()...)
	if e.Kind == audit.KindRemoval && e.Removal != nil {
		words = append(words, removed(*e.Removal))
	}
	where := shown(e.Tenant)
	if e.Profile != "" {
		where = shown(e.Profile) + "@" + where
	}
	client := strings.TrimSpace(shown(e.Client) + " " + shown(e.ClientVersion))
	words = append(words, where, client, e.place(), shown(e.Call))
	if e.damaged != "" {
		words = append(words, "CHANGED since it was written")
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), "  ")
}

// shortTime has milliseconds.
func (e entry) shortTime() string {
	if at := e.At(); !at.IsZero() {
		return at.Format("2006-01-02T15:04:05.000Z")
	}
	return e.Time
}

// place is the record's number in its chain.
func (e entry) place() string {
	if e.Chain == audit.ChainReads {
		return "#r" + strconv.FormatUint(e.Seq, 10)
	}
	return "#" + strconv.FormatUint(e.Seq, 10)
}

// counted describes the requests without records of their own.
func (e entry) counted() []string {
	var all []string
	for _, c := range e.Counted {
		var what string
		switch c.Rule {
		case audit.RuleReadLimit:
			what = counted(c.Count, "more read") + " sent"
		case audit.RuleRepeated:
			what = counted(c.Count, "more call") + " like this before"
		case audit.RuleNotSent:
			what = counted(c.Count, "request") + " not sent"
		default:
			what = counted(c.Count, "request") + " refused by " + shown(string(c.Rule))
		}
		var examples []string
		for _, x := range c.Examples {
			examples = append(examples, strings.TrimSpace(shown(x.Method)+" "+shown(x.Path)))
		}
		if len(examples) > 0 {
			what += ": " + strings.Join(slices.Compact(examples), ", ")
		}
		all = append(all, "("+what+")")
	}
	return all
}

// removed describes a removal by rotation.
func removed(r audit.Removal) string {
	why := "older than " + shown(r.Limit)
	if r.Why == audit.RemovedForSize {
		why = "over " + shown(r.Limit) + " of read records"
	}
	return fmt.Sprintf("removed records %d to %d, %s", r.From, r.To, why)
}

func exportTo(out io.Writer, s *audit.Snapshot, stderr io.Writer, filter auditFilter, format string) (int, error) {
	filter.begun = true
	buffered := bufio.NewWriter(out)
	if format == "jsonl" {
		count, err := eachRecord(s, stderr, filter, func(e entry) error {
			_, err := buffered.Write(append(e.raw, '\n'))
			return err
		})
		return count, errors.Join(err, buffered.Flush())
	}
	w := csv.NewWriter(buffered)
	if err := w.Write(csvColumns()); err != nil {
		return 0, err
	}
	count, err := eachRecord(s, stderr, filter, func(e entry) error { return w.Write(e.csv()) })
	w.Flush()
	return count, errors.Join(err, w.Error(), buffered.Flush())
}

func csvColumns() []string {
	return []string{
		"seq", "time", "kind", "phase", "call", "request", "client", "client_version", "profile", "tenant", "tool",
		"plugin", "plugin_version", "plugin_digest", "effect", "decision", "rule", "approval", "reason", "arguments",
		"arguments_hmac", "method", "path", "status", "request_id", "attempts", "duration_ms", "outcome", "hash", "chain",
		"counted", "scopes",
	}
}

func (e entry) csv() []string {
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	cells := []string{
		strconv.FormatUint(e.Seq, 10), e.Time, string(e.Kind), string(e.Phase), e.Call, number(e.Request),
		e.Client, e.ClientVersion, e.Profile, e.Tenant, e.Tool,
		e.Plugin, e.PluginVersion, e.PluginDigest, e.Effect, string(e.Verdict), string(e.Rule), e.Approval, e.Reason,
		string(e.Arguments), e.ArgumentsHMAC, e.Method, e.Path, number(e.Status), e.RequestID, number(e.Attempts),
		strconv.FormatFloat(e.DurationMS, 'f', -1, 64), string(e.outcome), e.Hash, string(e.Chain),
		strings.Join(e.counted(), " "), strings.Join(e.Scopes, " "),
	}
	for i, cell := range cells {
		cells[i] = csvCell(cell)
	}
	return cells
}

// csvCell keeps a spreadsheet from taking a text for a formula.
func csvCell(s string) string {
	const longest = 32 << 10 // a spreadsheet's cell
	s = audit.Text(s, longest)
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}
