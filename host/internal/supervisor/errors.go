package supervisor

import (
	"errors"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
)

// ErrClosed says that the supervisor is shutting down.
var ErrClosed = errors.New("the server is shutting down")

// Interruption is what the errors of a call have in common that a plugin had
// begun and did not answer.
type Interruption struct {
	Plugin, Tool string
}

// CrashError says that a plugin's process ended during a call, by itself or
// because it had taken too much memory.
type CrashError struct {
	Interruption
	// How is how the process ended, such as "exit status 2".
	How string
	// Limit and Resident are set if the process was killed for its memory, in bytes:
	// what it may take and what it had.
	Limit, Resident uint64
	// Stderr is the end of what the process wrote to stderr.
	Stderr string
}

func (e *CrashError) Error() string {
	during := ""
	if e.Tool != "" {
		during = " during " + e.Tool
	}
	if e.Limit > 0 {
		return fmt.Sprintf("plugin %s was stopped%s: it had %s of memory, and may have %s (--plugin-memory-limit). Ask "+
			"for less at a time, or raise the limit. Its last words: %s",
			e.Plugin, during, humanize.IBytes(e.Resident), humanize.IBytes(e.Limit), orNone(e.Stderr))
	}
	return fmt.Sprintf("plugin %s ended unexpectedly%s (%s). Its last words: %s", e.Plugin, during, e.How,
		orNone(e.Stderr))
}

// TimeoutError says that a plugin had not answered when the call's time was up.
type TimeoutError struct {
	Interruption
	After time.Duration
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("plugin %s did not finish %s within %v and was told to stop. Ask for less at a time, or give it "+
		"longer (--call-timeout)",
		e.Plugin, e.Tool, e.After)
}

// AnswerError says that a plugin's answer broke the contract: it was too large, or
// no answer at all.
type AnswerError struct {
	Interruption
	Err error
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("plugin %s gave no usable answer to %s: %v. Report it to the plugin's author", e.Plugin, e.Tool,
		e.Err)
}

func (e *AnswerError) Unwrap() error { return e.Err }

// LaunchError says that a plugin could not be started.
type LaunchError struct {
	Plugin, Path string
	Remedy       string
	Stderr       string
	Err          error
}

func (e *LaunchError) Error() string {
	text := fmt.Sprintf("plugin %s (%s) did not start: %v", e.Plugin, e.Path, e.Err)
	if e.Stderr != "" {
		text += ". It said: " + e.Stderr
	}
	if e.Remedy != "" {
		text += ". " + e.Remedy
	}
	return text
}

func (e *LaunchError) Unwrap() error { return e.Err }

// BrokenError says that a plugin has failed so often that it is not started now.
type BrokenError struct {
	Plugin string
	// Failures is how many there were within the last minute.
	Failures int
	Until    time.Time
	// Last is the newest failure, a LaunchError or a CrashError. It is no part of this
	// error's chain: it was another call's.
	Last error
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("plugin %s failed %d times within a minute and is not started again before %s. The last "+
		"failure: %v",
		e.Plugin, e.Failures, e.Until.UTC().Format("15:04:05 UTC"), e.Last)
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}
