//go:build unix

package supervisor

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// recorder is a host that keeps what reaches it.
type recorder struct {
	pluginv1.UnimplementedHostServer
	// hold, if not nil, is closed when requests may be answered.
	hold   chan struct{}
	answer []byte

	inside atomic.Int64 // requests that have arrived and have not been answered
	bytes  atomic.Int64 // of their bodies

	mu       sync.Mutex
	most     int64 // that bytes has been
	lines    []*pluginv1.LogRequest
	progress []*pluginv1.ProgressRequest
}

func (h *recorder) Log(_ context.Context, r *pluginv1.LogRequest) (*pluginv1.LogResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, r)
	return &pluginv1.LogResponse{}, nil
}

func (h *recorder) Progress(_ context.Context, r *pluginv1.ProgressRequest) (*pluginv1.ProgressResponse, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.progress = append(h.progress, r)
	return &pluginv1.ProgressResponse{}, nil
}

func (h *recorder) RoundTrip(ctx context.Context, r *pluginv1.RoundTripRequest) (*pluginv1.RoundTripResponse, error) {
	h.take(ctx, int64(len(r.GetBody())))
	return &pluginv1.RoundTripResponse{Outcome: &pluginv1.RoundTripResponse_Response{
		Response: &pluginv1.HTTPResponse{Status: http.StatusOK, Body: h.answer}}}, nil
}

func (h *recorder) WriteFile(ctx context.Context, r *pluginv1.WriteFileRequest) (*pluginv1.WriteFileResponse, error) {
	h.take(ctx, int64(len(r.GetContent())))
	return &pluginv1.WriteFileResponse{Outcome: &pluginv1.WriteFileResponse_Written{Written: &pluginv1.WrittenFile{}}}, nil
}

// take is a request of that size, until requests may be answered.
func (h *recorder) take(ctx context.Context, size int64) {
	h.inside.Add(1)
	now := h.bytes.Add(size)
	h.mu.Lock()
	h.most = max(h.most, now)
	h.mu.Unlock()
	if h.hold != nil {
		select {
		case <-h.hold:
		case <-ctx.Done():
		}
	}
	h.bytes.Add(-size)
}

// startRecorded is a supervisor whose plugins reach a recorder, and their process.
func startRecorded(t *testing.T, h *recorder, log *slog.Logger) (*Supervisor, Spec, string) {
	t.Helper()
	s := New(Config{Domain: "tenant.auth0.example", StartTimeout: time.Minute, Log: log,
		Host: func(string) pluginv1.HostServer { return h }})
	t.Cleanup(func() { _ = s.Close() })
	sp := spec(t, "ok")
	pid, err := call(t.Context(), s, sp, read, `{}`)
	if err != nil {
		t.Fatal(err)
	}
	return s, sp, pid
}

// periods is how many periods there can have been since a time.
func periods(begun time.Time, period time.Duration) int { return int(time.Since(begun)/period) + 2 }

// A plugin's Log calls, of whatever size and number, cost neither memory nor the log.
func TestLogCallsAreBounded(t *testing.T) {
	for do, tt := range map[string]struct {
		n       int
		arrives bool
	}{
		"log-huge": {20, false}, "log-huge-attributes": {5, false}, "log-long": {20, true}, "log-many": {2000, true},
	} {
		t.Run(do, func(t *testing.T) {
			h := &recorder{}
			var out bytes.Buffer
			s, sp, pid := startRecorded(t, h, slog.New(slog.NewTextHandler(&out, nil)))
			begun := time.Now()
			peak := heapPeak(func() {
				got, err := call(t.Context(), s, sp, read, `{"do":"`+do+`","n":`+strconv.Itoa(tt.n)+`}`)
				if err != nil || got != `"sent"` {
					t.Errorf("got %s, %v", got, err)
				}
			})
			if peak > 150<<20 {
				t.Errorf("the heap grew by %d MiB", peak>>20)
			}
			if most := logLines * periods(begun, logPeriod); len(h.lines) > most || tt.arrives == (len(h.lines) == 0) {
				t.Errorf("%d of %d lines arrived, at most %d may", len(h.lines), tt.n, most)
			}
			for _, line := range h.lines {
				if size := len(line.GetMessage()) + len(strings.Join(line.GetAttributes(), "")); size > logBytes+attributeBytes+64 {
					t.Fatalf("a line of %d bytes arrived", size)
				}
				if len(line.GetAttributes())%2 != 0 {
					t.Fatalf("attributes are no pairs: %d", len(line.GetAttributes()))
				}
			}
			lines := s.slots["ok"].cur.lines
			lines.mu.Lock()
			lines.rate.begun, lines.told = time.Time{}, time.Time{} // the next line is of another period
			lines.mu.Unlock()
			if got, err := call(t.Context(), s, sp, read, `{"do":"log-many","n":1}`); err != nil {
				t.Errorf("the next line: %s, %v", got, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if told := strings.Contains(out.String(), "lines are left out"); told != (do != "log-long") {
				t.Errorf("of what was left out the log says %s", out.String())
			}
			if left := processes(t, pid); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}

// Nor does its progress reach the client more often, or larger, than anyone reads.
func TestProgressIsBounded(t *testing.T) {
	for do, n := range map[string]int{"progress-huge": 20, "progress-many": 2000} {
		t.Run(do, func(t *testing.T) {
			h := &recorder{}
			s, sp, _ := startRecorded(t, h, slog.New(slog.DiscardHandler))
			begun := time.Now()
			peak := heapPeak(func() {
				got, err := call(t.Context(), s, sp, read, `{"do":"`+do+`","n":`+strconv.Itoa(n)+`}`)
				if err != nil || got != `"sent"` {
					t.Errorf("got %s, %v", got, err)
				}
			})
			if peak > 150<<20 {
				t.Errorf("the heap grew by %d MiB", peak>>20)
			}
			most, some := progressNotes*periods(begun, progressPeriod), do == "progress-many"
			if len(h.progress) > most || some != (len(h.progress) > 0) {
				t.Errorf("%d of %d notes arrived, at most %d may", len(h.progress), n, most)
			}
			for _, r := range h.progress {
				if len(r.GetNote()) > progressBytes+8 {
					t.Fatalf("a note of %d bytes arrived", len(r.GetNote()))
				}
			}
		})
	}
}

// Progress of a call that is not in progress, or that JSON cannot express, goes nowhere.
func TestProgressOfNoCall(t *testing.T) {
	h := newHostService(nil, "ok", nil, pluginv1.NewBuffers())
	end := h.begin("live")
	zero := 0.0
	for _, r := range []*pluginv1.ProgressRequest{
		{CallId: "other"}, {}, {CallId: "live", Done: 1 / zero}, {CallId: "live", Total: zero / zero},
	} {
		if h.mayReport(r) {
			t.Errorf("%v is reported", r)
		}
	}
	if !h.mayReport(&pluginv1.ProgressRequest{CallId: "live", Done: 1}) {
		t.Error("progress of a call in progress is not reported")
	}
	end()
	if h.mayReport(&pluginv1.ProgressRequest{CallId: "live", Done: 2}) || len(h.calls) != 0 {
		t.Error("progress is reported after the end of the call")
	}
}

// Requests beyond what a plugin may have in memory wait, and then fail as busy; when
// those before them are done, the next one goes through.
func TestRequestBodiesAreBounded(t *testing.T) {
	for _, method := range []string{http.MethodPost, fakeplugin.CrowdOfFiles} {
		t.Run(method, func(t *testing.T) { requestBodiesAreBounded(t, method) })
	}
}

func requestBodiesAreBounded(t *testing.T, method string) {
	h := &recorder{hold: make(chan struct{})}
	s, sp, _ := startRecorded(t, h, slog.New(slog.DiscardHandler))
	service := s.slots["ok"].cur.host
	service.patience = 2 * time.Second // before the first request
	peak := heapPeak(func() {
		ended := make(chan string, 1)
		go func() {
			got, err := call(t.Context(), s, sp, write, `{"do":"crowd","method":"`+method+`","path":"/api/v2/x","n":12}`)
			if err != nil {
				got = err.Error()
			}
			ended <- got
		}()
		eventually(t, "three requests have arrived", func() bool { return h.inside.Load() == 3 })
		eventually(t, "the others have failed", func() bool { return service.refused.Load() == 9 })
		close(h.hold)
		checkCrowd(t, <-ended, map[string]int{"answered": 3, "busy": 9})
	})
	if h.most > requestBytes {
		t.Errorf("%d MiB of bodies were held at once", h.most>>20)
	}
	if peak > 300<<20 {
		t.Errorf("the heap grew by %d MiB", peak>>20)
	}
	got, err := call(t.Context(), s, sp, write, `{"do":"crowd","method":"`+method+`","path":"/api/v2/x","n":1}`)
	if err != nil {
		t.Fatal(err)
	}
	checkCrowd(t, got, map[string]int{"answered": 1})
}

func checkCrowd(t *testing.T, got string, want map[string]int) {
	t.Helper()
	var count map[string]int
	if err := json.Unmarshal([]byte(got), &count); err != nil {
		t.Fatalf("%q: %v", got, err)
	}
	for result := range count {
		if _, ok := want[result]; !ok {
			t.Errorf("%d requests: %s", count[result], result)
		}
	}
	for result, n := range want {
		if count[result] != n {
			t.Errorf("%s: %d, want %d", result, count[result], n)
		}
	}
}

// A description that is too large is not even received.
func TestHugeDescription(t *testing.T) {
	s := startWith(t, Config{})
	_, err := call(t.Context(), s, spec(t, fakeplugin.Verbose), read, `{}`)
	if err == nil || !strings.Contains(err.Error(), "its manifest is over 1024 KiB") {
		t.Errorf("got %v", err)
	}
}

func TestCut(t *testing.T) {
	for text, want := range map[string]string{
		"short":                   "short",
		"ten bytes.":              "ten bytes.",
		"a token sk_live_1234567": "a token …", // half a secret would not be recognized
		"0123456789abcdef":        "0123456789 …",
		"012345678é and more":     "012345678 …",
	} {
		if got := cut(text, 10); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	kept := cutAttributes([]string{"a", "1", "b", strings.Repeat("x ", attributeBytes), "c", "3", "odd"})
	if len(kept) != 4 || len(strings.Join(kept, "")) > attributeBytes+16 {
		t.Errorf("%d attributes with %d bytes", len(kept), len(strings.Join(kept, "")))
	}
	if kept := cutAttributes(make([]string, 1<<20)); len(kept) > 2*attributeBytes {
		t.Errorf("%d empty attributes", len(kept))
	}
}
