package cli

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
)

func auditVerifyCommand(env Environment) *cobra.Command {
	var head string
	var asJSON boolFlag
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Verify that no record was changed, removed, added or moved",
		Long: `Verify every record against its hash and its place in the log, report where the log begins and what
rotation has removed, and list writes whose result was not recorded.

The output ends with the head: the number and the hash of the last record. Note it in a place where this user
cannot change it. A later ` + "`auth0-mcp audit verify --head HASH`" + ` then proves that everything up to it is
unchanged.
Without a noted head, a process that can write the files could have rewritten the whole log.

The exit status is 1 if the log is not intact, or the head is not in it.`,
		Example: `  auth0-mcp audit verify
  auth0-mcp audit verify --head 3f1c…`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if raw, err := hex.DecodeString(head); head != "" && (err != nil || len(raw) != 32) {
				return errors.New("--head: want the 64 hex digits that verify printed")
			}
			return withAudit(
				func(s *audit.Snapshot) error { return verifyAudit(env.Out, s, strings.ToLower(head), asJSON.on) },
			)
		},
	}
	cmd.Flags().StringVar(&head, "head", "", "the hash of an earlier head, which must still be in the log")
	asJSON.add(cmd, "json", "for programs")
	return cmd
}

// brokenAuditError makes the exit status; the report has said what is broken.
type brokenAuditError struct{ what string }

func (e *brokenAuditError) Error() string { return "the audit log is not intact: " + e.what }

// auditVerdict is the output of verify --json.
type auditVerdict struct {
	OK      bool   `json:"ok"`
	Files   int    `json:"files"`
	Records int    `json:"records"`
	From    string `json:"from,omitempty"`
	To      string `json:"to,omitempty"`
	// HeadSeq and Head are the last record of the changes.
	HeadSeq    uint64       `json:"head_seq,omitempty"`
	Head       string       `json:"head,omitempty"`
	HeadFound  *bool        `json:"head_found,omitempty"` // of --head
	Changes    chainVerdict `json:"changes"`
	Reads      chainVerdict `json:"reads"`
	BreakCount int          `json:"break_count"`
	Breaks     []string     `json:"breaks"`
	Torn       []string     `json:"torn"`
	Unfinished []string     `json:"unfinished"`
	Missed     int          `json:"missed"`
}

// chainVerdict is what verify --json says of one of the two chains.
type chainVerdict struct {
	Files    int    `json:"files"`
	Records  int    `json:"records"`
	FirstSeq uint64 `json:"first_seq,omitempty"`
	From     string `json:"from,omitempty"`
	To       string `json:"to,omitempty"`
	HeadSeq  uint64 `json:"head_seq,omitempty"`
	Head     string `json:"head,omitempty"`
	// Beginning is complete, rotated, unknown or missing; "" without records.
	Beginning audit.BeginningKind `json:"beginning,omitempty"`
	// Removed is the latest removal by rotation, and RemovedAt its time.
	Removed   *audit.Removal `json:"removed,omitempty"`
	RemovedAt string         `json:"removed_at,omitempty"`
}

func verdictOf(r audit.ChainReport) chainVerdict {
	v := chainVerdict{
		Files: r.Files, Records: r.Records, FirstSeq: r.First.Seq, From: r.First.Time, To: r.Last.Time,
		HeadSeq: r.Last.Seq, Head: r.Last.Hash, Beginning: r.Beginning.Kind,
	}
	if last := r.Beginning.Removal; last != nil {
		v.Removed, v.RemovedAt = last.Removal, last.Time
	}
	return v
}

func newVerdict(report *audit.Report) auditVerdict {
	changes, reads := verdictOf(report.ChainReport), verdictOf(report.Reads)
	v := auditVerdict{
		OK: report.Intact(), Files: changes.Files + reads.Files, Records: changes.Records + reads.Records,
		From: changes.From, To: changes.To, HeadSeq: changes.HeadSeq, Head: changes.Head, Changes: changes, Reads: reads,
		BreakCount: report.BreakCount + report.Reads.BreakCount, Missed: report.Missed + report.Reads.Missed,
		Breaks: []string{}, Torn: []string{}, Unfinished: []string{},
	}
	if report.Records == 0 || reads.Records > 0 && report.Reads.First.At().Before(report.First.At()) {
		v.From = reads.From
	}
	if report.Reads.Last.At().After(report.Last.At()) {
		v.To = reads.To
	}
	for _, chain := range []audit.ChainReport{report.ChainReport, report.Reads} {
		for _, b := range chain.Breaks {
			v.Breaks = append(v.Breaks, b.String())
		}
		for _, b := range chain.Torn {
			v.Torn = append(v.Torn, b.String())
		}
	}
	for _, r := range report.Unfinished {
		v.Unfinished = append(v.Unfinished, newEntry(audit.Line{Record: r}, map[audit.Key]bool{r.Key(): true}).line())
	}
	return v
}

func verifyAudit(out io.Writer, s *audit.Snapshot, head string, asJSON bool) error {
	report, err := s.Verify()
	if err != nil {
		return err
	}
	v := newVerdict(report)
	var failure error
	if !v.OK {
		failure = &brokenAuditError{v.Breaks[0]}
	}
	if head != "" {
		_, found, err := s.Find(head)
		if err != nil {
			return err
		}
		v.HeadFound = &found
		if !found {
			v.OK = false
			failure = errors.Join(
				failure,
				&brokenAuditError{
					"no record has the hash of --head: that record was changed or deleted, or rotation has removed it",
				},
			)
		}
	}
	if asJSON {
		return errors.Join(writeJSON(out, v), failure)
	}
	_, err = io.WriteString(out, console.Of(out).Prose(v.words()))
	return errors.Join(err, failure)
}

func (v auditVerdict) words() string {
	var b strings.Builder
	switch {
	case v.BreakCount > 0:
		fmt.Fprintf(&b, "Log not verified: %s\n", counted(v.BreakCount, "break"))
	case v.Records == 0:
		fmt.Fprintf(&b, "No records in %s\n", audit.Text(auditFolder(), shownText))
	default:
		fmt.Fprintf(&b, "Log verified: %s from %s to %s\n", counted(v.Records, "record"), toSecond(v.From), toSecond(v.To))
	}
	v.Changes.describe(&b, "Changes and refusals")
	v.Reads.describe(&b, "Reads")
	list := func(title string, items []string) {
		if len(items) == 0 {
			return
		}
		fmt.Fprintln(&b, title)
		for _, item := range items {
			fmt.Fprintln(&b, "  "+item)
		}
	}
	list("First breaks:", v.Breaks)
	list("Cut off by a crash during a write (not a break):", v.Torn)
	list("Writes without an end. Each is in progress, or may have happened: check the tenant.", v.Unfinished)
	if v.Missed > 0 {
		fmt.Fprintf(&b, "Lost: %s that could not be written because the disk was full or the folder not writable\n",
			counted(v.Missed, "record"))
	}
	switch {
	case v.HeadFound == nil || !*v.HeadFound:
	case v.BreakCount == 0:
		b.WriteString("The given head is in the log: no record up to it was changed.\n")
	default:
		b.WriteString("The given head is in the log, which has breaks.\n")
	}
	v.Changes.head(&b, "Head")
	v.Reads.head(&b, "Head of the reads")
	return b.String()
}

// describe says how much of a chain there is, and where it begins.
func (v chainVerdict) describe(b *strings.Builder, title string) {
	if v.Records == 0 {
		return
	}
	fmt.Fprintf(b, "%s: %s in %s, from %s to %s\n",
		title, counted(v.Records, "record"), counted(v.Files, "file"), toSecond(v.From), toSecond(v.To))
	fmt.Fprintf(b, "  begins at record %d%s\n", v.FirstSeq, v.why())
}

// why says why a chain begins where it does.
func (v chainVerdict) why() string {
	switch v.Beginning {
	case audit.BeginsComplete:
		return ", the first one: complete"
	case audit.BeginsUnknown:
		return ": an earlier version of auth0-mcp removed older records without recording it, or their files were deleted"
	case audit.BeginsMissing:
		return ": records before it are missing, and not by rotation"
	case audit.BeginsAfterRemoval:
	}
	reason := "after " + shown(v.Removed.Limit)
	if v.Removed.Why == audit.RemovedForSize {
		reason = "because the read records were larger than " + shown(v.Removed.Limit)
	}
	at := toSecond(v.RemovedAt)
	return fmt.Sprintf(": older records (1 to %d) were removed, last on %s, %s", v.FirstSeq-1, at, reason)
}

func (v chainVerdict) head(b *strings.Builder, title string) {
	if v.Records > 0 {
		fmt.Fprintf(b, "%s: record %d, hash %s\n", title, v.HeadSeq, shown(v.Head))
	}
}

// toSecond is the time of a record, to the second.
func toSecond(recorded string) string {
	r := audit.Record{Time: recorded}
	if at := r.At(); !at.IsZero() {
		return at.Format(time.RFC3339)
	}
	return shown(recorded)
}
