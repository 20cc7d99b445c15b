package cli

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
)

func auditCommand(env Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Read and check the record of all calls, refusals and changes",
		Long: `Read and check the audit log: one line of JSON for each tool call, each refusal and each HTTP request
of a writing tool, of all profiles and clients of this user. The lines are chained by hashes.
A request that may change a tenant is recorded before it is sent, and again when it is answered.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(auditTailCommand(env), auditQueryCommand(env), auditVerifyCommand(env), auditExportCommand(env))
	return cmd
}

// withAudit runs with the log as it is now.
func withAudit(run func(*audit.Snapshot) error) error {
	folder := auditFolder()
	if folder == "" {
		return errors.New("the folder of the audit log is not known: set HOME to your home folder")
	}
	s, err := audit.OpenSnapshot(folder)
	if err != nil {
		return err
	}
	return errors.Join(run(s), s.Close())
}

func auditTailCommand(env Environment) *cobra.Command {
	var count int
	var follow bool
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Show the latest records, and with -f those to come",
		Example: `  auth0-mcp audit tail -n 50
  auth0-mcp audit tail -f`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if count < 0 {
				return fmt.Errorf("-n %d: want 0 or more", count)
			}
			return auditTail(cmd.Context(), env, count, follow)
		},
	}
	cmd.Flags().IntVarP(&count, "lines", "n", 20, "how many")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on showing what comes, until Ctrl-C")
	return cmd
}

// followInterval is how often the log is looked at: a person sees no difference.
const followInterval = 250 * time.Millisecond

func auditTail(ctx context.Context, env Environment, count int, follow bool) error {
	var last uint64
	err := withAudit(func(s *audit.Snapshot) error {
		var latest []string
		_, err := eachRecord(s, env.Err, auditFilter{}, func(e entry) error {
			last = max(last, e.Seq)
			if latest = append(latest, e.line()); len(latest) > count {
				latest = latest[1:]
			}
			return nil
		})
		for _, line := range latest {
			fmt.Fprintln(env.Out, line)
		}
		return err
	})
	if err != nil || !follow {
		return err
	}
	follower := audit.Follow(auditFolder(), last)
	ticker := time.NewTicker(followInterval)
	defer ticker.Stop()
	for {
		err := follower.Read(func(line audit.Line) error {
			_, err := fmt.Fprintln(env.Out, newEntry(line, nil).line())
			return err
		})
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil // Ctrl-C is how it ends
		case <-ticker.C:
		}
	}
}

func auditQueryCommand(env Environment) *cobra.Command {
	var f auditFilterFlags
	var asJSON boolFlag
	cmd := &cobra.Command{
		Use:   "query",
		Short: "Find records by time, tool, profile, tenant and outcome",
		Example: `  auth0-mcp audit query --since 24h --writes
  auth0-mcp audit query --tool 'auth0_*_application' --outcome may_have_happened,error --json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			filter, err := f.filter(time.Now())
			if err != nil {
				return err
			}
			return withAudit(func(s *audit.Snapshot) error {
				out := bufio.NewWriter(env.Out)
				_, err := eachRecord(s, env.Err, filter, func(e entry) error {
					line := e.line()
					if asJSON.on {
						line = string(e.raw)
					}
					_, err := fmt.Fprintln(out, line)
					return err
				})
				return errors.Join(err, out.Flush())
			})
		},
	}
	f.add(cmd)
	asJSON.add(cmd, "json", "print the records as they are, one a line")
	return cmd
}

func auditExportCommand(env Environment) *cobra.Command {
	var f auditFilterFlags
	var format, output string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write records to a file, as JSON lines or CSV",
		Long: `Write records to a file, or to stdout. JSON lines are the log's own, so that their hashes can still be
checked. The key of arguments_hmac is not exported.`,
		Example: `  auth0-mcp audit export --format csv --since 30d --output audit.csv`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			filter, err := f.filter(time.Now())
			if err != nil {
				return err
			}
			if format != "jsonl" && format != "csv" {
				return fmt.Errorf("--format %q: want jsonl or csv", format)
			}
			return withAudit(func(s *audit.Snapshot) error {
				if output == "" {
					_, err := exportTo(env.Out, s, env.Err, filter, format)
					return err
				}
				var count int
				err := atomicfile.Replace(output, nil, func(file *os.File) (err error) {
					count, err = exportTo(file, s, env.Err, filter, format)
					return err
				})
				if err != nil {
					return fmt.Errorf("--output %s: %w", output, err)
				}
				fmt.Fprintf(env.Err, "Wrote %s to %s\n", counted(count, "record"), output)
				return nil
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&format, "format", "jsonl", "jsonl or csv")
	cmd.Flags().StringVar(&output, "output", "", "the file to write, which is replaced; without it stdout")
	return cmd
}

func auditVerifyCommand(env Environment) *cobra.Command {
	var head string
	var asJSON boolFlag
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check that no record was changed, removed, added or moved",
		Long: `Check every record against its hash and its place in the chain, and tell what the log says of writes that
have no end. It prints the head: the number and the hash of the last record. Note it where nobody who can
write this log can change it, and «verify --head HASH» proves later that everything up to there is still the
same: without that, whoever can write the files could make the whole chain anew.

The exit status is 1 if the chain is broken, or the head is not in it.`,
		Example: `  auth0-mcp audit verify
  auth0-mcp audit verify --head 3f1c…`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if raw, err := hex.DecodeString(head); head != "" && (err != nil || len(raw) != 32) {
				return errors.New("--head: want the 64 hex digits that verify printed")
			}
			return withAudit(func(s *audit.Snapshot) error { return verifyAudit(env.Out, s, strings.ToLower(head), asJSON.on) })
		},
	}
	cmd.Flags().StringVar(&head, "head", "", "a hash that verify printed before: it must still be in the log")
	asJSON.add(cmd, "json", "for programs")
	return cmd
}

// brokenAuditError makes the exit status; the report has said what is broken.
type brokenAuditError struct{ what string }

func (e *brokenAuditError) Error() string { return "the audit log is not what was written: " + e.what }

// auditVerdict is the output of verify --json.
type auditVerdict struct {
	OK         bool     `json:"ok"`
	Files      int      `json:"files"`
	Records    int      `json:"records"`
	From       string   `json:"from,omitempty"`
	To         string   `json:"to,omitempty"`
	HeadSeq    uint64   `json:"head_seq,omitempty"`
	Head       string   `json:"head,omitempty"`
	HeadFound  *bool    `json:"head_found,omitempty"` // of --head
	BreakCount int      `json:"break_count"`
	Breaks     []string `json:"breaks"`
	Torn       []string `json:"torn"`
	Unfinished []string `json:"unfinished"`
	Missed     int      `json:"missed"`
}

func verifyAudit(out io.Writer, s *audit.Snapshot, head string, asJSON bool) error {
	report, err := s.Verify()
	if err != nil {
		return err
	}
	v := auditVerdict{
		OK: report.BreakCount == 0, Files: report.Files, Records: report.Records, From: report.First.Time, To: report.Last.Time,
		HeadSeq: report.Last.Seq, Head: report.Last.Hash, BreakCount: report.BreakCount, Missed: report.Missed,
		Breaks: []string{}, Torn: []string{}, Unfinished: []string{},
	}
	for _, b := range report.Breaks {
		v.Breaks = append(v.Breaks, b.String())
	}
	for _, b := range report.Torn {
		v.Torn = append(v.Torn, b.String())
	}
	for _, r := range report.Unfinished {
		v.Unfinished = append(v.Unfinished, newEntry(audit.Line{Record: r}, map[audit.Key]bool{r.Key(): true}).line())
	}
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
			failure = errors.Join(failure, &brokenAuditError{"no record has the hash of --head: it was changed or removed, or rotated away since"})
		}
	}
	if asJSON {
		return errors.Join(writeJSON(out, v), failure)
	}
	_, err = io.WriteString(out, v.words())
	return errors.Join(err, failure)
}

func (v auditVerdict) words() string {
	var b strings.Builder
	if v.Records == 0 {
		fmt.Fprintf(&b, "No records in %s\n", audit.Text(auditFolder(), shownText))
	} else {
		fmt.Fprintf(&b, "%s in %s, from %s to %s\n", counted(v.Records, "record"), counted(v.Files, "file"), shown(v.From), shown(v.To))
	}
	if v.BreakCount == 0 {
		b.WriteString("The chain holds.\n")
	} else {
		fmt.Fprintf(&b, "The chain is broken: %s.\n", counted(v.BreakCount, "break"))
	}
	list := func(title string, items []string) {
		if len(items) == 0 {
			return
		}
		fmt.Fprintln(&b, title)
		for _, item := range items {
			fmt.Fprintln(&b, "  "+item)
		}
	}
	list("Breaks, the first ones:", v.Breaks)
	list("Left by a crash in the middle of a write, no break:", v.Torn)
	list("Writes without an end: each may have happened, or is under way. Look in the tenant:", v.Unfinished)
	if v.Missed > 0 {
		fmt.Fprintf(&b, "%s lost because the log could not be written: the disk was full, or the folder closed\n", counted(v.Missed, "record")+" "+map[bool]string{true: "was", false: "were"}[v.Missed == 1])
	}
	if v.HeadFound != nil && *v.HeadFound {
		b.WriteString("The head that was given is in the chain: up to there nothing was changed.\n")
	}
	if v.Records > 0 {
		fmt.Fprintf(&b, "Head: record %s, hash %s\n", strconv.FormatUint(v.HeadSeq, 10), shown(v.Head))
	}
	return b.String()
}
