package supervisor

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

const (
	// statusFile is what a host writes into its run folder for `auth0-mcp plugins
	// status`.
	statusFile = "status.json"
	// A start or an end is told soon, the number of calls now and then: nothing is
	// written on a call's path, and nothing while nothing happens.
	changeDelay = 100 * time.Millisecond
	countDelay  = 5 * time.Second
	// Behind the start, and before the program returns what the start took: writing the file would map 4 MB of it again.
	announceDelay = 300 * time.Millisecond
	// maxStatusBytes bounds what is read of another process's file.
	maxStatusBytes = 1 << 20
	// statusWords is how much of a plugin's last failure the file keeps.
	statusWords = 1000
)

// HostStatus is one running host. It holds no secret and nothing of the tenant but
// its name.
type HostStatus struct {
	PID     int            `json:"pid"`
	Profile string         `json:"profile"`
	Tenant  string         `json:"tenant"`
	Since   time.Time      `json:"since"`
	Plugins []PluginStatus `json:"plugins"`
}

// PluginStatus is one plugin that a host has started, or tried to.
type PluginStatus struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	// PID is the running process, 0 if there is none now; Since is its start.
	PID   int       `json:"pid,omitempty"`
	Since time.Time `json:"since,omitzero"`
	Calls int64     `json:"calls"`
	// Failures are the times of the crashes and failed starts of the last minute.
	Failures []time.Time `json:"failures,omitempty"`
	// OpenUntil is until when the plugin is not started, for its failures.
	OpenUntil   time.Time `json:"open_until,omitzero"`
	LastFailure string    `json:"last_failure,omitempty"`
	// Memory is what the process and what it forked have resident, in bytes, as
	// measured by [RunningHosts]; 0: not known here.
	Memory uint64 `json:"memory_bytes,omitempty"`
}

// Recent is how many failures there were in the minute before now.
func (p *PluginStatus) Recent(now time.Time) int {
	return len((&failures{times: p.Failures}).recent(now))
}

// Announce lets `auth0-mcp plugins status` see this host before it has started a
// plugin. It does not wait.
func (s *Supervisor) Announce() { s.report.within(announceDelay) }

func (s *Supervisor) writeStatus() {
	folder, err := s.runFolder()
	if err != nil {
		return // it is shutting down, or the first launch says why
	}
	data, err := json.Marshal(s.status())
	if err == nil {
		err = atomicfile.Replace(filepath.Join(folder, statusFile), data, nil)
	}
	if err != nil {
		s.cfg.Log.Debug("the status file could not be written", "error", err)
	}
}

func (s *Supervisor) status() HostStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := HostStatus{PID: os.Getpid(), Profile: s.cfg.Profile, Tenant: s.cfg.Domain, Since: s.begun,
		Plugins: []PluginStatus{}}
	for _, sl := range s.slots {
		h.Plugins = append(h.Plugins, sl.status(time.Now()))
	}
	slices.SortFunc(h.Plugins, func(a, b PluginStatus) int { return cmp.Compare(a.Name, b.Name) })
	return h
}

func (sl *slot) status(now time.Time) PluginStatus {
	sl.mu.Lock()
	defer sl.mu.Unlock()
	p := PluginStatus{Name: sl.spec.Name, Version: sl.spec.Version, Calls: sl.calls,
		Failures: slices.Clone(sl.failures.recent(now))}
	for proc := range sl.procs {
		p.Calls += proc.calls.Load()
	}
	if sl.cur != nil {
		p.PID, p.Since = sl.cur.runner.pid(), sl.cur.begun
	}
	if sl.failures.notBefore.Sub(now) > maxPatience {
		p.OpenUntil = sl.failures.notBefore
	}
	if sl.failures.last != nil {
		text := sl.failures.last.Error()
		p.LastFailure = text[:min(len(text), statusWords)]
	}
	return p
}

// RunningHosts are the hosts of this user that run now, oldest first, as far as
// their run folders are where this process would make one. A host that was killed
// holds no lock any more and is left out.
func RunningHosts() []HostStatus {
	hosts := []HostStatus{}
	for _, base := range runFolderBases() {
		found, err := filepath.Glob(filepath.Join(base, RunFolderPrefix+"*", statusFile))
		if err != nil {
			continue
		}
		for _, path := range found {
			h, ok := readStatus(path)
			same := func(o HostStatus) bool { return o.PID == h.PID && o.Since.Equal(h.Since) }
			if ok && !slices.ContainsFunc(hosts, same) {
				hosts = append(hosts, h)
			}
		}
	}
	slices.SortFunc(hosts, func(a, b HostStatus) int { return a.Since.Compare(b.Since) })
	return hosts
}

func readStatus(path string) (HostStatus, bool) {
	var h HostStatus
	// The folder for temporary files is everybody's: another user's claim is none.
	info, err := os.Lstat(filepath.Dir(path))
	if err != nil || !info.IsDir() || !ownedByUser(info) {
		return h, false
	}
	// A live host holds the lock of its folder. Opening it must not create one.
	if _, err := os.Lstat(filepath.Join(filepath.Dir(path), RunFolderLock)); err != nil {
		return h, false
	}
	unlock, err := atomicfile.TryLock(filepath.Join(filepath.Dir(path), RunFolderLock))
	var held *atomicfile.LockedError
	if !errors.As(err, &held) {
		if err == nil {
			_ = unlock()
		}
		return h, false
	}
	file, err := os.Open(path)
	if err != nil {
		return h, false
	}
	defer file.Close()
	if json.NewDecoder(io.LimitReader(file, maxStatusBytes)).Decode(&h) != nil {
		return h, false
	}
	for i, p := range h.Plugins {
		if p.PID > 0 {
			_, h.Plugins[i].Memory = family(p.PID)
		}
		h.Plugins[i].LastFailure = plain(p.LastFailure)
	}
	return h, true
}

// report writes the status when something has changed, and not more often than
// anybody would look.
type report struct {
	write func()

	mu      sync.Mutex
	timer   *time.Timer
	due     time.Time // of timer; zero: none
	stopped bool
	writing sync.WaitGroup
}

func newReport(write func()) *report { return &report{write: write} }

// within asks for a write after a delay at most.
func (r *report) within(delay time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	due := time.Now().Add(delay)
	if r.stopped || (!r.due.IsZero() && !due.Before(r.due)) {
		return
	}
	if r.timer != nil {
		r.timer.Stop()
	}
	r.due = due
	r.timer = time.AfterFunc(delay, r.run)
}

func (r *report) run() {
	r.mu.Lock()
	if r.stopped {
		r.mu.Unlock()
		return
	}
	r.due = time.Time{}
	r.writing.Add(1)
	r.mu.Unlock()
	defer r.writing.Done()
	r.write()
}

// stop ends the writing, and waits for a write in progress.
func (r *report) stop() {
	r.mu.Lock()
	r.stopped = true
	if r.timer != nil {
		r.timer.Stop()
	}
	r.mu.Unlock()
	r.writing.Wait()
}
