package supervisor

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// watchesMemory says whether a plugin's memory can be measured here.
const watchesMemory = true

// awaitExit returns when the process has ended, without reaping it: until then its
// number, and that of its group, belongs to no other process. It reports false if it
// could not wait.
func awaitExit(p *os.Process) bool {
	for {
		err := unix.Waitid(unix.P_PID, p.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return err == nil
		}
	}
}

// member is one process, told from a later one with the same number by the time of
// its start.
type member struct {
	pid     int
	started string
}

// family is a process and all that descend from it and still have it as ancestor,
// and the memory that they have resident together, in bytes. Memory that they share
// counts for each of them.
func family(pid int) (members []member, resident uint64) {
	queue := []int{pid}
	seen := map[int]bool{pid: true}
	for len(queue) > 0 {
		pid, queue = queue[0], queue[1:]
		started := startTime(pid)
		if started == "" {
			continue
		}
		members = append(members, member{pid, started})
		resident += residentBytes(pid)
		folder := fmt.Sprintf("/proc/%d/task", pid)
		tasks, err := os.ReadDir(folder) // not a pattern, which would read each task's folder too
		if err != nil {
			continue
		}
		for _, task := range tasks {
			children, err := os.ReadFile(filepath.Join(folder, task.Name(), "children"))
			if err != nil {
				continue // the task has ended meanwhile
			}
			for field := range strings.FieldsSeq(string(children)) {
				if child, err := strconv.Atoi(field); err == nil && !seen[child] {
					seen[child] = true
					queue = append(queue, child)
				}
			}
		}
	}
	return members, resident
}

// startTime is when a process started, in the kernel's ticks; "" if it is gone or
// only waits to be reaped.
func startTime(pid int) string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	// The program's name, in parentheses, may hold anything.
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return ""
	}
	return fields[19]
}

func residentBytes(pid int) uint64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * uint64(os.Getpagesize()) //nolint:gosec // a page has a positive size
}

// end kills the members that are still what they were.
func end(members []member) {
	for _, m := range members {
		// Holds the process, not the number.
		p, err := os.FindProcess(m.pid)
		if err != nil {
			continue
		}
		if startTime(m.pid) == m.started {
			_ = p.Kill() // gone meanwhile
		}
		_ = p.Release()
	}
}

// sweepRounds bounds the hunt for a process that forks faster than it is found.
const sweepRounds = 10

// endMarked kills every process of this user that carries a mark in its
// environment, whatever session or parent it has given itself, and reports how
// many there were.
func endMarked(mark string) int {
	ended := 0
	for range sweepRounds {
		found := marked(mark)
		if len(found) == 0 {
			break
		}
		end(found)
		ended += len(found)
	}
	return ended
}

func marked(mark string) []member {
	paths, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return nil
	}
	var found []member
	for _, path := range paths {
		// The environments of other users cannot be read, unless by root, who could
		// not be meant by a mark that only our own folder has.
		environ, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(environ, []byte(mark)) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if started := startTime(pid); err == nil && pid != os.Getpid() && started != "" {
			found = append(found, member{pid, started})
		}
	}
	return found
}
