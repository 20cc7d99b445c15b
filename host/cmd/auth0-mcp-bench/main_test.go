package main

import (
	"bufio"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// answering is a session with a server that gives these lines, whatever it is asked.
func answering(lines ...string) *session {
	return &session{server: server{name: "fake"}, in: discard{io.Discard},
		lines: bufio.NewReader(strings.NewReader(strings.Join(lines, "\n") + "\n"))}
}

type discard struct{ io.Writer }

func (discard) Close() error { return nil }

// An error, or a list that is shorter than asked for, is fast and would be measured as such.
func TestWrongAnswersFail(t *testing.T) {
	for name, line := range map[string]string{
		"error":           `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"no"}}`,
		"error of a tool": `{"jsonrpc":"2.0","id":1,"result":{"isError":true,"content":[{"type":"text","text":"no"}]}}`,
		"half a line":     `{"jsonrpc":"2.0","id":1,"resu`,
		"a shorter list":  `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{\"logs\":[{}]}"}]}}`,
		"another list":    `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{\"forms\":[{},{}]}"}]}}`,
		"no list":         `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"none"}]}}`,
		"nothing":         `{"jsonrpc":"2.0","id":1,"result":{"content":[]}}`,
	} {
		if err := answering(line).lists(`{}`, "logs", 2); err == nil || !strings.HasPrefix(err.Error(), "fake: ") {
			t.Errorf("%s: %v, want an error with the server's name", name, err)
		}
	}
	failing := `{"jsonrpc":"2.0","id":1,"result":{"isError":true}}`
	if _, err := answering(`{"jsonrpc":"2.0","id":1,"result":{}}`, failing).burst(`{}`, 2, 2); err == nil {
		t.Error("a burst with a call that failed is measured")
	}
	if _, err := answering(`{"jsonrpc":"2.0","id":1,"result":{}}`).burst(`{}`, 2, 2); err == nil {
		t.Error("a burst with a call that is not answered is measured")
	}
}

func TestLists(t *testing.T) {
	for name, line := range map[string]string{
		"one text":         `{"result":{"content":[{"type":"text","text":"{\"logs\":[{},{}],\"count\":2}"}]}}`,
		"a text for each":  `{"result":{"content":[{"type":"text","text":"{}"},{"type":"text","text":"{}"}]}}`,
		"with an envelope": `{"result":{"content":[{"type":"text","text":"{\n \"start\":0,\n \"logs\": [1, 2]}"}]}}`,
	} {
		if err := answering(line).lists(`{}`, "logs", 2); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAlternate(t *testing.T) {
	var turns []string
	turn := func(name string) func() error {
		return func() error { turns = append(turns, name); return nil }
	}
	if err := alternate(3, turn("a"), turn("b")); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "b", "b", "a", "a", "b"}; !slices.Equal(turns, want) {
		t.Errorf("turns %v, want %v", turns, want)
	}
	if err := alternate(2, turn("a"), func() error { return io.EOF }); err != io.EOF { //nolint:errorlint // as it is
		t.Errorf("%v, want that of the turn", err)
	}
}

func TestCPUTime(t *testing.T) {
	// The 14th and 15th field are 250 and 31 ticks; the name has what separates fields.
	stat := "4242 (a) 1 (b c) S 1 4242 4242 0 -1 4194304 900 0 0 0 250 31 7 8 20 0 9 0 12345 1000 200\n"
	if got, want := cpuTime(stat), 2810*time.Millisecond; got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestMemory(t *testing.T) {
	found := memory{all: 1, anonymous: 1}
	found.add("00400000-7ffd [rollup]\nRss: 9999 kB\nPss:  2048 kB\nPss_Dirty: 1 kB\nPss_Anon:  1536 kB\nPss_File: 512 kB\n")
	if want := (memory{all: 3, anonymous: 2.5}); found != want {
		t.Errorf("%v, want %v", found, want)
	}
	for name, tt := range map[string]struct {
		last []memory
		want bool
	}{
		"the same":  {[]memory{{all: 30}, {all: 30.2}, {all: 29.95}}, true},
		"shrinking": {[]memory{{all: 30}, {all: 29.8}, {all: 29.6}}, false},
		"unknown":   {[]memory{{all: unknown}, {all: unknown}}, true},
	} {
		if got := constant(tt.last); got != tt.want {
			t.Errorf("%s: constant is %v", name, got)
		}
	}
}

func TestPercentile(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	for p, want := range map[int]float64{0: 1, 50: 3, 99: 4, 100: 5} {
		if got := percentile(values, p); got != want {
			t.Errorf("percentile %d of %v: %v, want %v", p, values, got, want)
		}
	}
	for _, values := range [][]float64{nil, {1, unknown, 3}} {
		if got := percentile(values, 50); !math.IsNaN(got) {
			t.Errorf("the median of %v: %v, want unknown", values, got)
		}
	}
}

func TestTable(t *testing.T) {
	var found table
	found.add("start", "%.0f ms", "≤ 0.07", []float64{30, 600})
	found.add("memory", "%.1f MB", "≤ 0.45", []float64{unknown, 100})
	found.note("direct: 1 ms")
	var out strings.Builder
	if err := found.print(&out, []server{{name: "ours"}, {name: "peer"}}); err != nil {
		t.Fatal(err)
	}
	want := `figure   ours      peer       ours ÷ peer   goal
start    30 ms     600 ms     0.05          ≤ 0.07
memory   unknown   100.0 MB   unknown       ≤ 0.45
direct: 1 ms
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
