package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/spf13/cobra"
)

const (
	// checkPatience is how long one check may take: a keychain that shows a prompt
	// to nobody, a dead name server, a folder on a network that is gone.
	checkPatience = 5 * time.Second
	// doctorPatience bounds all of them together.
	doctorPatience = 30 * time.Second
)

// status is what a check found.
type status string

const (
	statusOK   status = "ok"
	statusWarn status = "warn" // works, or works partly: worth knowing
	statusFail status = "fail" // must be mended before the server can work
)

// finding is one line of the report. Its field names in JSON are a promise to
// programs.
type finding struct {
	Check  string `json:"check"`
	Status status `json:"status"`
	Detail string `json:"detail"`
	// Remedy is what mends it, a command wherever there is one; empty if nothing
	// needs mending.
	Remedy string `json:"remedy"`
}

func passes(check, format string, args ...any) finding {
	return finding{Check: check, Status: statusOK, Detail: fmt.Sprintf(format, args...)}
}

func warns(check, remedy, format string, args ...any) finding {
	return finding{Check: check, Status: statusWarn, Detail: fmt.Sprintf(format, args...), Remedy: remedy}
}

func fails(check, remedy, format string, args ...any) finding {
	return finding{Check: check, Status: statusFail, Detail: fmt.Sprintf(format, args...), Remedy: remedy}
}

type doctorFlags struct {
	run     runFlags
	asJSON  boolFlag
	offline boolFlag
	bundle  string
	mask    boolFlag
}

// doctorCommand is «auth0-mcp doctor»: what works, what does not, and what mends it.
func doctorCommand(env Environment) *cobra.Command {
	f := doctorFlags{mask: boolFlag{on: true}}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find out what is wrong, and what mends it",
		Long: `Check what the server needs: config, credential store, session and its scopes, the way to the tenant
step by step (proxy, certificates, name, connection, TLS, Management API), the plugins, the MCP
clients' entries; and start the server as a client would. Each line is ok, warn or fail, with
what to do. It takes 30 seconds at most, and changes nothing but a token that is due for renewal.

The exit status is 1 if a check failed; a warning is no failure. No secret is ever shown.`,
		Example: `  auth0-mcp doctor --profile production
  auth0-mcp doctor --sandbox
  auth0-mcp doctor --bundle support.zip`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDoctor(cmd, env, f) },
	}
	f.run.addSelection(cmd)
	f.run.account.add(cmd)
	f.run.audit.add(cmd)
	cmd.Flags().BoolVar(&f.run.sandbox, "sandbox", false, "leave out what needs a tenant, and start the server on the built-in one")
	f.asJSON.add(cmd, "json", "for programs: an array of {check, status, detail, remedy}")
	f.offline.add(cmd, "offline", "do not use the network")
	cmd.Flags().StringVar(&f.bundle, "bundle", "", "also write what an issue report needs, without secrets, to this new zip file")
	f.mask.add(cmd, "mask", "hide domains, client ids and the home folder in the bundle")
	return cmd
}

// failedChecksError makes the exit status; the report has said what failed.
type failedChecksError struct{ count int }

func (e *failedChecksError) Error() string {
	if e.count == 1 {
		return "1 check failed: its line says what mends it"
	}
	return fmt.Sprintf("%d checks failed: their lines say what mends them", e.count)
}

func runDoctor(cmd *cobra.Command, env Environment, f doctorFlags) error {
	protectProcess()
	var file *bundleFile
	if f.bundle != "" {
		// Before half a minute of checks: a file that is there is never overwritten.
		var err error
		if file, err = claimBundle(f.bundle); err != nil {
			return err
		}
		defer file.abandon()
	}
	filter, err := f.run.filter(cmd)
	if err != nil {
		return err
	}
	d, err := newDoctor(env, f, filter)
	if err == nil {
		d.audit, err = f.run.audit.config(cmd)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), doctorPatience)
	defer cancel()
	findings := d.examine(ctx)
	if err := printReport(env.Out, findings, f.asJSON.on); err != nil {
		return err
	}
	if file != nil {
		parts, err := d.bundleParts(findings)
		if err == nil {
			err = file.write(parts)
		}
		if err != nil {
			return err
		}
		// Not on stdout, which is a program's with --json.
		describeBundle(env.Err, f.bundle, parts)
	}
	if failed := countStatus(findings, statusFail); failed > 0 {
		return &failedChecksError{failed}
	}
	return nil
}

func countStatus(findings []finding, which status) int {
	n := 0
	for _, f := range findings {
		if f.Status == which {
			n++
		}
	}
	return n
}

func printReport(out io.Writer, findings []finding, asJSON bool) error {
	if asJSON {
		return writeJSON(out, findings)
	}
	var b strings.Builder
	width := 0
	for _, f := range findings {
		width = max(width, len(f.Check))
	}
	for _, f := range findings {
		fmt.Fprintf(&b, "%-4s  %-*s  %s\n", f.Status, width, f.Check, f.Detail)
		if f.Remedy != "" {
			fmt.Fprintf(&b, "      %*s  → %s\n", width, "", f.Remedy)
		}
	}
	fmt.Fprintf(&b, "\n%d ok, %d to look at, %d failed\n", countStatus(findings, statusOK), countStatus(findings, statusWarn), countStatus(findings, statusFail))
	_, err := io.WriteString(out, b.String())
	return err
}

// step is one check, or several that build on each other.
type step struct {
	// name stands for the step if it gives no answer in time.
	name     string
	patience time.Duration
	run      func(context.Context) []finding
}

// together runs steps at the same time and returns the findings of each. A step
// without a function, which a flag has left out, finds nothing.
func together(ctx context.Context, steps ...step) [][]finding {
	results := make([][]finding, len(steps))
	var all sync.WaitGroup
	for i, s := range steps {
		if s.run != nil {
			all.Go(func() { results[i] = s.within(ctx) })
		}
	}
	all.Wait()
	return results
}

// within runs a step aside and leaves it behind when its time is over: what hangs
// in a system call can't be stopped, and must not hide what the others found. So a
// step may write to what is shared under its lock only, also late.
func (s step) within(ctx context.Context) []finding {
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	done := make(chan []finding, 1)
	go func() { done <- s.run(ctx) }()
	select {
	case found := <-done:
		return found
	case <-ctx.Done():
	}
	select { // both were ready, or the step ends because of the context
	case found := <-done:
		return found
	case <-time.After(s.patience / 10):
		why := fmt.Sprintf("no answer within %v", s.patience)
		if errors.Is(context.Cause(ctx), context.Canceled) {
			why = "interrupted"
		}
		return []finding{fails(s.name, "auth0-mcp doctor, once more; if it stays so, look at what it waits for", "%s", why)}
	}
}

// counted is a number of things, in words.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// oneLine keeps a report to one line for each thing, whatever a server or a
// program said.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }), " ")
}
