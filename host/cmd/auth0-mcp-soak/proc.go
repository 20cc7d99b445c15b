package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// figures are what one host uses, with its plugins.
type figures struct {
	plugins     int
	descriptors int // of the host; -1 where only root may look
	threads     int // of the host
	pluginFiles int // descriptors of the plugins
	pss         int // kB, of all; -1 where only root may look
}

func measure(pid int) figures {
	f := figures{descriptors: count(pid, "fd"), threads: count(pid, "task"), pss: pss(pid)}
	for _, plugin := range children(pid) {
		f.plugins++
		f.pluginFiles += max(count(plugin, "fd"), 0)
		if kB := pss(plugin); f.pss >= 0 && kB >= 0 {
			f.pss += kB
		}
	}
	return f
}

func (f figures) String() string {
	return fmt.Sprintf("%d plugins, %d descriptors (%d of the plugins), %d threads, %.1f MB", f.plugins, f.descriptors,
		f.pluginFiles, f.threads, float64(f.pss)/1024)
}

// What a host may use beyond a fresh one that has called each plugin once: idle connections to the tenant, as many as
// requests may be in flight, each with two goroutines; goroutines that wait for the next call; and memory that the
// runtime has not given back.
const (
	moreDescriptors = 6
	moreGoroutines  = 12
	moreMemory      = 48 << 10 // kB, for a host and five plugins
)

// over says what is more than at the start, or is empty.
func (f figures) over(start figures) string {
	var what []string
	add := func(name string, got, was, more int) {
		if got > was+more {
			what = append(what, fmt.Sprintf("%s: %d, at the start %d", name, got, was))
		}
	}
	add("plugins", f.plugins, start.plugins, 0)
	add("descriptors", f.descriptors, start.descriptors, moreDescriptors)
	add("descriptors of the plugins", f.pluginFiles, start.pluginFiles, moreDescriptors)
	add("memory in kB", f.pss, start.pss, moreMemory)
	return strings.Join(what, "; ")
}

// children are the processes that a process has started.
func children(pid int) []int {
	var found []int
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil
	}
	for _, task := range tasks {
		data, err := os.ReadFile(task)
		if err != nil {
			continue // the thread has ended
		}
		for field := range strings.FieldsSeq(string(data)) {
			if n, err := strconv.Atoi(field); err == nil {
				found = append(found, n)
			}
		}
	}
	return found
}

func count(pid int, folder string) int {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/%s", pid, folder))
	if err != nil {
		return -1
	}
	return len(entries)
}

func pss(pid int) int {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return -1 // a host is not dumpable: only root reads its memory map
	}
	for line := range strings.Lines(string(data)) {
		var kB int
		if n, _ := fmt.Sscanf(line, "Pss: %d kB", &kB); n == 1 {
			return kB
		}
	}
	return -1
}

// below are the processes whose temporary folder is below dir: the plugins of all
// hosts of this run, whoever their parent is by now.
func below(dir string) []int {
	var found []int
	environments, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return nil
	}
	for _, path := range environments {
		data, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(data, []byte("TMPDIR="+dir)) {
			continue
		}
		if pid, err := strconv.Atoi(strings.Split(path, "/")[2]); err == nil {
			found = append(found, pid)
		}
	}
	return found
}

// alive names those of some processes that go on: plugins of this run, for a number
// is used again.
func alive(pids []int, dir string) string {
	var left []int
	for _, pid := range below(dir) {
		if slices.Contains(pids, pid) {
			left = append(left, pid)
		}
	}
	if len(left) == 0 {
		return ""
	}
	return fmt.Sprintf("processes %v", left)
}

// goroutines counts them in the dump that a Go program makes when it gets SIGQUIT.
func goroutines(dump string) int { return strings.Count(dump, "\ngoroutine ") }

// eventually waits for a probe to find nothing wrong, and returns what it found last.
func eventually(atMost time.Duration, probe func() string) string {
	for deadline := time.Now().Add(atMost); ; time.Sleep(200 * time.Millisecond) {
		wrong := probe()
		if wrong == "" || time.Now().After(deadline) {
			return wrong
		}
	}
}

// pause sleeps, unless the context ends first.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
