package supervisor

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// A file that is changed while it is checked, in place or by another file, runs as it
// was trusted or not at all.
func TestFileChangedDuringTheCheck(t *testing.T) {
	dir := t.TempDir()
	evidence := filepath.Join(dir, "evidence")
	// Of one length, so that a change in place leaves no mixture: who wins, wins whole.
	pad := strings.Repeat("#", 1<<20) + "\n"
	trusted := []byte("#!/bin/sh\nexit 9  \n" + pad)
	planted := []byte("#!/bin/sh\n: >$0.x;\n" + pad)
	planted = bytes.Replace(planted, []byte("$0.x;"), []byte(">"+evidence), 1)
	trusted = append(trusted, bytes.Repeat([]byte("#"), len(planted)-len(trusted))...)
	path := filepath.Join(dir, "plugin")
	sp := spec(t, "ok")
	sp.Path, sp.Digest = path, sha256.Sum256(trusted)
	for _, how := range []string{"in place", "by renaming"} {
		t.Run(how, func(t *testing.T) {
			var stop atomic.Bool
			var wg sync.WaitGroup
			if err := os.WriteFile(path, trusted, 0o700); err != nil {
				t.Fatal(err)
			}
			change := func(data []byte) error {
				if how == "in place" {
					return overwrite(path, data)
				}
				return errors.Join(os.WriteFile(path+".new", data, 0o700), os.Rename(path+".new", path))
			}
			wg.Go(func() {
				for !stop.Load() {
					if err := errors.Join(change(planted), change(trusted)); err != nil {
						t.Error(err)
						return
					}
				}
			})
			ran, refused := 0, 0
			for range 60 {
				err := launchOnce(t, sp)
				var digest *digestError
				switch {
				case errors.As(err, &digest):
					refused++
				case strings.Contains(err.Error(), "exit status 9"):
					ran++
				default:
					t.Errorf("got %v", err)
				}
			}
			stop.Store(true)
			wg.Wait()
			if _, err := os.Stat(evidence); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("what was planted ran (%v)", err)
			}
			t.Logf("%d ran as trusted, %d were refused", ran, refused)
			if ran == 0 && refused == 0 {
				t.Error("nothing was tried")
			}
		})
	}
}

func overwrite(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(data, 0)
	return errors.Join(err, file.Close())
}

// launchOnce is the error of a launch on a supervisor of its own, without back-off.
func launchOnce(t *testing.T, sp Spec) error {
	t.Helper()
	s := startWith(t, Config{})
	_, err := call(t.Context(), s, sp, read, `{}`)
	if err == nil {
		t.Fatal("a script is no plugin, and answered")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	return err
}

// Launches of one program share one copy in memory, which is sealed and goes with the
// last process; the plugin holds nothing but its pipes and that copy, and is named by
// its real path.
func TestProgramsShareOneSealedCopy(t *testing.T) {
	s := startWith(t, Config{})
	inodes, pids := map[uint64]bool{}, []string{}
	for _, role := range []string{"one", "two", "three"} {
		sp := spec(t, role)
		pid, err := call(t.Context(), s, sp, read, `{}`)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
		var stat unix.Stat_t
		if err := unix.Stat("/proc/"+pid+"/exe", &stat); err != nil {
			t.Fatal(err)
		}
		inodes[stat.Ino] = true
		line, err := os.ReadFile("/proc/" + pid + "/cmdline")
		if err != nil || !bytes.HasPrefix(line, []byte(sp.Path+"\x00"+role)) {
			t.Errorf("the command line is %q, %v", line, err)
		}
		checkSealed(t, pid)
	}
	if len(inodes) != 1 {
		t.Errorf("%d copies run", len(inodes))
	}
	checkShared(t, pids)
	copies := func() int { s.programs.mu.Lock(); defer s.programs.mu.Unlock(); return len(s.programs.copies) }
	if n := copies(); n != 1 {
		t.Errorf("%d copies are held", n)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if n := copies(); n != 0 {
		t.Errorf("after Close %d copies are held", n)
	}
	if left := processes(t, pids...); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
}

// checkShared compares what processes have of their program in memory with their share
// of it: proc_pid_smaps(5).
func checkShared(t *testing.T, pids []string) {
	t.Helper()
	resident, share := 0, 0
	for _, pid := range pids {
		smaps, err := os.ReadFile("/proc/" + pid + "/smaps")
		if err != nil {
			t.Fatal(err)
		}
		ofProgram := false
		for line := range strings.Lines(string(smaps)) {
			fields := strings.Fields(line)
			switch {
			case !strings.HasSuffix(fields[0], ":"): // the head of a mapping
				ofProgram = strings.Contains(line, "/memfd:auth0-mcp-plugin-")
			case ofProgram && (fields[0] == "Rss:" || fields[0] == "Pss:"):
				kilobytes, err := strconv.Atoi(fields[1])
				if err != nil {
					t.Fatal(err)
				}
				if fields[0] == "Rss:" {
					resident += kilobytes
				} else {
					share += kilobytes
				}
			}
		}
	}
	if resident == 0 || share > resident*6/10 {
		t.Errorf("of %d kB of the program %d kB are counted for %d processes: they are not shared", resident, share,
			len(pids))
	}
	t.Logf("resident %d kB, proportional share %d kB", resident, share)
}

// checkSealed checks the executable of a running plugin.
func checkSealed(t *testing.T, pid string) {
	t.Helper()
	link, err := os.Readlink("/proc/" + pid + "/fd/3")
	if err != nil || !strings.HasPrefix(link, "/memfd:auth0-mcp-plugin-") {
		t.Errorf("descriptor 3 is %s, %v", link, err)
	}
	file, err := os.Open("/proc/" + pid + "/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	seals, err := unix.FcntlInt(file.Fd(), unix.F_GET_SEALS, 0)
	want := unix.F_SEAL_WRITE | unix.F_SEAL_GROW | unix.F_SEAL_SHRINK | unix.F_SEAL_SEAL
	if err != nil || seals&want != want {
		t.Errorf("the seals are %#x, %v", seals, err)
	}
	if f, err := os.OpenFile("/proc/"+pid+"/exe", os.O_RDWR, 0); err == nil {
		if _, err := f.Write([]byte("x")); err == nil {
			t.Error("the running program was changed")
		}
		_ = f.Close()
	}
}

// Where sealed memory cannot be executed, the file is, and the log says why, once.
func TestProgramsWithoutSealedMemory(t *testing.T) {
	var log bytes.Buffer
	s := startWith(t, Config{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	s.programs.cannotExecute(os.NewSyscallError("memfd_create", unix.EACCES))
	s.programs.cannotExecute(errors.New("said again"))
	for _, role := range []string{"one", "two"} {
		sp := spec(t, role)
		pid, err := call(t.Context(), s, sp, read, `{}`)
		if err != nil {
			t.Fatal(err)
		}
		if link, err := os.Readlink("/proc/" + pid + "/exe"); err != nil || link != sp.Path {
			t.Errorf("it runs %s, %v", link, err)
		}
	}
	sp := spec(t, "three")
	sp.Digest[0]++
	_, err := call(t.Context(), s, sp, read, `{}`)
	var digest *digestError
	if !errors.As(err, &digest) {
		t.Errorf("another digest: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	text := log.String()
	if !strings.Contains(text, "memfd_create: permission denied") || !strings.Contains(text, "vm.memfd_noexec") ||
		strings.Contains(text, "said again") {
		t.Errorf("the log says %s", text)
	}
}

// A mode without x, or a mount with noexec, is not circumvented by the copy.
func TestCopyKeepsTheRightsOfTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plugin")
	data := []byte("#!/bin/sh\n")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	sp := spec(t, "ok")
	sp.Path, sp.Digest = path, sha256.Sum256(data)
	if _, err := newPrograms(slog.New(slog.DiscardHandler)).seal(sp); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a file that may not be executed: %v", err)
	}
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", unix.MS_NOEXEC, "size=1m"); err != nil {
		t.Skipf("mounting needs root: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, 0) })
	sp.Path = filepath.Join(dir, "plugin")
	if err := errors.Join(os.Chmod(dir, 0o700), os.WriteFile(sp.Path, data, 0o700)); err != nil {
		t.Fatal(err)
	}
	_, err := call(t.Context(), startWith(t, Config{}), sp, read, `{}`)
	if err == nil || !strings.Contains(err.Error(), "noexec") {
		t.Errorf("a file on a disk without exec: %v", err)
	}
}

// What the system has run out of fails a launch; it does not make the host do without
// the seal.
func TestExhaustionIsNoReasonToDoWithoutTheSeal(t *testing.T) {
	var sealing *sealingError
	for errno, want := range map[error]bool{unix.EMFILE: false, unix.ENFILE: false, unix.ENOMEM: false,
		unix.EACCES: true, unix.EPERM: true, unix.ENOSYS: true} {
		if got := errors.As(noSealing(os.NewSyscallError("memfd_create", errno)), &sealing); got != want {
			t.Errorf("%v: %v", errno, got)
		}
	}
}
