package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The test binary is also a host that appends: see TestProcessesShareOneChain.
func TestMain(m *testing.M) {
	if folder := os.Getenv("AUDIT_TEST_FOLDER"); folder != "" {
		appendMany(folder)
		return
	}
	if folder := os.Getenv("AUDIT_TEST_ROTATE"); folder != "" {
		rotateForever(folder)
		return
	}
	os.Exit(m.Run())
}

const manyRecords = 40

// appendMany is one host of several.
func appendMany(folder string) {
	l := New(Config{Folder: folder, Mode: On, MaxBytes: 16 << 10, Delay: time.Millisecond})
	read := Record{Kind: KindCall, Call: "r", Effect: "read", Outcome: OK}
	for i := range manyRecords {
		_ = l.Append(read, false) // it waits
		if err := l.Append(Record{Kind: KindCall, Call: "c-" + strconv.Itoa(i), Outcome: OK}, i%8 == 0); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	l.Flush()
	os.Exit(0)
}

// testLog is a log in a folder of its own, with the warnings that it gave.
func testLog(t *testing.T, change ...func(*Config)) (*Log, *bytes.Buffer) {
	t.Helper()
	warnings := &bytes.Buffer{}
	cfg := Config{
		Folder:  filepath.Join(t.TempDir(), "state", "audit"),
		Mode:    On,
		Profile: "prod",
		Tenant:  "t.example",
		Log:     slog.New(slog.NewTextHandler(warnings, nil)),
	}
	for _, c := range change {
		c(&cfg)
	}
	l := New(cfg)
	t.Cleanup(l.chain.reset)
	t.Cleanup(l.reads.reset)
	return l, warnings
}

func write(t *testing.T, l *Log, n int) {
	t.Helper()
	for range n {
		if err := l.Append(Record{Kind: KindCall, Call: "h-1", Tool: "auth0_x", Outcome: OK}, false); err != nil {
			t.Fatal(err)
		}
	}
}

func check(t *testing.T, l *Log) *Report {
	t.Helper()
	s, err := OpenSnapshot(l.cfg.Folder)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, err := s.Verify()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func records(t *testing.T, l *Log) []Record {
	t.Helper()
	s, err := OpenSnapshot(l.cfg.Folder)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var all []Record
	for line, err := range s.Lines() {
		if err != nil || line.Err != nil {
			t.Fatalf("%s:%d: %v %v", line.File, line.Number, err, line.Err)
		}
		all = append(all, line.Record)
	}
	return all
}

func TestTheFilesAreTheUsersOnly(t *testing.T) {
	l, _ := testLog(t)
	write(t, l, 1)
	if runtime.GOOS == "windows" {
		t.Skip("modes are not Windows's")
	}
	for name, want := range map[string]os.FileMode{"": 0o700, ChainChanges.currentName(): 0o600, lockName: 0o600} {
		info, err := os.Stat(filepath.Join(l.cfg.Folder, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%q: %v, %v, want %v", name, info.Mode(), err, want)
		}
	}
}

// What others can write, or have put there, is not written to.
func TestUnsafePlacesAreRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links and modes are not Windows's")
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct {
		prepare func(folder, file string)
		says    string
	}{
		"a folder that others can write": {
			func(folder, _ string) { do(os.Chmod(folder, 0o770)) },
			"others can write it",
		},
		"a parent folder that others can write": {
			func(folder, _ string) { do(os.Chmod(filepath.Dir(folder), 0o777)) },
			"its folder is not safe",
		},
		"a file that others can write": {
			func(_, file string) { do(os.WriteFile(file, nil, 0o600)); do(os.Chmod(file, 0o666)) },
			"others can write it",
		},
		"a file that is a link": {func(folder, file string) {
			target := filepath.Join(filepath.Dir(folder), "target")
			do(os.WriteFile(target, nil, 0o600))
			do(os.Symlink(target, file))
		}, "not a regular file"},
		"a file that is a folder": {func(_, file string) { do(os.Mkdir(file, 0o700)) }, "not a regular file"},
		"a folder that is a link": {func(folder, _ string) {
			do(os.Rename(folder, folder+".real"))
			do(os.Symlink(folder+".real", folder))
		}, "symbolic link"},
		"a folder that is a file": {
			func(folder, _ string) { do(os.Remove(folder)); do(os.WriteFile(folder, nil, 0o600)) },
			"",
		},
		"a folder below a file": {func(folder, _ string) {
			do(os.RemoveAll(filepath.Dir(folder)))
			do(os.WriteFile(filepath.Dir(folder), nil, 0o600))
		}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l, warnings := testLog(t)
			do(os.MkdirAll(l.cfg.Folder, 0o700))
			tt.prepare(l.cfg.Folder, l.Path())
			err := l.Append(Record{Kind: KindCall}, true)
			var not *NotRecordedError
			if !errors.As(err, &not) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v, want %q", err, tt.says)
			}
			if !strings.Contains(err.Error(), l.Path()) || !strings.Contains(err.Error(), "--audit=best-effort") {
				t.Errorf("%v: want the file and the remedy", err)
			}
			if _, lookErr := Look(l.cfg.Folder); lookErr == nil {
				t.Error("Look says that it can be written")
			}
			if err := l.Append(Record{Kind: KindCall}, false); err == nil {
				t.Error("the second record was written")
			}
			if n := strings.Count(warnings.String(), "level=WARN"); n != 1 {
				t.Errorf("%d warnings for one cause:\n%s", n, warnings)
			}
		})
	}
}

func TestAFolderThatOthersCanReadIsClosed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes are not Windows's")
	}
	l, _ := testLog(t)
	if err := errors.Join(os.MkdirAll(l.cfg.Folder, 0o755), os.WriteFile(l.Path(), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	write(t, l, 1)
	folder, err := os.Stat(l.cfg.Folder)
	file, err2 := os.Stat(l.Path())
	if err != nil || err2 != nil || folder.Mode().Perm() != 0o700 || file.Mode().Perm() != 0o600 {
		t.Errorf("%v %v, %v %v", folder.Mode(), file.Mode(), err, err2)
	}
}

func TestOffRecordsNothing(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "audit")
	l := New(Config{Folder: folder, Mode: Off})
	call := l.Begin(Subject{Tool: "x", Effect: "write"}, nil)
	request := call.Request("POST", "/api/v2/clients", true)
	call.Decide(Decision{})
	call.RefuseRequest("GET", "/", RulePolicy, "")
	if err := request.Sending("t"); err != nil || call.ID() != "" || l.Path() != "" || request.Attempts() != 0 {
		t.Errorf("%v", err)
	}
	request.End(Answer{})
	call.End(OK, "")
	call.Refuse(RuleFilter, "")
	if err := l.Append(Record{}, true); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder: %v", err)
	}
}

func TestTheChainContinuesAcrossFiles(t *testing.T) {
	l, _ := testLog(t, func(c *Config) { c.MaxBytes = 2000 })
	write(t, l, 60)
	files, err := filepath.Glob(filepath.Join(l.cfg.Folder, "audit*.jsonl"))
	if err != nil || len(files) < 5 {
		t.Errorf("files %v, %v", files, err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Size() > 2000 {
			t.Errorf("%s: %v %v", f, info.Size(), err)
		}
	}
	r := check(t, l)
	if r.BreakCount != 0 || r.Last.Seq != 60 || r.First.Seq != 1 || r.Records != 60 ||
		r.Beginning.Kind != BeginsComplete {
		t.Errorf("%+v", r)
	}
}

// A copy of an old file under the name that the next full one gets is not written
// over, and stops nothing.
func TestRotationLosesNothing(t *testing.T) {
	l, _ := testLog(t, func(c *Config) { c.MaxBytes = 2000 })
	write(t, l, 2)
	for seq := range 40 {
		copied := filepath.Join(l.cfg.Folder, ChainChanges.fullName(uint64(seq)+100))
		if err := os.WriteFile(copied, []byte("kept"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l.chain.last.seq, l.chain.mine.seq = 99, 99
	l.chain.last.hash = l.chain.mine.hash
	write(t, l, 10)
	if data, err := os.ReadFile(filepath.Join(l.cfg.Folder, ChainChanges.fullName(105))); err != nil ||
		string(data) != "kept" {
		t.Errorf("%q %v", data, err)
	}
}

func TestProcessesShareOneChain(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l, _ := testLog(t, func(c *Config) { c.MaxBytes = 16 << 10 })
	const processes = 5
	var all sync.WaitGroup
	for range processes {
		all.Go(func() {
			cmd := exec.CommandContext(t.Context(), self)
			cmd.Env = append(os.Environ(), "AUDIT_TEST_FOLDER="+l.cfg.Folder, "GORACE=atexit_sleep_ms=0")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	// This process is one of them, with several goroutines.
	for range 4 {
		all.Go(func() {
			for range manyRecords / 4 {
				if err := l.Append(Record{Kind: KindCall, Call: "here", Outcome: OK}, true); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	r := check(t, l)
	if want := (processes + 1) * manyRecords; r.BreakCount != 0 || r.Records != want || r.Last.Seq != uint64(want) ||
		r.Files < 2 {
		t.Errorf(
			"%d records in %d files, the last %d, want %d; breaks %v",
			r.Records,
			r.Files,
			r.Last.Seq,
			want,
			r.Breaks,
		)
	}
	if want := processes * manyRecords; r.Reads.BreakCount != 0 || r.Reads.Records != want || r.Reads.Missed > 0 {
		t.Errorf("reads, want %d: %+v", want, r.Reads)
	}
}

// A disk that is full in the middle of a record leaves no half of it, and the
// records that were lost are counted in the next one.
func TestFullDisk(t *testing.T) {
	l, warnings := testLog(t)
	write(t, l, 2)
	before, err := os.ReadFile(l.Path())
	if err != nil {
		t.Fatal(err)
	}
	l.chain.put = func(f *os.File, line []byte) (int, error) {
		n, _ := f.Write(line[:len(line)/2])
		return n, syscall.ENOSPC
	}
	for range 3 {
		err := l.Append(Record{Kind: KindCall}, true)
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), l.Path()) {
			t.Errorf("%v, want the cause and the file", err)
		}
	}
	if after, err := os.ReadFile(l.Path()); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the file has %d bytes, had %d: %v", len(after), len(before), err)
	}
	l.chain.put = (*os.File).Write
	write(t, l, 1)
	if r := check(t, l); r.BreakCount != 0 || r.Records != 3 || r.Missed != 3 {
		t.Errorf("%+v", r)
	}
	if text := warnings.String(); strings.Count(text, "level=WARN") != 1 || !strings.Contains(text, "lost=3") {
		t.Errorf("warnings:\n%s", text)
	}
}

// A record that could not be synced is not durable.
func TestASyncThatFailsIsNoRecord(t *testing.T) {
	l, _ := testLog(t)
	l.chain.flush = func(*os.File) error { return syscall.EIO }
	call := l.Begin(Subject{Tool: "auth0_x", Effect: "write"}, nil)
	request := call.Request("POST", "/api/v2/clients", true)
	var not *NotRecordedError
	if err := request.Sending("t.example"); !errors.As(err, &not) || !errors.Is(err, syscall.EIO) {
		t.Errorf("%v", err)
	}
	request.End(Answer{Outcome: NotSent, Rule: RuleAudit})
	call.End(NotSent, "")
	all := records(t, l)
	if len(all) != 3 || all[1].Outcome != NotSent || all[2].Outcome != NotSent || all[2].Rule != RuleAudit ||
		all[2].Attempts != 0 {
		t.Errorf("%+v", all)
	}
	if r := check(t, l); len(r.Unfinished) != 0 {
		t.Errorf("unfinished: %v", r.Unfinished)
	}
}

// Sending returns when the record has been synced, and syncs once; what else is
// recorded costs no sync.
func TestOnlyTheRecordBeforeAWriteIsSynced(t *testing.T) {
	l, _ := testLog(t)
	var synced [][]byte
	l.chain.flush = func(f *os.File) error {
		data, err := os.ReadFile(f.Name())
		synced = append(synced, data)
		return errors.Join(err, f.Sync())
	}
	l.Begin(Subject{Tool: "auth0_list_x", Effect: "read"}, nil).End(OK, "")
	call := l.Begin(Subject{Tool: "auth0_x", Effect: "write"}, nil)
	read, change := call.Request("GET", "/api/v2/x", false), call.Request("POST", "/api/v2/x", true)
	if err := read.Sending("t"); err != nil || len(synced) != 0 {
		t.Fatalf("a read: %v, %d syncs", err, len(synced))
	}
	read.End(Answer{Status: 200, Outcome: OK})
	for range 2 {
		if err := change.Sending("t"); err != nil || len(synced) != 1 ||
			!bytes.Contains(synced[0], []byte(`"phase":"sending"`)) {
			t.Fatalf("a write: %v, synced %q", err, synced)
		}
	}
	change.End(Answer{Status: 201, Outcome: OK})
	call.End(OK, "")
	if len(synced) != 1 {
		t.Errorf("%d syncs", len(synced))
	}
}

func TestBestEffortGoesOn(t *testing.T) {
	l, warnings := testLog(t, func(c *Config) { c.Mode = BestEffort })
	l.chain.put = func(*os.File, []byte) (int, error) { return 0, syscall.ENOSPC }
	request := l.Begin(Subject{Effect: "write"}, nil).Request("POST", "/api/v2/clients", true)
	if err := request.Sending("t.example"); err != nil || request.Attempts() != 1 {
		t.Errorf("%v, %d attempts", err, request.Attempts())
	}
	if !strings.Contains(warnings.String(), "no space left") {
		t.Errorf("warnings: %s", warnings)
	}
}

// The folder is removed while a host runs: the log continues, and Verify reports what
// is missing.
func TestTheFolderIsRemoved(t *testing.T) {
	l, _ := testLog(t)
	write(t, l, 3)
	if err := os.RemoveAll(l.cfg.Folder); err != nil {
		t.Skipf("this system does not remove open files: %v", err)
	}
	write(t, l, 2)
	r := check(t, l)
	if r.BreakCount != 1 || r.Records != 2 || r.First.Seq != 4 || r.Beginning.Kind != BeginsMissing ||
		!strings.Contains(r.Breaks[0].What, "records 1 to 3 are missing") {
		t.Errorf("%+v", r)
	}
}

func BenchmarkAppend(b *testing.B) {
	for name, durable := range map[string]bool{"read": false, "durable": true} {
		b.Run(name, func(b *testing.B) {
			l := New(Config{Folder: filepath.Join(b.TempDir(), "audit"), Mode: On})
			defer func() { l.chain.reset(); l.reads.reset() }()
			for b.Loop() {
				call := l.Begin(
					Subject{
						Client: "Claude",
						Tool:   "auth0_list_applications",
						Plugin: "applications",
						Effect: "read",
					},
					json.RawMessage(`{"per_page":1}`),
				)
				if durable {
					if err := l.Append(call.base, true); err != nil {
						b.Fatal(err)
					}
					continue
				}
				call.End(OK, "")
			}
		})
	}
}
