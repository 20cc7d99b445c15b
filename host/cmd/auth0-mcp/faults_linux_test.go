package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// A plugin needs a place for its socket. Without one the tool says so, and the host
// goes on.
func TestHostWithoutRoomForSockets(t *testing.T) {
	for name, options := range map[string]string{"a full disk": "size=4k,nr_inodes=1", "a read-only disk": "ro"} {
		t.Run(name, func(t *testing.T) {
			s := newStation(t, newHeldTenant(t))
			h := s.startOnDisk(options)
			h.send(toolCall("plugin", "read", "{}"))
			text := h.want("plugin")
			for _, want := range []string{"plugin ok", "no folder for the plugins' sockets", "set TMPDIR"} {
				if !strings.Contains(text, want) {
					t.Errorf("the call says %q, which lacks %q", text, want)
				}
			}
			h.send(pingLine)
			h.want("ping")
			_ = h.in.Close()
			if status := h.end(); status != 0 {
				t.Errorf("exit status %d: %s", status, h.stderr)
			}
		})
	}
}

// startOnDisk starts a host that sees a disk of its own at /tmp, and what is there
// for us at /mnt.
func (s *station) startOnDisk(options string) *running {
	s.t.Helper()
	const script = `mount --bind "$1" /mnt; mount -t tmpfs -o "$2" none /tmp; shift 2; exec "$@"`
	through := []string{"unshare", "--mount", "--map-root-user", "sh", "-ec", script, "sh", os.TempDir(), options}
	if out, err := exec.CommandContext(s.t.Context(), through[0],
		append(through[1:], "true")...).CombinedOutput(); err != nil {
		s.t.Skipf("this system allows no mounts of one's own: %v: %s", err, out)
	}
	moved := func(text string) string { return strings.ReplaceAll(text, os.TempDir()+"/", "/mnt/") }
	for i := range s.args {
		s.args[i] = moved(s.args[i])
	}
	for i, v := range s.env {
		if !strings.HasPrefix(v, "PATH=") {
			s.env[i] = moved(v)
		}
	}
	s.env = append(s.env, "TMPDIR=/tmp")
	return s.start(through...)
}

// With few descriptors the host does not start, or a plugin does not: both say why,
// and a host that runs goes on.
func TestHostWithFewDescriptors(t *testing.T) {
	t.Parallel()
	s := newStation(t, newHeldTenant(t))
	const why = "too many open files"
	unlaunched := 0
	for limit := 8; limit <= 26; limit += 2 {
		h := s.start("sh", "-ec", `ulimit -n "$1"; shift; exec "$@"`, "sh", fmt.Sprint(limit))
		// It may have ended already.
		_, _ = h.in.WriteString(toolCall("plugin", "read", "{}") + "\n" + pingLine + "\n")
		_ = h.in.Close()
		got, pinged := h.rest(), h.pings > 0
		status := h.end()
		_, launched := strconv.Atoi(got["plugin"])
		switch {
		case status == 1 && len(got) == 0 && strings.Contains(h.stderr.String(), why):
		case status == 0 && pinged && launched == nil:
		case status == 0 && pinged && strings.Contains(got["plugin"], "plugin ok") && strings.Contains(got["plugin"], why):
			unlaunched++
		default:
			t.Errorf("%d descriptors: exit status %d, replies %v, pinged %v, stderr %s", limit, status, got, pinged, h.stderr)
		}
		if left := s.left(); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	}
	if unlaunched == 0 {
		t.Error("no limit was met by the launch of a plugin alone")
	}
}

// Where nothing can be written, a server still serves: its config file is read, and
// what only the sign-in writes is not missed.
func TestHostWithReadOnlyFolders(t *testing.T) {
	tenant := newHeldTenant(t)
	tenant.let()
	s := newStation(t, tenant)
	s.env = append(s.env, "HOME=/proc", "XDG_CONFIG_HOME=/proc", "XDG_DATA_HOME=/proc") // where even root makes nothing
	h := s.start()
	pid := h.plugin()
	h.send(readCall("r"))
	if text := h.want("r"); !isRead(text) {
		t.Errorf("the call says %q", text)
	}
	_ = h.in.Close()
	h.wantNothingLeft(s, pid, 0)
}
