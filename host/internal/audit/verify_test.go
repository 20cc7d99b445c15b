package audit

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// forge changes one record and gives it the hash that then fits, as a writer of the
// file can do without making the whole chain anew.
func forge(t *testing.T, line []byte, from, to string) []byte {
	t.Helper()
	r, err := parse(line)
	if err != nil || !bytes.Contains(line, []byte(from)) {
		t.Fatalf("%s: %v", line, err)
	}
	r.Tool = strings.Replace(r.Tool, from, to, 1)
	forged, err := r.encode()
	if err != nil {
		t.Fatal(err)
	}
	return forged
}

func TestTampering(t *testing.T) {
	join := func(lines ...[]byte) []byte { return append(bytes.Join(lines, []byte{'\n'}), '\n') }
	tests := map[string]struct {
		change func(t *testing.T, l [][]byte) []byte
		line   int // of the first break; 0 for none
		says   string
	}{
		"nothing": {func(_ *testing.T, l [][]byte) []byte { return join(l...) }, 0, ""},
		"a change": {func(_ *testing.T, l [][]byte) []byte {
			return bytes.Replace(join(l...), []byte("auth0_x"), []byte("auth0_y"), 1)
		}, 1, "record 1 was changed"},
		"a change in white space": {func(_ *testing.T, l [][]byte) []byte {
			return bytes.Replace(join(l...), []byte(`{"seq":3,`), []byte(`{"seq": 3,`), 1)
		}, 3, "record 3 was changed"},
		"a change with a new hash": {
			func(t *testing.T, l [][]byte) []byte { l[2] = forge(t, l[2], "auth0_x", "auth0_y"); return join(l...) },
			4,
			"record 4 does not follow",
		},
		"a changed last record": {func(_ *testing.T, l [][]byte) []byte {
			l[4] = bytes.Replace(l[4], []byte("ok"), []byte("no"), 1)
			return join(l...)
		}, 5, "record 5 was changed"},
		"the first record removed": {
			func(_ *testing.T, l [][]byte) []byte { return join(l[1:]...) },
			1,
			"no removal",
		},
		"a record removed": {
			func(_ *testing.T, l [][]byte) []byte { return join(l[0], l[1], l[3], l[4]) },
			3,
			"record 3 is missing",
		},
		"two records removed": {
			func(_ *testing.T, l [][]byte) []byte { return join(l[0], l[3], l[4]) },
			2,
			"records 2 to 3 are missing",
		},
		"a record twice": {
			func(_ *testing.T, l [][]byte) []byte { return join(l[0], l[1], l[1], l[2], l[3], l[4]) },
			3,
			"record 2 is there twice",
		},
		"a record inserted": {func(t *testing.T, l [][]byte) []byte {
			return join(l[0], l[1], forge(t, l[1], "auth0_x", "z"), l[2], l[3], l[4])
		}, 3, "record 2 stands behind record 2"},
		"records in another order": {
			func(_ *testing.T, l [][]byte) []byte { return join(l[0], l[2], l[1], l[3], l[4]) },
			2,
			"record 2 is missing",
		},
		"a record of the other chain": {func(t *testing.T, _ [][]byte) []byte {
			r := Record{Seq: 1, Version: recordVersion, Chain: ChainReads, Kind: KindCall}
			line, err := r.encode()
			if err != nil {
				t.Fatal(err)
			}
			return join(line)
		}, 1, "another chain"},
		"a record at the front": {func(t *testing.T, l [][]byte) []byte {
			return join(forge(t, l[4], "auth0_x", "z"), l[0], l[1], l[2], l[3])
		}, 2, "stands behind"},
		"a text inserted": {
			func(_ *testing.T, l [][]byte) []byte { return join(l[0], []byte("hello"), l[1], l[2], l[3], l[4]) },
			2,
			"does not know them",
		},
		"an empty line": {
			func(_ *testing.T, l [][]byte) []byte { return join(l[0], nil, l[1], l[2], l[3], l[4]) },
			2,
			"does not know them",
		},
		"a record destroyed": {
			func(_ *testing.T, l [][]byte) []byte { l[2] = bytes.Repeat([]byte{0}, len(l[2])); return join(l...) },
			3,
			"does not know them",
		},
		"the end cut off": {
			func(_ *testing.T, l [][]byte) []byte { return join(l[:3]...) },
			0,
			"",
		}, // only --head can tell
		"cut inside a record": {
			func(_ *testing.T, l [][]byte) []byte { all := join(l...); return all[:len(all)-30] },
			0,
			"",
		},
		"a made up first record": {
			func(*testing.T, [][]byte) []byte { return join(made(1, "ff")) },
			1,
			"refers to one before it",
		},
		"everything removed": {func(*testing.T, [][]byte) []byte { return nil }, 0, ""},
		"random bytes": {
			func(*testing.T, [][]byte) []byte { return []byte("\xff\x00{\n\n}}\n") },
			1,
			"does not know them",
		},
		"a line without an end": {
			func(*testing.T, [][]byte) []byte { return bytes.Repeat([]byte("x"), 3*maxLine) },
			0,
			"",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			l, _ := testLog(t)
			write(t, l, 5)
			data, err := os.ReadFile(l.Path())
			if err != nil {
				t.Fatal(err)
			}
			lines := bytes.Split(bytes.TrimSuffix(data, []byte{'\n'}), []byte{'\n'})
			if err := os.WriteFile(l.Path(), tt.change(t, lines), 0o600); err != nil {
				t.Fatal(err)
			}
			r := check(t, l)
			if tt.line == 0 {
				if r.BreakCount != 0 {
					t.Errorf("breaks: %v", r.Breaks)
				}
				return
			}
			if r.BreakCount == 0 {
				t.Fatal("no break was found")
			}
			if b := r.Breaks[0]; b.Line != tt.line || !strings.Contains(b.What, tt.says) || b.File != l.Path() {
				t.Errorf("%s, want line %d: %s", b, tt.line, tt.says)
			}
		})
	}
}

// made is a record that fits its own hash.
func made(seq uint64, prev string) []byte {
	r := Record{Seq: seq, Prev: prev, Kind: KindCall}
	line, err := r.encode()
	if err != nil {
		panic(err)
	}
	return line
}

// A crash in the middle of a write leaves half a line. The next record closes it,
// whichever process writes it, and the chain continues from the last whole one.
func TestTornLine(t *testing.T) {
	for _, keep := range []int{1, 40, 400} {
		t.Run(fmt.Sprint(keep), func(t *testing.T) {
			l, _ := testLog(t)
			write(t, l, 3)
			data, err := os.ReadFile(l.Path())
			if err != nil {
				t.Fatal(err)
			}
			third := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
			keep = min(keep, len(data)-third-2) // 2: without its last bracket
			if err := os.WriteFile(l.Path(), data[:third+keep], 0o600); err != nil {
				t.Fatal(err)
			}
			if r := check(t, l); r.BreakCount != 0 || len(r.Torn) != 1 ||
				!strings.Contains(r.Torn[0].What, "middle of a write") ||
				r.Records != 2 {
				t.Errorf("before: %+v", r)
			}
			next, _ := testLog(t, func(c *Config) { c.Folder = l.cfg.Folder })
			write(t, next, 2)
			r := check(t, l)
			if r.BreakCount != 0 || len(r.Torn) != 1 || r.Records != 4 || r.Last.Seq != 4 || r.Torn[0].Line != 3 {
				t.Errorf("after: %+v", r)
			}
		})
	}
}

// A record whose newline alone is missing is a record.
func TestMissingNewline(t *testing.T) {
	l, _ := testLog(t)
	write(t, l, 2)
	info, err := os.Stat(l.Path())
	if err == nil {
		err = os.Truncate(l.Path(), info.Size()-1)
	}
	if err != nil {
		t.Fatal(err)
	}
	next, _ := testLog(t, func(c *Config) { c.Folder = l.cfg.Folder })
	write(t, next, 1)
	if r := check(t, l); r.BreakCount != 0 || len(r.Torn) != 0 || r.Records != 3 {
		t.Errorf("%+v", r)
	}
}

// A host remembers what it wrote: a log that was cut while it ran has a gap.
func TestCutWhileAHostRuns(t *testing.T) {
	l, _ := testLog(t)
	write(t, l, 5)
	data, err := os.ReadFile(l.Path())
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(data, []byte{'\n'})
	if err := os.WriteFile(l.Path(), bytes.Join(lines[:2], nil), 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, l, 1)
	if r := check(t, l); r.BreakCount != 1 || !strings.Contains(r.Breaks[0].What, "records 3 to 5 are missing") {
		t.Errorf("%+v", r.Breaks)
	}
}

// A file that is deleted by hand is a gap, in the middle and at the beginning.
func TestDeletedFiles(t *testing.T) {
	l, _ := testLog(t, func(c *Config) { c.MaxBytes = 2000 })
	write(t, l, 40)
	full, err := filepath.Glob(filepath.Join(l.cfg.Folder, "audit-*.jsonl"))
	if err != nil || len(full) < 4 {
		t.Fatalf("%v %v", full, err)
	}
	if err := os.Remove(full[0]); err != nil {
		t.Fatal(err)
	}
	if r := check(t, l); r.BreakCount != 1 || r.Beginning.Kind != BeginsMissing || r.Breaks[0].File != full[1] ||
		!strings.Contains(r.Breaks[0].What, "deleted") {
		t.Errorf("without the oldest: %v", r.Breaks)
	}
	if err := os.Remove(full[2]); err != nil {
		t.Fatal(err)
	}
	if r := check(t, l); r.BreakCount != 2 || r.Breaks[0].File != full[3] ||
		!strings.Contains(r.Breaks[0].What, "missing") {
		t.Errorf("without one in the middle: %v", r.Breaks)
	}
}

func TestUnfinishedWrites(t *testing.T) {
	l, _ := testLog(t)
	for i := range 3 {
		call := l.Begin(Subject{Tool: "auth0_x", Effect: "write"}, nil)
		request := call.Request("POST", "/api/v2/x", true)
		if err := request.Sending("t.example"); err != nil {
			t.Fatal(err)
		}
		if i != 1 { // the host was killed
			request.End(Answer{Status: 201, Outcome: OK})
			call.End(OK, "")
		}
	}
	r := check(t, l)
	if r.BreakCount != 0 || len(r.Unfinished) != 1 || r.Unfinished[0].Call != l.host+"-2" ||
		r.Unfinished[0].Path != "/api/v2/x" {
		t.Errorf("%+v", r.Unfinished)
	}
}

func TestFindAndFollow(t *testing.T) {
	l, _ := testLog(t, func(c *Config) { c.MaxBytes = 3000 })
	write(t, l, 3)
	head := check(t, l).Last
	follower := Follow(l.cfg.Folder, 2, 0)
	var seen []uint64
	read := func() {
		t.Helper()
		if err := follower.Read(func(line Line) error { seen = append(seen, line.Record.Seq); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	read()
	for range 10 {
		write(t, l, 7) // across new files, more than one at a time
		read()
		read()
	}
	if len(seen) != 71 || seen[0] != 3 || seen[70] != 73 {
		t.Errorf("followed %v", seen)
	}
	s, err := OpenSnapshot(l.cfg.Folder)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if r, ok, err := s.Find(head.Hash); err != nil || !ok || r.Seq != 3 {
		t.Errorf("%v %v %v", r.Seq, ok, err)
	}
	if _, ok, err := s.Find(strings.Repeat("0", 64)); err != nil || ok {
		t.Errorf("a made up head: %v %v", ok, err)
	}
}

// Both chains are followed, from where each was read before.
func TestFollowBothChains(t *testing.T) {
	l, _ := testLog(t)
	write(t, l, 2)
	read(t, l, 3)
	follower := Follow(l.cfg.Folder, 2, 1)
	for _, want := range []string{"[reads2 reads3]", "[]", "[3 reads4]"} {
		seen := []string{}
		give := func(line Line) error {
			seen = append(seen, fmt.Sprint(line.Record.Chain, line.Record.Seq))
			return nil
		}
		if err := follower.Read(give); err != nil || fmt.Sprint(seen) != want {
			t.Errorf("%v %v, want %s", seen, err, want)
		}
		if want == "[]" {
			read(t, l, 1)
			write(t, l, 1)
		}
	}
}

func TestNoLogIsAnEmptyOne(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "none", "audit")
	s, err := OpenSnapshot(folder)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := s.Verify(); err != nil || r.Records != 0 || r.BreakCount != 0 {
		t.Errorf("%+v %v", r, err)
	}
	if err := Follow(folder, 0, 0).Read(func(Line) error { return nil }); err != nil {
		t.Error(err)
	}
	if state, err := Look(folder); err != nil || state.Exists {
		t.Errorf("%+v %v", state, err)
	}
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Error("looking made the folder")
	}
}

// What stands in a file is as untrusted as every process that can write it: no line makes
// reading fail, and a change of one byte is a break.
func FuzzReadLog(f *testing.F) {
	f.Add([]byte{}, uint16(0))
	f.Add(made(1, ""), uint16(3))
	f.Add([]byte("{\"seq\":1}\n\x00\n\xff"), uint16(1))
	removal := Record{Seq: 9, Version: recordVersion, Kind: KindRemoval, Removal: &Removal{From: 1, To: math.MaxUint64}}
	line, err := removal.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line, uint16(40))
	f.Fuzz(func(t *testing.T, foreign []byte, at uint16) {
		data := append(bytes.Clone(foreign), '\n')
		first := made(1, "")
		r, err := parse(first)
		if err != nil {
			t.Fatal(err)
		}
		good := append(append(append(bytes.Clone(first), '\n'), made(2, r.Hash)...), '\n')
		verify := func(data []byte) *Report {
			s := &Snapshot{changes: []part{{name: "f", data: bytes.NewReader(data), size: int64(len(data))}}}
			report, err := s.Verify()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Unfinished(); err != nil {
				t.Fatal(err)
			}
			return report
		}
		verify(foreign)
		if len(foreign) > 0 {
			// Before a log that holds it is a break, unless it is a log itself.
			if report := verify(append(data, good...)); report.BreakCount == 0 && report.Records == 2 {
				t.Errorf("%q stands before the log unseen", foreign)
			}
		}
		if end, _ := lastRecord(append(bytes.Clone(foreign), good...)); end.last.seq != 2 || end.open ||
			end.torn != 0 {
			t.Errorf("the last record of a log behind %q: %+v", foreign, end)
		}
		changed := bytes.Clone(good)
		changed[int(at)%len(changed)] ^= 1
		if report := verify(changed); report.BreakCount == 0 && len(report.Torn) == 0 {
			t.Errorf("byte %d was changed unseen: %q", int(at)%len(changed), changed)
		}
		if text := Text(string(foreign), 50); strings.ContainsFunc(text, func(r rune) bool { return !drawn(r) }) ||
			len([]rune(text)) > 51 {
			t.Errorf("%q is not fit for a terminal", text)
		}
	})
}
