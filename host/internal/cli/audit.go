package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
)

func auditCommand(env Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Read and verify the audit log",
		Long: `Read and verify the audit log: one line of JSON for each tool call, each refusal and each HTTP request
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
	var asJSON jsonFlags
	cmd := &cobra.Command{
		Use:   "tail",
		Short: "Show the latest records",
		Example: `  auth0-mcp audit tail -n 50
  auth0-mcp audit tail -f`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if count < 0 {
				return fmt.Errorf("-n %d: want 0 or more", count)
			}
			return auditTail(cmd.Context(), env, count, follow, recordWriter(env.Out, asJSON))
		},
	}
	asJSON.add(cmd, "print the records as they are, one a line")
	cmd.Flags().IntVarP(&count, "lines", "n", 20, "how many records to show")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "show new records too, until Ctrl-C")
	return cmd
}

// followInterval is how often the log is read: shorter than a user notices.
const followInterval = 250 * time.Millisecond

// recordWriter writes records as they are for programs, else so that they fit the output.
func recordWriter(fitting any, asJSON jsonFlags) func(io.Writer, entry) error {
	screen := console.Of(fitting)
	return func(out io.Writer, e entry) error {
		if asJSON.on {
			return asJSON.writeLine(out, e.raw)
		}
		_, err := io.WriteString(out, screen.Line(e.line()))
		return err
	}
}

func auditTail(ctx context.Context, env Environment, count int, follow bool,
	write func(io.Writer, entry) error) error {
	last := map[audit.ChainID]uint64{}
	err := withAudit(func(s *audit.Snapshot) error {
		var latest []entry
		_, err := eachRecord(s, env.Err, auditFilter{}, func(e entry) error {
			last[e.Chain] = max(last[e.Chain], e.Seq)
			if latest = append(latest, e); len(latest) > count {
				latest = latest[1:]
			}
			return nil
		})
		for _, e := range latest {
			err = errors.Join(err, write(env.Out, e))
		}
		return err
	})
	if err != nil || !follow {
		return err
	}
	follower := audit.Follow(auditFolder(), last[audit.ChainChanges], last[audit.ChainReads])
	ticker := time.NewTicker(followInterval)
	defer ticker.Stop()
	for {
		err := follower.Read(func(line audit.Line) error {
			return write(env.Out, newEntry(line, nil))
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
	var asJSON jsonFlags
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
				out, write := bufio.NewWriter(env.Out), recordWriter(env.Out, asJSON)
				_, err := eachRecord(s, env.Err, filter, func(e entry) error { return write(out, e) })
				return errors.Join(err, out.Flush())
			})
		},
	}
	f.add(cmd)
	asJSON.add(cmd, "print the records as they are, one a line")
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
				progress := console.Begin(env.Err, "Writing "+output)
				err := atomicfile.Replace(output, nil, func(file *os.File) (err error) {
					count, err = exportTo(file, s, env.Err, filter, format)
					return err
				})
				progress.Stop()
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
	cmd.Flags().StringVar(&output, "output", "", "the file to write or replace (default: stdout)")
	return cmd
}
