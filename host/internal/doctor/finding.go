package doctor

import (
	"fmt"
	"time"
)

const (
	// checkPatience is how long one examination may take: a keychain that prompts
	// where there is no user, a dead name server, a network folder that is gone.
	checkPatience = 5 * time.Second
	// patience bounds all of them together.
	patience = 30 * time.Second
)

// Status is what a check found.
type Status string

// What a check can find.
const (
	OK   Status = "ok"
	Warn Status = "warn" // works, or works partly: worth knowing
	Fail Status = "fail" // must be fixed before the server can work
)

// Finding is one line of the report. Its field names in JSON are a promise to
// programs.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Detail string `json:"detail"`
	// Remedy is how to fix it, a command wherever there is one; empty if nothing
	// is wrong.
	Remedy string `json:"remedy"`
}

func passes(check, format string, args ...any) Finding {
	return Finding{Check: check, Status: OK, Detail: fmt.Sprintf(format, args...)}
}

func warns(check, remedy, format string, args ...any) Finding {
	return Finding{Check: check, Status: Warn, Detail: fmt.Sprintf(format, args...), Remedy: remedy}
}

func fails(check, remedy, format string, args ...any) Finding {
	return Finding{Check: check, Status: Fail, Detail: fmt.Sprintf(format, args...), Remedy: remedy}
}

// Count is how many findings have a status.
func Count(findings []Finding, status Status) int {
	n := 0
	for _, f := range findings {
		if f.Status == status {
			n++
		}
	}
	return n
}
