package main

import (
	"runtime/metrics"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/cli"
)

// percent is GOGC as it is now.
func percent() uint64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// A start is not disturbed by the collection of garbage, which begins with the first call, or when the server waits.
func TestAStartLeavesGarbage(t *testing.T) {
	usual := percent()
	for name, end := range map[string]func(cli.Hooks){
		"first call": func(hooks cli.Hooks) { hooks.Launched() },
		"wait":       func(hooks cli.Hooks) { hooks.Working(false) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GOGC", "")
			hooks := spare()
			// Longer than a server that waits keeps its memory: the start is work.
			for until := time.Now().Add(time.Second); time.Now().Before(until); time.Sleep(10 * time.Millisecond) {
				if now := percent(); now != startGCPercent {
					t.Fatalf("GOGC is %d during the start", now)
				}
			}
			end(hooks)
			for deadline := time.Now().Add(patience); percent() != usual; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("GOGC is %d after it, want %d", percent(), usual)
				}
			}
		})
	}
}

func TestTheUsersGOGCIsKept(t *testing.T) {
	t.Setenv("GOGC", "50")
	usual := percent()
	spare()
	if now := percent(); now != usual {
		t.Errorf("GOGC is %d, want %d", now, usual)
	}
}
