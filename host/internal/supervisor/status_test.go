//go:build unix

package supervisor

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// own is this process's host among those that run.
func own(t *testing.T) (HostStatus, bool) {
	t.Helper()
	for _, h := range RunningHosts() {
		if h.PID == os.Getpid() && h.Profile == t.Name() {
			return h, true
		}
	}
	return HostStatus{}, false
}

func TestStatusTellsOfAPluginsLife(t *testing.T) {
	t.Parallel()
	s := startWith(t, Config{Profile: t.Name(),
		Redact: func(text string) string { return strings.ReplaceAll(text, "hunter2", "***") }})
	s.Announce()
	eventually(t, "a host without plugins is there", func() bool { h, ok := own(t); return ok && len(h.Plugins) == 0 })
	sp := spec(t, "ok")
	pid, err := call(t.Context(), s, sp, read, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	find := func() PluginStatus {
		h, ok := own(t)
		if !ok || len(h.Plugins) == 0 {
			return PluginStatus{}
		}
		return h.Plugins[0]
	}
	eventually(t, "the process is told", func() bool { return strconv.Itoa(find().PID) == pid && find().Calls == 1 })
	h, _ := own(t)
	if p := find(); p.Name != "ok" || p.Version != "0.1.0" || p.Since.IsZero() || h.Tenant != "tenant.auth0.example" ||
		h.Since.IsZero() || (watchesMemory && p.Memory < 1<<20) {
		t.Errorf("status %+v of %+v", p, h)
	}
	var broken *BrokenError
	for range 2 * crashLimit {
		if _, err := call(t.Context(), s, sp, write,
			`{"do":"say","file":"the secret is hunter2","then":"crash"}`); errors.As(err, &broken) {
			break
		}
	}
	eventually(t, "the failures are told", func() bool {
		p := find()
		return p.PID == 0 && p.Recent(time.Now()) >= crashLimit && p.OpenUntil.After(time.Now()) &&
			strings.Contains(p.LastFailure, "the secret is ***")
	})
	info, err := os.Stat(filepath.Join(s.folder.path, statusFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info.Mode(), err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if h, ok := own(t); ok {
		t.Errorf("after Close: %+v", h)
	}
}

// Whose host is gone, whoever's number it has now, is not there.
func TestStatusOfADeadHostIsIgnored(t *testing.T) {
	base := t.TempDir()
	write := func(name string, h HostStatus) string {
		dir := filepath.Join(base, name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.WriteFile(filepath.Join(dir, statusFile), data, 0o600),
			os.WriteFile(filepath.Join(dir, RunFolderLock), nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(dir, statusFile)
	}
	h := HostStatus{PID: os.Getpid(), Plugins: []PluginStatus{{Name: "x", LastFailure: "\x1b[2Jred"}}}
	dead, live := write("a0-dead", h), write("a0-live", h)
	lock := flock.New(filepath.Join(filepath.Dir(live), RunFolderLock))
	if ok, err := lock.TryLock(); !ok || err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Unlock() }()
	if _, ok := readStatus(dead); ok {
		t.Error("a host that holds no lock counts as running")
	}
	got, ok := readStatus(live)
	if !ok || strings.Contains(got.Plugins[0].LastFailure, "\x1b") {
		t.Errorf("a live one: %+v, %v", got, ok)
	}
}

// However much happens, little is written, and nothing after stop.
func TestReportIsWrittenNowAndThen(t *testing.T) {
	written := make(chan struct{}, 1000)
	r := newReport(func() { written <- struct{}{} })
	for range 1000 {
		r.within(time.Hour)
	}
	for range 1000 {
		r.within(50 * time.Millisecond)
	}
	<-written
	r.within(time.Hour)
	r.stop()
	r.within(0)
	if n := len(written); n > 1 {
		t.Errorf("%d writes more", n)
	}
}
