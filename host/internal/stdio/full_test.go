package stdio

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// fill sends as many calls as all three pools take, and one of each more.
func fill(send func(lines ...string), p *user) {
	for i := range DefaultWaits {
		send(waitLine(fmt.Sprint("10", i)))
		<-p.asked
	}
	for i := range DefaultReads + DefaultReadsQueued {
		send(callLine(fmt.Sprint("2000", i)))
	}
	for i := range DefaultWrites + DefaultWritesQueued {
		send(writeLine(fmt.Sprint("3000", i)))
	}
	for range DefaultReads + DefaultWrites {
		<-p.started
	}
}

// With every pool full of real calls ping and cancellation get through, and every
// other call is answered at once.
func TestAllPoolsAreFull(t *testing.T) {
	p := newUser()
	s := connect(t, Config{Handle: p.handle, Class: byMethod})
	fill(s.send, p)
	s.send(callLine("1"), writeLine("2"))
	wantError(t, s.next(), "1", -32000, "busy: 64 reading calls are running and 256 are waiting")
	wantError(t, s.next(), "2", -32000, "busy: 16 writing calls are running and 64 are waiting")
	s.wantSilence()
	// one runs, one runs, one waits for the user
	s.send(cancelLine("20000", ""), cancelLine("30000", ""), cancelLine("100", ""))
	for range 2 {
		if cause := <-p.causes; cause == nil {
			t.Error("a call was not cancelled")
		}
	}
	if err := <-p.results; err == nil {
		t.Error("the wait was not cancelled")
	}
	<-p.started // their places are taken by those that waited
	<-p.started
	s.wantSilence()
	close(p.released)
	lines, err := s.end()
	if err != nil {
		t.Error(err)
	}
	var released, refused, waited int
	for _, line := range lines {
		switch {
		case strings.Contains(line, `"released"`):
			released++
		case strings.Contains(line, notStarted):
			refused++
		case strings.Contains(line, ErrInputEnded.Error()):
			waited++
		}
	}
	if want := DefaultReads + DefaultReadsQueued + DefaultWrites + DefaultWritesQueued - 2; released+refused != want ||
		waited != DefaultWaits-1 || len(lines) != want+waited {
		t.Errorf("%d calls were carried out, %d refused, %d waits ended, %d lines in all", released, refused, waited,
			len(lines))
	}
}

// BenchmarkPingWithFullPools is how long a ping and a cancellation take when every
// pool is full of calls that wait: the longest of all is reported too.
func BenchmarkPingWithFullPools(b *testing.B) {
	p := newUser()
	fromServer, toClient := io.Pipe()
	toServer, fromClient := io.Pipe()
	served := make(chan error, 1)
	go func() {
		served <- Serve(b.Context(), Config{In: toServer, Out: toClient, Handle: p.handle, Class: byMethod})
	}()
	fill(func(lines ...string) {
		if _, err := io.WriteString(fromClient, strings.Join(lines, "\n")+"\n"); err != nil {
			b.Error(err)
		}
	}, p)
	answer, longest := make([]byte, 4096), time.Duration(0)
	line := []byte(cancelLine("9", "") + "\n" + `{"jsonrpc":"2.0","id":1,"method":"ping"}` + "\n")
	for b.Loop() {
		begin := time.Now()
		if _, err := fromClient.Write(line); err != nil {
			b.Fatal(err)
		}
		if _, err := fromServer.Read(answer); err != nil {
			b.Fatal(err)
		}
		longest = max(longest, time.Since(begin))
	}
	b.ReportMetric(float64(longest.Microseconds()), "µs-longest")
	close(p.released)
	_ = fromClient.Close()
	go func() { _, _ = io.Copy(io.Discard, fromServer) }()
	if err := <-served; err != nil {
		b.Fatal(err)
	}
}
