package main

import (
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

// pss is the proportional set size of the tree in MB: pages in use by several processes count once, divided among
// them. Linux only; and only root may read the host's, because it is not dumpable.
func (s *session) pss() float64 {
	total := 0
	for _, pid := range s.tree() {
		data, err := os.ReadFile(filepath.Join("/proc", pid, "smaps_rollup"))
		if err != nil {
			return unknown
		}
		for line := range strings.Lines(string(data)) {
			var kilobytes int
			if n, _ := fmt.Sscanf(line, "Pss: %d kB", &kilobytes); n == 1 {
				total += kilobytes
			}
		}
	}
	return float64(total) / 1024
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
