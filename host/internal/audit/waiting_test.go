package audit

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofrs/flock"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// delayed is a log whose records of reads wait, and a function that ends such a call.
func delayed(t *testing.T) (l *Log, read func()) {
	t.Helper()
	l, _ = testLog(t, func(c *Config) { c.Delay = DefaultDelay })
	return l, func() { l.Begin(Subject{Tool: "auth0_list_x", Effect: "read"}, nil).End(OK, "") }
}

// kinds are the records of a log in the order of their times.
func kinds(t *testing.T, l *Log) string {
	t.Helper()
	var all []string
	for _, r := range records(t, l) {
		all = append(all, string(r.Chain)+"/"+string(r.Kind))
	}
	return fmt.Sprint(all)
}

// Records of reads are on disk within a second, with the times at which their calls ended.
func TestReadsAreWrittenTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, read := delayed(t)
		begun := time.Now()
		read()
		time.Sleep(DefaultDelay / 2)
		read()
		if got := kinds(t, l); got != "[]" {
			t.Errorf("before the delay is over: %s", got)
		}
		time.Sleep(time.Second - DefaultDelay/2)
		all := records(t, l)
		if len(all) != 2 || !all[0].At().Equal(begun.UTC()) || !all[1].At().Equal(begun.Add(DefaultDelay/2).UTC()) {
			t.Errorf("%+v, begun at %v", all, begun)
		}
		read()
		l.Flush()
		if r := check(t, l).Reads; r.BreakCount != 0 || r.Records != 3 {
			t.Errorf("%+v", r)
		}
	})
}

// The reads that ended before a change are on disk before it is sent.
func TestReadsAreWrittenBeforeAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, read := delayed(t)
		read()
		read()
		time.Sleep(time.Millisecond)
		if err := l.Begin(Subject{Effect: "write"}, nil).Request("POST", "/api/v2/x", true).Sending("t.example"); err != nil {
			t.Fatal(err)
		}
		if got := kinds(t, l); got != "[reads/call reads/call /request]" {
			t.Error(got)
		}
	})
}

// A client that calls without a pause does not fill the memory.
func TestFewReadsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, read := delayed(t)
		for range maxWaiting + 1 {
			read()
		}
		if n := len(records(t, l)); n != maxWaiting+1 {
			t.Errorf("%d records are on disk", n)
		}
		large := fmt.Appendf(nil, `{"q":"%0*d"}`, maxCanonical/2, 0)
		for range 2*maxWaitingBytes/maxCanonical + 1 {
			l.Begin(Subject{Tool: "auth0_list_x", Effect: "read"}, large).End(OK, "")
		}
		if n := len(records(t, l)); n < maxWaiting+2 {
			t.Errorf("%d records are on disk", n)
		}
	})
}

// Records that waited and could not be written are counted in the next one.
func TestReadsThatAreLostAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, read := delayed(t)
		read()
		l.Flush()
		lock := flock.New(filepath.Join(l.cfg.Folder, lockName))
		if err := lock.Lock(); err != nil {
			t.Fatal(err)
		}
		read()
		read()
		l.Flush()
		if err := lock.Unlock(); err != nil {
			t.Fatal(err)
		}
		read()
		l.Flush()
		if all := records(t, l); len(all) != 2 || all[1].Missed != 2 {
			t.Errorf("%+v", all)
		}
	})
}

// What of a batch was written before the disk was full counts as written.
func TestABatchThatEndsInAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, read := delayed(t)
		left := 2
		l.reads.put = func(f *os.File, line []byte) (int, error) {
			if left--; left < 0 {
				return 0, os.ErrInvalid
			}
			return f.Write(line)
		}
		for range 5 {
			read()
		}
		l.Flush()
		left = 1
		read()
		l.Flush()
		all := records(t, l)
		if len(all) != 3 || all[2].Missed != 3 || check(t, l).Reads.BreakCount != 0 {
			t.Errorf("%+v", all)
		}
	})
}

// BenchmarkRead is what the log costs the call of a reading tool, its share of the batch included.
func BenchmarkRead(b *testing.B) {
	secrets := new(redact.Redactor)
	secrets.Remember("a-token-of-the-benchmark-which-is-long-enough")
	l := New(Config{Folder: filepath.Join(b.TempDir(), "audit"), Mode: On, Tenant: "t.example", Delay: DefaultDelay,
		Redact: secrets.Text, RedactJSON: secrets.JSON})
	subject := Subject{Client: "claude-ai", ClientVersion: "0.1.0", Tool: "auth0_get_application", Effect: "read",
		Plugin: "applications", PluginVersion: "0.1.0", PluginDigest: "sha256:" + fmt.Sprintf("%064d", 7)}
	b.ReportAllocs()
	for b.Loop() {
		l.Begin(subject, []byte(`{"client_id":"Uf4d0yBcVhO5hQbpz1yLjN6MnzGOnTqL"}`)).End(OK, "")
	}
	l.Flush()
}
