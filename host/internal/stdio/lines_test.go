package stdio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLineReader(t *testing.T) {
	const tooLong = "(too long)"
	x := func(n int) string { return strings.Repeat("x", n) }
	tests := []struct {
		name, input string
		max         int
		want        []string
	}{
		{"empty", "", 10, nil},
		{"newline at the end", "a\nb\n", 10, []string{"a", "b"}},
		{"none at the end", "a\nb", 10, []string{"a", "b"}},
		{"CRLF", "a\r\nb\r\n", 10, []string{"a", "b"}},
		{"blank", "\n \t\r\n\na\n", 10, []string{"", "", "", "a"}},
		{"byte order mark", "\uFEFFa\n\uFEFFb\n", 10, []string{"a", "\uFEFFb"}},
		{"byte order mark alone", "\uFEFF", 10, []string{""}},
		{"at the limit", x(10) + "\n" + x(10), 10, []string{x(10), x(10)}},
		{"over the limit", x(11) + "\na\n" + x(11), 10, []string{tooLong, "a", tooLong}},
		{"far over the limit", x(3*readBuffer) + "\na\n", 10, []string{tooLong, "a"}},
		{"over the limit and the buffer", x(readBuffer+101) + "\na\n", readBuffer + 100, []string{tooLong, "a"}},
		{"longer than the buffer", x(5*readBuffer+7) + "\na\n" + x(readBuffer) + "\nb", 10 * readBuffer,
			[]string{x(5*readBuffer + 7), "a", x(readBuffer), "b"}},
	}
	for _, tt := range tests {
		for name, in := range map[string]io.Reader{
			"whole":    strings.NewReader(tt.input),
			"by bytes": iotest.OneByteReader(strings.NewReader(tt.input)),
			"data+EOF": iotest.DataErrReader(strings.NewReader(tt.input)),
		} {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				l := newLineReader(in, tt.max)
				var got []string
				for {
					line, err := l.next()
					if errors.Is(err, errLineTooLong) {
						line = []byte(tooLong)
					} else if err != nil {
						if !errors.Is(err, io.EOF) {
							t.Error(err)
						}
						break
					}
					got = append(got, string(line))
				}
				if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", tt.want) {
					t.Errorf("got %.300q, want %.300q", got, tt.want)
				}
			})
		}
	}
}

// endless gives n bytes without a newline, and records the largest heap it sees meanwhile.
type endless struct {
	n    int
	most uint64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.n <= 0 {
		return 0, io.EOF
	}
	if e.n%(1<<20) < len(p) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		e.most = max(e.most, m.HeapAlloc)
	}
	p = p[:min(len(p), e.n)]
	for i := range p {
		p[i] = 'x'
	}
	e.n -= len(p)
	return len(p), nil
}

func TestOverlongLinesTakeNoMemory(t *testing.T) {
	tests := []struct {
		name         string
		max, length  int
		mostAllowed  int64 // heap above its start while the line comes
		totalAllowed uint64
	}{
		{"300 MiB at a limit of 64 KiB", 64 << 10, 300 << 20, 1 << 20, 1 << 20},
		{"11 MiB at the default limit", 0, 11 << 20, 32 << 20, 32 << 20},
		{"128 MiB at the default limit", 0, 128 << 20, 32 << 20, 32 << 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			long := &endless{n: tt.length}
			out := &session{t: t, lines: make(chan string, 10)}
			in := io.MultiReader(long, strings.NewReader("\n"+`{"jsonrpc":"2.0","id":1,"method":"ping"}`+"\n"))
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			if err := Serve(t.Context(), Config{In: in, Out: out, Handle: echo, MaxLine: tt.max}); err != nil {
				t.Fatal(err)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			wantError(t, <-out.lines, "null", -32700, "longer than")
			if got := <-out.lines; got != resultLine("1", "{}") {
				t.Errorf("got %s", got)
			}
			grown, total := int64(long.most)-int64(before.HeapAlloc), after.TotalAlloc-before.TotalAlloc
			left := int64(after.HeapAlloc) - int64(before.HeapAlloc)
			if grown > tt.mostAllowed || total > tt.totalAllowed || left > 256<<10 {
				t.Errorf("the heap grew by %d bytes, %d were allocated in all, %d are left", grown, total, left)
			}
		})
	}
}

func TestLongestLineIsHandled(t *testing.T) {
	frame := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"a":""}}`
	text := strings.Repeat("x", DefaultMaxLine-len(frame))
	line := strings.Replace(frame, `""`, `"`+text+`"`, 1)
	var out bytes.Buffer
	if err := Serve(t.Context(), Config{In: strings.NewReader(line + "\n"), Out: &out, Handle: echo}); err != nil {
		t.Fatal(err)
	}
	if want := resultLine("1", `{"a":"`+text+`"}`) + "\n"; out.String() != want {
		t.Errorf("got %d bytes %.100q…, want %d", out.Len(), out.String(), len(want))
	}
}
