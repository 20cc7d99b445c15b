package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// unknown is a figure that this machine does not give.
var unknown = math.NaN()

// tree is the process and those that it has started.
func (s *session) tree() []string {
	return append(children(s.cmd.Process.Pid), fmt.Sprint(s.cmd.Process.Pid))
}

// memory is the proportional set size of a tree in MB: pages in use by several processes count once, divided among
// them. Anonymous is what is in no file, so that only the processes' end or they themselves free it.
type memory struct{ all, anonymous float64 }

// pss is the tree's memory. Linux only; and only root may read the host's, because it is not dumpable.
func (s *session) pss() memory {
	var found memory
	for _, pid := range s.tree() {
		data, err := os.ReadFile(filepath.Join("/proc", pid, "smaps_rollup"))
		if err != nil {
			return memory{unknown, unknown}
		}
		found.add(string(data))
	}
	return found
}

// add adds what a smaps_rollup says of one process.
func (m *memory) add(rollup string) {
	const megabyte = 1024
	for line := range strings.Lines(rollup) {
		var kilobytes float64
		if n, _ := fmt.Sscanf(line, "Pss: %f kB", &kilobytes); n == 1 {
			m.all += kilobytes / megabyte
		}
		if n, _ := fmt.Sscanf(line, "Pss_Anon: %f kB", &kilobytes); n == 1 {
			m.anonymous += kilobytes / megabyte
		}
	}
}

// idle is the tree's memory once it no longer changes, as far as it does not within a bound.
func (s *session) idle(ctx context.Context) memory {
	var last []memory
	for range atMost {
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		last = append(last[max(0, len(last)-steady+1):], s.pss())
		if len(last) == steady && constant(last) {
			break
		}
	}
	return last[len(last)-1]
}

// A tree is idle once its memory has been the same for three seconds. The peer's may shrink for longer than the bound.
const (
	pause  = 500 * time.Millisecond
	steady = 7  // readings
	atMost = 40 // readings
)

// constant tells whether the memory is the same but for a hundredth; that of a server that cannot be read is.
func constant(readings []memory) bool {
	least, most := math.Inf(1), 0.0
	for _, m := range readings {
		least, most = min(least, m.all), max(most, m.all)
	}
	return !(most > 1.01*least)
}

// cpu is the processor time that the tree has used so far, in steps of 10 ms; negative where there is no /proc.
func (s *session) cpu() time.Duration {
	var total time.Duration
	for _, pid := range s.tree() {
		data, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
		if err != nil {
			return -1
		}
		total += cpuTime(string(data))
	}
	return total
}

// cpuTime reads user and system time from a process's stat, see proc_pid_stat(5). Both are in 1/100 s, which the
// kernel promises to programs on the platforms that we build for.
func cpuTime(stat string) time.Duration {
	const tick = time.Second / 100
	var user, system int64
	// The program's name, in parentheses, may itself have spaces and parentheses.
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0
	}
	_, _ = fmt.Sscan(fields[11], &user) // the kernel writes numbers
	_, _ = fmt.Sscan(fields[12], &system)
	return time.Duration(user+system) * tick
}

// children are the processes that a process has started; none where there is no /proc.
func children(pid int) []string {
	var found []string
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil
	}
	for _, task := range tasks {
		if data, err := os.ReadFile(task); err == nil {
			found = append(found, strings.Fields(string(data))...)
		}
	}
	return found
}
