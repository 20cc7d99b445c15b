package console

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

const (
	// patience is how long nothing is shown: what ends sooner needs no progress.
	patience = 500 * time.Millisecond
	// frame is how long each picture of the spinner stays.
	frame = 100 * time.Millisecond
)

// Progress tells on a terminal that something goes on. A nil one shows nothing, as one whose output is not a terminal.
type Progress struct {
	out    io.Writer
	screen Screen
	// words guards text.
	words sync.Mutex
	text  string
	// control guards what follows: quit ends the spinner, which closes ended; nil if it is paused.
	control     sync.Mutex
	quit, ended chan struct{}
}

// Begin tells that something goes on, if it takes a while. Stop must be called.
func Begin(out io.Writer, text string) *Progress {
	p := Later(out, text)
	p.Resume()
	return p
}

// Later is for what goes on from Resume to Stop.
func Later(out io.Writer, text string) *Progress {
	return &Progress{out: out, screen: Of(out), text: text}
}

// Tell replaces the text.
func (p *Progress) Tell(text string) {
	if p == nil {
		return
	}
	p.words.Lock()
	defer p.words.Unlock()
	p.text = text
}

// Moving is whether texts of Tell are shown.
func (p *Progress) Moving() bool { return p != nil && p.screen.Moving }

// Stop takes the progress off the screen.
func (p *Progress) Stop() {
	if p == nil {
		return
	}
	p.control.Lock()
	defer p.control.Unlock()
	if p.quit == nil {
		return
	}
	close(p.quit)
	<-p.ended
	p.quit = nil
}

// Resume shows the progress again after Stop: a question to the user needs the screen.
func (p *Progress) Resume() {
	if p == nil || p.screen.Width == 0 {
		return
	}
	p.control.Lock()
	defer p.control.Unlock()
	if p.quit != nil {
		return
	}
	p.quit, p.ended = make(chan struct{}), make(chan struct{})
	go p.spin(p.quit, p.ended)
}

func (p *Progress) spin(quit, ended chan struct{}) {
	defer close(ended)
	select {
	case <-quit:
		return
	case <-time.After(patience):
	}
	if !p.screen.Moving {
		fmt.Fprintf(p.out, "%s ...\n", p.line(p.screen.Width))
		<-quit
		return
	}
	pictures := []rune(p.screen.Symbol("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", `|/-\`))
	ticker := time.NewTicker(frame)
	defer ticker.Stop()
	for i := 0; ; i++ {
		fmt.Fprintf(p.out, "\r\x1b[K%c %s", pictures[i%len(pictures)], p.line(p.screen.Width-len("| ")-1))
		select {
		case <-ticker.C:
		case <-quit:
			fmt.Fprint(p.out, "\r\x1b[K")
			return
		}
	}
}

// line is the text, cut to a width: a longer one could not be drawn over.
func (p *Progress) line(width int) string {
	p.words.Lock()
	defer p.words.Unlock()
	return cut(redact.Line(p.text), width)
}
