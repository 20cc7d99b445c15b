package supervisor

import (
	"bytes"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
)

// A plugin that takes no answers has the host hold a few of them. What a write led to
// is never dropped.
func TestAnswersThatAreNotTaken(t *testing.T) {
	for method, want := range map[string]map[string]int{
		http.MethodGet:    {"answered": 4, "busy": 8},
		http.MethodDelete: {"answered": 3},
	} {
		t.Run(method, func(t *testing.T) {
			h := &recorder{hold: make(chan struct{}), answer: bytes.Repeat([]byte("x"), fakeplugin.HugeBytes)}
			s, sp, pid := startRecorded(t, h, slog.New(slog.DiscardHandler))
			n := want["answered"] + want["busy"]
			ended := make(chan string, 1)
			go func() {
				got, err := call(t.Context(), s, sp, write,
					`{"do":"crowd","method":"`+method+`","path":"/api/v2/x","n":`+strconv.Itoa(n)+`}`)
				if err != nil {
					got = err.Error()
				}
				ended <- got
			}()
			eventually(t, "all requests have arrived", func() bool { return h.inside.Load() == int64(n) })
			number, err := strconv.Atoi(pid)
			if err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(number, syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			eventually(t, "it is stopped", func() bool {
				stat, err := os.ReadFile("/proc/" + pid + "/stat")
				return err == nil && bytes.Contains(stat, []byte(") T "))
			})
			close(h.hold)
			service := s.slots["ok"].cur.host
			eventually(t, "the others have failed", func() bool { return service.refused.Load() == int64(want["busy"]) })
			if err := syscall.Kill(number, syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			checkCrowd(t, <-ended, want)
			eventually(t, "what was taken is forgotten", func() bool { return service.answers.TryAcquire(answerBytes) })
		})
	}
}
